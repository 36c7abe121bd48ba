package prefetch

import (
	"testing"
	"time"
)

// deaf is a Warmer that does nothing.
type deaf struct{}

func (deaf) Want(File, Class, []Range) {}

// TestCopies: who copied a file is taken for a copier from the first byte of the next one
// on; who plays is not.
func TestCopies(t *testing.T) {
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
	if p.Copies(1, now) {
		t.Error("an unknown program copies")
	}
	read(1, 0, 4<<20)
	if !p.Copies(1, now) || p.Plays(1) {
		t.Error("a copy is not known")
	}
	open(2, mpv)
	read(2, 0, 2<<20)
	if p.Copies(2, now) || !p.Plays(2) {
		t.Error("the listener copies")
	}
	p.Release(1, now)
	open(3, cat)
	if !p.Copies(3, now) || p.Copies(3, now.Add(habit+time.Second)) || p.Copies(99, now) {
		t.Error("the next file of a copy")
	}
}
