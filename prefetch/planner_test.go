package prefetch

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestMemoryIsBounded opens more than is followed, by more programs than are known.
func TestMemoryIsBounded(t *testing.T) {
	lib := newAlbums(100, 10)
	s := scriptOf(t, lib, Options{})
	var open []uint64
	for i := range 3 * maxHandles {
		s.handle++
		open = append(open, s.handle)
		f := lib.entry(File(i%100 + 1))
		s.planner.Open(Opened{Handle: s.handle, Process: Process{i % 1000, "x"}, Kind: Audio, Track: f.Track}, s.now)
		s.planner.Read(s.handle, 0, 512<<10, s.now)
		s.planner.Served(s.handle, s.now)
	}
	s.tick()
	if n := len(s.planner.handles); n != maxHandles {
		t.Errorf("%d handles", n)
	}
	s.wait(2 * time.Second)
	for _, h := range open {
		s.planner.Release(h, s.now)
	}
	s.tick()
	s.wait(time.Minute)
	if n := len(s.planner.handles); n != 0 {
		t.Errorf("%d handles are kept", n)
	}
	for i := range 3 * maxProcesses {
		s.close(s.play(string(rune('a'+i)), File(i%100+1), 1100*time.Millisecond))
		s.wait(10 * time.Second)
	}
	if n := len(s.planner.processes); n > maxProcesses {
		t.Errorf("%d processes", n)
	}
	if n := len(s.planner.agenda.heap) + len(s.planner.ledger.asks) + len(s.planner.ledger.told); n != 0 {
		t.Errorf("%d alarms and wishes are kept", n)
	}
}

// TestForgottenProcess: a process that is forgotten wants nothing any more.
func TestForgottenProcess(t *testing.T) {
	s := scriptOf(t, newAlbums(100, 10), Options{})
	s.close(s.play("player", 1, 10*time.Second))
	s.wait(closeGrace)
	s.expect(NextTrack, 2, 3)
	for i := range maxProcesses {
		s.planner.Open(Opened{Handle: uint64(1000 + i), Process: Process{1000 + i, "x"}}, s.now)
	}
	s.tick()
	s.expect(NextTrack)
	if s.planner.spent != 0 {
		t.Errorf("%d bytes are spent still", s.planner.spent)
	}
}

func TestLearnedIsBounded(t *testing.T) {
	l := newLearned(3)
	for f := range File(5) {
		l.add(f, Track{File: f + 1})
	}
	if got := l.after(1, 2); got != nil {
		t.Errorf("after 1: %v", got)
	}
	l.add(2, Track{File: 9}) // seen last, and replaced
	l.add(7, Track{File: 8})
	if got := l.after(2, 2); len(got) != 1 || got[0].File != 9 {
		t.Errorf("after 2: %v", got)
	}
	if l.order.Len() != 3 || len(l.byFrom) != 3 || l.after(3, 1) != nil {
		t.Errorf("%d, %d are kept", l.order.Len(), len(l.byFrom))
	}
	l.add(9, Track{File: 2})
	if got := l.after(2, 5); len(got) != 1 {
		t.Errorf("in a circle: %v", got)
	}
}

func TestPlaylistsReadLast(t *testing.T) {
	var c process
	for i, f := range []File{1, 2, 3, 4, 5, 4} {
		c.read(f, start.Add(time.Duration(i)))
	}
	var got []File
	for _, l := range c.lists {
		got = append(got, l.list)
	}
	if want := []File{4, 5, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestWithin(t *testing.T) {
	got := within([]Range{{-5, 10}, {0, 10}, {5, 20}, {90, 200}, {30, 30}, {50, 40}, {8, 95}, {200, 300}}, 100)
	want := []Range{{0, 10}, {10, 20}, {90, 100}, {20, 90}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestNobodyKnows: without a Successor and a Walk a file is still read ahead.
func TestNobodyKnows(t *testing.T) {
	lib := row(10)
	s := newScript(t, lib, Options{})
	s.planner = New(s.replay, nil, nil, Options{})
	h := s.play("mpd", 1, 10*time.Second)
	s.expect(ReadAhead, 1)
	s.expect(NextTrack)
	s.close(h)
	m := &scanner{}
	for f := File(1); f < 5; f++ {
		for _, e := range m.look(f) {
			e.handle += 100
			s.do(e)
		}
	}
	s.wait(time.Minute)
	s.expect(ScanAhead)
}

// TestUnknownHandles: events of a handle that was never opened, or twice, do nothing.
func TestUnknownHandles(t *testing.T) {
	s := scriptOf(t, newAlbums(10, 10), Options{})
	s.planner.Read(9, 0, 1, s.now)
	s.planner.Served(9, s.now)
	s.planner.Flush(9, s.now)
	s.planner.Release(9, s.now)
	h := s.play("x", 1, 2*time.Second)
	s.planner.Open(Opened{Handle: h, Process: Process{5, "y"}, Track: Track{File: 3}}, s.now)
	s.expect(ReadAhead, 1)
	s.close(h)
	s.planner.Release(h, s.now)
	s.wait(time.Minute)
	s.expect(ReadAhead)
	for _, name := range []string{Class(9).String(), Behaviour(9).String(), ScanAhead.String(), Play.String()} {
		if name == "" {
			t.Error("something has no name")
		}
	}
}

// real is a clock that goes fast.
type real struct{ began time.Time }

func (r real) Now() time.Time                         { return r.began.Add(100 * time.Since(r.began)) }
func (r real) After(d time.Duration) <-chan time.Time { return time.After(d / 100) }

// counter is a Warmer that counts.
type counter struct {
	p      *Planner
	calls  atomic.Int64
	inside atomic.Int32
	t      *testing.T
}

func (c *counter) Want(f File, _ Class, _ []Range) {
	if c.inside.Add(1) > 1 {
		c.t.Error("two calls at once")
	}
	c.p.Read(uint64(f), 0, 1, time.Now()) // a call back does not stop
	c.calls.Add(1)
	c.inside.Add(-1)
}

// TestRun lets many programs read at once while Run ticks.
func TestRun(t *testing.T) {
	lib := newAlbums(100, 10)
	c := &counter{t: t}
	c.p = New(c, lib, lib, Options{})
	ctx, stop := context.WithCancel(t.Context())
	clock := real{time.Now()}
	var runs, readers sync.WaitGroup
	for range 2 { // the second does nothing, and no harm
		runs.Go(func() { c.p.Run(ctx, clock) })
	}
	for g := range 8 {
		readers.Go(func() {
			for i := range 40 {
				h := uint64(g*1000 + i + 1)
				track := lib.entry(File((g*7+i)%100 + 1)).Track
				c.p.Open(Opened{Handle: h, Process: Process{g, "x"}, Kind: Audio, Track: track}, clock.Now())
				for off := int64(0); off < track.Size; off += 128 << 10 {
					c.p.Read(h, off, 128<<10, clock.Now())
					c.p.Served(h, clock.Now())
				}
				c.p.Behaviour(h)
				c.p.Tune(g, int64(i)<<20)
				c.p.Flush(h, clock.Now())
				c.p.Release(h, clock.Now())
			}
		})
	}
	readers.Wait()
	// One that is certain to be played.
	c.p.Open(Opened{Handle: 9999, Process: Process{99, "x"}, Kind: Audio, Track: lib.entry(1).Track}, clock.Now())
	c.p.Read(9999, 0, 512<<10, clock.Now())
	c.p.Served(9999, clock.Now())
	await(t, "is never played", func() bool { return c.p.Behaviour(9999) == Play && c.calls.Load() > 0 })
	c.p.Release(9999, clock.Now())
	await(t, "does not come to rest", func() bool {
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		return len(c.p.handles) == 0 && len(c.p.ledger.told) == 0 && len(c.p.ledger.asks) == 0
	})
	stop()
	runs.Wait()
}

// await polls until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it", what)
		}
	}
}
