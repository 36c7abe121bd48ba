package pin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/cache"
)

// Errors of what is to be kept.
var (
	// ErrGone is what a [Source] gives when this object is not to be had, and others may be.
	ErrGone = errors.New("the store does not have it")
	// ErrNoRoom: the disk would get too full.
	ErrNoRoom = errors.New("the disk is too full")
	// ErrCorrupt: the bytes from the store are not those of the SHA-256.
	ErrCorrupt = errors.New("its bytes do not match its SHA-256")
)

// Source gives bytes of objects.
type Source interface {
	// ReadAt fills p with the bytes of obj from off on, of this version and no other. An
	// error that is not ErrGone counts for all objects.
	ReadAt(ctx context.Context, obj cache.Object, p []byte, off int64) error
}

// Options say how a keeper works.
type Options struct {
	// Dir is the state folder.
	Dir string
	// Source is where bytes come from.
	Source Source
	// Ready gives why nothing may be fetched now; nil when something may.
	Ready func() error
	// Floor is what must stay free on the disk, in bytes. Auto is 512 MiB or a hundredth of
	// the disk, whichever is more, but no more than a quarter of what is free at first: half
	// of what a cache leaves free, which so gives way to what is pinned.
	Floor int64
	// Came is told, with no lock held, that an object has come here; nil for nobody.
	Came func()
	// Log takes what nobody is told; nil discards it.
	Log *slog.Logger
}

// Auto as [Options].Floor leaves it to the keeper.
const Auto int64 = -1

// leastFloor is the least that stays free unless told otherwise, in bytes.
const leastFloor int64 = 512 << 20

const (
	// atOnce is how many objects are fetched together: as many as one class of the queue
	// may have under way in the background.
	atOnce = 4
	// piece is how much is asked for at a time, in bytes: what a kill costs at most, and
	// enough that its round trip does not count.
	piece = 1 << 20
	// maxRejected is how often a whole may fail its SHA-256 before it rests.
	maxRejected = 2
)

// tuning holds what tests change.
type tuning struct {
	// least and most are how long nothing is fetched after the store failed, rest how long
	// an object that is not to be had is left alone, and look how often it is asked whether
	// fetching may go on.
	least, most, rest, look time.Duration
	// check is how often one file is read again, to see whether it is right.
	check time.Duration
	space func(dir string) (total, free int64, err error)
}

func defaults() tuning {
	return tuning{least: time.Second, most: time.Minute, rest: 10 * time.Minute, look: 5 * time.Second, check: time.Minute, space: diskSpace}
}

// one is an object version that must stay here. Guarded by Keeper.mu but for got.
type one struct {
	obj  cache.Object
	here bool
	got  atomic.Int64 // bytes in its part
	// began: its part is of this process.
	began    bool
	rejected int // times the whole did not match
	err      error
	after    time.Time // it rests until then
	cancel   context.CancelFunc
}

// Keeper keeps a set of object versions on this machine. Its methods may be called from
// many goroutines.
type Keeper struct {
	opts  Options
	tune  tuning
	shelf shelf
	log   *slog.Logger
	// used: there may be files.
	used    atomic.Bool
	damaged atomic.Int64
	fetched atomic.Int64
	wake    chan struct{}

	turn  sync.Mutex // held by whoever changes the set, while files are removed; before mu
	swept bool       // what is not in the set was removed once; turn is held

	mu     sync.Mutex // guards all below and the fields of one; no I/O under it
	set    map[string]*one
	todo   []*one          // those that are not here, and maybe some that are
	busy   map[string]bool // whose files somebody is at
	pause  time.Duration   // after the last failure
	paused time.Time       // nothing is fetched until then
	why    error           // it is
}

// Open opens the pinned files of a state folder. Nothing is fetched or removed yet.
func Open(o Options) (*Keeper, error) { return open(o, defaults()) }

func open(o Options, t tuning) (*Keeper, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Came == nil {
		o.Came = func() {}
	}
	k := &Keeper{opts: o, tune: t, shelf: shelf{filepath.Join(o.Dir, "pinned")}, log: o.Log, wake: make(chan struct{}, 1),
		set: map[string]*one{}, busy: map[string]bool{}}
	if err := os.MkdirAll(k.shelf.dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of what is pinned: %w", err)
	}
	list, err := os.ReadDir(k.shelf.dir)
	if err != nil {
		return nil, fmt.Errorf("folder of what is pinned: %w", err)
	}
	k.used.Store(len(list) > 0)
	if k.opts.Floor < 0 {
		total, free, err := t.space(k.shelf.dir)
		if err != nil {
			return nil, err
		}
		k.opts.Floor = min(max(leastFloor, total/100), free/4)
	}
	return k, nil
}

// File gives the whole file of obj, if it is here: every byte of it is right, and nothing
// in it ever changes. The caller closes it.
func (k *Keeper) File(obj cache.Object) (*os.File, bool) {
	if !k.used.Load() {
		return nil, false
	}
	f, err := k.shelf.open(obj)
	if err != nil {
		k.lost(obj)
		return nil, false
	}
	return f, true
}

// Has tells whether the whole file of obj is here.
func (k *Keeper) Has(obj cache.Object) bool {
	if !k.used.Load() {
		return false
	}
	err := k.shelf.has(obj)
	if err != nil {
		k.lost(obj)
	}
	return err == nil
}

// lost has an object fetched that is not here as it should be.
func (k *Keeper) lost(obj cache.Object) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o := k.set[obj.Name()]; o != nil && o.here {
		o.here = false
		k.todo = append(k.todo, o)
		k.nudge()
	}
}

// Suspect has a file looked at that could not be read.
func (k *Keeper) Suspect(obj cache.Object) {
	k.log.Warn("a pinned file could not be read", "key", obj.Key)
	if err := k.spoil(obj); err != nil {
		k.log.Warn("a damaged file stays", "key", obj.Key, "error", err)
	}
}

// spoil removes a damaged file, and has it fetched again.
func (k *Keeper) spoil(obj cache.Object) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	name := obj.Name()
	k.mu.Lock()
	if k.busy[name] {
		k.mu.Unlock()
		return nil
	}
	if o := k.set[name]; o != nil && o.here {
		o.here = false
		k.todo = append(k.todo, o)
	}
	k.busy[name] = true // or it would be found here once more
	k.mu.Unlock()
	k.damaged.Add(1)
	err := k.shelf.remove(name)
	k.mu.Lock()
	delete(k.busy, name)
	k.mu.Unlock()
	k.nudge()
	return err
}

// nudge wakes Run, without waiting.
func (k *Keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Again ends all rests: the store is back, or there is room.
func (k *Keeper) Again() {
	k.mu.Lock()
	k.pause, k.paused = 0, time.Time{}
	for _, o := range k.todo {
		o.after = time.Time{}
	}
	k.mu.Unlock()
	k.nudge()
}
