package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

// putNameless stores an object that the catalog knows by its SHA-256 alone.
func (s *store) putNameless(key string, size int) Object {
	obj := s.put(key, size)
	obj.ETag = ""
	return obj
}

// replace puts other content of the same size in the store under a key.
func (s *store) replace(key, etag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content[key] = bytes.Repeat([]byte{0x5a}, len(s.content[key]))
	s.etags[key] = etag
}

func TestNeitherETagNorHashIsNoVersion(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.putNameless("a", blockSize)
	obj.SHA256 = [32]byte{}
	if _, err := c.Acquire(t.Context(), obj); !errors.Is(err, remote.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	if got := c.Present(obj); got != 0 {
		t.Errorf("%d bytes present", got)
	}
}

// Not a byte is served before the whole matched its SHA-256.
func TestWithoutETagTheWholeIsVerifiedFirst(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.putNameless("a", 10*blockSize)
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	tap := newTap()
	s.then(tap.answer)
	read := readAsync(t.Context(), s, h, 0, 10)
	<-tap.asked
	tap.more <- 9 * blockSize
	eventually(t, "nine blocks are here", func() bool { return c.Present(obj) == 9*blockSize })
	if !pending(read) {
		t.Error("served before the whole was here")
	}
	tap.flood()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if !verified(h) {
		t.Error("served before it was verified")
	}
	if gets := s.seen(); len(gets) != 1 || gets[0].ifMatch != "" {
		t.Errorf("requests %v, want one without a condition", gets)
	}
	wantAll(t, s, h)
	h.Release()
	closeCache(t, c)

	c = openCache(t, s, dir, plenty)
	h = acquire(t, c, obj)
	if !verified(h) {
		t.Error("it was verified, and that is forgotten")
	}
	wantAll(t, s, h)
	if gets := s.seen(); len(gets) != 0 {
		t.Errorf("%d requests for what was here", len(gets))
	}
}

func TestWithoutETagOtherContentIsNeverServed(t *testing.T) {
	spoiled := func(s *store) { s.then(spoil(), spoil()) }
	for _, tc := range []struct {
		name  string
		limit int64
		store func(*store)
		want  error
	}{
		{"wrong once", plenty, func(s *store) { s.then(spoil()) }, nil},
		{"wrong twice", plenty, spoiled, remote.ErrCorrupt},
		{"another object under the key", plenty, func(s *store) { s.replace("a", "v2") }, remote.ErrCorrupt},
		{"no room to verify", 5 * blockSize, func(*store) {}, remote.ErrPrecondition},
		{"nothing is kept at all", 0, func(*store) {}, remote.ErrPrecondition},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore(t)
			obj := s.putNameless("a", 10*blockSize)
			right := s.bytes("a")
			c := openCache(t, s, t.TempDir(), tc.limit)
			h := acquire(t, c, obj)
			tc.store(s)
			p := make([]byte, 1000)
			n, err := h.ReadAt(t.Context(), p, 5*blockSize-500)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err != nil && n > 0 || err == nil && !bytes.Equal(p, right[5*blockSize-500:][:1000]) {
				t.Errorf("%d bytes were served that nobody verified", n)
			}
		})
	}
}

// Blocks of two versions must not stand in one file: the ETag that would tell them
// apart is not known after a restart.
func TestWithoutETagVersionsDoNotMix(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.putNameless("a", 10*blockSize)
	filled(t, s, dir, obj)
	// One block is damaged here, and the store has another object by now.
	edit(t, dataPath(dir, obj.id()), flip(3*blockSize+5))
	right := s.bytes("a")
	s.replace("a", "v2")
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	p := make([]byte, 100)
	for off := int64(0); off < obj.Size; off += blockSize / 2 {
		n, err := h.ReadAt(t.Context(), p, off)
		switch {
		case err == nil && !bytes.Equal(p, right[off:][:100]):
			t.Fatalf("wrong bytes at %d", off)
		case err != nil && (n > 0 || !errors.Is(err, remote.ErrCorrupt)):
			t.Fatalf("at %d: %d bytes, %v, want ErrCorrupt", off, n, err)
		}
	}
	if _, err := h.ReadAt(t.Context(), p, 0); !errors.Is(err, remote.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
	if got := c.Stats().Corrupt; got == 0 {
		t.Error("the mixture was not noticed")
	}
}

// A store that sends no ETag is believed no more than a catalog without one.
func TestAnswersWithoutETag(t *testing.T) {
	s := newStore(t)
	obj := s.putNameless("a", 10*blockSize)
	s.etags["a"] = ""
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), obj)
	wantAll(t, s, h)
	if !verified(h) {
		t.Error("served before it was verified")
	}

	named := s.put("b", 10*blockSize)
	s.then(func(ctx context.Context, g get, body []byte, o remote.Object) (io.ReadCloser, remote.Object, error) {
		o.ETag = ""
		return honest(ctx, g, body, o)
	})
	h = acquire(t, openCache(t, s, t.TempDir(), plenty), named)
	want(t, s, h, 0, 10)
	if !verified(h) {
		t.Error("an answer that does not name its version was served before it was verified")
	}
}

// Under pressure an open object of this kind keeps its blocks: those fetched again could
// be of another version, and all would have to be verified anew.
func TestWithoutETagBlocksAreNotShed(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	obj := s.putNameless("a", 10*blockSize)
	filled(t, s, dir, obj)
	c := openCache(t, s, dir, plenty)
	h := acquire(t, c, obj)
	if freed, got := c.evict(plenty), c.Present(obj); freed != 0 || got != obj.Size {
		t.Errorf("%d bytes freed, %d here, want none and all", freed, got)
	}
	h.Release()
	if freed, got := c.evict(plenty), c.Present(obj); freed == 0 || got != 0 {
		t.Errorf("once released: %d bytes freed, %d here, want all and none", freed, got)
	}
}
