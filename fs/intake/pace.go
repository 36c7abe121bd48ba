package intake

import (
	"context"
	"sync"
	"time"
)

// pacer spreads uploads over time: after n bytes the next waits until they fit the
// bandwidth. It paces whole files, so it holds on average, not in each second.
type pacer struct {
	rate  int64 // bytes a second; 0: no limit
	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error

	mu   sync.Mutex // guards next
	next time.Time  // when the next may begin
}

func newPacer(rate int64) *pacer { return &pacer{rate: rate, now: time.Now, sleep: sleep} }

// wait waits until n bytes may be sent.
func (p *pacer) wait(ctx context.Context, n int64) error {
	if p.rate <= 0 {
		return nil
	}
	return p.sleep(ctx, p.book(n))
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
