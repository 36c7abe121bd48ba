package cache

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// backed waits until the object may be read without us.
func backed(t *testing.T, h *Handle) *os.File {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if f, ok := h.Backing(); ok {
			return f
		}
		if time.Now().After(end) {
			t.Fatal("the object may still not be read without us")
		}
	}
}

func TestBacking(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	obj := s.put("a", 5*blockSize+100)
	h := acquire(t, c, obj)
	want(t, s, h, 0, 3*blockSize)
	if _, ok := h.Backing(); ok {
		t.Error("given out with blocks missing")
	}
	wantAll(t, s, h)
	f := backed(t, h)
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, s.bytes("a")) {
		t.Errorf("%d bytes, %v: not the object", len(got), err)
	}
	if again, ok := h.Backing(); !ok || again != f {
		t.Error("another file the second time")
	}
	h.Release()
	if _, err := f.Stat(); err == nil {
		t.Error("the file is open after Release")
	}
	closeCache(t, c)

	c = openCache(t, s, dir, plenty) // what is found at start is checked by one reading first
	h = acquire(t, c, obj)
	if _, ok := h.Backing(); ok {
		t.Error("given out unchecked after a restart")
	}
	wantAll(t, s, h)
	backed(t, h)
}

// What the store cannot vouch for is never read without us.
func TestNoBacking(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	c := openCache(t, s, dir, plenty)
	unhashed := s.put("a", 3*blockSize)
	unhashed.SHA256 = [32]byte{}
	h := acquire(t, c, unhashed)
	wantAll(t, s, h)
	if _, ok := h.Backing(); ok {
		t.Error("given out without a SHA-256 to hold it to")
	}
	whole := acquire(t, c, s.put("b", 3*blockSize))
	wantAll(t, s, whole)
	settled(t, whole)
	if err := os.Remove(dataPath(dir, whole.r.obj.id())); err != nil {
		t.Fatal(err)
	}
	if _, ok := whole.Backing(); ok {
		t.Error("given out though the file has gone")
	}
	if whole.r.backed != 0 {
		t.Errorf("%d backed", whole.r.backed)
	}
}

// Nothing is taken away under who reads without us, however much room others want.
func TestNothingEvictedWhileBacked(t *testing.T) {
	s, dir := newStore(t), t.TempDir()
	const limit = 24 * blockSize
	c := openCache(t, s, dir, limit)
	h := acquire(t, c, s.put("held", 8*blockSize))
	wantAll(t, s, h)
	f := backed(t, h)
	for _, key := range []string{"a", "b", "c", "d"} {
		other := acquire(t, c, s.put(key, 12*blockSize))
		wantAll(t, s, other)
		other.Release()
		if used := diskUsage(t, dir); used > limit {
			t.Fatalf("%d bytes on disk, limit %d", used, limit)
		}
	}
	got := make([]byte, 8*blockSize)
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, s.bytes("held")) {
		t.Errorf("the file changed under its reader: %v", err)
	}
	h.Release()
	for _, key := range []string{"e", "f"} {
		other := acquire(t, c, s.put(key, 12*blockSize))
		wantAll(t, s, other)
		other.Release()
	}
	if evicted := c.Stats().Evicted; evicted == 0 {
		t.Error("nothing was evicted after the release either")
	}
}

// To be open for long counts as a play, for nothing else shows it.
func TestBackedPlay(t *testing.T) {
	for open, plays := range map[time.Duration]bool{0: true, time.Hour: false} {
		s := newStore(t)
		c := openCache(t, s, t.TempDir(), plenty, func(_ *Options, tune *tuning) { tune.playedOpen = open })
		obj := s.put("a", 3*blockSize)
		h := acquire(t, c, obj)
		wantAll(t, s, h)
		backed(t, h)
		h.c.mu.Lock()
		h.r.rec.played = time.Time{}
		h.c.mu.Unlock()
		h.Release()
		c.mu.Lock()
		played := !h.r.rec.played.IsZero()
		c.mu.Unlock()
		if played != plays {
			t.Errorf("open for %v: played %v", open, played)
		}
	}
}

// A fetch is as urgent as those who wait for it, from request to request and block to
// block.
func TestUrgency(t *testing.T) {
	s := newStore(t)
	c := openCache(t, s, t.TempDir(), plenty)
	obj := s.put("a", 12*blockSize)
	h := acquire(t, c, obj)
	tap := newTap()
	tickets := make(chan *remote.Ticket, 1)
	s.then(func(ctx context.Context, g get, body []byte, o remote.Object) (io.ReadCloser, remote.Object, error) {
		tickets <- remote.TicketOf(ctx)
		return tap.answer(ctx, g, body, o)
	})
	first := readAsync(remote.WithTicket(t.Context(), remote.NewTicket(remote.Copy)), s, h, 0, 100)
	ticket := <-tickets
	is := func(what string, class remote.Class) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); ticket.Class() != class; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: class %d, want %d", what, ticket.Class(), class)
			}
		}
	}
	is("somebody who may wait waits for the first block", remote.Copy)
	hasty := readAsync(t.Context(), s, h, 100, 100)
	is("somebody joined who may not", remote.Demand)
	tap.more <- blockSize
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if err := <-hasty; err != nil {
		t.Fatal(err)
	}
	is("nobody waits for the rest", remote.Copy)
	second := readAsync(t.Context(), s, h, 3*blockSize, 100)
	is("a reader joined", remote.Demand)
	tap.flood()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}
