package fs

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// packedContents has the first bytes of everything at hand, and counts reads beyond them.
type packedContents struct {
	*memory
	head   int64
	beyond atomic.Int64
}

func (c *packedContents) Open(ctx context.Context, v *catalog.Version) (Content, error) {
	inner, err := c.memory.Open(ctx, v)
	return &packedContent{inner, c}, err
}

type packedContent struct {
	Content
	all *packedContents
}

func (c *packedContent) Packed() bool               { return c.all.head > 0 }
func (c *packedContent) Here(off int64, n int) bool { return off+int64(n) <= c.all.head }

func (c *packedContent) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if !c.Here(off, len(p)) {
		c.all.beyond.Add(1)
	}
	return c.Content.ReadAt(ctx, p, off)
}

func packedWorld(t *testing.T, head int64) (*world, *packedContents, uint64) {
	t.Helper()
	w := newWorld(t, Options{Log: quiet(), Watcher: &diary{}})
	all := &packedContents{memory: w.bytes, head: head}
	w.fs.contents = all
	w.file(catalog.Root, "a", make([]byte, 300_000))
	fh, status := w.open(w.node("a"), 0)
	if status != fuse.OK {
		t.Fatal(status)
	}
	return w, all, fh
}

// TestClosedMeanwhile: what the kernel read ahead of a scan is not fetched when the file is
// closed; whoever asks again is served.
func TestClosedMeanwhile(t *testing.T) {
	w, all, fh := packedWorld(t, 65536)
	if _, status := w.read(nil, fh, 0, 65536); status != fuse.OK {
		t.Fatal(status)
	}
	h, err := w.fs.files.get(fh)
	if err != nil {
		t.Fatal(err)
	}
	h.grace.wait = time.Hour
	var under sync.WaitGroup
	for i := range 2 {
		under.Go(func() {
			if _, status := w.read(nil, fh, int64(1+i)<<16, 65536); status != fuse.Status(syscall.EINTR) {
				t.Errorf("a request before the close: %v", status)
			}
		})
	}
	eventually(t, "both to wait", func() bool {
		h.grace.mu.Lock()
		defer h.grace.mu.Unlock()
		return h.grace.waiting == 2
	})
	w.fs.Flush(nil, &fuse.FlushIn{Fh: fh})
	under.Wait()
	if b, status := w.read(nil, fh, 65536, 65536); status != fuse.OK || len(b) != 65536 || all.beyond.Load() != 1 {
		t.Errorf("asked again after the close: %v", status)
	}
}

// TestReadOn: who reads on waits once, and gets everything.
func TestReadOn(t *testing.T) {
	w, all, fh := packedWorld(t, 65536)
	for off := int64(0); off < 300_000; off += 65536 {
		if _, status := w.read(nil, fh, off, 65536); status != fuse.OK {
			t.Fatal(off, status)
		}
	}
	w.fs.Flush(nil, &fuse.FlushIn{Fh: fh})
	if h, err := w.fs.files.get(fh); err != nil || !h.grace.over || all.beyond.Load() != 4 {
		t.Errorf("over %t, %d reads beyond the pack, %v", h.grace.over, all.beyond.Load(), err)
	}
}

// TestNoGraceWithoutPack: without a pack, and for a single page, nothing waits.
func TestNoGraceWithoutPack(t *testing.T) {
	for _, tc := range []struct{ head, n int64 }{{0, 65536}, {65536, 4096}} {
		w, _, fh := packedWorld(t, tc.head)
		if _, status := w.read(nil, fh, 131072, int(tc.n)); status != fuse.OK {
			t.Fatal(status)
		}
		if h, err := w.fs.files.get(fh); err != nil || h.grace.over {
			t.Errorf("%+v: it waited", tc)
		}
	}
}
