package sched

import (
	"context"
	"sync"
	"time"
)

// burst is how much of a limit may be used at once after a pause.
const burst = 250 * time.Millisecond

// limit spreads bytes of one direction over time.
type limit struct {
	mu   sync.Mutex // guards the fields below; taken alone
	rate int64      // bytes a second; 0: no limit
	next time.Time  // when what comes next may pass
}

// set changes the rate from now on.
func (l *limit) set(rate int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate, l.next = max(rate, 0), time.Time{}
}

func (l *limit) get() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate
}

// book takes the time of the next n bytes, and tells how long to wait for it.
func (l *limit) book(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate == 0 {
		return 0
	}
	now := time.Now()
	if earliest := now.Add(-burst); l.next.Before(earliest) {
		l.next = earliest
	}
	l.next = l.next.Add(time.Duration(float64(n) / float64(l.rate) * float64(time.Second)))
	return l.next.Sub(now)
}

// wait returns when n more bytes may pass, and tells whether it waited.
func (l *limit) wait(ctx context.Context, n int) (waited bool, err error) {
	d := l.book(n)
	if d <= 0 {
		return false, nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, nil
	case <-ctx.Done():
		return true, context.Cause(ctx)
	}
}

// Limits are bytes a second in each direction; 0 is no limit.
type Limits struct {
	Up   int64 `json:"up"`
	Down int64 `json:"down"`
}

// Limit bounds what bodies take of the link from now on, those of commits and of what
// programs wait for too.
func (s *Store) Limit(l Limits) {
	s.upLimit.set(l.Up)
	s.downLimit.set(l.Down)
	s.queue.widen(s.rate())
}

// Limits gives the bounds.
func (s *Store) Limits() Limits { return Limits{s.upLimit.get(), s.downLimit.get()} }
