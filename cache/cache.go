package cache

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/lockerfs/lockerfs/remote"
)

// Errors of this package. All others are the kinds of package remote, or a context's.
var (
	// ErrClosed: the cache was closed, or the handle released.
	ErrClosed = errors.New("cache is closed")
	// ErrInUse: another process owns the folder.
	ErrInUse = errors.New("cache folder is in use by another process")
)

// Fetcher gives ranges of objects, as [remote.Getter] describes it. The context
// carries the values of the reader's that began the fetch, and not its end.
type Fetcher interface {
	Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error)
}

// Options say where a cache lives and how large it may get.
type Options struct {
	// Dir is the folder, made when it is missing. This process will own it.
	Dir string
	// Limit is what the objects here may take on disk, in bytes; 0 keeps nothing, and
	// every read goes to the store. [Auto] is the smaller of 50 GB and a fifth of the
	// room, which is what is free on the disk or taken by this cache already.
	Limit int64
	// Floor is what must stay free on the disk, in bytes: nothing is written below it,
	// and when others write more, the cache makes place within seconds. [Auto] is the
	// larger of 1 GiB and 2 % of the disk, but never more than half of the room: a small
	// disk gets a small cache and not none.
	Floor int64
	// Timeout is how long a fetch may stand still, and a read with it, while the store
	// sends nothing at all; 0 means [DefaultTimeout]. As long as it sends anything, a read
	// may take six times as long.
	Timeout time.Duration
	// Log takes what cannot be returned to a reader; nil discards it.
	Log *slog.Logger
	// Learned, if not nil, is told the SHA-256 of a foreign object that had none, once all
	// of it is here. It must return soon.
	Learned func(Object)
}

// DefaultTimeout bounds the wait for a store that sends nothing.
const DefaultTimeout = 10 * time.Second

// tuning holds what tests change.
type tuning struct {
	grace    time.Duration // from the last release until fills end and the map is unloaded
	flush    time.Duration // between writes of changed maps, and looks at the free disk
	sulk     time.Duration // nothing is admitted for so long after the disk failed
	patience time.Duration // from Open on misses wait so long for the scan; then they pass through
	// playedOpen is how long a file that is read without us is open when it is played.
	playedOpen time.Duration
	files      int // data files kept open though nobody reads them
	space      func(dir string) (space, error)
	list       func(dir string) ([]os.DirEntry, error)
	write      func(f *os.File, p []byte, off int64) (int, error)
	punch      func(f *os.File, off, n int64) error
}

func defaults() tuning {
	return tuning{grace: 3 * time.Second, flush: 5 * time.Second, sulk: 5 * time.Second,
		patience: 250 * time.Millisecond, playedOpen: playedOpen, files: 256, space: diskSpace, list: os.ReadDir,
		write: (*os.File).WriteAt, punch: punchHole}
}

// Cache holds blocks of object versions on local disk. Its methods may be called
// from many goroutines.
type Cache struct {
	opts   Options
	tune   tuning
	fetch  Fetcher
	log    *slog.Logger
	lock   *os.File
	files  *descriptors
	loads  singleflight.Group
	bufs   sync.Pool // of *[]byte, blockSize long
	count  counters
	clock  atomic.Int64 // one tick per read: the order of use
	unborn atomic.Int64 // bytes reserved, or about to be, but not written yet
	sulks  atomic.Int64 // unix nanoseconds until which nothing is admitted

	base    context.Context // ends with Close
	end     context.CancelFunc
	opened  time.Time
	scanned chan struct{}          // closed when all objects on disk are known
	budget  atomic.Pointer[budget] // nil until shortly before that
	work    sync.WaitGroup

	gate   sync.Mutex // guards closed, so that no work starts after Close began to wait; taken last
	closed bool

	mu        sync.Mutex // guards all below and the fields of every record; before replica.mu
	records   map[id]*record
	loaded    map[*record]struct{} // those with a replica
	held      int64                // sum of the charges
	probation segment              // see order.go
	protected segment
}

// record is what the cache remembers of every object that has files here or is in use.
type record struct {
	id     id
	charge int64 // bytes counted for it
	stamp  int64 // clock at its last use, as far as its segment knows
	in     *segment
	place  *list.Element
	played time.Time // when it was last played, as far as known

	rep      *replica      // nil when its map is not loaded
	refs     int           // handles
	released time.Time     // when refs fell to 0
	busy     chan struct{} // being loaded or evicted; closed and nil afterwards
}

// Open makes the cache in opts.Dir ready. What the folder holds is counted in the
// background; hits do not wait for that, and what misses fetch meanwhile is kept only
// if it takes no longer than a moment. Errors: [ErrInUse], and those of making the
// folder.
func Open(opts Options, fetch Fetcher) (*Cache, error) { return open(opts, fetch, defaults()) }

func open(opts Options, fetch Fetcher, tune tuning) (*Cache, error) {
	if err := os.MkdirAll(filepath.Join(opts.Dir, objectsFolder), 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	lock, err := lockFolder(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", opts.Dir, err)
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache{
		opts: opts, tune: tune, fetch: fetch, log: opts.Log, lock: lock,
		files:     newDescriptors(tune.files),
		opened:    time.Now(),
		scanned:   make(chan struct{}),
		records:   map[id]*record{},
		loaded:    map[*record]struct{}{},
		probation: segment{order: list.New()},
		protected: segment{order: list.New()},
	}
	c.bufs.New = func() any { b := make([]byte, blockSize); return &b }
	c.base, c.end = context.WithCancel(context.Background())
	c.work.Go(c.scan)
	c.work.Go(c.keep)
	return c, nil
}

// Close ends all fetches and reads, writes the maps and gives the folder back.
// Handles that are still open fail with [ErrClosed].
func (c *Cache) Close() error {
	c.gate.Lock()
	again := c.closed
	c.closed = true
	c.gate.Unlock()
	if again {
		return nil
	}
	c.end()
	c.work.Wait()
	var failed error
	for _, rec := range c.loadedRecords() {
		failed = errors.Join(failed, c.persist(rec))
		c.stampFiles(rec)
	}
	c.files.forgetAll()
	if err := errors.Join(failed, c.lock.Close()); err != nil {
		return fmt.Errorf("close cache: %w", err)
	}
	return nil
}

// spawn runs work in the background unless the cache is closed.
func (c *Cache) spawn(work func()) bool {
	c.gate.Lock()
	defer c.gate.Unlock()
	if c.closed {
		return false
	}
	c.work.Go(work)
	return true
}
