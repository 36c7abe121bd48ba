package pack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// A shelf that chooses its limit takes a twentieth of the disk, its own bytes counted
// as room, and leaves others enough.
func TestAutoLimit(t *testing.T) {
	s := newShared(t).shelf(t.TempDir(), 1)
	for _, tt := range []struct {
		free, held, want int64
		err              error
	}{
		{free: 200 << 20, want: 10 << 20},
		{free: 100 << 20, held: 100 << 20, want: 10 << 20},
		{free: 1 << 50, want: maxAuto},
		{err: os.ErrInvalid, want: unknownAuto},
	} {
		s.free = func(string) (int64, error) { return tt.free, tt.err }
		s.bytes = tt.held
		if got := s.settle(Auto); got != tt.want {
			t.Errorf("%d bytes free, %d held: limit %d, want %d", tt.free, tt.held, got, tt.want)
		}
	}
	if got := s.settle(7); got != 7 {
		t.Errorf("limit %d, want the one that was set", got)
	}
}

// Where the disk is as good as full, packs are not kept, and that is no error.
func TestFullDisk(t *testing.T) {
	store := newShared(t)
	s := store.shelf(t.TempDir(), 1<<20)
	name, content := store.pack(50_000, 1)
	s.free = func(string) (int64, error) { return leftFree + 10_000, nil }
	if err := s.Fetch(t.Context(), name); err != nil || s.Has(name) || onDisk(t, s.dir) != 0 {
		t.Errorf("on a disk that is full: %v, here %v, %d bytes on disk", err, s.Has(name), onDisk(t, s.dir))
	}
	s.free = func(string) (int64, error) { return leftFree + 100_000, nil }
	if err := s.Fetch(t.Context(), name); err != nil || !has(s, name, content) {
		t.Errorf("with room again: %v", err)
	}
}

// Close ends what is being fetched, and nothing is fetched afterwards.
func TestCloseEndsFetches(t *testing.T) {
	store := newShared(t)
	faulty := remotetest.NewFaulty(store.Memory)
	name, _ := store.pack(50_000, 1)
	s, err := NewShelf(Options{Dir: t.TempDir(), Limit: 1 << 20, Key: keyOf}, faulty)
	if err != nil {
		t.Fatal(err)
	}
	gate := faulty.Hold(remotetest.Get, "scan/") // and is never released
	over := make(chan error)
	go func() { over <- s.Fetch(context.Background(), name) }()
	<-gate.Reached()
	s.Close()
	if err := <-over; !errors.Is(err, context.Canceled) || s.Has(name) {
		t.Errorf("the fetch ended with %v", err)
	}
	if err := s.Fetch(t.Context(), name); !errors.Is(err, context.Canceled) {
		t.Errorf("a fetch after Close: %v", err)
	}
}

// A pack that was verified once and is damaged later, wherever, is noticed when it is
// opened again or read.
func TestDamageAfterVerifying(t *testing.T) {
	store := newShared(t)
	name, content := store.pack(5_000, 1)
	size := 0
	for at := 0; size == 0 || at < size; at += 40 {
		dir := t.TempDir()
		s := store.shelf(dir, 1<<20)
		if err := s.Fetch(t.Context(), name); err != nil || !has(s, name, content) {
			t.Fatal(err)
		}
		s.mu.Lock()
		file := s.retire(s.held[name]) // as others that are opened do
		s.mu.Unlock()
		file.Close()
		path := filepath.Join(dir, name+suffix)
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		size = len(body)
		body[at] ^= 0x10
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, len(content))
		if n, ok := s.ReadAt(name, idOf(content), p, 0); ok && string(p[:n]) != string(content) {
			t.Fatalf("byte %d of %d changed: wrong bytes were given out", at, size)
		}
		s.Close()
	}
}
