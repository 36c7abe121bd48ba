package cache

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"time"
)

func TestSettle(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	auto := Options{Limit: Auto, Floor: Auto}
	for _, tc := range []struct {
		name string
		opts Options
		disk space
		held int64
		want budget
	}{
		{"large disk", auto, space{2000 * gib, 1000 * gib}, 0, budget{50e9, 40 * gib}},
		{"ordinary disk", auto, space{100 * gib, 50 * gib}, 0, budget{10 * gib, 2 * gib}},
		{"what it holds is room", auto, space{100 * gib, 40 * gib}, 10 * gib, budget{10 * gib, 2 * gib}},
		{"small disk", auto, space{8 * gib, 5 * gib}, 0, budget{gib, gib}},
		{"nearly full", auto, space{8 * gib, 500 * mib}, 0, budget{100 * mib, 250 * mib}},
		{"full of others", auto, space{8 * gib, 0}, 0, budget{0, 0}},
		{"full of its own", auto, space{8 * gib, 0}, 5 * gib, budget{gib, gib}},
		{"not known", auto, space{0, math.MaxInt64}, gib, budget{50e9, gib}},
		{"told", Options{Limit: 7 * gib, Floor: 3 * gib}, space{100 * gib, mib}, 0, budget{7 * gib, 3 * gib}},
		{"told nothing", Options{}, space{100 * gib, 50 * gib}, 0, budget{}},
		{"told the limit", Options{Limit: 70 * gib, Floor: Auto}, space{100 * gib, 50 * gib}, 0, budget{70 * gib, 2 * gib}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := *settle(tc.opts, tc.disk, tc.held); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// disk is a small disk of its own for a cache folder: others take the rest of it.
type disk struct{ total, others atomic.Int64 }

func (d *disk) under(t *testing.T, dir string) func(*Options, *tuning) {
	return func(o *Options, tune *tuning) {
		o.Limit, o.Floor = Auto, Auto
		tune.space = func(string) (space, error) {
			return space{d.total.Load(), d.total.Load() - d.others.Load() - diskUsage(t, dir)}, nil
		}
	}
}

func TestAutoDoesNotShrinkAsTheCacheGrows(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	var d disk
	d.total.Store(40 << 20)
	d.others.Store(10 << 20)
	var limits []int64
	for _, name := range []string{"a", "b", "c", "d"} {
		c := openCache(t, s, dir, 0, d.under(t, dir))
		<-c.scanned
		limits = append(limits, c.Stats().Limit)
		h := acquire(t, c, s.put(name, 2<<20))
		wantAll(t, s, h)
		h.Release()
		if stats := c.Stats(); stats.Held > stats.Limit || stats.Held < 2<<20 {
			t.Errorf("%+v", stats)
		}
		closeCache(t, c)
	}
	for _, limit := range limits {
		// What is counted is a little more than what is taken.
		if limit < 6<<20 || limit > 6<<20+4*allocUnit {
			t.Errorf("limits %v, want 6 MiB every time", limits)
		}
	}
}

func TestSmallDiskGetsASmallCache(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	var d disk
	d.total.Store(1 << 30) // less than the usual floor
	d.others.Store(1<<30 - 20<<20)
	c := openCache(t, s, dir, 0, d.under(t, dir))
	obj := s.put("a", 2<<20)
	wantAll(t, s, acquire(t, c, obj))
	if got := c.Present(obj); got != obj.Size {
		t.Errorf("%d bytes here, want all", got)
	}
	// Others take what is left: the floor holds.
	d.others.Store(1<<30 - 4<<20)
	wantAll(t, s, acquire(t, c, s.put("b", 2<<20)))
	if got, had := c.Stats(), obj.Size; got.Floor != 10<<20 || got.Held > had+2*overhead(had) {
		t.Errorf("%+v: it grew below the floor", got)
	}
}

// When others fill the disk the cache gives way, and no further than it must.
func TestDiskIsGivenBack(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	var d disk
	d.total.Store(100 << 20)
	c := openCache(t, s, dir, 0, d.under(t, dir), func(o *Options, tune *tuning) {
		tune.flush = 5 * time.Millisecond
		o.Floor = 20 << 20
	})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		h := acquire(t, c, s.put(name, 1<<20))
		wantAll(t, s, h)
		h.Release()
	}
	if evicted := c.Stats().Evicted; evicted != 0 {
		t.Errorf("%d bytes evicted without need", evicted)
	}
	d.others.Store(100<<20 - 20<<20 - 5<<19) // half of what the cache has
	eventually(t, "the floor is free again", func() bool {
		return d.total.Load()-d.others.Load()-diskUsage(t, dir) >= 20<<20
	})
	if held := c.Stats().Held; held < 1<<20 {
		t.Errorf("only %d bytes are left here", held)
	}
}

func TestUnknownDiskKeepsNothing(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	var known atomic.Bool
	c := openCache(t, s, dir, 0, func(o *Options, tune *tuning) {
		o.Limit, o.Floor = Auto, Auto
		tune.sulk, tune.patience = time.Millisecond, 0
		tune.space = func(string) (space, error) {
			if known.Load() {
				return space{100 << 30, 50 << 30}, nil
			}
			return space{}, errors.New("input/output error")
		}
	})
	h := acquire(t, c, s.put("a", 2*blockSize))
	wantAll(t, s, h)
	if stats := c.Stats(); stats.Held != 0 || !stats.Counting || stats.Limit != 0 {
		t.Errorf("%+v, want nothing kept", stats)
	}
	known.Store(true)
	<-c.scanned
	wantAll(t, s, h)
	if stats := c.Stats(); stats.Limit != 10<<30 || stats.Held == 0 || stats.Counting {
		t.Errorf("%+v", stats)
	}
}

func TestAutoHere(t *testing.T) {
	c := openCache(t, newStore(t), t.TempDir(), 0, func(o *Options, _ *tuning) { o.Limit, o.Floor = Auto, Auto })
	<-c.scanned
	if got := c.Stats(); got.Limit <= 0 || got.Limit > defaultLimit || got.Floor <= 0 {
		t.Errorf("%+v", got)
	}
}

// TestLimitIsChanged: less room gives up what is beyond it at once; more is used.
func TestLimitIsChanged(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), 10<<20)
	obj := s.put("a", 8*blockSize)
	h := acquire(t, c, obj)
	want(t, s, h, 0, 8*blockSize)
	settled(t, h)
	h.Release()
	if err := c.SetLimit(3 * blockSize); err != nil {
		t.Fatal(err)
	}
	if got := c.Stats(); got.Held > 3*blockSize || got.Limit != 3*blockSize {
		t.Errorf("held %d of %d", got.Held, got.Limit)
	}
	if err := c.SetLimit(10 << 20); err != nil {
		t.Fatal(err)
	}
	h = acquire(t, c, obj)
	want(t, s, h, 0, 8*blockSize)
	settled(t, h)
	h.Release()
	if got := c.Stats().Held; got < 8*blockSize {
		t.Errorf("held %d after there was room again", got)
	}
}
