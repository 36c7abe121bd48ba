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
	const size, part = 8 * blockSize, 4 * blockSize
	room := 3*(part+overhead(size)) + 10
	use := func(c *Cache, obj Object) { // less than a play
		h := acquire(t, c, obj)
		want(t, s, h, 0, part)
		settled(t, h)
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
	}{{a, part}, {b, 0}, {d, part}, {e, part}} {
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
	const floor = 8 << 20
	var mu sync.Mutex
	free := int64(10 << 20)
	c := openCache(t, s, t.TempDir(), plenty, func(o *Options, tune *tuning) {
		o.Floor = floor
		tune.space = func(dir string) (space, error) {
			mu.Lock()
			defer mu.Unlock()
			return space{free: free - diskUsage(t, dir)}, nil
		}
	})
	for i := range 4 {
		h := acquire(t, c, s.put(fmt.Sprint(i), 1<<20))
		wantAll(t, s, h)
		h.Release()
		if left := free - diskUsage(t, c.opts.Dir); left < floor {
			t.Errorf("%d bytes left free", left)
		}
	}
	if got := c.Stats(); got.Held < blockSize || got.Evicted == 0 {
		t.Errorf("%d bytes held, %d evicted", got.Held, got.Evicted)
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
