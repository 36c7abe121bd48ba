package prefetch

import (
	"testing"
	"time"
)

// TestBehavioursOfTraces: what programs that were recorded turn out to be.
func TestBehavioursOfTraces(t *testing.T) {
	lib := readLibrary(t)
	for pattern, want := range map[string]Behaviour{
		"mpv.*": Play, "mpd.play.*": Play, "mpd.seek": Play, "mpd.random": Play,
		"cp.album": Copy, "md5.album": Copy, "rsync.album": Copy, "cp.slow": Copy,
		"file.*": Slurp, "mutagen.*": Unknown, "ffprobe.*": Unknown, "thumb.*": Unknown, "mpd.update*": Unknown,
	} {
		for _, name := range traces(t, pattern) {
			r := newReplay(t, lib, Options{})
			seen := map[uint64]Behaviour{}
			tr := readTrace(t, name)
			for _, e := range tr.answered() {
				r.send(e)
				if lib.entry(e.file).kind == Audio && lib.entry(e.file).Size > 2<<20 {
					seen[e.handle] = max(seen[e.handle], r.planner.Behaviour(e.handle))
				}
			}
			for h, is := range seen {
				if is != want {
					t.Errorf("%s: handle %d is %v, not %v", name, h, is, want)
				}
			}
		}
	}
}

func TestPlayIsRecognised(t *testing.T) {
	a := newAlbums(40, 10)
	for _, c := range []struct {
		name    string
		program string
		do      func(s *script, h uint64)
		want    Behaviour
	}{
		{"sound, and a pause", "x", func(s *script, h uint64) { s.read(h, 0, 256<<10); s.wait(1100 * time.Millisecond) }, Play},
		{"sound, and no pause", "x", func(s *script, h uint64) { s.read(h, 0, 256<<10); s.wait(900 * time.Millisecond) }, Unknown},
		{"an answer is owed", "x", func(s *script, h uint64) {
			s.read(h, 0, 256<<10)
			s.do(event{op: opRead, handle: h, off: 256 << 10, len: 128 << 10})
			s.wait(11 * time.Second)
			s.do(event{op: opRead, handle: h, off: 384 << 10, len: 128 << 10})
		}, Unknown},
		{"tags only, and a pause", "x", func(s *script, h uint64) {
			s.read(h, 0, 128<<10)
			s.read(h, 2<<20-4096, 2<<20)
			s.wait(4 * time.Second)
		}, Unknown},
		{"held open", "x", func(s *script, h uint64) { s.wait(silent + time.Second) }, Play},
		{"held open by a prober", "tumblerd", func(s *script, h uint64) { s.read(h, 0, 1<<20); s.wait(time.Minute) }, Unknown},
		{"held open by a copier", "rsync", func(s *script, h uint64) { s.read(h, 0, 1<<20); s.wait(time.Minute) }, Copy},
		{"a lot, at once", "x", func(s *script, h uint64) { s.read(h, 0, 2<<20) }, Copy},
		{"a lot, at once, by a player", "mpv", func(s *script, h uint64) { s.read(h, 0, 2<<20) }, Play},
		{"slowly for ten seconds", "x", func(s *script, h uint64) {
			for i := range int64(16) {
				s.read(h, i*128<<10, (i+1)*128<<10)
				s.wait(700 * time.Millisecond)
			}
		}, Play},
		{"from the middle", "x", func(s *script, h uint64) { s.read(h, 1<<20, 1<<20+256<<10); s.wait(2 * time.Second) }, Play},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scriptOf(t, a, Options{})
			h := s.open(c.program, 1)
			c.do(s, h)
			if is := s.planner.Behaviour(h); is != c.want {
				t.Errorf("it is %v, not %v", is, c.want)
			}
		})
	}
}

// TestHoldingManyIsNoListening: who holds tracks open without end is no listener to
// all of them.
func TestHoldingManyIsNoListening(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	for f := File(1); f <= 40; f++ {
		s.read(s.open("x", f), 0, 512<<10)
	}
	s.wait(time.Minute)
	if n := len(s.wants(ReadAhead)); n != maxPlays {
		t.Errorf("%d tracks are read ahead", n)
	}
}

// TestNextTrackAfterAStop is not taken for granted.
func TestNextTrackAfterAStop(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	s.close(s.play("x", 3, 10*time.Second))
	s.wait(elsewhere + time.Second)
	h := s.play("x", 4, 0)
	if is := s.planner.Behaviour(h); is != Unknown {
		t.Errorf("it is %v at once", is)
	}
}

// TestTailIsNoSeek: also of a track of which only the size is known.
func TestTailIsNoSeek(t *testing.T) {
	a := newAlbums(1, 1)
	a.entries[0].AudioFrom, a.entries[0].AudioTo, a.entries[0].Duration = 0, 0, 0
	s := scriptOf(t, a, Options{})
	h := s.play("x", 1, 2*time.Second)
	calls := len(s.calls)
	s.read(h, 2<<20-64<<10, 2<<20)
	if len(s.calls) != calls {
		t.Errorf("said anew: %v", s.calls[calls:])
	}
}

// TestFirstRequestOfAPlay: at most 256 KiB, then the rest of the track, then what
// lies before.
func TestFirstRequestOfAPlay(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	h := s.open("x", 1)
	s.read(h, 512<<10, 768<<10)
	s.wait(2 * time.Second)
	got := s.wanted[subject{1, ReadAhead}]
	want := []Range{{768 << 10, 1 << 20}, {1 << 20, 2 << 20}, {0, 512 << 10}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%v is wanted, not %v", got, want)
	}
	s.read(h, 768<<10, 1<<20) // as planned: nothing is said anew
	calls := len(s.calls)
	s.read(h, 1<<20, 1280<<10)
	if len(s.calls) != calls {
		t.Errorf("said anew: %v", s.calls[calls:])
	}
	s.read(h, 64<<10, 128<<10) // a seek
	if got := s.wanted[subject{1, ReadAhead}]; got[0].From != 128<<10 {
		t.Errorf("after a seek to the start: %v", got)
	}
}

// TestLongMixRolls: of a file of hours only the next part is wanted.
func TestLongMixRolls(t *testing.T) {
	a := newAlbums(1, 1)
	a.entries[0].Size, a.entries[0].AudioTo, a.entries[0].Duration = 500<<20, 500<<20, 3*time.Hour
	s := scriptOf(t, a, Options{})
	h := s.play("x", 1, 2*time.Second)
	for at := int64(512 << 10); at < 200<<20; at += 1 << 20 {
		s.read(h, at, at+1<<20)
		s.wait(200 * time.Millisecond)
		ranges := s.wanted[subject{1, ReadAhead}]
		if end := ranges[len(ranges)-1].To; end-at > roll+1<<20 || end-at < roll/2 {
			t.Fatalf("at %d, %d bytes ahead", at, end-at)
		}
	}
	if n := len(s.calls); n > 10 {
		t.Errorf("%d calls for 200 MB", n)
	}
}

// TestCopyWindowGrows with what was read, up to its bound, and is kept for the next
// file of the same process.
func TestCopyWindowGrows(t *testing.T) {
	a := newAlbums(2, 2)
	for i := range a.entries {
		a.entries[i].Size, a.entries[i].AudioTo = 100<<20, 100<<20
	}
	s := scriptOf(t, a, Options{Window: 4 << 20})
	h := s.open("x", 1)
	var most int64
	for at := int64(0); at < 100<<20; at += 256 << 10 {
		s.read(h, at, at+256<<10)
		if ranges := s.wanted[subject{1, ReadAhead}]; len(ranges) > 0 {
			ahead := ranges[0].To - (at + 256<<10)
			most = max(most, ahead)
			if ahead > at+256<<10 {
				t.Fatalf("%d bytes ahead of %d", ahead, at)
			}
		} else if at > 2<<20 {
			t.Fatalf("nothing ahead at %d", at)
		}
	}
	if most != 4<<20 {
		t.Errorf("at most %d bytes ahead", most)
	}
	s.close(h)
	h = s.open("x", 2)
	s.read(h, 0, 256<<10)
	if ranges := s.wanted[subject{2, ReadAhead}]; len(ranges) == 0 || total(ranges) != 4<<20 {
		t.Errorf("of the second file %v", ranges)
	}
	if is := s.planner.Behaviour(h); is != Copy {
		t.Errorf("the second file is %v", is)
	}
	s.close(h)
	s.wait(closeGrace)
	s.expect(ReadAhead)
}

// TestSlurpIsAHabit: who stopped in the middle gets nothing ahead the next time.
func TestSlurpIsAHabit(t *testing.T) {
	a := newAlbums(2, 2)
	for i := range a.entries {
		a.entries[i].Size, a.entries[i].AudioTo = 100<<20, 100<<20
	}
	s := scriptOf(t, a, Options{})
	for f := File(1); f <= 2; f++ {
		h := s.open("x", f)
		s.read(h, 0, 7<<20)
		if want := []Behaviour{Copy, Slurp}[f-1]; s.planner.Behaviour(h) != want {
			t.Errorf("file %d: %v", f, s.planner.Behaviour(h))
		}
		s.close(h)
	}
	s.wait(time.Minute)
	for _, c := range s.calls {
		if c.file == 2 {
			t.Errorf("of the second file %v", c.ranges)
		}
	}
}

func TestGrace(t *testing.T) {
	begin := func(t *testing.T) (*script, uint64) {
		s := scriptOf(t, newAlbums(40, 10), Options{})
		h := s.play("x", 1, 2*time.Second)
		s.expect(ReadAhead, 1)
		s.close(h)
		s.wait(closeGrace - time.Millisecond)
		s.expect(ReadAhead, 1)
		return s, h
	}
	t.Run("ends", func(t *testing.T) {
		s, _ := begin(t)
		s.wait(2 * time.Millisecond)
		s.expect(ReadAhead)
	})
	t.Run("of a copy", func(t *testing.T) {
		s := scriptOf(t, newAlbums(40, 10), Options{})
		h := s.open("x", 1)
		s.read(h, 0, 1792<<10)
		s.close(h)
		s.wait(closeGrace - time.Millisecond)
		s.expect(ReadAhead, 1)
		s.wait(time.Millisecond)
		s.expect(ReadAhead)
	})
	t.Run("reopened", func(t *testing.T) {
		s, _ := begin(t)
		calls := len(s.calls)
		h := s.open("x", 1)
		if is := s.planner.Behaviour(h); is != Play {
			t.Errorf("it is %v", is)
		}
		s.read(h, 512<<10, 640<<10)
		s.wait(time.Second)
		s.expect(ReadAhead, 1)
		for _, c := range s.calls[calls:] {
			if c.file == 1 {
				t.Errorf("said anew: %v", c)
			}
		}
		s.close(h)
		s.wait(closeGrace)
		s.expect(ReadAhead)
	})
	t.Run("another descriptor", func(t *testing.T) {
		s := scriptOf(t, newAlbums(40, 10), Options{})
		h := s.play("x", 1, 2*time.Second)
		s.do(event{op: opFlush, handle: h})
		s.wait(afterFlush / 2)
		s.read(h, 512<<10, 640<<10) // late read-ahead of the kernel
		s.wait(closeGrace)
		s.expect(ReadAhead)
		s.read(h, 640<<10, 768<<10) // somebody is there still
		s.expect(ReadAhead, 1)
		s.do(event{op: opRelease, handle: h})
		s.wait(closeGrace)
		s.expect(ReadAhead)
	})
}
