package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

const (
	// pinPause is the least time between two looks at what pins cover, which take a tenth of
	// the time at most, and pinRetry when one that could not see all is done again.
	pinPause = 500 * time.Millisecond
	pinShare = 10
	pinRetry = time.Minute
	// maxTouched bounds how many changed folders are remembered; with more, all are.
	maxTouched = 10_000
)

// pins know what must stay on this machine: which versions the rules cover now. The keeper
// brings and keeps them.
type pins struct {
	rules   *pin.Rules
	keeper  *pin.Keeper
	index   *catalog.Index
	overlay *pending.Overlay
	// read gives the text of a playlist.
	read func(ctx context.Context, e catalog.Entry) ([]byte, error)
	// yields is how much the cache would give up for what is pinned, in bytes.
	yields func() int64
	// mount is where the locker is mounted, or empty.
	mount func() string
	log   *slog.Logger
	wake  chan struct{}

	turn sync.Mutex // held while it is worked out what rules cover; before mu

	mu   sync.Mutex // guards the fields below; no I/O under it
	sets map[int64]*pinSet
	// stale are the rules to look at again; touched the folders that changed since.
	stale   map[int64]bool
	touched map[catalog.ID]bool
	// every: all rules are to be looked at.
	every bool
}

// pinSet is what a rule covers.
type pinSet struct {
	objects []cache.Object
	// files and bytes count all, tracks the audio among them.
	files, tracks int
	bytes         int64
	albums        []catalog.ID        // folders with tracks
	listed        map[catalog.ID]bool // what a playlist names
	// waiting files, of so many bytes, are not in the store yet: they are here.
	waiting      int
	waitingBytes int64
	// gone: there is no such file or folder any more.
	gone bool
	// unread: the playlist could not be read, so that it may name others too.
	unread bool
}

// openPins opens what is pinned in the engine's state folder.
func openPins(e *engine) (*pins, error) {
	log := e.log("pins")
	rules, aside, err := pin.OpenRules(e.place.state)
	if err != nil {
		return nil, err
	}
	if aside != "" {
		log.Error("the list of pins cannot be read and was put aside; nothing pinned is removed while it is there", "file", aside)
	}
	p := &pins{rules: rules, index: e.index, log: log, wake: make(chan struct{}, 1), every: true,
		sets: map[int64]*pinSet{}, stale: map[int64]bool{}, touched: map[catalog.ID]bool{}}
	p.read = e.playlistText
	p.yields = func() int64 {
		if !sameDisk(e.place.state, e.place.cache) {
			return 0
		}
		return e.cache.Stats().Held
	}
	p.mount = func() string {
		if m := e.mounted.Load(); m != nil {
			return *m
		}
		return e.place.mount
	}
	p.keeper, err = pin.Open(pin.Options{Dir: e.place.state, Source: pinSource{e.cache, e.near}, Ready: e.mayPin,
		Floor: pin.Auto, Came: p.came, Log: log})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// errMeteredNow: bytes cost money.
var errMeteredNow = errors.New("the network is metered")

// mayPin gives why nothing is to be fetched for pins now.
func (e *engine) mayPin() error {
	if state, _, trouble := e.link.now(); state == linkOffline {
		return errors.New(trouble)
	}
	if e.thrift.now() {
		return errMeteredNow
	}
	return nil
}

// over says what programs see. Nothing asks for that before.
func (p *pins) over(x *pending.Overlay) {
	if p != nil {
		p.overlay = x
	}
}

// run keeps what is pinned here until ctx ends.
func (p *pins) run(ctx context.Context) {
	if p == nil || p.index.WaitSynced(ctx) != nil {
		return
	}
	var keeping sync.WaitGroup
	defer keeping.Wait()
	keeping.Go(func() { p.keeper.Run(ctx) })
	for {
		began := time.Now()
		var again <-chan time.Time
		if err := p.catchUp(ctx); err != nil && ctx.Err() == nil {
			p.log.Debug("it is not known yet what all pins cover", "reason", err)
			again = time.After(pinRetry)
		}
		if rest(ctx, max(pinPause, pinShare*time.Since(began))) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-p.wake:
		}
	}
}

// changed tells of a commit, without waiting.
func (p *pins) changed(changes []catalog.Change) {
	if p == nil || len(changes) == 0 || !p.rules.Any() {
		return
	}
	p.mu.Lock()
	for _, c := range changes {
		// What is new in the root may be all of a catalog that was rebuilt.
		if p.every = p.every || c.Parent == catalog.Root || c.Parent == 0 || len(p.touched) == maxTouched; p.every {
			clear(p.touched)
			break
		}
		p.touched[c.Parent] = true
	}
	p.mu.Unlock()
	p.look()
}

// came has playlists read that could not be before: what came may be one.
func (p *pins) came() {
	p.mu.Lock()
	unread := false
	for _, set := range p.sets {
		unread = unread || set.unread
	}
	p.mu.Unlock()
	if unread {
		p.look()
	}
}

// nudge tells that the store came back, or that there is room, without waiting.
func (p *pins) nudge() {
	if p != nil {
		p.keeper.Again()
		p.look()
	}
}

func (p *pins) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// catchUp looks again at what has changed and tells the keeper.
func (p *pins) catchUp(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if !p.index.Synced() { // nothing is there, and nothing is gone
		return catalog.ErrUnsynced
	}
	if err := p.age(ctx); err != nil {
		return err
	}
	failed := p.renew(ctx)
	if !p.index.Synced() {
		return catalog.ErrUnsynced
	}
	p.want()
	return failed
}

// want tells the keeper what all rules cover. turn is held.
func (p *pins) want() {
	rules := p.rules.List()
	var all []cache.Object
	whole := len(p.rules.Aside()) == 0
	sets := make(map[int64]*pinSet, len(rules))
	p.mu.Lock()
	for _, r := range rules {
		set := p.sets[r.ID]
		if set == nil {
			whole = false
			continue
		}
		whole = whole && !set.unread
		sets[r.ID] = set
		all = slices.Concat(all, set.objects)
	}
	p.sets = sets
	p.mu.Unlock()
	p.keeper.Want(all, whole)
}

// file gives the pinned file of a version, if it is here.
func (p *pins) file(v *catalog.Version) (*os.File, bool) {
	if p == nil || v.Object.Key == "" {
		return nil, false
	}
	return p.keeper.File(objectOf(v))
}

// has tells whether the pinned file of a version is here.
func (p *pins) has(v *catalog.Version) bool {
	return p != nil && v.Object.Key != "" && p.keeper.Has(objectOf(v))
}

// take makes what was written here a pinned file, if it lies under a pin, and tells whether
// it did.
func (p *pins) take(ctx context.Context, v *catalog.Version, path string) bool {
	if p == nil || !p.rules.Any() {
		return false
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	entries, err := p.index.ByKey(ctx, v.Object.Key)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if own, inherited, err := p.pinned(ctx, p.index, e); err != nil || !own && !inherited {
			continue
		}
		if err := p.keeper.Take(objectOf(v), path); err != nil {
			p.log.Warn("what was written here will be fetched again to stay here", "key", v.Object.Key, "error", err)
			return false
		}
		return true
	}
	return false
}
