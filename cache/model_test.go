package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/remote"
)

// Whatever happens to the cache's own files and to its room, bytes are the source's.
func TestBytesAlwaysEqualTheSource(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, dir := newStore(t), t.TempDir()
		var objects []Object
		for i := range 4 {
			size := rapid.IntRange(1, 12*blockSize).Draw(rt, "size")
			objects = append(objects, s.put(fmt.Sprint("o", i), size))
		}
		limit := rapid.SampledFrom([]int64{0, 70 << 10, 400 << 10, 1 << 20, plenty}).Draw(rt, "limit")
		c := openCache(t, s, dir, limit)
		handles := map[int]*Handle{}
		read := func(i int) {
			h := handles[i]
			if h == nil {
				var err error
				if h, err = c.Acquire(context.Background(), objects[i]); err != nil {
					rt.Fatal(err)
				}
				handles[i] = h
			}
			off := rapid.Int64Range(0, objects[i].Size).Draw(rt, "off")
			if err := compare(s, h, off, rapid.IntRange(0, 200_000).Draw(rt, "n")); err != nil {
				rt.Fatalf("%s: %v", objects[i].Key, err)
			}
		}
		restart := func(stop func(*testing.T, *Cache)) {
			stop(t, c)
			clear(handles)
			c = openCache(t, s, dir, limit)
		}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			i := rapid.IntRange(0, 3).Draw(rt, "object")
			switch rapid.IntRange(0, 12).Draw(rt, "step") {
			default:
				read(i)
			case 0:
				restart(closeCache)
			case 1:
				restart(kill)
			case 2:
				stop := []func(*testing.T, *Cache){closeCache, kill}[rapid.IntRange(0, 1).Draw(rt, "stop")]
				stop(t, c)
				clear(handles)
				damage(rt, dir, objects[i])
				c = openCache(t, s, dir, limit)
			case 3:
				if h := handles[i]; h != nil {
					h.Release()
					delete(handles, i)
				}
			case 4:
				s.then(cut(rapid.IntRange(1, 100_000).Draw(rt, "cut")))
				read(i)
				s.mu.Lock()
				s.script = nil // when it was answered from here
				s.mu.Unlock()
			case 5:
				// Files go while they may be in use.
				_ = os.Remove(dataPath(dir, objects[i].id()))
			}
			// Exact though files were removed: then less is on disk than is counted.
			if held := c.Stats().Held; held > limit {
				<-c.scanned
				if held := c.Stats().Held; held > limit {
					rt.Fatalf("%d bytes counted, limit %d", held, limit)
				}
			}
		}
		<-c.scanned // a damaged file may have become larger than its object was
		closeCache(t, c)
		if used := diskUsage(t, dir); used > limit {
			rt.Fatalf("%d bytes on disk, limit %d", used, limit)
		}
	})
}

// damage does something to one file of an object, if it has any.
func damage(rt *rapid.T, dir string, obj Object) {
	path := []string{dataPath(dir, obj.id()), mapPath(dir, obj.id())}[rapid.IntRange(0, 1).Draw(rt, "file")]
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || len(raw) == 0 {
		return
	}
	at := rapid.IntRange(0, len(raw)-1).Draw(rt, "at")
	switch rapid.IntRange(0, 2).Draw(rt, "how") {
	case 0:
		raw[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
	case 1:
		raw = raw[:at]
	case 2:
		clear(raw[at:min(at+100_000, len(raw))])
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		rt.Fatal(err)
	}
}

// Many readers, little room, a store that cuts and refuses: wrong bytes never, errors
// only of the kinds the store gave.
func TestStorm(t *testing.T) {
	for _, limit := range []int64{0, 300 << 10, 2 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			s := newStore(t)
			var objects []Object
			for i := range 5 {
				objects = append(objects, s.put(fmt.Sprint("o", i), 17*blockSize-i))
			}
			c := openCache(t, s, t.TempDir(), limit)
			stop := watch(t, c, limit)
			var all sync.WaitGroup
			for i := range 8 {
				rng := rand.New(rand.NewPCG(1, uint64(i)))
				all.Go(func() { storm(t, s, c, objects, rng) })
			}
			all.Wait()
			stop()
			for _, obj := range objects {
				s.mu.Lock()
				s.script = nil
				s.mu.Unlock()
				wantAll(t, s, acquire(t, c, obj))
			}
			if stats := c.Stats(); stats.Damaged > 0 || stats.Corrupt > 0 {
				t.Errorf("%d damaged blocks, %d corrupt objects", stats.Damaged, stats.Corrupt)
			}
		})
	}
}

func storm(t *testing.T, s *store, c *Cache, objects []Object, rng *rand.Rand) {
	for range 30 {
		h, err := c.Acquire(context.Background(), objects[rng.IntN(len(objects))])
		if err != nil {
			t.Error(err)
			return
		}
		off := rng.Int64N(h.r.obj.Size)
		for range 8 {
			if rng.IntN(6) == 0 {
				s.then([]answer{cut(rng.IntN(200_000)), fails(remote.ErrThrottled)}[rng.IntN(2)])
			}
			n := rng.IntN(150_000)
			err := compare(s, h, off, n)
			if err != nil && !errors.Is(err, remote.ErrThrottled) && !errors.Is(err, remote.ErrOffline) {
				t.Error(err)
			}
			off += int64(n)
		}
		h.Release()
	}
}
