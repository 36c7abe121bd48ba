package sched

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestContract(t *testing.T) {
	remotetest.Run(t, func(*testing.T) remote.Store { return New(remotetest.NewMemory()) })
}

// A background class passes the suite too: its ranges come in pieces.
func TestContractInPieces(t *testing.T) {
	remotetest.Run(t, func(*testing.T) remote.Store { return classed{New(remotetest.NewMemory()), remote.Verify} })
}

// classed gives every request a class.
type classed struct {
	*Store
	class remote.Class
}

func (c classed) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	return c.Store.Get(remote.WithTicket(ctx, remote.NewTicket(c.class)), key, r, ifMatch)
}

const (
	mbit = 1e6 / 8
	mib  = 1 << 20
)

func newLink(rate int, rtt time.Duration) *link { return &link{rate: rate, rtt: rtt, size: 64 * mib} }

// fetch reads a range and tells how long it took.
func fetch(t *testing.T, s *Store, ticket *remote.Ticket, key string, n int64) time.Duration {
	start := time.Now()
	body, _, err := s.Get(remote.WithTicket(t.Context(), ticket), key, remote.Range{Length: n}, "")
	if err != nil {
		t.Errorf("get %s: %v", key, err)
		return 0
	}
	defer body.Close()
	if got, err := io.Copy(io.Discard, body); err != nil || got != n {
		t.Errorf("%s: %d bytes, %v", key, got, err)
	}
	return time.Since(start)
}

// Who waits for a small piece is not delayed by what nobody waits for, however much
// of it there is, on a thin link.
func TestDemandPassesBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(3*mbit, 50*time.Millisecond)
		s := New(l)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { fetch(t, s, remote.NewTicket(remote.Pin), "pin", 2*mib) })
		}
		time.Sleep(10 * time.Second)
		alone := 50*time.Millisecond + 64*1024*time.Second/(3*mbit)
		for range 5 {
			if took := fetch(t, s, remote.NewTicket(remote.Demand), "want", 64<<10); took > alone*3/2 {
				t.Errorf("64 KiB took %v beside pins, %v alone", took, alone)
			}
			time.Sleep(3 * time.Second)
		}
		all.Wait()
	})
}

// The background gets all of the link when nobody waits.
func TestBackgroundUsesTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(50*mbit, 50*time.Millisecond))
		start := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { fetch(t, s, remote.NewTicket(remote.Pin), "pin", 8*mib) })
		}
		all.Wait()
		share := float64(64*mib) / time.Since(start).Seconds() / (50 * mbit)
		if share < 0.8 {
			t.Errorf("the background got %.2f of the link", share)
		}
	})
}

// A request that a reader joins goes before all others.
func TestRaise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(3*mbit, 50*time.Millisecond)
		s := New(l)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { fetch(t, s, remote.NewTicket(remote.Pin), "pin", mib) })
		}
		time.Sleep(time.Second)
		ticket := remote.NewTicket(remote.Verify)
		var took time.Duration
		all.Go(func() { took = fetch(t, s, ticket, "joined", 128<<10) })
		time.Sleep(time.Second)
		ticket.Set(remote.Demand)
		raised := time.Now()
		all.Wait()
		if alone := time.Second + 50*time.Millisecond + 128*1024*time.Second/(3*mbit); took > alone*3/2 {
			t.Errorf("took %v, %v after it was raised alone (all ended after %v)", took, alone, time.Since(raised))
		}
	})
}

// What is wanted first is here first, and not all of it late.
func TestOneBodyAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(3*mbit, 50*time.Millisecond))
		fetch(t, s, remote.NewTicket(remote.Pin), "before", mib) // the link is known
		alone := mib * time.Second / (3 * mbit)
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				if took, most := fetch(t, s, remote.NewTicket(remote.NextTrack), "next", mib), time.Duration(i+2)*alone*5/4; took > most {
					t.Errorf("track %d was here after %v, want %v", i+1, took, most)
				}
			})
			synctest.Wait()
		}
		all.Wait()
	})
}

// Depth follows the link: many at once on a long fat one, few on a thin one.
func TestDepthFollowsTheLink(t *testing.T) {
	for _, link := range []struct {
		name       string
		rate       int
		rtt        time.Duration
		flow       int
		least, top int
	}{
		{"20 Mbit/s × 20 ms", 20 * mbit, 20 * time.Millisecond, 0, minDepth, 4},
		{"3 Mbit/s × 50 ms", 3 * mbit, 50 * time.Millisecond, 0, minDepth, 5},
		{"400 Mbit/s × 50 ms", 400 * mbit, 50 * time.Millisecond, 0, 3, maxDepth},
		{"400 Mbit/s × 50 ms, 40 each", 400 * mbit, 50 * time.Millisecond, 40 * mbit, 9, maxDepth},
	} {
		t.Run(link.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(link.rate, link.rtt)
				l.flow = link.flow
				s := New(l)
				work, all := make(chan int), sync.WaitGroup{}
				for range 2 * maxDepth {
					all.Go(func() {
						for range work {
							fetch(t, s, remote.NewTicket(remote.Demand), "a", mib)
						}
					})
				}
				start := time.Now()
				n := link.rate * 60 / mib // a minute
				for i := range n {
					work <- i
				}
				depth := s.Stats().Depth
				close(work)
				all.Wait()
				share := float64(n*mib) / time.Since(start).Seconds() / float64(link.rate)
				t.Logf("depth %d, %.2f of the link, rate %d", depth, share, s.Stats().Rate)
				if depth < link.least || depth > link.top {
					t.Errorf("depth %d, want %d to %d", depth, link.least, link.top)
				}
				if share < 0.85 {
					t.Errorf("%.2f of the link", share)
				}
			})
		})
	}
}

// A range in pieces is of one version, or an error.
func TestPiecesAreOfOneVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(50*mbit, time.Millisecond)
		l.version = func() string { return []string{"v1", "v2"}[min(len(l.requests)/3, 1)] }
		s := New(l)
		body, _, err := s.Get(remote.WithTicket(t.Context(), remote.NewTicket(remote.Pin)), "k", remote.Range{}, "")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if _, err := io.Copy(io.Discard, body); !errors.Is(err, remote.ErrPrecondition) {
			t.Errorf("read on after the version changed: %v", err)
		}
		if len(l.requests) != 3 {
			t.Errorf("requests %v", l.requests)
		}
	})
}

// Nothing is left in the queue by those who gave up, waiting or reading.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(3*mbit, 50*time.Millisecond))
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				ctx := remote.WithTicket(ctx, remote.NewTicket(remote.Class(i%remote.Classes)))
				body, _, err := s.Get(ctx, "k", remote.Range{Length: mib}, "")
				if err != nil {
					return
				}
				_, _ = io.CopyN(io.Discard, body, 100<<10)
				body.Close()
				body.Close()
			})
		}
		time.Sleep(2 * time.Second)
		cancel()
		all.Wait()
		stats := s.Stats()
		if slices.Max(stats.Going[:]) != 0 || slices.Max(stats.Waiting[:]) != 0 || s.meter.active != 0 {
			t.Errorf("left behind: %+v, %d measured", stats, s.meter.active)
		}
	})
}

// A body that is held back moves on a little, so that its connection lives.
func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(newLink(50*mbit, time.Millisecond))
		urgent, _, err := s.Get(t.Context(), "urgent", remote.Range{}, "")
		if err != nil {
			t.Fatal(err)
		}
		defer urgent.Close() // admitted, and never read
		ctx := remote.WithTicket(t.Context(), remote.NewTicket(remote.ReadAhead))
		body, _, err := s.Get(ctx, "later", remote.Range{Length: mib}, "")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		start := time.Now()
		n, err := body.Read(make([]byte, 64<<10))
		if took := time.Since(start); err != nil || n == 0 || n > held || took < trickle || took > 2*trickle {
			t.Errorf("%d bytes, %v after %v", n, err, took)
		}
	})
}
