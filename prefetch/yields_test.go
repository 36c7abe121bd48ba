package prefetch

import (
	"testing"
	"time"
)

// deaf is a Warmer that does nothing.
type deaf struct{}

func (deaf) Want(File, Class, []Range) {}

// TestYields: while somebody listens, who copies can wait, from the first byte of the next
// file on; the listener cannot, nor anybody while nobody listens.
func TestYields(t *testing.T) {
	p := New(deaf{}, nil, nil, Options{})
	now := time.Unix(1000, 0)
	open := func(number uint64, who Process) {
		p.Open(Opened{Handle: number, Process: who, Kind: Audio, Track: Track{File: File(number), Size: 4 << 20, AudioFrom: 4096, AudioTo: 4 << 20}}, now)
	}
	read := func(number uint64, from, to int64) {
		for ; from < to; from += 128 << 10 {
			p.Read(number, from, 128<<10, now)
			p.Served(number, now)
		}
		p.Tick(t.Context(), now)
	}
	cat, mpv := Process{1, "cat"}, Process{2, "mpv"}
	open(1, cat)
	read(1, 0, 4<<20)
	if p.Yields(1, now) || p.Plays(1) {
		t.Error("a copy yields though nobody listens")
	}
	open(2, mpv)
	read(2, 0, 2<<20)
	if !p.Yields(1, now) || p.Plays(1) {
		t.Error("a copy does not yield to a listener")
	}
	if p.Yields(2, now) || !p.Plays(2) {
		t.Error("the listener yields")
	}
	p.Release(1, now)
	open(3, cat)
	if !p.Yields(3, now) || p.Yields(3, now.Add(habit+time.Second)) || p.Yields(99, now) {
		t.Error("the next file of a copy")
	}
	open(4, Process{4, "other"})
	if p.Yields(4, now) {
		t.Error("who is not known to copy yields")
	}
}
