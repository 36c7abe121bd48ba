package intake

import (
	"context"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// pacer spreads uploads over time: after n bytes the next wait until they fit the
// bandwidth.
type pacer struct {
	rate  int64 // bytes a second; 0: no limit
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error

	mu   sync.Mutex // guards next
	next time.Time  // when the next may begin
}

func newPacer(rate int64) *pacer { return &pacer{rate: rate, now: time.Now, sleep: sleep} }

// of gives a context whose uploads keep to the bandwidth.
func (p *pacer) of(ctx context.Context) context.Context {
	if p.rate <= 0 {
		return ctx
	}
	return remote.WithPace(ctx, func(ctx context.Context, n int) error { return p.sleep(ctx, p.book(int64(n))) })
}

// pass books n bytes that do not wait.
func (p *pacer) pass(n int64) {
	if p.rate > 0 {
		p.book(n)
	}
}

// book takes the next n bytes' time, and tells how long to wait for it.
func (p *pacer) book(n int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.next.Before(now) {
		p.next = now
	}
	delay := p.next.Sub(now)
	p.next = p.next.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	return delay
}

// sleep waits for d, or gives why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
