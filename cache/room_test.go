package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

func TestNothingIsKeptWithoutALimit(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 20*blockSize+3)
	filled(t, s, dir, obj)
	c := openCache(t, s, dir, 0)
	<-c.scanned
	if got := diskUsage(t, dir); got != 0 {
		t.Errorf("%d bytes left of an earlier limit", got)
	}
	h := acquire(t, c, obj)
	for off := int64(0); off < obj.Size; off += 4096 {
		want(t, s, h, off, 4096)
	}
	if gets := s.seen(); len(gets) != 6 {
		t.Errorf("%d requests for %d bytes in small sequential reads", len(gets), obj.Size)
	}
	if got := diskUsage(t, dir); got != 0 {
		t.Errorf("%d bytes on disk", got)
	}
}

// watch fails the test when the disk or the count goes over the limit, until stop.
func watch(t *testing.T, c *Cache, limit int64) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if held := c.Stats().Held; held > limit {
				t.Errorf("%d bytes counted, limit %d", held, limit)
				return
			}
			// With the lock held nothing is admitted while the files are walked, or
			// else a block that moves from one to another would be seen twice.
			c.mu.Lock()
			used := diskUsage(t, c.opts.Dir)
			c.mu.Unlock()
			if used > limit {
				t.Errorf("%d bytes on disk, limit %d", used, limit)
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
	})
	return func() { cancel(); done.Wait() }
}

func TestLimitIsNeverExceeded(t *testing.T) {
	for _, limit := range []int64{100 << 10, 600 << 10, 3 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			s := newStore(t)
			c := openCache(t, s, t.TempDir(), limit)
			stop := watch(t, c, limit)
			var all sync.WaitGroup
			for i := range 6 {
				obj := s.put(fmt.Sprint("track", i), 25*blockSize+i*1001)
				all.Go(func() {
					for round := range 3 {
						h, err := c.Acquire(context.Background(), obj)
						if err != nil {
							t.Error(err)
							return
						}
						for off := int64(0); off < obj.Size; off += 100_000 {
							if err := compare(s, h, off, 100_000); err != nil {
								t.Errorf("round %d: %v", round, err)
							}
						}
						h.Release()
					}
				})
			}
			all.Wait()
			stop()
			if c.Stats().Evicted == 0 && limit > 200<<10 {
				t.Error("nothing was evicted")
			}
		})
	}
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	const size = 8 * blockSize
	room := 3*(size+overhead(size)) + 10
	use := func(c *Cache, obj Object) {
		h := acquire(t, c, obj)
		wantAll(t, s, h)
		h.Release()
	}
	c := openCache(t, s, dir, room)
	a, b, d, e := s.put("a", size), s.put("b", size), s.put("d", size), s.put("e", size)
	use(c, a)
	use(c, b)
	use(c, d)
	use(c, a)
	use(c, e)
	for _, tc := range []struct {
		obj  Object
		here int64
	}{{a, size}, {b, 0}, {d, size}, {e, size}} {
		if got := c.Present(tc.obj); got != tc.here {
			t.Errorf("%s: %d bytes here, want %d", tc.obj.Key, got, tc.here)
		}
	}
}

func TestOpenObjectsLoseBlocksBehindTheReader(t *testing.T) {
	s := newStore(t)
	const limit = 2 << 20
	c := openCache(t, s, t.TempDir(), limit)
	obj := s.put("long", 8<<20)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	stats := c.Stats()
	if stats.Fetched != obj.Size {
		t.Errorf("%d bytes fetched for %d: blocks ahead were evicted, or passed through", stats.Fetched, obj.Size)
	}
	if stats.Passed != 0 {
		t.Errorf("%d bytes passed through", stats.Passed)
	}
	if got := c.Present(obj); got < limit/2 {
		t.Errorf("only %d bytes here", got)
	}
}

func TestWithoutHolePunching(t *testing.T) {
	s := newStore(t)
	const limit = 2 << 20
	c := openCache(t, s, t.TempDir(), limit, func(_ *Options, tune *tuning) {
		tune.punch = func(*os.File, int64, int64) error { return errors.ErrUnsupported }
	})
	stop := watch(t, c, limit)
	defer stop()
	h := acquire(t, c, s.put("long", 4<<20))
	wantAll(t, s, h)
	wantAll(t, s, h)
	h.Release()
	wantAll(t, s, acquire(t, c, s.put("next", 1<<20)))
	if got := c.Present(s.put("next", 1<<20)); got != 1<<20 {
		t.Errorf("%d bytes of the next object here: a closed object was not evicted", got)
	}
}

func TestFloor(t *testing.T) {
	s := newStore(t)
	var mu sync.Mutex
	free := int64(10 << 20)
	c := openCache(t, s, t.TempDir(), plenty, func(o *Options, tune *tuning) {
		o.Floor = 8 << 20
		tune.free = func(dir string) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			return free - diskUsage(t, dir), nil
		}
	})
	first := s.put("a", 1<<20)
	h := acquire(t, c, first)
	wantAll(t, s, h)
	h.Release()
	wantAll(t, s, acquire(t, c, s.put("b", 1<<20)))
	if got := c.Present(first); got != 0 {
		t.Errorf("%d bytes of the older object kept below the floor", got)
	}
	mu.Lock()
	free = 0 // others have filled the disk
	mu.Unlock()
	last := s.put("c", 1<<20)
	wantAll(t, s, acquire(t, c, last))
	if got := c.Present(last); got != 0 {
		t.Errorf("%d bytes written to a full disk", got)
	}
}

func TestScanCountsWhatIsThere(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	for i := range 20 {
		filled(t, s, dir, s.put(fmt.Sprint(i), i*50_000+1))
	}
	c := openCache(t, s, dir, plenty)
	<-c.scanned
	stats := c.Stats()
	if used := diskUsage(t, dir); stats.Objects != 20 || stats.Held < used || stats.Held > used+20*2*allocUnit {
		t.Errorf("%d objects, %d bytes counted, %d on disk", stats.Objects, stats.Held, used)
	}
	closeCache(t, c)

	limit := stats.Held / 2
	c = openCache(t, s, dir, limit)
	<-c.scanned
	if used := diskUsage(t, dir); used > limit || used < limit/3 {
		t.Errorf("%d bytes on disk after the limit became %d", used, limit)
	}
	if got := c.Present(Object{Key: "19", ETag: "v1-19", Size: 19*50_000 + 1}); got == 0 {
		t.Error("the last used object was evicted first")
	}
}

func TestHugeObjectIsServedUncached(t *testing.T) {
	c := openCache(t, newStore(t), t.TempDir(), plenty)
	h := acquire(t, c, Object{Key: "huge", ETag: "x", Size: maxBlocks*blockSize + 1})
	if _, err := h.ReadAt(t.Context(), make([]byte, 1), 1<<35); err == nil {
		t.Error("read of an object that the store does not have")
	}
	if got := c.Stats().Held; got != 0 {
		t.Errorf("%d bytes counted", got)
	}
}

func TestDefaultLimit(t *testing.T) {
	got, err := DefaultLimit(t.TempDir())
	if err != nil || got <= 0 || got > 50e9 {
		t.Errorf("got %d, %v", got, err)
	}
}
