package pending

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Errors of changing names and bytes.
var (
	// ErrExists: the name is taken.
	ErrExists = errors.New("the name is taken")
	// ErrNotEmpty: the folder has entries.
	ErrNotEmpty = errors.New("the folder is not empty")
	// ErrNotDir and ErrIsDir: the operation is for the other kind.
	ErrNotDir = errors.New("is no folder")
	ErrIsDir  = errors.New("is a folder")
	// ErrLoop: a folder cannot be moved into itself.
	ErrLoop = errors.New("a folder cannot be in itself")
	// ErrMoved: the file has a new node, to be looked up by its name.
	ErrMoved = errors.New("the file has another node by now")
	// ErrFull: no room is left for what is being written.
	ErrFull = errors.New("no room for what is written")
	// ErrTooLarge: no store takes so large a file.
	ErrTooLarge = errors.New("the file is too large for the store")
	// ErrXattrs: more extended attributes than an entry may have.
	ErrXattrs = errors.New("too many extended attributes")
)

// Content is a committed version, opened.
type Content interface {
	// ReadAt is [io.ReaderAt]'s with a context.
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	Close()
}

// Versions opens committed versions.
type Versions interface {
	Open(ctx context.Context, v *catalog.Version) (Content, error)
	// Fetch begins to bring all of a version here, because it will be needed.
	Fetch(v *catalog.Version)
	// Keep takes the bytes of a version, which are in the file at path, for those who will
	// open it. The file is not changed any more and will be removed.
	Keep(v *catalog.Version, path string)
}

// Options say what an overlay is made of.
type Options struct {
	// Dir is the state folder.
	Dir string
	// Index is the committed tree.
	Index *catalog.Index
	// Versions gives the bytes under what is edited.
	Versions Versions
	// Device is this device's name, for the names of conflicts.
	Device string
	// Changed is told of what programs see otherwise than before by no doing of theirs.
	Changed func([]catalog.Change)
	Log     *slog.Logger
}

// Overlay is the visible tree: the committed one with what was changed here laid over.
//
// An entry that differs from what is committed has a [change], in memory and in the
// journal; every other is answered from the index. A row of the index counts only if its
// entry has no change, so the two may move one after the other: a commit is in the
// index before its changes leave the overlay, and for that moment both say the same.
type Overlay struct {
	index    *catalog.Index
	versions Versions
	device   string
	announce func([]catalog.Change)
	log      *slog.Logger
	staging  *staging.Store
	journal  *journal
	// compacted is how large the journal was when it was last written anew, in bytes.
	compacted atomic.Int64
	dir       string

	// left counts how often changes have left for the index, or for good.
	left atomic.Uint64

	// turn is held by whoever changes the overlay, while the index is read, the journal
	// appended (one write, no wait for a disk) and staged files are made. It comes before
	// all other locks of this package.
	turn sync.Mutex
	// freed are staged files that the next record frees. turn is held.
	freed []string
	// fitted is the commit that the changes were last fitted to; -1 for none. turn is held.
	fitted int64
	// epoch is the run of the log that uploads were meant for. turn is held.
	epoch string
	// packing: contents are committed when they have been offered to a scan pack. turn is held.
	packing bool
	// trashSeen is when it was looked what of the trash can still come back. turn is held.
	trashSeen time.Time

	// mu guards the fields below; taken after turn or alone, no I/O under it.
	mu      sync.RWMutex
	changes map[catalog.ID]*change
	names   map[spot]*change                 // those that are not gone
	inside  map[catalog.ID][]*change         // of names, by folder, in order of the names
	nodes   map[catalog.ID]*change           // by the node of a content, also while only a handle is left
	touched map[catalog.ID]int64             // folders whose list has changed: their time
	own     map[catalog.ID]map[string][]byte // extended attributes that are not shared
	mark    int64                            // of the last record in the journal

	leaving   []*content // whose bytes are to become the cache's
	garbage   []*content // whose staged files go when the journal is durable
	conflicts []Trouble
	damaged   []quarantined

	// wake tells the uploader, and news the committer, that there may be something to do.
	wake, news chan struct{}
	// planned are the entries that the last plan's operations are about. turn is held.
	planned []catalog.ID
}

// Open reads the journal and takes up what it says.
func Open(o Options) (*Overlay, error) {
	x := &Overlay{index: o.Index, versions: o.Versions, device: o.Device, announce: o.Changed, log: o.Log, dir: o.Dir,
		changes: map[catalog.ID]*change{}, names: map[spot]*change{}, inside: map[catalog.ID][]*change{},
		nodes: map[catalog.ID]*change{}, touched: map[catalog.ID]int64{}, own: map[catalog.ID]map[string][]byte{}, wake: make(chan struct{}, 1), news: make(chan struct{}, 1), fitted: -1}
	if x.announce == nil {
		x.announce = func([]catalog.Change) {}
	}
	var err error
	if _, x.epoch, err = o.Index.Bound(context.Background()); err != nil {
		return x, err
	}
	return x, x.recover()
}

// Left tells whether the state folder dir holds changes, or did once.
func Left(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "journal"))
	return !errors.Is(err, fs.ErrNotExist)
}

// Close ends the overlay: names become durable. Nobody may use it afterwards.
func (x *Overlay) Close() error {
	err := x.journal.close()
	if err == nil {
		x.mu.RLock()
		garbage := x.garbage
		x.mu.RUnlock()
		for _, c := range garbage {
			err = errors.Join(err, x.discard(c))
		}
	}
	return errors.Join(err, x.staging.Close())
}

// altered gives an entry's change to be altered, or begins one. turn is held.
func (x *Overlay) altered(ctx context.Context, id catalog.ID) (*change, error) {
	if c := x.change(id); c != nil {
		if c.Gone {
			return nil, catalog.ErrNotFound
		}
		return c.copied(), nil
	}
	e, err := x.index.Entry(ctx, id)
	if err != nil {
		return nil, err
	}
	return changeOf(&e), nil
}

// now is a time for an operation.
func now() int64 { return time.Now().UnixNano() }

// touch gives the time that a folder has after its list changed: always later than before.
// turn is held.
func (x *Overlay) touch(ctx context.Context, into map[catalog.ID]int64, folder catalog.ID, at int64) error {
	a, err := x.Node(ctx, folder)
	if err != nil {
		return err
	}
	if before, ok := into[folder]; ok {
		a.MTime = before
	}
	into[folder] = max(at, a.MTime+1)
	return nil
}

// record appends to the journal. turn is held.
func (x *Overlay) record(r record) error {
	body, err := r.encode()
	if err != nil {
		return err
	}
	mark, err := x.journal.append(body)
	if err != nil {
		return fmt.Errorf("recording a change: %w", full(err))
	}
	x.mu.Lock()
	x.mark = mark
	x.mu.Unlock()
	return nil
}

// apply records changes and shows them. One that says nothing else than the locker does
// leaves. turn is held.
func (x *Overlay) apply(touched map[catalog.ID]int64, changes ...*change) error {
	r := record{Touched: touched}
	for _, c := range changes {
		r.say(c, c.differs() || x.isLocal(c))
	}
	return x.show(r)
}

// show records changes and shows them. turn is held.
func (x *Overlay) show(r record) error {
	r.Free, x.freed = append(r.Free, x.freed...), nil
	if err := x.record(r); err != nil {
		return err
	}
	x.mu.Lock()
	x.lay(r)
	x.mu.Unlock()
	x.nudge()
	return nil
}

// Free is how many bytes may be written before the disk is as full as it may be; -1 where
// that is not known. What is in the store gives its room back.
func (x *Overlay) Free() int64 { return x.staging.Free() }

// nudge wakes those who bring changes to the store.
func (x *Overlay) nudge() {
	for _, c := range []chan struct{}{x.wake, x.news} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Sync makes all names durable that were changed before it was called.
func (x *Overlay) Sync(ctx context.Context) error {
	x.mu.RLock()
	mark := x.mark
	x.mu.RUnlock()
	return x.journal.sync(ctx, mark)
}

var _ io.Closer = (*Overlay)(nil)
