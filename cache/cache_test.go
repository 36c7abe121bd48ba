package cache

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

const plenty = 1 << 30

func TestReadEnds(t *testing.T) {
	s := newStore(t)
	const size = 3*blockSize + 100
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("a", size))
	for _, tc := range []struct {
		name string
		off  int64
		len  int
		n    int
		err  error
	}{
		{"start", 0, 10, 10, nil},
		{"across blocks", blockSize - 5, 10, 10, nil},
		{"up to the end", size - 10, 10, 10, nil},
		{"across the end", size - 10, 20, 10, io.EOF},
		{"at the end", size, 1, 0, io.EOF},
		{"behind the end", size + 1e6, 1, 0, io.EOF},
		{"nothing", 5, 0, 0, nil},
		{"before the start", -1, 1, 0, remote.ErrInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := make([]byte, tc.len)
			n, err := h.ReadAt(t.Context(), p, tc.off)
			if n != tc.n || !errors.Is(err, tc.err) {
				t.Errorf("got %d, %v, want %d, %v", n, err, tc.n, tc.err)
			}
			if n > 0 && string(p[:n]) != string(s.bytes("a")[tc.off:][:n]) {
				t.Error("wrong bytes")
			}
		})
	}
}

func TestEmptyObject(t *testing.T) {
	s := newStore(t)
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("empty", 0))
	if n, err := h.ReadAt(t.Context(), make([]byte, 1), 0); n != 0 || err != io.EOF {
		t.Errorf("got %d, %v", n, err)
	}
	if gets := s.seen(); len(gets) != 0 {
		t.Errorf("%d requests for nothing", len(gets))
	}
}

func TestRestartKeepsBytes(t *testing.T) {
	for _, tc := range []struct {
		name string
		stop func(*testing.T, *Cache)
		gets bool
	}{
		{"closed", closeCache, false},
		{"killed before the map was written", kill, true},
		{"killed after", func(t *testing.T, c *Cache) {
			for _, rec := range c.loadedRecords() {
				if err := c.persist(rec); err != nil {
					t.Fatal(err)
				}
			}
			kill(t, c)
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, dir := newStore(t), t.TempDir()
			obj := s.put("a", 20*blockSize+7)
			c := openCache(t, s, dir, plenty)
			h := acquire(t, c, obj)
			wantAll(t, s, h)
			h.Release()
			tc.stop(t, c)
			s.seen()

			c = openCache(t, s, dir, plenty)
			if !tc.gets {
				if got := c.Present(obj); got != obj.Size {
					t.Errorf("%d bytes present, want %d", got, obj.Size)
				}
			}
			wantAll(t, s, acquire(t, c, obj))
			if got := len(s.seen()) > 0; got != tc.gets {
				t.Errorf("asked the store: %v, want %v", got, tc.gets)
			}
			if got := c.Stats().Damaged; got != 0 {
				t.Errorf("%d damaged blocks", got)
			}
			if held, used := c.Stats().Held, diskUsage(t, dir); used > held {
				t.Errorf("%d bytes on disk, %d counted", used, held)
			}
		})
	}
}

func TestVersionsAreApart(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	old := s.put("a", 2*blockSize)
	h := acquire(t, c, old)
	wantAll(t, s, h)
	oldBytes := s.bytes("a")

	s.mu.Lock()
	s.content["a"] = make([]byte, 2*blockSize)
	s.etags["a"] = "v2"
	s.mu.Unlock()
	fresh := acquire(t, c, Object{Key: "a", ETag: "v2", Size: 2 * blockSize})
	wantAll(t, s, fresh)
	p := make([]byte, len(oldBytes))
	if _, err := h.ReadAt(t.Context(), p, 0); err != nil || string(p) != string(oldBytes) {
		t.Errorf("the old handle reads other bytes, or %v", err)
	}
}

func TestAcquireChecks(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	good := s.put("a", 10)
	acquire(t, c, good)
	other := good
	other.SHA256[0]++
	for name, obj := range map[string]Object{
		"no key":        {Size: 1},
		"negative size": {Key: "a", Size: -1},
		"long etag":     {Key: "a", ETag: string(make([]byte, maxName+1))},
		"another hash":  other,
	} {
		if _, err := c.Acquire(t.Context(), obj); !errors.Is(err, remote.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestOneOwner(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	if _, err := Open(Options{Dir: dir}, s); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v, want ErrInUse", err)
	}
	closeCache(t, c)
	openCache(t, s, dir, plenty)
}

func TestClosed(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", blockSize)
	h, waiting := acquire(t, c, obj), acquire(t, c, obj)
	tap := newTap()
	s.then(tap.answer)
	failed := make(chan error, 1)
	go func() {
		_, err := waiting.ReadAt(context.Background(), make([]byte, 10), 0)
		failed <- err
	}()
	<-tap.asked
	closeCache(t, c)
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("waiting read: %v, want ErrClosed", err)
	}
	if _, err := h.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("later read: %v, want ErrClosed", err)
	}
	if _, err := c.Acquire(t.Context(), obj); !errors.Is(err, ErrClosed) {
		t.Errorf("later open: %v, want ErrClosed", err)
	}
}

func TestReleased(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	h := acquire(t, c, s.put("a", blockSize))
	h.Release()
	h.Release()
	if _, err := h.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("read: %v, want ErrClosed", err)
	}
	c.mu.Lock()
	refs := h.r.rec.refs
	c.mu.Unlock()
	if refs != 0 {
		t.Errorf("%d references left", refs)
	}
}

func TestManyOpenAndClose(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) { tune.files = 8 })
	before := openFiles(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 250 {
				h, err := c.Acquire(context.Background(), s.put(string(rune('a'+i))+string(rune('0'+j%30)), 1000))
				if err != nil {
					t.Error(err)
					return
				}
				if err := compare(s, h, 10, 100); err != nil {
					t.Error(err)
				}
				h.Release()
			}
		})
	}
	all.Wait()
	eventually(t, "at most 8 files are open", func() bool { return openFiles(t) <= before+8 })
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
