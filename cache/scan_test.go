package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// heldScan holds a cache's scan at its first look until the channel is closed.
func heldScan(release <-chan struct{}) func(*Options, *tuning) {
	return func(_ *Options, tune *tuning) {
		tune.patience = defaults().patience
		tune.list = func(dir string) ([]os.DirEntry, error) {
			<-release
			return os.ReadDir(dir)
		}
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

// A disk that takes minutes to list must not take the music away.
func TestHeldScanPassesThrough(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	here := s.put("here", 3*blockSize)
	filled(t, s, dir, here)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		let := sync.OnceFunc(func() { close(release) })
		c := openCache(t, s, dir, plenty, heldScan(release))
		t.Cleanup(let) // before Close waits for the scan
		obj := s.put("a", 8*blockSize)
		h := acquire(t, c, obj)
		before := diskUsage(t, dir)
		start := time.Now()
		want(t, s, h, 0, 1000)
		if took := time.Since(start); took != 250*time.Millisecond {
			t.Errorf("the first miss took %v", took)
		}
		for off := int64(0); off < obj.Size; off += blockSize {
			want(t, s, h, off, blockSize)
		}
		want(t, s, acquire(t, c, here), 0, 3*blockSize)
		if took := time.Since(start); took != 250*time.Millisecond {
			t.Errorf("all together took %v: the wait is paid once", took)
		}
		synctest.Wait()
		if stats := c.Stats(); stats.Passed < obj.Size || !stats.Counting {
			t.Errorf("%+v, want %d bytes passed and counting", stats, obj.Size)
		}
		if used := diskUsage(t, dir); used != before || c.Present(obj) != 0 {
			t.Errorf("%d bytes on disk, %d of them new", used, used-before)
		}
		let()
		<-c.scanned
		wantAll(t, s, h)
		if got := c.Present(obj); got != obj.Size {
			t.Errorf("%d bytes here after the scan, want all", got)
		}
	})
}

// What may only be served after it was kept and verified waits for the scan, and not
// for ever.
func TestDoubtWaitsForTheScan(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(s *store, o *Object)
	}{
		{"no ETag", func(_ *store, o *Object) { o.ETag = "" }},
		{"copied bucket", func(s *store, _ *Object) { s.etags["a"] = "copied" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				let := sync.OnceFunc(func() { close(release) })
				c := openCache(t, s, dir, plenty, heldScan(release))
				t.Cleanup(let)
				obj := s.put("a", 8*blockSize)
				tc.edit(s, &obj)
				h := acquire(t, c, obj)
				start := time.Now()
				if n, err := h.ReadAt(t.Context(), make([]byte, 10), 0); n != 0 || !errors.Is(err, remote.ErrOffline) {
					t.Errorf("while nothing can be kept: %d bytes, %v", n, err)
				}
				// A moment more where the doubt comes up only when the store was asked.
				if took := time.Since(start); took < DefaultTimeout || took > DefaultTimeout+time.Second {
					t.Errorf("took %v", took)
				}
				read := readAsync(t.Context(), s, h, 5, 10)
				time.Sleep(time.Second)
				let()
				if err := <-read; err != nil {
					t.Error(err)
				}
				if !verified(h) {
					t.Error("served before it was verified")
				}
			})
		})
	}
}

// An object whose map is being loaded when the scan ends takes its space all the same.
func TestScanCountsWhatIsBeingOpened(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	opening := s.put("a", 40*blockSize)
	c := openCache(t, s, dir, plenty)
	wantAll(t, s, acquire(t, c, opening))
	kill(t, c) // the map names no block, so that loading it has holes to punch

	const limit = 50 * blockSize
	release, loading, loaded := make(chan struct{}), make(chan struct{}, 1), make(chan struct{})
	listed := make(chan struct{})
	c = openCache(t, s, dir, limit, heldScan(listed), func(_ *Options, tune *tuning) {
		tune.patience = time.Hour
		tune.punch = func(f *os.File, off, n int64) error {
			select {
			case loading <- struct{}{}:
				<-release
			default:
			}
			return punchHole(f, off, n)
		}
	})
	go func() {
		defer close(loaded)
		if h, err := c.Acquire(context.Background(), opening); err == nil {
			h.Release()
		}
	}()
	eventually(t, "the map is being loaded", func() bool { return len(loading) == 1 })
	close(listed)
	<-c.scanned
	if held, used := c.Stats().Held, diskUsage(t, dir); used > held {
		t.Errorf("%d bytes on disk, %d counted", used, held)
	}
	other := acquire(t, c, s.put("b", 20*blockSize))
	wantAll(t, s, other)
	if used := diskUsage(t, dir); used > limit {
		t.Errorf("%d bytes on disk, limit %d", used, limit)
	}
	close(release)
	<-loaded
	wantAll(t, s, other)
	if held, used := c.Stats().Held, diskUsage(t, dir); used > held || held > limit {
		t.Errorf("%d bytes on disk, %d counted, limit %d", used, held, limit)
	}
}

// What cannot be counted cannot be limited.
func TestUncountableFolderIsTriedAgain(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	old := s.put("old", 10*blockSize)
	filled(t, s, dir, old)
	broken := filepath.Base(folderPath(dir, old.id()))
	var healed atomic.Bool
	const limit = 12 * blockSize
	c := openCache(t, s, dir, limit, func(_ *Options, tune *tuning) {
		tune.sulk, tune.patience = time.Millisecond, 0
		tune.list = func(dir string) ([]os.DirEntry, error) {
			if filepath.Base(dir) == broken && !healed.Load() {
				return nil, errors.New("input/output error")
			}
			return os.ReadDir(dir)
		}
	})
	h := acquire(t, c, s.put("a", 8*blockSize))
	want(t, s, h, 0, 8*blockSize)
	if used := diskUsage(t, dir); used > limit || c.Present(h.r.obj) != 0 {
		t.Errorf("%d bytes on disk, %d of them new, while 10 blocks are not counted", used, c.Present(h.r.obj))
	}
	healed.Store(true)
	<-c.scanned
	wantAll(t, s, h)
	if used := diskUsage(t, dir); used > limit || c.Present(h.r.obj) == 0 {
		t.Errorf("%d bytes on disk, %d of them new", used, c.Present(h.r.obj))
	}
}

// A power cut may leave a map that names blocks which are not in the file, and a file
// with blocks that the map does not name.
func TestUnnamedBlocksDoNotHideBehindMissingOnes(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 20*blockSize)
	filled(t, s, dir, obj)
	raw, err := os.ReadFile(mapPath(dir, obj.id()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := decodeMap(raw, obj)
	if err != nil {
		t.Fatal(err)
	}
	m.verified = false
	for b := 10; b < 20; b++ {
		m.present[b] = false
	}
	edit(t, mapPath(dir, obj.id()), func([]byte) []byte { return encodeMap(obj, m) })
	f, err := os.OpenFile(dataPath(dir, obj.id()), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := punchHole(f, 0, 10*blockSize); err != nil {
		t.Fatal(err)
	}
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	for b := range 10 { // those that the map names are fetched again
		want(t, s, h, blockStart(b), 100)
		h.window = minWindow
	}
	settled(t, h)
	if held, used := c.Stats().Held, diskUsage(t, dir); used > held {
		t.Errorf("%d bytes on disk, %d counted", used, held)
	}
}
