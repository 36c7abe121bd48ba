package sched

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// heldShare is the part of the measured rate that uploads keep while something more
	// urgent is on its way: a connection that stands still is dropped, and a library that
	// is copied for hours must not keep what was written from becoming safe.
	heldShare = 8
	// leastHeld is the least they keep, in bytes a second: half a megabit.
	leastHeld = 64 << 10
)

// uploads paces what goes out in the background.
type uploads struct {
	queue *queue
	meter *meter // of bodies that go out

	mu   sync.Mutex // guards next; taken alone
	next time.Time  // when the next held bytes may go
}

// put sends a body at the pace that ticket's class has among all that is on its way.
func (s *Store) put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	ticket := remote.TicketOf(ctx)
	if s.upLimit.get() > 0 {
		ctx = remote.WithPace(ctx, func(ctx context.Context, n int) error {
			_, err := s.upLimit.wait(ctx, n)
			return err
		})
	}
	if body == nil || body.Size() <= small || !background(ticket.Class()) {
		return s.below.Put(ctx, key, body, o)
	}
	s.up.meter.begin()
	defer s.up.meter.end()
	ctx = remote.WithPace(ctx, func(ctx context.Context, n int) error { return s.up.wait(ctx, ticket, n) })
	return s.below.Put(ctx, key, body, o)
}

// wait returns when n bytes may go: at once while nothing more urgent waits or is on its
// way, else when their turn in the share has come. The time of waiting is not measured.
func (u *uploads) wait(ctx context.Context, ticket *remote.Ticket, n int) error {
	p := &pass{class: ticket.Class()}
	calm := u.queue.pressed(p)
	if calm == nil {
		u.meter.add(n)
		return ctx.Err()
	}
	u.meter.end()
	defer u.meter.begin()
	timer := time.NewTimer(u.book(n))
	defer timer.Stop()
	for ; calm != nil; calm = u.queue.pressed(p) {
		select {
		case <-calm:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// book takes the next n bytes' time in the share, and tells how long it is until then.
func (u *uploads) book(n int) time.Duration {
	rate := max(u.meter.rate()/heldShare, leastHeld)
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if u.next.Before(now) {
		u.next = now
	}
	u.next = u.next.Add(time.Duration(float64(n) / rate * float64(time.Second)))
	return u.next.Sub(now)
}
