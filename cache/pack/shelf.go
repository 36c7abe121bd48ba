package pack

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// suffix ends the file name of a pack; partial that of one being written.
	suffix  = ".pack"
	partial = ".part"
	// maxOpen bounds the packs that are open: about 100 KB of memory each, and the blob
	// that was read last.
	maxOpen = 16
)

// Fetcher reads packs from where they are shared.
type Fetcher interface {
	Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error)
}

// Shelf holds packs on this machine. It may be used from many goroutines.
type Shelf struct {
	dir   string
	limit int64
	fetch Fetcher
	key   func(name string) string
	log   *slog.Logger
	free  func(dir string) (int64, error) // of the disk, in bytes

	fetches singleflight.Group
	// base ends with Close, and with it what is being fetched.
	base context.Context
	stop context.CancelFunc
	// downloads are under way; begun with mu held, and none after closed.
	downloads sync.WaitGroup

	mu     sync.Mutex // guards the fields below; no I/O under it
	held   map[string]*held
	order  *list.List // of *held, the most recently used first
	bytes  int64
	opens  *list.List // of *held that are open, the most recently used first
	closed bool
}

// held is a pack on the shelf.
type held struct {
	name  string
	size  int64
	place *list.Element

	// Guarded by Shelf.mu.
	open  *opened
	opens *list.Element
	// whole: this process has seen that the bytes hash to the name. From then on what
	// the pack says of its own pieces is enough to tell damage.
	whole bool
}

// opened is an open pack with those who read it; the last one closes its file.
type opened struct {
	*Pack
	file  *os.File
	users int  // guarded by Shelf.mu
	gone  bool // guarded by Shelf.mu: closed by the last user
}

// Options say what a shelf is.
type Options struct {
	// Dir is the folder of the packs; it is made.
	Dir string
	// Limit bounds them, in bytes; Auto leaves it to the shelf.
	Limit int64
	// Key gives the key under which a pack is shared.
	Key func(name string) string
	// Log is for what readers are not told; nil for none.
	Log *slog.Logger
}

// NewShelf opens the folder. What is in it is believed only after its hash was checked.
func NewShelf(o Options, fetch Fetcher) (*Shelf, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Shelf{dir: o.Dir, fetch: fetch, key: o.Key, log: o.Log,
		held: map[string]*held{}, order: list.New(), opens: list.New(), free: diskFree}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("scan packs: %w", err)
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("scan packs: %w", err)
	}
	for _, e := range entries {
		s.adopt(e)
	}
	s.limit = s.settle(o.Limit)
	s.shrink(0)
	s.base, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// adopt takes up a file found in the folder. What is not ours stays; what a crash left
// half goes.
func (s *Shelf) adopt(e os.DirEntry) {
	name, ok := strings.CutSuffix(e.Name(), suffix)
	info, err := e.Info()
	switch {
	case err == nil && ok && ValidName(name) && info.Mode().IsRegular():
		s.add(name, info.Size())
	case err == nil && strings.HasSuffix(e.Name(), partial) && info.Mode().IsRegular():
		s.remove(e.Name())
	}
}

// add notes a pack. With s.mu held, or before anybody else has the shelf.
func (s *Shelf) add(name string, size int64) *held {
	h := &held{name: name, size: size}
	h.place = s.order.PushFront(h)
	s.held[name] = h
	s.bytes += size
	return h
}

func (s *Shelf) path(name string) string { return filepath.Join(s.dir, name+suffix) }

// remove deletes a file of the folder.
func (s *Shelf) remove(file string) {
	if err := os.Remove(filepath.Join(s.dir, file)); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warn("scan pack cannot be removed", "file", file, "err", err)
	}
}

// Has tells whether a pack is here, whole as far as its name says.
func (s *Shelf) Has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[name] != nil
}

// Held gives the bytes and the number of packs here.
func (s *Shelf) Held() (bytes int64, packs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes, len(s.held)
}

// Put keeps a pack that was made here. ErrDamaged: it is not what the name says.
func (s *Shelf) Put(name string, body []byte) error {
	if nameOf(body) != name {
		return fmt.Errorf("scan pack %.12s: %w", name, ErrDamaged)
	}
	size := int64(len(body))
	if s.Has(name) || !s.spare(size) || !s.shrink(size) {
		return nil
	}
	if err := s.write(name, body); err != nil {
		s.mu.Lock()
		s.bytes -= size
		s.mu.Unlock()
		return fmt.Errorf("keep scan pack: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= size // reserved by shrink; add counts it
	if s.held[name] == nil {
		s.add(name, size).whole = true
	}
	return nil
}

// write makes the file of a pack. It is not synced: the hash tells when it is torn.
func (s *Shelf) write(name string, body []byte) error {
	f, err := os.CreateTemp(s.dir, "*"+partial)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path(name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// shrink makes room for size bytes, and reserves them. It is false when the limit is
// less than that.
func (s *Shelf) shrink(size int64) bool {
	if size > s.limit {
		return false
	}
	var gone []*held
	var files []*os.File
	s.mu.Lock()
	for s.bytes+size > s.limit && s.order.Len() > 0 {
		h := s.order.Back().Value.(*held)
		files = append(files, s.drop(h))
		gone = append(gone, h)
	}
	fits := s.bytes+size <= s.limit
	if fits {
		s.bytes += size
	}
	s.mu.Unlock()
	closeAll(files)
	for _, h := range gone {
		s.remove(h.name + suffix)
	}
	return fits
}

// drop forgets a pack that is held, and gives the file to close. With s.mu held.
func (s *Shelf) drop(h *held) *os.File {
	delete(s.held, h.name)
	s.order.Remove(h.place)
	s.bytes -= h.size
	return s.retire(h)
}

// Fetch brings a pack here, once for all who ask, and does not wait for more than ctx
// allows; the download goes on for the others. Errors: ErrDamaged, the kinds of
// package remote, those of this disk, and ctx's own.
func (s *Shelf) Fetch(ctx context.Context, name string) error {
	if !ValidName(name) {
		return fmt.Errorf("scan pack %.70q: %w", name, ErrDamaged)
	}
	if s.Has(name) {
		return nil
	}
	done := s.fetches.DoChan(name, func() (any, error) {
		if s.Has(name) {
			return nil, nil
		}
		return nil, s.download(context.WithoutCancel(ctx), name)
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// download gets a pack from where it is shared; Close ends it.
func (s *Shelf) download(ctx context.Context, name string) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return context.Canceled
	}
	s.downloads.Add(1)
	s.mu.Unlock()
	defer s.downloads.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.base, cancel)()
	body, obj, err := s.fetch.Get(ctx, s.key(name), remote.Range{}, "")
	if err != nil {
		return fmt.Errorf("fetch scan pack: %w", err)
	}
	defer body.Close()
	if obj.Size > MaxSize {
		return fmt.Errorf("scan pack %.12s of %d bytes: %w", name, obj.Size, ErrDamaged)
	}
	all := make([]byte, obj.Size)
	if _, err := io.ReadFull(body, all); err != nil {
		return fmt.Errorf("fetch scan pack: %w", err)
	}
	return s.Put(name, all)
}
