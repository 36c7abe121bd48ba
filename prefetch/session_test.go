package prefetch

import (
	"testing"
	"time"
)

func TestNextTracksOfAnAlbum(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	h := s.play("player", 3, 1500*time.Millisecond)
	s.expect(NextTrack)
	s.wait(time.Second) // who has listened for two seconds gets heads
	s.expect(NextTrack, 4, 5)
	s.expect(AlbumHeads, 6, 7, 8, 9, 10)
	heads := total(s.wanted[subject{4, NextTrack}])
	s.wait(3 * time.Second) // and for five the first sound
	if n := total(s.wanted[subject{4, NextTrack}]); n <= heads {
		t.Errorf("%d bytes of the next track, and %d at first", n, heads)
	}
	if n := total(s.wanted[subject{5, NextTrack}]); n < 30*(2<<20)/60 {
		t.Errorf("%d bytes of the second next track", n)
	}

	s.close(h)
	s.wait(time.Millisecond)
	s.play("player", 4, 0) // what was to come needs no pause to be known
	s.expect(NextTrack, 5)
	s.expect(AlbumHeads, 6, 7, 8, 9, 10)
	s.wait(6 * time.Second)
	s.expect(NextTrack, 5, 6)
	s.expect(AlbumHeads, 7, 8, 9, 10)
	s.expect(ReadAhead, 4)
}

// TestShortTracksSettleSooner: the next of an interlude is wanted long before half
// time.
func TestShortTracksSettleSooner(t *testing.T) {
	a := newAlbums(10, 10)
	for i := range a.entries {
		a.entries[i].Duration = 10 * time.Second
	}
	s := scriptOf(t, a, Options{})
	s.play("player", 1, 1300*time.Millisecond)
	if n := total(s.wanted[subject{2, NextTrack}]); n != 2<<20 {
		t.Errorf("%d bytes of the next track", n)
	}
}

func TestListenerGoesElsewhere(t *testing.T) {
	begin := func(t *testing.T) (*script, uint64) {
		s := scriptOf(t, newAlbums(40, 10), Options{})
		h := s.play("player", 3, 10*time.Second)
		s.expect(NextTrack, 4, 5)
		return s, h
	}
	t.Run("closes", func(t *testing.T) {
		s, h := begin(t)
		s.close(h)
		s.wait(elsewhere - time.Second)
		s.expect(NextTrack, 4, 5)
		s.wait(2 * time.Second)
		s.expect(NextTrack)
		s.expect(AlbumHeads)
		s.expect(ReadAhead)
	})
	t.Run("another album", func(t *testing.T) {
		s, h := begin(t)
		s.close(h)
		h = s.play("player", 23, 1100*time.Millisecond)
		s.expect(ReadAhead, 23) // no grace for what is not heard any more
		s.expect(NextTrack)
		s.expect(AlbumHeads)
		s.wait(5 * time.Second)
		s.expect(NextTrack, 24, 25)
		s.close(h)
	})
	t.Run("pauses for long, and goes on", func(t *testing.T) {
		s, h := begin(t)
		s.wait(50*time.Second + longPause)
		s.expect(NextTrack)
		s.read(h, 512<<10, 640<<10)
		s.wait(6 * time.Second)
		s.expect(NextTrack, 4, 5)
	})
	t.Run("another program does not care", func(t *testing.T) {
		s, h := begin(t)
		other := s.play("another", 23, 10*time.Second)
		s.expect(NextTrack, 4, 5, 24, 25)
		s.close(h)
		s.wait(10 * time.Second)
		s.expect(NextTrack, 24, 25)
		s.close(other)
	})
	t.Run("two of one mind", func(t *testing.T) {
		s, h := begin(t)
		other := s.play("another", 3, 10*time.Second)
		s.close(h)
		s.wait(10 * time.Second)
		s.expect(NextTrack, 4, 5)
		s.expect(ReadAhead, 3)
		s.close(other)
		s.wait(10 * time.Second)
		s.expect(NextTrack)
		s.expect(ReadAhead)
	})
}

func TestShuffleIsRecognised(t *testing.T) {
	s := scriptOf(t, newAlbums(40, 10), Options{})
	next := func(f File) {
		h := s.play("player", f, 10*time.Second)
		s.close(h)
	}
	next(3)
	next(8)
	s.expect(NextTrack, 9, 10)
	next(1)
	s.expect(NextTrack)
	s.expect(AlbumHeads, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	next(6)
	s.expect(NextTrack)
	// Two that follow one another are an order again.
	next(7)
	s.expect(NextTrack)
	next(8)
	s.expect(NextTrack, 9, 10)
	// So is another album, once it goes on as it should.
	next(21)
	next(22)
	s.expect(NextTrack, 23, 24)
}

func TestOrderOfSources(t *testing.T) {
	const list = 40 // stands for a playlist
	setup := func(t *testing.T) (*script, *album) {
		a := newAlbums(40, 10)
		a.entries[list-1].kind = Playlist
		a.lists[list] = []File{3, 17, 5, 30}
		return scriptOf(t, a, Options{}), a
	}
	t.Run("a playlist before the folder", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.open("player", list))
		s.play("player", 3, 10*time.Second)
		s.expect(NextTrack, 5, 17)
		s.expect(AlbumHeads, 30)
	})
	t.Run("only of the same process", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.open("another", list))
		s.play("player", 3, 10*time.Second)
		s.expect(NextTrack, 4, 5)
	})
	t.Run("only when lately read", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.open("player", list))
		s.wait(freshList + time.Second)
		s.play("player", 3, 10*time.Second)
		s.expect(NextTrack, 4, 5)
	})
	t.Run("only when the track is in it", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.open("player", list))
		s.play("player", 7, 10*time.Second)
		s.expect(NextTrack, 8, 9)
	})
	t.Run("a playlist that is not followed", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.open("player", list))
		for f := File(3); f <= 5; f++ {
			s.close(s.play("player", f, 10*time.Second))
		}
		s.expect(NextTrack, 6, 7) // the folder has been right twice
		s.wait(10 * time.Second)
		s.close(s.open("player", list))
		s.play("player", 17, 10*time.Second) // until it is read again
		s.expect(NextTrack, 5, 30)
	})
	t.Run("what was played after it before", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.play("player", 10, 40*time.Second)) // the last of its album
		s.expect(NextTrack)
		s.close(s.play("player", 31, 40*time.Second))
		s.wait(time.Hour)
		s.close(s.play("other", 9, 10*time.Second))
		s.expect(NextTrack, 10, 31)
		s.close(s.play("other", 10, 10*time.Second))
		s.expect(NextTrack, 31)
	})
	t.Run("not after a short look", func(t *testing.T) {
		s, _ := setup(t)
		s.close(s.play("player", 10, 5*time.Second))
		s.close(s.play("player", 31, 5*time.Second))
		s.close(s.play("player", 10, 10*time.Second))
		s.expect(NextTrack)
	})
}

func TestBrokenCatalog(t *testing.T) {
	a := newAlbums(40, 10)
	s := scriptOf(t, a, Options{})
	h := s.play("player", 3, 10*time.Second)
	s.close(h)
	a.broken = true
	s.play("player", 4, 10*time.Second)
	s.expect(NextTrack, 5, 6) // known from before: an error is not absence
	asked := a.asked
	s.wait(10 * time.Second)
	if n := a.asked - asked; n < 1 || n > 3 {
		t.Errorf("asked %d times in ten seconds", n)
	}
	s.close(s.play("player", 31, 10*time.Second))
	s.expect(NextTrack)
	a.broken = false
	s.play("player", 32, 10*time.Second)
	s.expect(NextTrack, 33, 34)
}

func TestBudget(t *testing.T) {
	const budget = 3 << 20
	s := scriptOf(t, newAlbums(40, 20), Options{Budget: budget})
	spent := func() (n int64) {
		for k, r := range s.wanted {
			if k.class != ReadAhead {
				n += total(r)
			}
		}
		return n
	}
	first := s.play("player", 1, 10*time.Second)
	if n := spent(); n != budget {
		t.Errorf("%d bytes are wanted, of %d", n, budget)
	}
	s.expect(NextTrack, 2, 3)
	second := s.play("another", 21, 10*time.Second)
	if n := spent(); n > budget {
		t.Errorf("two listeners want %d bytes", n)
	}
	s.close(first)
	s.wait(10 * time.Second)
	s.close(second)
	s.play("another", 22, 10*time.Second)
	s.expect(NextTrack, 23, 24)
	if n := spent(); n != budget {
		t.Errorf("%d bytes are wanted, of %d", n, budget)
	}
}
