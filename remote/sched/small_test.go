package sched

import (
	"context"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

// Small background bodies wait for round trips and go together in number; what they bring at
// once is bounded as for large ones, so on a thin link they go one by one.
func TestSmallBodiesGoTogether(t *testing.T) {
	for _, c := range []struct {
		rate         float64
		small, large int
	}{{6.25e6, 11, 4}, {100e6, maxSmall, 4}, {375e3, 1, 1}} {
		q := newQueue()
		q.widen(c.rate)
		if got := q.room(remote.ScanPack, true); got != c.small {
			t.Errorf("at %v: %d small ones go together, want %d", c.rate, got, c.small)
		}
		if got := q.room(remote.ScanPack, false); got != c.large {
			t.Errorf("at %v: %d large ones go together, want %d", c.rate, got, c.large)
		}
		for i := range c.small {
			p, err := q.enter(context.Background(), remote.NewTicket(remote.ScanPack), 0, true)
			if err != nil || !p.goes {
				t.Fatalf("at %v: the small one number %d waits: %v", c.rate, i, err)
			}
			defer q.leave(p)
		}
		if fits := q.going[remote.ScanPack] < q.room(remote.ScanPack, true); fits {
			t.Errorf("at %v: there is room for more", c.rate)
		}
	}
}
