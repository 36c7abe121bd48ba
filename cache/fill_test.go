package cache

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
)

// readAsync starts a read and gives where its result arrives.
func readAsync(ctx context.Context, s *store, h *Handle, off int64, n int) <-chan error {
	done := make(chan error, 1)
	go func() {
		p := make([]byte, n)
		_, err := h.ReadAt(ctx, p, off)
		if err == nil && string(p) != string(s.bytes(h.r.obj.Key)[off:][:n]) {
			err = errors.New("wrong bytes")
		}
		done <- err
	}()
	return done
}

func waiters(h *Handle) (n int) {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	seen := map[*fill]bool{}
	for _, f := range h.r.flight {
		if !seen[f] {
			seen[f] = true
			n += len(f.waiters)
		}
	}
	return n
}

func pending(done <-chan error) bool { return len(done) == 0 }

func TestOneFetchForManyReaders(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 4*blockSize)
	tap := newTap()
	s.then(tap.answer)
	var reads []<-chan error
	var h *Handle
	for i := range 64 {
		h = acquire(t, c, obj)
		reads = append(reads, readAsync(t.Context(), s, h, int64(i)*4000, 4096))
		if i == 0 {
			<-tap.asked // all others find the fill that this one began
		}
	}
	eventually(t, "64 readers wait", func() bool { return waiters(h) == 64 })
	tap.flood()
	for _, r := range reads {
		if err := <-r; err != nil {
			t.Error(err)
		}
	}
	want := []get{{"a", remote.Range{Length: 4 * blockSize}, obj.ETag}}
	if diff := cmp.Diff(want, s.seen(), cmp.AllowUnexported(get{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestReaderWakesWithItsOwnBytes(t *testing.T) {
	s := newStore(t)
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("a", 4*blockSize))
	tap := newTap()
	s.then(tap.answer)
	first := readAsync(t.Context(), s, h, 0, 4096)
	<-tap.asked
	across := readAsync(t.Context(), s, h, blockSize-100, 200)
	eventually(t, "two readers wait", func() bool { return waiters(h) == 2 })

	tap.more <- 5000 // a part of the first block
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if !pending(across) {
		t.Error("a reader woke before its bytes came")
	}
	tap.more <- blockSize - 5000 + 150
	if err := <-across; err != nil {
		t.Fatal(err)
	}
	if gets := s.seen(); len(gets) != 1 {
		t.Errorf("%d requests, want 1", len(gets))
	}
	tap.flood()
	want(t, s, h, 3*blockSize, 100)
}

func TestCancelOfOneReader(t *testing.T) {
	s := newStore(t)
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("a", 4*blockSize))
	tap := newTap()
	s.then(tap.answer)
	ctx, cancel := context.WithCancel(t.Context())
	gone := readAsync(ctx, s, h, 0, 100) // began the fill
	<-tap.asked
	stays := readAsync(t.Context(), s, h, blockSize, 100)
	eventually(t, "two readers wait", func() bool { return waiters(h) == 2 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled read: %v", err)
	}
	tap.flood()
	if err := <-stays; err != nil {
		t.Error(err)
	}
	if gets := s.seen(); len(gets) != 1 {
		t.Errorf("%d requests, want 1", len(gets))
	}
}

func TestResumeAfterCut(t *testing.T) {
	for _, at := range []int{1, 100, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 5} {
		s := newStore(t)
		h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("a", 4*blockSize))
		s.then(cut(at))
		wantAll(t, s, h)
		gets := s.seen()
		// Whether the block in progress is kept depends on a reader waiting just then.
		if len(gets) != 2 || gets[1].r.Offset > int64(at) || gets[1].r.Offset < int64(at-at%blockSize) {
			t.Errorf("cut at %d: requests %v", at, gets)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	short := change(func(b []byte, o remote.Object) ([]byte, remote.Object) { return nil, o })
	for _, tc := range []struct {
		name   string
		answer []answer
		want   error
	}{
		{"not found", []answer{fails(remote.ErrNotFound)}, remote.ErrNotFound},
		{"denied", []answer{fails(remote.ErrDenied)}, remote.ErrDenied},
		{"offline", []answer{fails(remote.ErrOffline)}, remote.ErrOffline},
		{"precondition", []answer{fails(remote.ErrPrecondition)}, remote.ErrPrecondition},
		{"cut without a byte", []answer{cut(0)}, remote.ErrOffline},
		{"cut twice, second without a byte", []answer{cut(10), cut(0)}, remote.ErrOffline},
		{"empty body", []answer{short}, remote.ErrCorrupt},
		{"another etag", []answer{change(func(b []byte, o remote.Object) ([]byte, remote.Object) {
			o.ETag = "x"
			return b, o
		})}, remote.ErrPrecondition},
		{"another size", []answer{change(func(b []byte, o remote.Object) ([]byte, remote.Object) {
			o.Size++
			return b, o
		})}, remote.ErrCorrupt},
		{"too many bytes", []answer{change(func(b []byte, o remote.Object) ([]byte, remote.Object) {
			return append(b, 1), o
		})}, remote.ErrCorrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore(t)
			obj := s.put("a", blockSize/2)
			obj.Foreign = true
			c := openCache(t, s, t.TempDir(), plenty)
			h := acquire(t, c, obj)
			s.then(tc.answer...)
			if _, err := h.ReadAt(t.Context(), make([]byte, obj.Size), 0); tc.name != "too many bytes" && !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			eventually(t, "the fill has ended", func() bool { return waiters(h) == 0 && len(flightOf(h)) == 0 })
			if got := c.Present(obj); got != 0 {
				t.Errorf("%d bytes of a bad answer were kept", got)
			}
			wantAll(t, s, h) // it recovers by itself
		})
	}
}

func flightOf(h *Handle) []int {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	var blocks []int
	for b := range h.r.flight {
		blocks = append(blocks, b)
	}
	return blocks
}

func TestSurplusTakesBackTheWholeAnswer(t *testing.T) {
	s := newStore(t)
	obj := s.put("a", 4*blockSize)
	c := openCache(t, s, t.TempDir(), plenty)
	h := acquire(t, c, obj)
	s.then(change(func(b []byte, o remote.Object) ([]byte, remote.Object) { return append(b, 1), o }))
	// One block only: for the next one a reader may ask anew.
	if _, err := h.ReadAt(t.Context(), make([]byte, 10), 0); err != nil && !errors.Is(err, remote.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	eventually(t, "the fill has ended", func() bool { return len(flightOf(h)) == 0 })
	if got := c.Present(obj); got != 0 {
		t.Errorf("%d bytes kept", got)
	}
	wantAll(t, s, h)
}

func TestStallEndsInTime(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		obj := s.put("a", 2*blockSize)
		c := openCache(t, s, dir, plenty, func(o *Options, _ *tuning) { o.Timeout = 3 * time.Second })
		h := acquire(t, c, obj)
		tap := newTap()
		s.then(tap.answer)
		start := time.Now()
		_, err := h.ReadAt(t.Context(), make([]byte, 10), 0)
		if !errors.Is(err, remote.ErrOffline) {
			t.Errorf("got %v, want ErrOffline", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		<-tap.ended // the fill has given up too, and the next read asks anew
		synctest.Wait()
		want(t, s, h, 0, 10)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		obj = s.put("b", 10)
		tap = newTap()
		s.then(tap.answer)
		if _, err := acquire(t, c, obj).ReadAt(ctx, make([]byte, 10), 0); !errors.Is(err, remote.ErrOffline) {
			t.Errorf("the caller's deadline: got %v, want ErrOffline", err)
		}
	})
}

func TestFillEndsAfterTheLastHandle(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := openCache(t, s, dir, plenty, func(_ *Options, tune *tuning) { tune.grace = 3 * time.Second })
		obj := s.put("a", 4*blockSize)
		h := acquire(t, c, obj)
		tap := newTap()
		s.then(tap.answer)
		ctx, cancel := context.WithCancel(t.Context())
		read := readAsync(ctx, s, h, 0, 10)
		<-tap.asked
		cancel()
		<-read
		h.Release()
		time.Sleep(2 * time.Second)
		h = acquire(t, c, obj) // opened again within the grace
		tap.more <- blockSize
		time.Sleep(3 * time.Second)
		want(t, s, h, 0, 100)
		h.Release()
		time.Sleep(10 * time.Second)
		select {
		case <-tap.ended:
		default:
			t.Error("the fill still runs")
		}
		if rec := c.loadedRecords(); len(rec) != 0 {
			t.Error("the map is still loaded")
		}
		if got := c.Present(obj); got != blockSize {
			t.Errorf("%d bytes present, want the block that came", got)
		}
	})
}

func TestReadAhead(t *testing.T) {
	s := newStore(t)
	obj := s.put("a", 20<<20)
	c := openCache(t, s, t.TempDir(), plenty)
	h := acquire(t, c, obj)
	wantAll(t, s, h)
	gets := s.seen()
	if got := gets[0].r; got != (remote.Range{Length: minWindow}) {
		t.Errorf("first request %v, want %d bytes", got, minWindow)
	}
	var sum, longest int64
	for _, g := range gets {
		sum, longest = sum+g.r.Length, max(longest, g.r.Length)
	}
	if sum != obj.Size || longest > maxWindow || longest < maxWindow/2 || len(gets) > 50 {
		t.Errorf("%d requests, %d bytes, longest %d", len(gets), sum, longest)
	}

	random := acquire(t, c, s.put("b", 20<<20))
	for _, off := range []int64{15 << 20, 3 << 20, 9 << 20} {
		want(t, s, random, off, 4096)
	}
	for _, g := range s.seen() {
		if g.r.Length != minWindow {
			t.Errorf("random read fetched %v", g.r)
		}
	}
}

func TestValuesTravelWithTheFetch(t *testing.T) {
	type key struct{}
	s := newStore(t)
	h := acquire(t, openCache(t, s, t.TempDir(), plenty), s.put("a", 10))
	s.then(func(ctx context.Context, g get, body []byte, obj remote.Object) (io.ReadCloser, remote.Object, error) {
		if ctx.Value(key{}) != "demand" {
			t.Error("the reader's values are lost")
		}
		return honest(ctx, g, body, obj)
	})
	if _, err := h.ReadAt(context.WithValue(t.Context(), key{}, "demand"), make([]byte, 10), 0); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentOpensLoadOnce(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 10*blockSize)
	var all sync.WaitGroup
	var mu sync.Mutex
	replicas := map[*replica]bool{}
	for range 32 {
		all.Go(func() {
			h, err := c.Acquire(context.Background(), obj)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			replicas[h.r] = true
			mu.Unlock()
			t.Cleanup(h.Release)
		})
	}
	all.Wait()
	if len(replicas) != 1 {
		t.Errorf("%d states of one object", len(replicas))
	}
}
