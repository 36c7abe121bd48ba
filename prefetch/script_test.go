package prefetch

import (
	"context"
	"errors"
	"path"
	"slices"
	"testing"
	"time"
)

// script drives a planner by hand: programs that play tracks of a row, and their
// listeners.
type script struct {
	*replay
	t      *testing.T
	handle uint64
}

func newScript(t *testing.T, lib *library, opts Options) *script {
	return &script{replay: newReplay(t, lib, opts), t: t}
}

// wait lets time pass.
func (s *script) wait(d time.Duration) { s.until(s.now.Add(d)) }

func (s *script) do(e event) { s.send(e.moved(s.now)) }

// open opens a file and gives its handle.
func (s *script) open(program string, f File) uint64 {
	s.handle++
	s.do(event{op: opOpen, handle: s.handle, file: f, process: Process{len(program), program}})
	return s.handle
}

// read reads from to to of a handle in requests of the kernel.
func (s *script) read(h uint64, from, to int64) {
	for off := from; off < to; off += 128 << 10 {
		s.do(event{op: opRead, handle: h, off: off, len: min(128<<10, to-off)})
		s.wait(time.Millisecond)
		s.do(event{op: opServed, handle: h})
	}
}

// close closes a handle as a program does.
func (s *script) close(h uint64) {
	s.do(event{op: opFlush, handle: h})
	s.do(event{op: opRelease, handle: h})
}

// play opens a track, reads a second's worth and more, and listens for a while.
func (s *script) play(program string, f File, listen time.Duration) uint64 {
	h := s.open(program, f)
	s.read(h, 0, 512<<10)
	s.wait(listen)
	if is := s.planner.Behaviour(h); listen > pause && is != Play {
		s.t.Errorf("%s of %d is %v", program, f, is)
	}
	return h
}

// wants gives the files that are wanted at a class, in the order of their numbers.
func (s *script) wants(class Class) (files []File) {
	for k := range s.wanted {
		if k.class == class {
			files = append(files, k.file)
		}
	}
	slices.Sort(files)
	return files
}

// expect compares what is wanted at a class.
func (s *script) expect(class Class, files ...File) {
	s.t.Helper()
	if got := s.wants(class); !slices.Equal(got, files) {
		s.t.Errorf("after %v, %v: %d are wanted, not %d", s.now.Sub(start), class, got, files)
	}
}

// album knows albums of a length, as row makes them, in a catalog that may fail.
type album struct {
	*library
	length int
	lists  map[File][]File
	broken bool
	asked  int
}

var errBroken = errors.New("the catalog is broken")

func newAlbums(tracks, length int) *album {
	l := row(tracks)
	for i := range l.entries {
		l.entries[i].path = path.Join(string(rune('a'+i/length)), l.entries[i].path)
	}
	return &album{library: l, length: length, lists: map[File][]File{}}
}

func (a *album) Folder(_ context.Context, of File, n int) (Sequence, error) {
	a.asked++
	if a.broken {
		return Sequence{}, errBroken
	}
	first := (int(of) - 1) / a.length * a.length
	var q Sequence
	for i := first; i < min(first+a.length, len(a.entries)); i++ {
		q.Tracks = append(q.Tracks, a.entries[i].Track)
	}
	q.At = int(of) - 1 - first
	return q, nil
}

func (a *album) Playlist(_ context.Context, list, of File, n int) (Sequence, error) {
	if a.broken {
		return Sequence{}, errBroken
	}
	at := slices.Index(a.lists[list], of)
	if at < 0 {
		return Sequence{}, nil
	}
	q := Sequence{At: at}
	for _, f := range a.lists[list] {
		q.Tracks = append(q.Tracks, a.entry(f).Track)
	}
	return q, nil
}

// scriptOf is a script over albums.
func scriptOf(t *testing.T, a *album, opts Options) *script {
	s := newScript(t, a.library, opts)
	s.planner = New(s.replay, a, a.library, opts)
	return s
}
