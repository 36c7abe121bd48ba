package prefetch

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// whims answers questions as it likes: right, wrong, not at all.
type whims struct {
	t   *rapid.T
	lib *library
}

var errWhim = errors.New("not now")

func (w whims) track(label string) Track {
	if rapid.IntRange(0, 9).Draw(w.t, label+" kind") == 0 {
		n := rapid.Int64Range(-100, 100<<20)
		return Track{File: File(rapid.IntRange(1, len(w.lib.entries)).Draw(w.t, label)), Size: n.Draw(w.t, "size"),
			AudioFrom: n.Draw(w.t, "from"), AudioTo: n.Draw(w.t, "to"), Duration: time.Duration(n.Draw(w.t, "duration"))}
	}
	return w.lib.entries[rapid.IntRange(0, len(w.lib.entries)-1).Draw(w.t, label)].Track
}

func (w whims) tracks() (out []Track) {
	for range rapid.IntRange(0, 6).Draw(w.t, "tracks") {
		out = append(out, w.track("track"))
	}
	return out
}

func (w whims) sequence(of File) (Sequence, error) {
	if rapid.IntRange(0, 4).Draw(w.t, "fails") == 0 {
		return Sequence{}, errWhim
	}
	q := Sequence{Tracks: w.tracks(), At: rapid.IntRange(-1, 6).Draw(w.t, "at")}
	if q.At >= 0 && q.At < len(q.Tracks) {
		q.Tracks[q.At].File = of
	}
	return q, nil
}

func (w whims) Folder(_ context.Context, of File, _ int) (Sequence, error) { return w.sequence(of) }
func (w whims) Playlist(_ context.Context, _, of File, _ int) (Sequence, error) {
	return w.sequence(of)
}

func (w whims) Following(ctx context.Context, after File, n int) ([]Track, error) {
	if rapid.Bool().Draw(w.t, "straight") {
		return w.lib.Following(ctx, after, n)
	}
	if rapid.Bool().Draw(w.t, "fails") {
		return nil, errWhim
	}
	return w.tracks(), nil
}

// observer checks every call of Want against what must always hold.
type observer struct {
	t      *rapid.T
	p      *Planner
	wanted map[subject][]Range
	budget int64
	depth  int
	scans  int
}

// Want implements Warmer.
func (o *observer) Want(file File, class Class, ranges []Range) {
	o.p.Behaviour(1) // would stop here under a lock
	s := subject{file, class}
	if len(ranges) == 0 {
		delete(o.wanted, s)
		return
	}
	o.wanted[s] = ranges
	for _, r := range ranges {
		if r.From < 0 || r.From >= r.To {
			o.t.Fatalf("%v of %v", r, s)
		}
	}
	if class == ScanAhead && total(ranges) > scanHead+scanTail {
		o.t.Fatalf("%d bytes ahead of a scan", total(ranges))
	}
}

// settled checks what holds after a tick.
func (o *observer) settled() {
	var others int64
	scans := 0
	for s, r := range o.wanted {
		switch s.class {
		case NextTrack, AlbumHeads:
			others += total(r)
		case ScanAhead:
			scans++
		}
	}
	// Two listeners may want the same, and it is counted twice in the budget, once here.
	if others > o.budget {
		o.t.Fatalf("%d bytes of other tracks are wanted, and the budget is %d", others, o.budget)
	}
	if scans > (o.depth+1)*o.scans {
		o.t.Fatalf("%d heads ahead of scans", scans)
	}
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	var spent int64
	for _, c := range o.p.processes {
		if c.session != nil {
			spent += c.session.bytes
		}
		open := 0
		for _, h := range o.p.handles {
			if h.proc == c && h.kind == Audio && h.open() {
				open++
			}
		}
		if c.audio != open || c.playing > open {
			o.t.Fatalf("%d tracks open, and %d counted", open, c.audio)
		}
	}
	if spent != o.p.spent || spent > o.p.budget {
		o.t.Fatalf("%d bytes spent, and %d counted", spent, o.p.spent)
	}
	if len(o.p.ledger.told) != len(o.wanted) {
		o.t.Fatalf("%d told, and %d heard", len(o.p.ledger.told), len(o.wanted))
	}
}

// TestWhateverHappens sends events in any order and at any time.
func TestWhateverHappens(t *testing.T) {
	lib := row(60)
	for i := range 6 {
		lib.entries[i*10].kind = Kind(i % 3)
		lib.entries[i*7].Size = int64(i) * 50_000
	}
	rapid.Check(t, func(t *rapid.T) {
		o := &observer{t: t, wanted: map[subject][]Range{}, scans: 3}
		o.budget, o.depth = rapid.Int64Range(1, 8<<20).Draw(t, "budget"), rapid.IntRange(1, 5).Draw(t, "depth")
		o.p = New(o, whims{t, lib}, whims{t, lib}, Options{Budget: o.budget, Depth: o.depth})
		now := start
		var open []uint64
		for i := range rapid.IntRange(1, 120).Draw(t, "events") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 50 * time.Millisecond, time.Second, 4 * time.Second, time.Minute, -time.Second}).Draw(t, "later"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2:
				h := uint64(i + 100)
				e := lib.entries[rapid.IntRange(0, len(lib.entries)-1).Draw(t, "file")]
				program := rapid.SampledFrom([]string{"mpd", "mpv", "x"}).Draw(t, "program")
				o.p.Open(Opened{Handle: h, Process: Process{1, program}, Kind: e.kind, Track: e.Track}, now)
				open = append(open, h)
				near := rapid.Int64Range(0, 2<<20).Draw(t, "upto")
				for off := int64(0); off < near; off += 128 << 10 {
					o.p.Read(h, off, 128<<10, now)
					o.p.Served(h, now)
				}
			case 3, 4:
				for _, h := range open {
					o.p.Read(h, rapid.Int64Range(-10, 3<<20).Draw(t, "off"), rapid.Int64Range(-10, 1<<20).Draw(t, "len"), now)
				}
			case 5:
				for _, h := range open {
					o.p.Served(h, now)
				}
			case 6:
				for _, h := range open {
					o.p.Flush(h, now)
				}
			case 7, 8:
				if len(open) > 0 {
					o.p.Release(open[0], now)
					open = open[1:]
				}
			}
			if next := o.p.Tick(t.Context(), now); !next.IsZero() && !next.After(now) {
				t.Fatal("it ticks without end")
			}
			o.settled()
		}
		o.end(now, open)
	})
}

// end closes everything and checks that nothing is wanted after the graces.
func (o *observer) end(now time.Time, open []uint64) {
	for _, h := range open {
		o.p.Release(h, now)
	}
	for range 1000 {
		next := o.p.Tick(o.t.Context(), now)
		if next.IsZero() {
			break
		}
		now = later(now, next)
	}
	if len(o.wanted) > 0 {
		o.t.Fatalf("after everything there stand %v", o.wanted)
	}
	if n := fmt.Sprint(len(o.p.handles), len(o.p.ledger.asks), len(o.p.ledger.told), len(o.p.agenda.heap), o.p.spent); n != "0 0 0 0 0" {
		o.t.Fatalf("kept: %s", n)
	}
}

// TestClosedHandlesWantNothing: in every trace, a second after the grace of its last
// handle no read-ahead of a file stands.
func TestClosedHandlesWantNothing(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range traces(t, "*") {
		r := newReplay(t, lib, Options{})
		open := map[File]int{}
		closed := map[File]time.Time{}
		left := map[uint64]bool{}
		r.onTick = func() {
			for s := range r.wanted {
				if s.class == ReadAhead && open[s.file] == 0 && r.now.Sub(closed[s.file]) > closeGrace {
					t.Errorf("%s: %v after %v", name, s, r.now.Sub(closed[s.file]))
				}
			}
		}
		for _, e := range readTrace(t, name).answered() {
			switch e.op {
			case opOpen:
				open[e.file]++
			case opFlush, opRelease:
				if !left[e.handle] {
					left[e.handle] = true
					open[e.file]--
					closed[e.file] = start.Add(e.at)
				}
			}
			r.send(e)
		}
		r.until(r.now.Add(time.Hour))
		if len(r.wanted) > 0 {
			t.Errorf("%s: in the end there stand %v", name, r.wanted)
		}
	}
}
