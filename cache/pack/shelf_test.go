package pack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func keyOf(name string) string { return "scan/" + name }

// shared is a store with packs in it.
type shared struct {
	*remotetest.Memory
	t *testing.T
}

func newShared(t *testing.T) shared { return shared{remotetest.NewMemory(), t} }

// pack makes a pack of one object of about n bytes and stores it.
func (s shared) pack(n, seed int) (name string, content []byte) {
	s.t.Helper()
	content = noise(n, seed)
	b := builder(s.t)
	if err := b.Add(idOf(content), int64(n), []Range{{0, content}}, nil); err != nil {
		s.t.Fatal(err)
	}
	name, body, err := b.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(name, body)
	return name, content
}

func (s shared) put(name string, body []byte) {
	s.t.Helper()
	if _, err := s.Put(s.t.Context(), keyOf(name), remoteBody(body), remote.PutOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s shared) shelf(dir string, limit int64) *Shelf {
	s.t.Helper()
	shelf, err := NewShelf(Options{Dir: dir, Limit: limit, Key: keyOf}, s)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { shelf.Close() })
	return shelf
}

// has tells whether the shelf gives the content.
func has(s *Shelf, name string, content []byte) bool {
	p := make([]byte, len(content))
	n, ok := s.ReadAt(name, idOf(content), p, 0)
	return ok && bytes.Equal(p[:n], content)
}

// onDisk is what the folder really holds.
func onDisk(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	return bytes
}

func TestShelf(t *testing.T) {
	store, dir := newShared(t), t.TempDir()
	name, content := store.pack(50_000, 1)
	s := store.shelf(dir, 1<<20)
	if has(s, name, content) || s.Has(name) {
		t.Fatal("here before it was fetched")
	}
	if err := s.Fetch(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if !has(s, name, content) || !s.Covers(name, idOf(content), 100, 100) {
		t.Error("not here after it was fetched")
	}
	if s.Bytes(name, idOf(content)) != 50_000 || s.Bytes(name, idOf(nil)) != 0 || s.Bytes(nameOf(nil), idOf(content)) != 0 {
		t.Error("it has other bytes")
	}
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, "123"+partial), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s = store.shelf(dir, 1<<20)
	if !has(s, name, content) {
		t.Error("not here after a restart")
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "*")); len(list) != 2 {
		t.Errorf("in the folder: %v", list)
	}
}

// The limit holds at every moment, and the least recently used goes.
func TestShelfLimit(t *testing.T) {
	store, dir := newShared(t), t.TempDir()
	const limit = 250_000
	s := store.shelf(dir, limit)
	var names []string
	var contents [][]byte
	for i := range 8 {
		name, content := store.pack(50_000, i)
		names, contents = append(names, name), append(contents, content)
		if err := s.Fetch(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if !has(s, names[0], contents[0]) {
			t.Fatal("the one always used is gone")
		}
		if held, _ := s.Held(); held > limit || onDisk(t, dir) != held {
			t.Fatalf("%d bytes held, %d on disk", held, onDisk(t, dir))
		}
	}
	if has(s, names[1], contents[1]) || !has(s, names[7], contents[7]) {
		t.Error("not the least recently used went")
	}
	if err := s.Fetch(t.Context(), names[1]); err != nil || !has(s, names[1], contents[1]) {
		t.Errorf("one that went does not come back: %v", err)
	}
	s.Close()
	if s = store.shelf(dir, 60_000); onDisk(t, dir) > 60_000 {
		t.Errorf("%d bytes after the limit was lowered", onDisk(t, dir))
	}
	if big, content := store.pack(70_000, 99); s.Fetch(t.Context(), big) != nil || has(s, big, content) {
		t.Error("one larger than the limit was kept")
	}
}

// What is wrong in the store or on the disk is never given out.
func TestShelfDamage(t *testing.T) {
	store, dir := newShared(t), t.TempDir()
	s := store.shelf(dir, 1<<20)
	name, content := store.pack(50_000, 1)
	other, _ := store.pack(50_000, 2)
	store.put(other, []byte("<html>please log in</html>"))
	if err := s.Fetch(t.Context(), other); !errors.Is(err, ErrDamaged) || s.Has(other) {
		t.Errorf("another content: %v", err)
	}
	if err := s.Fetch(t.Context(), "../../etc/passwd"); !errors.Is(err, ErrDamaged) {
		t.Errorf("a name that is a path: %v", err)
	}
	if err := s.Fetch(t.Context(), nameOf([]byte("none"))); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	for what, harm := range map[string]func(path string) error{
		"changed":   func(p string) error { return flip(p) },
		"cut":       func(p string) error { return os.Truncate(p, 1000) },
		"removed":   os.Remove,
		"a folder":  func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) },
		"unchanged": func(string) error { return nil },
	} {
		os.RemoveAll(dir)
		s := store.shelf(dir, 1<<20)
		if err := s.Fetch(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if err := harm(filepath.Join(dir, name+suffix)); err != nil {
			t.Fatal(err)
		}
		if got := has(s, name, content); got != (what == "unchanged") {
			t.Errorf("%s: given out: %v", what, got)
		}
		if what == "unchanged" {
			continue
		}
		if held, packs := s.Held(); held != 0 || packs != 0 {
			t.Errorf("%s: %d bytes of %d packs are still counted", what, held, packs)
		}
	}
}

// flip changes a byte in the middle of a file.
func flip(path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	body[len(body)/2] ^= 1
	return os.WriteFile(path, body, 0o600)
}

// A pack is fetched once for all who want it, and who gives up does not end it.
func TestFetchOnce(t *testing.T) {
	store := newShared(t)
	faulty := remotetest.NewFaulty(store.Memory)
	name, content := store.pack(50_000, 1)
	s, err := NewShelf(Options{Dir: t.TempDir(), Limit: 1 << 20, Key: keyOf}, faulty)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	gate := faulty.Hold(remotetest.Get, "scan/")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Fetch(gone, name); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that gave up: %v", err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := s.Fetch(t.Context(), name); err != nil || !has(s, name, content) {
				t.Errorf("fetch: %v", err)
			}
		})
	}
	<-gate.Reached()
	gate.Release()
	all.Wait()
	if n := faulty.Count(remotetest.Get); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// Readers, fetches and evictions at once: right bytes or none.
func TestShelfAtOnce(t *testing.T) {
	store, dir := newShared(t), t.TempDir()
	s := store.shelf(dir, 180_000)
	var names []string
	var contents [][]byte
	for i := range 6 {
		name, content := store.pack(50_000, i)
		names, contents = append(names, name), append(contents, content)
	}
	end := time.Now().Add(300 * time.Millisecond)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := g; time.Now().Before(end); i++ {
				k := i % len(names)
				if err := s.Fetch(t.Context(), names[k]); err != nil {
					t.Errorf("fetch: %v", err)
				}
				p := make([]byte, 1000)
				off := int64(i%49) * 1000
				if n, ok := s.ReadAt(names[k], idOf(contents[k]), p, off); ok && !bytes.Equal(p[:n], contents[k][off:off+1000]) {
					t.Error("wrong bytes")
				}
			}
		})
	}
	all.Wait()
	if held, _ := s.Held(); held > 180_000 || onDisk(t, dir) != held {
		t.Errorf("%d bytes held, %d on disk", held, onDisk(t, dir))
	}
}

func remoteBody(body []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))
}
