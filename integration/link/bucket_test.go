package link

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBucketHoldsItsRate: whoever asks, and when, no stretch of time carries more
// than its rate and one burst.
func TestBucketHoldsItsRate(t *testing.T) {
	start := time.Unix(1000, 0)
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Int64Range(10_000, 100_000_000).Draw(t, "rate")
		b := newBucket(rate)
		now, last, taken := start, start, int64(0)
		for range rapid.IntRange(1, 50).Draw(t, "takes") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 1e7).Draw(t, "pause")))
			n := rapid.IntRange(1, b.grain()).Draw(t, "bytes")
			taken += int64(n)
			passed := b.take(n, now)
			if passed.Before(now) || passed.Before(last) {
				t.Fatalf("%v is before it was asked for (%v) or before what went first (%v)", passed, now, last)
			}
			last = passed
			if most := float64(rate) * (passed.Sub(start) + burst + time.Millisecond).Seconds(); float64(taken) > most {
				t.Fatalf("%d bytes had passed after %v at %d bytes a second", taken, passed.Sub(start), rate)
			}
		}
	})
}

func TestBucketWithoutLimit(t *testing.T) {
	b, now := newBucket(0), time.Unix(1000, 0)
	if got := b.take(1<<20, now); got != now {
		t.Errorf("got %v, want at once", got)
	}
	if got := b.grain(); got != chunk {
		t.Errorf("got a grain of %d, want %d", got, chunk)
	}
	b.set(3_000_000 / 8)
	if got := b.grain(); got != 1875 {
		t.Errorf("got a grain of %d, want 5 ms of 3 Mbit/s", got)
	}
}
