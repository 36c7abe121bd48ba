package main

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// packedTrack is a file whose pack is here, and its bytes.
func packedTrack(t *testing.T) (*packRig, *catalog.Version, []byte) {
	t.Helper()
	r := newPackRig(t)
	versions, files := r.album("one", 1)
	if c, _ := r.fetch(versions[0].Pack); c != nil {
		<-c.done
	}
	return r, versions[0], files[0]
}

// TestReadAheadIsRefusedOnce: whoever asks again, through whatever handle, is answered.
func TestReadAheadIsRefusedOnce(t *testing.T) {
	r, v, _ := packedTrack(t)
	first, second := r.open(v), r.open(v)
	before := r.store.Count(remotetest.Get)
	for _, off := range []int64{headEnd - 8192, headEnd + 100_000} {
		if _, err := first.ReadAt(t.Context(), make([]byte, 64<<10), off); !errors.Is(err, errBeyondPack) || !errors.Is(err, context.Canceled) {
			t.Errorf("64 KiB at %d: %v", off, err)
		}
	}
	if n := r.store.Count(remotetest.Get) - before; n != 0 {
		t.Errorf("what was refused made %d requests", n)
	}
	for _, c := range []*content{second, first} {
		for _, off := range []int64{headEnd - 4096, headEnd, headEnd + 100_000} {
			if n, err := c.ReadAt(t.Context(), make([]byte, 32<<10), off); n != 32<<10 || err != nil {
				t.Errorf("32 KiB at %d: %d, %v", off, n, err)
			}
		}
	}
}

// TestWhoReadsOnIsNotRefused: a page beyond the pack is always answered, and after it
// whatever is asked for.
func TestWhoReadsOnIsNotRefused(t *testing.T) {
	r, v, _ := packedTrack(t)
	c := r.open(v)
	for _, tt := range []struct {
		off int64
		n   int
	}{{headEnd, page}, {headEnd + 90_000, 50_000}, {headEnd - 4096, 128 << 10}} {
		if n, err := c.ReadAt(t.Context(), make([]byte, tt.n), tt.off); n != tt.n || err != nil {
			t.Errorf("%d bytes at %d: %d, %v", tt.n, tt.off, n, err)
		}
	}
	// Nor who begins far from the pack, where the kernel has nothing to read ahead for.
	c = r.open(v)
	if n, err := c.ReadAt(t.Context(), make([]byte, 64<<10), headEnd+200_000); n != 64<<10 || err != nil {
		t.Errorf("far from the head: %d, %v", n, err)
	}
}

// TestWhatIsCachedIsNotRefused: nor is it asked for.
func TestWhatIsCachedIsNotRefused(t *testing.T) {
	r, v, content := packedTrack(t)
	h, err := r.cache.Acquire(t.Context(), objectOf(v))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	if _, err := h.ReadAt(t.Context(), make([]byte, trackSize), 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	got := make([]byte, 200_000)
	c := r.open(v)
	if !c.Here(headEnd-10, len(got)) {
		t.Error("bytes of pack and cache are not here")
	}
	if n, err := c.ReadAt(t.Context(), got, headEnd-10); err != nil || string(got[:n]) != string(content[headEnd-10:][:len(got)]) {
		t.Errorf("across the end of the pack: %d, %v", n, err)
	}
}

// TestRefusalsAreForgotten: in time, and not before.
func TestRefusalsAreForgotten(t *testing.T) {
	var r refusals
	for i := range 5 {
		r.add(catalog.ID(i), extent{0, 10})
		if r.since = r.since.Add(-refusalMemory - time.Second); i > 0 && !r.met(catalog.ID(i-1), extent{9, 20}) {
			t.Errorf("%d was forgotten at once", i-1)
		}
		if !r.met(catalog.ID(i), extent{5, 6}) || r.met(catalog.ID(i), extent{10, 20}) {
			t.Errorf("%d: another span", i)
		}
	}
	if len(r.now)+len(r.before) != 2 {
		t.Errorf("%d are remembered", len(r.now)+len(r.before))
	}
}
