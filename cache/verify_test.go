package cache

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

// spoil answers with one wrong byte.
func spoil() answer {
	return change(func(b []byte, o remote.Object) ([]byte, remote.Object) {
		b[len(b)/2] ^= 1
		return b, o
	})
}

func verified(h *Handle) bool {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	return h.r.verified
}

func TestWrongContentIsFetchedOnceMore(t *testing.T) {
	s := newStore(t)
	obj := s.put("a", 3*blockSize)
	c := openCache(t, s, t.TempDir(), plenty)
	h := acquire(t, c, obj)
	s.then(spoil())
	p := make([]byte, 10)
	if _, err := h.ReadAt(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mismatch is found", func() bool { return c.Stats().Corrupt == 1 })
	eventually(t, "everything is dropped", func() bool { return c.Present(obj) == 0 })
	wantAll(t, s, h)
	if !verified(h) {
		t.Error("served before it was verified")
	}
	if gets := s.seen(); len(gets) != 2 {
		t.Errorf("%d requests, want 2", len(gets))
	}
}

func TestWrongContentTwiceIsCorrupt(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 3*blockSize)
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	s.then(spoil(), spoil())
	if _, err := h.ReadAt(t.Context(), make([]byte, 10), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mismatch is found", func() bool { return c.Stats().Corrupt == 1 })
	for range 3 {
		n, err := h.ReadAt(t.Context(), make([]byte, 10), 0)
		if n != 0 || !errors.Is(err, remote.ErrCorrupt) {
			t.Errorf("got %d bytes, %v, want ErrCorrupt", n, err)
		}
	}
	if gets := s.seen(); len(gets) != 2 {
		t.Errorf("%d requests, want 2", len(gets))
	}
	if got := c.Present(obj); got != 0 {
		t.Errorf("%d corrupt bytes kept", got)
	}
	h.Release()
	closeCache(t, c)
	c = openCache(t, s, dir, plenty)
	wantAll(t, s, acquire(t, c, obj)) // the store is right again
	if got := c.Stats().Damaged; got != 0 {
		t.Errorf("%d damaged blocks: the map still named dropped ones", got)
	}
}

func TestCopiedBucket(t *testing.T) {
	for _, tc := range []struct {
		name  string
		edit  func(*Object)
		limit int64
		spoil int
		want  error
	}{
		{"own object", func(*Object) {}, plenty, 0, nil},
		{"own object, wrong once", func(*Object) {}, plenty, 1, nil},
		{"own object, wrong twice", func(*Object) {}, plenty, 2, remote.ErrCorrupt},
		{"foreign", func(o *Object) { o.Foreign = true }, plenty, 0, remote.ErrPrecondition},
		{"hash not known", func(o *Object) { o.SHA256 = [32]byte{} }, plenty, 0, remote.ErrPrecondition},
		{"no room to verify", func(*Object) {}, blockSize, 0, remote.ErrPrecondition},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore(t)
			obj := s.put("a", 10*blockSize)
			s.etags["a"] = "copied"
			tc.edit(&obj)
			c := openCache(t, s, t.TempDir(), tc.limit)
			h := acquire(t, c, obj)
			if tc.spoil > 0 {
				s.then(fails(remote.ErrPrecondition)) // the honest refusal comes first
			}
			for range tc.spoil {
				s.then(spoil())
				if tc.spoil == 2 && len(s.script) == 2 {
					s.then(spoil(), spoil())
				}
			}
			_, err := h.ReadAt(t.Context(), make([]byte, 10), 5)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if tc.want == nil {
				if !verified(h) {
					t.Error("served before it was verified")
				}
				wantAll(t, s, h)
			}
		})
	}
}

func TestPartOfACopiedBucketIsNotTrustedAfterAKill(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 10*blockSize)
	s.etags["a"] = "copied"
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	tap := newTap()
	// The rest is fetched at the same time, and either may ask first.
	first := func(ctx context.Context, g get, body []byte, o remote.Object) (io.ReadCloser, remote.Object, error) {
		if g.r.Offset > 0 {
			return honest(ctx, g, body, o)
		}
		return tap.answer(ctx, g, body, o)
	}
	s.then(fails(remote.ErrPrecondition), first, first)
	read := readAsync(t.Context(), s, h, 0, 10)
	<-tap.asked
	tap.more <- 3 * blockSize
	eventually(t, "all but one block are here", func() bool { return c.Present(obj) == 9*blockSize })
	if !pending(read) {
		t.Error("bytes in doubt were served")
	}
	for _, rec := range c.loadedRecords() {
		if err := c.persist(rec); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, c)
	<-read
	c = openCache(t, s, dir, plenty)
	if got := c.Present(obj); got != 0 {
		t.Errorf("%d bytes in doubt are named by the map", got)
	}
}

func TestVerifiedOnceOnly(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.put("a", 3*blockSize)
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	eventually(t, "verified", func() bool { return verified(h) })
	h.Release()
	closeCache(t, c)
	c = openCache(t, s, dir, plenty)
	if h := acquire(t, c, obj); !verified(h) {
		t.Error("the map does not know that the object was verified")
	}
}

func TestHashLearnedLater(t *testing.T) {
	s := newStore(t)
	obj := s.put("a", 3*blockSize)
	c := openCache(t, s, t.TempDir(), plenty)
	unknown := obj
	unknown.SHA256 = [32]byte{}
	h := acquire(t, c, unknown)
	wantAll(t, s, h)
	if verified(h) {
		t.Error("verified against nothing")
	}
	acquire(t, c, obj)
	eventually(t, "verified", func() bool { return verified(h) })
}
