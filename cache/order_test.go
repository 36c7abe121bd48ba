package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// shelf is a cache over a library of tracks of one size, whose bytes do not matter.
type shelf struct {
	t     *testing.T
	c     *Cache
	dir   string
	limit int64
}

const (
	trackSize = 1 << 20
	trackCost = trackSize + 2*(allocUnit+allocUnit)
)

func newShelf(t *testing.T, tracks int) *shelf {
	s := &shelf{t: t, dir: t.TempDir(), limit: int64(tracks) * trackCost}
	s.open()
	return s
}

func (s *shelf) open() {
	s.t.Helper()
	c, err := open(Options{Dir: s.dir, Limit: s.limit}, plain{trackSize}, quick())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { closeCache(s.t, c) })
	<-c.scanned
	s.c = c
}

func track(i int) Object { return Object{Key: fmt.Sprint("track", i), ETag: "x", Size: trackSize} }

// read reads parts of a track through one handle and gives the bytes that were fetched.
func (s *shelf) read(i int, parts ...[2]int64) int64 {
	s.t.Helper()
	before := s.c.Stats().Fetched
	h := acquire(s.t, s.c, track(i))
	p := make([]byte, 128<<10)
	for _, part := range parts {
		for off := part[0]; off < part[1]; off += int64(len(p)) {
			if _, err := h.ReadAt(context.Background(), p[:min(int64(len(p)), part[1]-off)], off); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	settled(s.t, h)
	h.Release()
	if held := s.c.Stats().Held; held > s.limit {
		s.t.Fatalf("%d bytes held, limit %d", held, s.limit)
	}
	return s.c.Stats().Fetched - before
}

func (s *shelf) play(i int) int64 { return s.read(i, [2]int64{0, trackSize}) }

// scan looks at head and tail of tracks, as a tag reader does.
func (s *shelf) scan(first, end int) {
	for i := first; i < end; i++ {
		s.read(i, [2]int64{0, 128 << 10}, [2]int64{trackSize - 64<<10, trackSize})
	}
}

func (s *shelf) wantHere(first, end int) {
	s.t.Helper()
	for i := first; i < end; i++ {
		if got := s.c.Present(track(i)); got != trackSize {
			s.t.Errorf("track %d: %d bytes here, want all", i, got)
		}
	}
}

func TestScanDoesNotPushOutWhatIsPlayed(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			s := newShelf(t, 20)
			for i := range 15 {
				s.play(i)
			}
			if restart {
				closeCache(t, s.c)
				s.open()
			}
			for range 2 {
				s.scan(0, 60)
			}
			s.wantHere(0, 15)
			if restart {
				closeCache(t, s.c)
				s.open()
				s.scan(30, 60)
				s.wantHere(0, 15)
			}
		})
	}
}

func TestCopyDoesNotPushOutWhatIsPlayedOften(t *testing.T) {
	s := newShelf(t, 20)
	for range 2 {
		for i := range 15 {
			s.play(i)
		}
	}
	for i := 20; i < 60; i++ {
		s.play(i)
	}
	s.wantHere(0, 15)
}

// What is protected must not stay for ever.
func TestNewFavouritesTakeTheirPlace(t *testing.T) {
	s := newShelf(t, 20)
	for range 3 {
		for i := range 16 {
			s.play(i)
		}
	}
	for first := 100; first < 115; first += 3 { // three new tracks, twice a day
		for range 2 {
			for i := range 3 {
				s.play(first + i)
			}
		}
	}
	s.scan(200, 240)
	s.wantHere(100, 115)
}

// The order of plays, and not that of scans, says what of the protected goes first.
func TestScanDoesNotChangeTheOrderOfPlays(t *testing.T) {
	s := newShelf(t, 20)
	for range 2 {
		for i := range 15 {
			s.play(i)
		}
	}
	for i := range 15 { // the other way round
		s.scan(14-i, 15-i)
	}
	for i := range 6 {
		s.play(100 + i)
		s.play(100 + i)
	}
	s.scan(200, 240)
	s.wantHere(9, 15)
	s.wantHere(100, 106)
	if got := s.c.Present(track(0)); got != 0 {
		t.Errorf("%d bytes of what was played longest ago", got)
	}
}

// A month: most plays are of few tracks, some of any; the library is scanned every week
// and copied once.
func TestHitsOfAMonth(t *testing.T) {
	s := newShelf(t, 20)
	rng := rand.New(rand.NewPCG(1, 2))
	var played, fetched int64
	for day := range 28 {
		for range 12 {
			i := rng.IntN(100)
			if rng.IntN(10) < 8 {
				i = rng.IntN(12)
			}
			got := s.play(i)
			if day >= 7 {
				played, fetched = played+trackSize, fetched+got
			}
		}
		if day%7 == 6 {
			s.scan(0, 100)
		}
		if day == 17 {
			for i := range 100 {
				s.play(i)
			}
		}
	}
	hits := 1 - float64(fetched)/float64(played)
	t.Logf("%.3f of the bytes played were here", hits)
	if hits < 0.75 {
		t.Errorf("%.3f of the bytes played were here, want 0.75", hits)
	}
}

// Whatever is read, evicted, unloaded and restarted, the count is exact, nothing is in
// two orders, and neither the limit nor the share of the protected is exceeded.
func TestOrderAlwaysAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, dir := newStore(t), t.TempDir()
		var objects []Object
		for i := range 6 {
			objects = append(objects, s.put(fmt.Sprint("o", i), rapid.IntRange(1, 12*blockSize).Draw(rt, "size")))
		}
		limit := rapid.SampledFrom([]int64{0, 70 << 10, 400 << 10, 1 << 20, 2 << 20, plenty}).Draw(rt, "limit")
		c := openCache(t, s, dir, limit)
		var handles []*Handle
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch step := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case step <= 4:
				h, err := c.Acquire(context.Background(), rapid.SampledFrom(objects).Draw(rt, "object"))
				if err != nil {
					rt.Fatal(err)
				}
				handles = append(handles, h)
				off, n := int64(0), int(h.r.obj.Size)
				if step <= 2 {
					off, n = rapid.Int64Range(0, h.r.obj.Size).Draw(rt, "off"), rapid.IntRange(0, 200_000).Draw(rt, "n")
				}
				if err := compare(s, h, off, n); err != nil {
					rt.Fatal(err)
				}
			case step <= 6:
				for _, h := range handles {
					h.Release()
				}
				handles = nil
			case step == 7:
				for _, rec := range c.loadedRecords() {
					c.mu.Lock()
					rep := rec.rep
					c.mu.Unlock()
					if rep == nil || rep.persist() == nil && c.unload(rec, rep) {
						c.stampFiles(rec)
					}
				}
			case step == 8:
				c.evict(rapid.Int64Range(1, 1<<20).Draw(rt, "evict"))
			case step == 9:
				for _, h := range handles {
					h.Release()
				}
				handles = nil
				rapid.SampledFrom([]func(*testing.T, *Cache){closeCache, kill}).Draw(rt, "stop")(t, c)
				limit = rapid.SampledFrom([]int64{limit, limit, 300 << 10}).Draw(rt, "new limit")
				c = openCache(t, s, dir, limit)
			}
			addsUp(rt, c)
		}
		for _, h := range handles {
			h.Release()
		}
		closeCache(t, c)
	})
}

func addsUp(rt *rapid.T, c *Cache) {
	<-c.scanned
	c.mu.Lock()
	defer c.mu.Unlock()
	listed := 0
	var held int64
	for name, s := range map[string]*segment{"probation": &c.probation, "protected": &c.protected} {
		var sum int64
		for e := s.order.Front(); e != nil; e = e.Next() {
			rec := e.Value.(*record)
			if rec.in != s || rec.place != e || c.records[rec.id] != rec || rec.charge < 0 {
				rt.Fatalf("%s holds %+v", name, rec)
			}
			sum += rec.charge
		}
		if sum != s.held {
			rt.Fatalf("%s: %d bytes counted, %d held", name, sum, s.held)
		}
		listed, held = listed+s.order.Len(), held+sum
	}
	if held != c.held || listed != len(c.records) {
		rt.Fatalf("%d bytes and %d objects in the orders, %d and %d known", held, listed, c.held, len(c.records))
	}
	if c.held > c.limit() || c.protected.held > c.sheltered() {
		rt.Fatalf("%d bytes held, %d protected, limit %d", c.held, c.protected.held, c.limit())
	}
}
