package link

import (
	"sync"
	"time"
)

// burst is how much an idle link takes at once: a timer wakes late by up to a
// millisecond, and what it misses is made good from here.
const burst = 10 * time.Millisecond

// bucket is a token bucket kept as a time: when all that was taken has been paid.
// Who takes from it is served in the order of asking.
type bucket struct {
	mu   sync.Mutex // guards the fields below; taken alone
	rate int64      // bytes a second; 0 is no limit
	paid time.Time
}

func newBucket(rate int64) *bucket { return &bucket{rate: rate} }

func (b *bucket) set(rate int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rate = rate
}

// grain is how many bytes to take at once: 5 ms of the rate, so that what others
// send gets in between, and never more than a chunk.
func (b *bucket) grain() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 {
		return chunk
	}
	return int(min(max(b.rate/200, 1<<10), chunk))
}

// take takes n bytes at the time now and gives when they have passed.
func (b *bucket) take(n int, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 {
		return now
	}
	b.paid = later(b.paid, now.Add(-burst)).Add(time.Duration(int64(n) * int64(time.Second) / b.rate))
	return later(b.paid, now)
}
