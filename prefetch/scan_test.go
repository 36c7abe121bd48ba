package prefetch

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// TestScansCostNothing: no scan has a byte fetched ahead within a file, or of a next
// track; MPD's has the heads of the following files, and nothing else.
func TestScansCostNothing(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range traces(t, "mutagen.*", "ffprobe.*", "thumb.*", "file.*", "mpd.update*") {
		r := newReplay(t, lib, Options{})
		asked := map[File]int64{}
		r.onWant = func(c told) {
			if c.class != ScanAhead {
				t.Errorf("%s: %v of %d", name, c.class, c.file)
			}
			asked[c.file] = max(asked[c.file], total(c.ranges))
		}
		r.run(readTrace(t, name))
		for f, n := range asked {
			if n > scanHead+scanTail {
				t.Errorf("%s: %d bytes of %d", name, n, f)
			}
		}
		if mpd := name[:3] == "mpd"; mpd != (len(asked) > 15) {
			t.Errorf("%s: heads of %d files", name, len(asked))
		}
	}
}

// TestScansByStrangers: the same when no program is known by its name. Who reads as
// much as a copy does may be taken for one, but half of what is fetched is read.
func TestScansByStrangers(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range traces(t, "mutagen.*", "ffprobe.*", "thumb.*", "file.*", "mpd.update*") {
		r := newReplay(t, lib, Options{})
		tr := readTrace(t, name).as("stranger")
		read := map[File]int64{}
		for _, e := range tr.events {
			read[e.file] += e.len
		}
		r.onWant = func(c told) {
			if c.class == ScanAhead && total(c.ranges) > scanHead+scanTail || c.class == NextTrack || c.class == AlbumHeads {
				t.Errorf("%s: %v of %d: %v", name, c.class, c.file, c.ranges)
			}
			if n := len(c.ranges); c.class == ReadAhead && n > 0 && c.ranges[n-1].To > 2*read[c.file] {
				t.Errorf("%s: %v ahead of a reader of %d bytes", name, c.ranges, read[c.file])
			}
		}
		r.run(tr)
	}
}

// row makes a library of tracks of 2 MB in albums of 20.
func row(n int) *library {
	l := &library{}
	for i := range n {
		l.entries = append(l.entries, entry{kind: Audio, path: fmt.Sprintf("%03d/%02d.mp3", i/20, i%20),
			Track: Track{File: File(i + 1), Size: 2 << 20, Duration: 50 * time.Second, AudioFrom: 90 << 10, AudioTo: 2<<20 - 128, Format: "mp3"}})
	}
	return l
}

// scanner reads files as MPD does: 512 KiB in two requests, each of which the kernel
// splits, and the tail through a second handle.
type scanner struct {
	s      *simulator
	file   File
	last   File
	handle uint64
	rest   []event
	under  int
}

func (m *scanner) step() {
	for m.under == 0 {
		if len(m.rest) == 0 {
			if m.file++; m.file > m.last {
				return
			}
			m.rest = m.look(m.file)
		}
		e := m.rest[0].moved(m.s.now)
		m.rest = m.rest[1:]
		if e.op != opRead {
			m.s.send(e)
			continue
		}
		m.under = 2
		half := e.len / 2
		for off := e.off; off < e.off+e.len; off += half {
			e := e
			e.off, e.len = off, half
			m.s.send(e)
			m.s.read(e.file, e.off, e.off+e.len, func() {
				e.op = opServed
				m.s.send(e.moved(m.s.now))
				m.under--
				m.step()
			})
		}
	}
}

// look is what MPD does with one file.
func (m *scanner) look(f File) []event {
	m.handle += 2
	first := event{handle: m.handle, file: f, process: Process{7, "mpd"}}
	second := first
	second.handle++
	as := func(e event, o op, off, n int64) event {
		e.op, e.off, e.len = o, off, n
		return e
	}
	return []event{as(first, opOpen, 0, 0), as(first, opRead, 0, 256<<10), as(first, opRead, 256<<10, 256<<10),
		as(first, opFlush, 0, 0), as(first, opRelease, 0, 0),
		as(second, opOpen, 0, 0), as(second, opRead, 2<<20-4096, 4096), as(second, opFlush, 0, 0), as(second, opRelease, 0, 0)}
}

// TestScanOfMPDIsBoundByBandwidth: at 50 Mbit/s × 50 ms each 512 KiB take 84 ms, and
// waiting for each of them 250 ms.
func TestScanOfMPDIsBoundByBandwidth(t *testing.T) {
	const files = 200
	for _, c := range []struct {
		depth       int
		without     bool
		most, least time.Duration
	}{
		{depth: 4, most: 100 * time.Millisecond},
		{depth: 2, most: 120 * time.Millisecond},
		{depth: 4, without: true, least: 220 * time.Millisecond},
	} {
		s := newSimulator(t, row(files), links[1])
		s.without = c.without
		s.planner.Tune(c.depth, 0)
		m := &scanner{s: s, last: files}
		s.after(0, m.step)
		s.play()
		took := s.lastDone.Sub(start) / files
		var bytes int64
		for _, n := range s.fetched {
			bytes += n
		}
		t.Logf("depth %d, without %v: %v and %d KB a file", c.depth, c.without, took, bytes/files/1000)
		if took > c.most && c.most > 0 || took < c.least {
			t.Errorf("depth %d, without %v: %v a file", c.depth, c.without, took)
		}
		if !c.without && bytes/files > 600_000 {
			t.Errorf("depth %d: %d bytes a file", c.depth, bytes/files)
		}
	}
}

// TestScanAheadFollowsTheScan: it asks for no more than its depth, withdraws what is
// passed over, and stops when the process goes its own way or no further.
func TestScanAheadFollowsTheScan(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []File
		asked bool // after the last file
		total int  // files asked for in all
	}{
		{"in order", []File{1, 2, 3, 4}, true, 6},
		{"one passed over", []File{1, 2, 3, 5, 6}, true, 8},
		{"too much passed over", []File{1, 2, 3, 7}, false, 5},
		{"backwards", []File{9, 8, 7, 6, 5}, false, 0},
		{"here and there", []File{1, 20, 3, 40, 5}, false, 0},
		{"to the end", []File{96, 97, 98, 99, 100}, false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReplay(t, row(100), Options{})
			asked := map[File]bool{}
			r.onWant = func(c told) {
				if asked[c.file] = true; len(r.wanted) > defaultDepth+1 {
					t.Errorf("%d files at once", len(r.wanted))
				}
			}
			at := time.Duration(0)
			m := &scanner{}
			for _, f := range c.files {
				for _, e := range m.look(f) {
					at += time.Millisecond
					e.at = at
					r.send(e)
					if e.op == opRead {
						e.op = opServed
						r.send(e)
					}
				}
			}
			if (len(r.wanted) > 0) != c.asked || len(asked) != c.total {
				t.Errorf("%d asked for, of which stand %v", len(asked), r.wanted)
			}
			r.until(r.now.Add(scanGap + time.Second))
			if len(r.wanted) > 0 {
				t.Errorf("after the scan there stand %v", r.wanted)
			}
		})
	}
}

// scan lets MPD scan files, a millisecond each request.
func (s *script) scan(files ...File) {
	for _, f := range files {
		m := &scanner{handle: s.handle + 100}
		for _, e := range m.look(f) {
			s.wait(time.Millisecond)
			s.do(e)
			if e.op == opRead {
				e.op = opServed
				s.do(e)
			}
		}
		s.handle = m.handle
	}
}

// TestScanTailIsBounded, however much there is behind the sound.
func TestScanTailIsBounded(t *testing.T) {
	lib := row(10)
	for i := range lib.entries {
		lib.entries[i].AudioTo = 600 << 10
	}
	s := newScript(t, lib, Options{})
	s.scan(1, 2)
	if r := s.wanted[subject{3, ScanAhead}]; total(r) != scanHead+scanTail {
		t.Errorf("%v is wanted", r)
	}
}

// stumbling is a walk that fails at first.
type stumbling struct {
	*library
	fails int
}

func (w *stumbling) Following(ctx context.Context, after File, n int) ([]Track, error) {
	if w.fails--; w.fails >= 0 {
		return nil, errBroken
	}
	return w.library.Following(ctx, after, n)
}

// TestScanNeedsAStep: two files are a scan, but only the next of the walk makes it one
// that can be followed.
func TestScanNeedsAStep(t *testing.T) {
	lib := row(10)
	s := newScript(t, lib, Options{})
	walk := &stumbling{lib, 1000}
	s.planner = New(s.replay, lib, walk, Options{})
	s.scan(1, 2)
	walk.fails = 0
	s.scan(3)
	s.expect(ScanAhead)
	s.scan(4)
	s.expect(ScanAhead, 5, 6, 7, 8)
}
