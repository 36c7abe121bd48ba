package prefetch

import (
	"fmt"
	"testing"
	"time"
)

// TestSeeks: where a seek leads, reading begins after a round trip and one transfer,
// and at once when the track has arrived.
func TestSeeks(t *testing.T) {
	lib := readLibrary(t)
	t.Run("arrived", func(t *testing.T) {
		s := newSimulator(t, lib, links[1])
		l := listen(s, readTrace(t, "mpv.seek.mp3"))
		l.music = false
		s.play()
		for _, w := range l.waits {
			if w.asked.Sub(start) > 7*time.Second && w.took > 0 {
				t.Errorf("at %v a read of %d waited %v", w.asked.Sub(start), w.off, w.took)
			}
		}
	})
	t.Run("on its way", func(t *testing.T) {
		s := newSimulator(t, lib, links[0])
		l := listen(s, readTrace(t, "mpv.seek.slow"))
		l.music = false
		s.play()
		// What is under way must arrive first; then 256 KiB in one answer.
		under := s.link.rtt + 2*s.link.carries(block)
		most := s.link.rtt*12/10 + s.link.carries(first) + under
		var end int64
		for _, w := range l.waits {
			if w.off > end+slack && w.took > most {
				t.Errorf("at %v a read of %d waited %v, more than %v", w.asked.Sub(start), w.off, w.took, most)
			}
			end = w.off + w.len
		}
	})
}

// playAll plays tracks one after the other: it reads as fast as it gets, and opens
// the next when the one before has been heard, as mpv does.
func playAll(lib *library) *trace {
	tr := &trace{}
	var at time.Duration
	for i, e := range lib.entries {
		ev := event{at: at, handle: uint64(i + 1), file: e.File, process: Process{1, "mpv"}}
		tr.events = append(tr.events, ev)
		for off := int64(0); off < e.Size; off += 128 << 10 {
			r := ev
			r.op, r.off, r.len, r.at = opRead, off, 128<<10, at+time.Millisecond
			tr.events = append(tr.events, r)
		}
		at += e.Duration
		ev.op, ev.at = opFlush, at
		tr.events = append(tr.events, ev)
		ev.op = opRelease
		tr.events = append(tr.events, ev)
	}
	return tr
}

// TestWholeAlbums plays albums of full length: a common one on a thin link, with the
// heads of the whole album at half time, and one that the link can just carry.
func TestWholeAlbums(t *testing.T) {
	for _, c := range []struct {
		name     string
		tracks   int
		length   time.Duration
		bitrate  int64
		halfTime bool // the next track is here
		heads    bool // and those of the whole album
	}{
		{"320 kbit/s", 12, 4 * time.Minute, 320_000, true, true},
		{"1 Mbit/s", 10, 4 * time.Minute, 1_000_000, true, true},
		{"interludes", 12, 10 * time.Second, 320_000, true, false},
		{"2.8 Mbit/s of 3", 4, 5 * time.Minute, 2_800_000, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lib := &library{}
			for i := range c.tracks {
				size := c.bitrate / 8 * int64(c.length/time.Second)
				lib.entries = append(lib.entries, entry{kind: Audio, path: fmt.Sprintf("album/%02d", i),
					Track: Track{File: File(i + 1), Size: size, Duration: c.length, AudioFrom: 100_000, AudioTo: size}})
			}
			s := newSimulator(t, lib, links[0])
			l := listen(s, playAll(lib))
			s.play()
			if c.halfTime {
				l.check(t)
			}
			if c.heads {
				half := l.order[0].starts.Add(c.length / 2)
				for _, e := range lib.entries {
					if at := s.arrived(e.File, e.head()); at.IsZero() || at.After(half) {
						t.Errorf("the head of %d came at %v", e.File, at.Sub(start))
					}
				}
			}
			for _, h := range l.order {
				if h.gap > 0 {
					t.Errorf("%s: a gap of %v", h.entry.path, h.gap)
				}
			}
			if l.stalls > 0 {
				t.Errorf("%d stalls, %v", l.stalls, l.late)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	lib := row(1)
	lib.entries[0].Size = 1 << 40
	r := newReplay(b, lib, Options{})
	r.planner.Open(Opened{Handle: 1, Process: Process{1, "cp"}, Kind: Audio, Track: lib.entries[0].Track}, start)
	for i := range int64(b.N) {
		now := start.Add(time.Duration(i) * time.Millisecond)
		r.planner.Read(1, i*128<<10, 128<<10, now)
		r.planner.Served(1, now)
	}
}
