package staging

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

var (
	// ErrFull: the disk would have less left than the floor, or nothing.
	ErrFull = errors.New("no room for staged bytes")
	// ErrDamaged: a record and its local file do not agree.
	ErrDamaged = errors.New("staged file is damaged")
	// ErrTooLarge: beyond the size that a file may have.
	ErrTooLarge = errors.New("file is too large")
	// ErrClosed: the draft or the store was closed.
	ErrClosed = errors.New("staged file is closed")
	// ErrInUse: a draft of this process has that local file.
	ErrInUse = errors.New("staged file is in use")
	// ErrUnsettled: the local file still holds bytes of a record that the draft has cut off
	// since. Sync, and Settle the record.
	ErrUnsettled = errors.New("a newer record must be settled first")
)

// Base gives the bytes that a draft began with. They never change, and a draft calls it
// with no lock held. A read of less than p is an error.
type Base interface {
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
}

// Options say where drafts are and what bounds them.
type Options struct {
	// Dir is the folder of the local files; it is made. One process may use it at a time,
	// which is for the caller to see to.
	Dir string
	// Floor is how many bytes of the disk are never used; 0 for none. Auto is 1 GiB or a
	// hundredth of the disk, whichever is more, but at most half of what is free at Open.
	Floor int64
	// MaxSize is the largest size of a file, in bytes; 0 is 5 TiB.
	MaxSize int64
	// Log is for what callers are not told; nil for none.
	Log *slog.Logger
}

// tune is what tests make small or make fail.
type tune struct {
	maxSpans int // extents of one draft, more or less
	open     int // descriptors kept open with nobody using them
	batch    int // spare files made at once
	write    func(f *os.File, p []byte, off int64) (int, error)
	sync     func(*os.File) error
	syncDir  func(dir string) error
	punch    func(*os.File, Span) error
	allocate func(*os.File, Span) error
	space    func(dir string) (total, free int64, err error)
}

func usual() tune {
	return tune{maxSpans: 65536, open: 256, batch: 64,
		write: (*os.File).WriteAt, sync: dataSync, syncDir: syncDir, punch: punchHole, allocate: allocate, space: diskSpace}
}

// Store is a folder of drafts. It may be used from many goroutines.
type Store struct {
	dir     string
	maxSize int64
	tune    tune
	log     *slog.Logger
	files   *descriptors
	spares  *spares
	room    *room

	mu    sync.Mutex // guards the field below; taken innermost; no I/O under it
	owned map[string]bool
}

// Open makes the folder if need be. What is in it stays as it is.
func Open(o Options) (*Store, error) { return open(o, usual()) }

func open(o Options, t tune) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxSize <= 0 {
		o.MaxSize = 5 << 40
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("staged files: %w", err)
	}
	if err := t.syncDir(filepath.Dir(o.Dir)); err != nil {
		return nil, fmt.Errorf("staged files: %w", err)
	}
	s := &Store{dir: o.Dir, maxSize: o.MaxSize, tune: t, log: o.Log, owned: map[string]bool{},
		files: &descriptors{limit: t.open, dataSync: t.sync, idle: list.New()},
		room:  &room{dir: o.Dir, floor: o.Floor, space: t.space, log: o.Log}}
	s.spares = newSpares(o.Dir, t, s.own)
	s.room.settle()
	go s.spares.stock()
	return s, nil
}

// Close ends the use of all drafts, whose files stay, with what was written and not synced
// as safe as any such bytes are.
func (s *Store) Close() error {
	s.spares.close()
	s.files.close()
	return nil
}

// Free is how many bytes may still be written; -1 where that is not known.
func (s *Store) Free() int64 { return s.room.free() }

// Create begins a draft of a new file (nil and 0), or one over size bytes of base. Nothing
// of it is durable before Sync. Errors: ErrFull, ErrTooLarge, ErrClosed.
func (s *Store) Create(base Base, size int64) (*Draft, error) {
	switch {
	case size < 0 || size > 0 && base == nil:
		return nil, fmt.Errorf("create over %d bytes: %w", size, fs.ErrInvalid)
	case size > s.maxSize:
		return nil, fmt.Errorf("create over %d bytes: %w", size, ErrTooLarge)
	}
	file, err := s.fresh()
	if err != nil {
		return nil, err
	}
	return s.draft(file, Record{Size: size, BaseEnd: size}, base), nil
}

// Reopen goes on with a draft as it was when r was made; former files that r replaces go.
// It believes r only as far as the local file bears it out: ErrDamaged. ErrInUse: there is
// a draft of r already.
func (s *Store) Reopen(r Record, base Base) (*Draft, error) {
	if err := r.check(s.maxSize, base); err != nil {
		return nil, err
	}
	file := s.local(r.File)
	if !s.own(r.File) {
		return nil, fmt.Errorf("reopen %s: %w", r.File, ErrInUse)
	}
	info, err := os.Lstat(file.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(r.Extents) == 0:
		s.disown(r.File) // it held nothing; any other empty file does
		if file, err = s.fresh(); err != nil {
			return nil, err
		}
	case err == nil && info.Mode().IsRegular() && info.Size() >= spans(r.Extents).end():
	case err == nil || errors.Is(err, fs.ErrNotExist):
		s.disown(r.File)
		return nil, fmt.Errorf("reopen %s: its file does not hold all of it: %w", r.File, ErrDamaged)
	default:
		s.disown(r.File)
		return nil, fmt.Errorf("reopen: %w", err)
	}
	for _, name := range r.Former {
		if err := s.Remove(name); err != nil {
			s.log.Warn("former staged file cannot be removed", "file", name, "err", err)
		}
	}
	d := s.draft(file, r, base)
	if info != nil {
		d.phys = info.Size()
	}
	return d, nil
}

// draft is what r says, in file.
func (s *Store) draft(file *local, r Record, base Base) *Draft {
	d := &Draft{s: s, base: base, file: file, size: r.Size, baseEnd: r.BaseEnd,
		spans: append(spans(nil), r.Extents...), gen: r.Gen, synced: r.Gen, settled: r.Gen,
		recorded: len(r.Extents) > 0, filling: make(chan struct{}, 1)}
	return d
}

// fresh gives an empty local file of its own.
func (s *Store) fresh() (*local, error) {
	name, err := s.spares.take()
	if err != nil {
		return nil, err
	}
	return s.local(name), nil
}

func (s *Store) local(name string) *local {
	return &local{name: name, path: filepath.Join(s.dir, name)}
}

// own notes that a draft has the file; it is false when one had it already.
func (s *Store) own(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owned[name] {
		return false
	}
	s.owned[name] = true
	return true
}

func (s *Store) disown(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.owned, name)
}

func (s *Store) owns(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owned[name]
}

// full puts ErrFull into an error that means it.
func full(err error) error {
	if err != nil && noSpace(err) && !errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
