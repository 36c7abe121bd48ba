package prefetch

import (
	"context"
	"testing"
	"time"
)

// told is one call of Want.
type told struct {
	at     time.Duration
	file   File
	class  Class
	ranges []Range
}

// replay plays events to a planner and keeps what it wants.
type replay struct {
	t       testing.TB
	lib     *library
	planner *Planner
	now     time.Time
	next    time.Time
	calls   []told
	// wanted is what stands now.
	wanted map[subject][]Range
	// onWant and onTick are called when set.
	onWant func(told)
	onTick func()
}

func newReplay(t testing.TB, lib *library, opts Options) *replay {
	r := &replay{t: t, lib: lib, now: start, wanted: map[subject][]Range{}}
	r.planner = New(r, lib, lib, opts)
	return r
}

// Want implements Warmer.
func (r *replay) Want(file File, class Class, ranges []Range) {
	// A planner that held its lock would stop here.
	r.planner.Behaviour(0)
	call := told{r.now.Sub(start), file, class, ranges}
	s := subject{file, class}
	if len(ranges) == 0 {
		if len(r.wanted[s]) == 0 {
			r.t.Errorf("%v: withdrawn what was not wanted: %d %v", call.at, file, class)
		}
		delete(r.wanted, s)
	} else {
		r.wanted[s] = ranges
	}
	for _, g := range ranges {
		if g.From < 0 || g.From >= g.To || g.To > r.size(file) {
			r.t.Errorf("%v: %v of a file of %d bytes", call.at, g, r.size(file))
		}
	}
	r.calls = append(r.calls, call)
	if r.onWant != nil {
		r.onWant(call)
	}
}

func (r *replay) size(f File) int64 { return r.lib.entry(f).Size }

// until lets time pass, with all the ticks that fall due.
func (r *replay) until(now time.Time) {
	for !r.next.IsZero() && !r.next.After(now) {
		r.now = later(r.now, r.next)
		r.tick()
	}
	r.now = later(r.now, now)
}

func (r *replay) tick() {
	r.next = r.planner.Tick(context.Background(), r.now)
	if !r.next.IsZero() && !r.next.After(r.now) {
		r.t.Fatalf("%v: ticks without end", r.now.Sub(start))
	}
	if r.onTick != nil {
		r.onTick()
	}
}

// send gives the planner an event at its time.
func (r *replay) send(e event) {
	r.until(start.Add(e.at))
	switch e.op {
	case opOpen:
		f := r.lib.entry(e.file)
		r.planner.Open(Opened{Handle: e.handle, Process: e.process, Kind: f.kind, Track: f.Track}, r.now)
	case opRead:
		r.planner.Read(e.handle, e.off, e.len, r.now)
	case opServed:
		r.planner.Served(e.handle, r.now)
	case opFlush:
		r.planner.Flush(e.handle, r.now)
	case opRelease:
		r.planner.Release(e.handle, r.now)
	}
	select {
	case <-r.planner.Due():
		r.tick()
	default:
	}
}

// run sends a whole trace and lets some time pass after it.
func (r *replay) run(tr *trace) {
	for _, e := range tr.answered() {
		r.send(e)
	}
	r.until(r.now.Add(time.Hour))
}
