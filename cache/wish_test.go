package cache

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

func awaitWish(t *testing.T, w *Wish) {
	t.Helper()
	select {
	case <-w.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the wish does not end")
	}
}

// What was wished for is read without a request; what is here is not fetched again.
func TestWish(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 10<<20+5)
	h := acquire(t, c, obj)
	want(t, s, h, 3<<20, 10)
	s.seen()
	awaitWish(t, c.Wish(obj, remote.NextTrack, Span{10 << 20, 1 << 20}, Span{0, 6 << 20}, Span{-1, 5}, Span{11 << 20, 5}))
	gets := s.seen()
	var sum int64
	for i, g := range gets {
		if sum += g.r.Length; g.r.Length > wishPiece {
			t.Errorf("request %d is %v", i, g.r)
		}
	}
	if want := int64(6<<20 - minWindow + 5); sum != want {
		t.Errorf("%d bytes fetched of %d: %v", sum, want, gets)
	}
	want(t, s, h, 10<<20, 5)
	want(t, s, h, 0, 5<<20)
	if gets := s.seen(); len(gets) != 0 {
		t.Errorf("asked again: %v", gets)
	}
}

// A wish that is withdrawn asks for no more, and gives up what is on its way, unless
// somebody waits for it.
func TestWishWithdrawn(t *testing.T) {
	for _, joined := range []bool{false, true} {
		s := newStore(t)
		c := openCache(t, s, t.TempDir(), plenty)
		obj := s.put("a", 20<<20)
		taps := make(chan *tap, wishDepth)
		tickets := make(chan *remote.Ticket, wishDepth)
		for range wishDepth {
			s.then(func(ctx context.Context, g get, body []byte, o remote.Object) (io.ReadCloser, remote.Object, error) {
				tap := newTap()
				taps <- tap
				tickets <- remote.TicketOf(ctx)
				return tap.answer(ctx, g, body, o)
			})
		}
		w := c.Wish(obj, remote.NextTrack, Span{0, 20 << 20})
		for range wishDepth {
			if class := (<-tickets).Class(); class != remote.NextTrack {
				t.Errorf("it is of class %d", class)
			}
		}
		h := acquire(t, c, obj)
		var reader <-chan error
		if joined {
			reader = readAsync(t.Context(), s, h, 5*blockSize, 10)
			eventually(t, "the reader joins", func() bool {
				h.r.mu.Lock()
				defer h.r.mu.Unlock()
				return len(h.r.flight[0].waiters) == 2
			})
		}
		w.End()
		awaitWish(t, w)
		for range wishDepth {
			if tap := <-taps; (<-tap.asked).r.Offset == 0 && joined {
				tap.flood()
			}
		}
		if joined {
			if err := <-reader; err != nil {
				t.Error(err)
			}
		}
		eventually(t, "nothing is on its way", func() bool {
			h.r.mu.Lock()
			defer h.r.mu.Unlock()
			return len(h.r.flight) == 0
		})
		fetched := c.Stats().Fetched
		if gets := s.seen(); len(gets) != wishDepth || joined != (fetched == wishPiece) || !joined && fetched > 0 {
			t.Errorf("joined %t: %d requests, %d bytes", joined, len(gets), fetched)
		}
	}
}

// A wish that cannot be fulfilled ends, and harms nothing.
func TestWishFails(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 5<<20)
	content := s.bytes("a")
	lose := func(content []byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.content["a"] = content
	}
	lose(nil)
	awaitWish(t, c.Wish(obj, remote.ReadAhead, Span{0, 20 << 20}))
	lose(content)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	gone := obj
	gone.Key = "gone"
	awaitWish(t, c.Wish(gone, remote.ReadAhead, Span{0, 20 << 20}))
	awaitWish(t, c.Wish(Object{}, remote.ReadAhead, Span{0, 1}))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	awaitWish(t, c.Wish(obj, remote.ReadAhead, Span{0, 1}))
}

// A wish that takes the place of another asks again for nothing that is on its way.
func TestWishYields(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 20<<20)
	taps := make(chan *tap, wishDepth)
	for range wishDepth {
		s.then(func(ctx context.Context, g get, body []byte, o remote.Object) (io.ReadCloser, remote.Object, error) {
			tap := newTap()
			taps <- tap
			return tap.answer(ctx, g, body, o)
		})
	}
	first := c.Wish(obj, remote.ReadAhead, Span{0, 8 << 20})
	var going []*tap
	for range wishDepth {
		going = append(going, <-taps)
	}
	second := c.Wish(obj, remote.ReadAhead, Span{1 << 20, 8 << 20})
	first.Yield(second)
	awaitWish(t, first)
	for _, tap := range going {
		tap.flood()
	}
	awaitWish(t, second)
	asked := map[int64]int{}
	for _, g := range s.seen() {
		for at := g.r.Offset; at < g.r.Offset+g.r.Length; at += blockSize {
			asked[at]++
		}
	}
	for at, n := range asked {
		if n != 1 && at >= 1<<20 {
			t.Errorf("block at %d was asked for %d times", at, n)
		}
	}
	if len(asked) != 9<<20/blockSize {
		t.Errorf("%d blocks", len(asked))
	}
}

// A narrow handle fetches as little at the end as at the beginning.
func TestNarrow(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 4<<20)
	h := acquire(t, c, obj)
	h.Narrow()
	wantAll(t, s, h)
	for _, g := range s.seen() {
		if g.r.Length > minWindow {
			t.Errorf("it asked for %v", g.r)
		}
	}
}
