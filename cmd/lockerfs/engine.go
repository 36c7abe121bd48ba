package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
)

// firstContact bounds how long a command waits for the store before it says so.
const firstContact = 10 * time.Second

// ground is what an engine stands on besides its place.
type ground struct {
	// log gives the logger of a component.
	log func(component string) *slog.Logger
	// loud has so much of the log be shown from now on.
	loud func(slog.Level)
	// note tells the person something beside the answer.
	note func(format string, args ...any)
	// open opens the store at a URL, with a file of keys or without.
	open func(ctx context.Context, u *url.URL, credentials string) (remote.Store, error)
	// runner is who starts this process again after a crash.
	runner runner
}

// engine is the assembly of everything in the process that owns the state folder.
// It opens without the network.
type engine struct {
	place place
	ground
	started  time.Time
	lock     *stateLock
	store    *traffic
	index    *catalog.Index
	device   pending.Device
	follower *catalog.Follower
	// cache is nil where a command has no use for bytes.
	cache *cache.Cache
	// near has what was written here and goes into the cache.
	near *nearby
	// packs is nil with cache, and where its folder cannot be used.
	packs *packs
	// heads is nil with cache.
	heads *heads
	// pins is nil with cache, and where they cannot be read.
	pins *pins
	// thrift is nil with cache.
	thrift *thrift
	hook   *hook // nil where there is none
	bell   *bell // nil where nobody is told
	link   *link
	// overlay is what was changed here and is not committed, uploads what brings it there;
	// both nil where nothing ever was and nothing can be.
	overlay *pending.Overlay
	uploads *pending.Uploader

	// barred is why the mount is read-only though nobody asked for that; set before it is
	// mounted.
	barred string
	// following is set before follow runs: from then on nothing waits for the store
	// to bring the index up to date.
	following atomic.Bool
	// contacted is set once the foreground has read the log's end.
	contacted atomic.Bool
	// mounted is the mount point, nil while there is none.
	mounted atomic.Pointer[string]
	// files is what the kernel sees, nil while nothing is mounted.
	files atomic.Pointer[fs.FS]
	// plan is told what programs do with it, nil while nothing is mounted.
	plan atomic.Pointer[ahead]
	// wake tells tend, and news tells learning, that commits came in or the store came
	// back.
	wake, news chan struct{}
	// importing holds one token: who has it may import.
	importing chan struct{}
	// bucket is what is done about objects of others.
	bucket *bucket
	// hashes are those that the cache has learned.
	hashes *hashes
	// timetables has the limits of the link that were asked for last.
	timetables chan timetable
	// opening holds one token: who has it may make the committer.
	opening chan struct{}

	mu        sync.Mutex // guards the fields below; taken alone, no I/O under it
	committer *pending.Committer
	totals    catalog.Totals
	totalsN   int64 // the commit the totals are of; -1 for none
	progress  *intake.Progress
}

// openEngine takes the state folder and opens what is on this machine.
func openEngine(ctx context.Context, p place, withCache bool, g ground) (_ *engine, err error) {
	u, err := url.Parse(p.store)
	if err != nil {
		return nil, err
	}
	e := &engine{ground: g, place: p, started: time.Now(), totalsN: -1, wake: make(chan struct{}, 1), news: make(chan struct{}, 1),
		importing: make(chan struct{}, 1), opening: make(chan struct{}, 1), timetables: make(chan timetable, 1)}
	if p.bandwidth != nil {
		e.bandwidth(p.bandwidth)
	}
	e.bucket, e.hashes = newBucket(), newHashes()
	e.hook = newHook(p.onChange, e.point, e.log("hook"))
	e.link = newLink(e.log("store"), p.where())
	e.store = newTraffic(newLazyStore(func(ctx context.Context) (remote.Store, error) { return g.open(ctx, u, p.credentials) }), p.state, e.report)
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	if e.lock, err = lockState(p.state); errors.Is(err, errLocked) {
		return nil, inUse(p.state)
	} else if err != nil {
		return nil, err
	}
	if e.index, err = catalog.OpenIndex(ctx, filepath.Join(p.state, "index.db"), e.log("catalog")); err != nil {
		return nil, err
	}
	if e.device, err = pending.OpenDevice(p.state); err != nil {
		return nil, err
	}
	// Only the committer's log writes; this one is read, so it need not know the
	// store's conditions yet.
	e.follower = catalog.NewFollower(catalog.NewLog(e.store, true), e.index, e.log("catalog"), e.applied)
	// What was changed here may need bytes from under it.
	withCache = withCache || pending.Left(p.state)
	if withCache {
		e.near = &nearby{Fetcher: e.store, files: map[catalog.Ref]*os.File{}}
		if e.cache, err = openCache(p, e.near, e.hashes.learn, e.log("cache")); err != nil {
			return nil, err
		}
		e.thrift = newThrift(p.metered)
		if e.packs, err = openPacks(p.cache, e.store, e.index, e.log("packs")); err != nil {
			e.log("packs").Warn("scans read each file by itself", "reason", err)
		}
		if e.packs != nil {
			e.packs.thrift = e.thrift
		}
		if e.pins, err = openPins(e); err != nil {
			e.log("pins").Error("nothing can be pinned", "reason", err)
		}
		e.heads = newHeads(e)
		return e, e.openOverlay()
	}
	return e, nil
}

func openCache(p place, s cache.Fetcher, learned func(cache.Object), log *slog.Logger) (*cache.Cache, error) {
	if err := os.MkdirAll(p.cache, 0o700); err != nil {
		return nil, fmt.Errorf("cache folder: %w", err)
	}
	limit := p.cacheSize
	if limit == 0 {
		limit = cache.Auto
	}
	return cache.Open(cache.Options{Dir: p.cache, Limit: limit, Floor: cache.Auto, Learned: learned, Log: log}, s)
}

// Close gives everything back, the state folder last. An import that was told to end
// commits what it has uploaded first.
func (e *engine) Close() error {
	select {
	case e.importing <- struct{}{}:
	case <-time.After(lastWord):
	}
	var errs []error
	if e.overlay != nil {
		errs = append(errs, e.overlay.Close())
	}
	if e.packs != nil {
		errs = append(errs, e.packs.Close())
	}
	if e.cache != nil {
		errs = append(errs, e.cache.Close())
	}
	if e.index != nil {
		errs = append(errs, e.index.Close())
	}
	errs = append(errs, e.store.Close())
	if e.lock != nil {
		_ = e.store.bill.save() // counts are worth no error
		errs = append(errs, e.lock.release())
	}
	return errors.Join(errs...)
}

// applied is told of every commit that came into the index.
func (e *engine) applied(a catalog.Applied) {
	changes := a.Changes
	if e.overlay != nil {
		changes = e.fit(a)
	}
	e.announce(changes)
	if len(a.Changes) > 0 {
		e.hook.changed()
	}
	e.pins.changed(a.Changes)
	e.nudge()
}

// report notes how a request to the store went. Whoever finds it back wakes tend.
func (e *engine) report(err error) {
	if e.link.report(err) {
		e.nudge()
		e.pins.nudge()
		if e.uploads != nil {
			e.uploads.Again()
		}
	}
}

// nudge wakes tend and learning, without waiting.
func (e *engine) nudge() {
	for _, c := range []chan struct{}{e.wake, e.news} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	e.packs.nudge()
	e.heads.nudge()
	wake(e.bucket.news)
}

// follow keeps the index at the end of the log until ctx ends. hopeless, if not nil,
// is told once when this device has never read the catalog and trying again will not
// change that.
func (e *engine) follow(ctx context.Context, every time.Duration, hopeless func(error)) {
	var tending sync.WaitGroup
	tending.Go(func() { e.tend(ctx) })
	tending.Go(func() { e.packs.fill(ctx) })
	tending.Go(func() { e.heads.fill(ctx) })
	tending.Go(func() { e.pins.run(ctx) })
	tending.Go(func() { e.uploads.Run(ctx) })
	tending.Go(func() { e.awake(ctx) })
	tending.Go(func() { e.keepLimits(ctx) })
	tending.Go(func() { e.store.bill.keep(ctx) })
	if e.hook != nil {
		tending.Go(func() { e.hook.watch(ctx) })
	}
	if e.bell != nil {
		tending.Go(func() { e.bell.watch(ctx) })
	}
	tending.Go(func() { e.watchBucket(ctx) })
	tending.Go(func() { e.tellHashes(ctx) })
	if e.thrift != nil {
		tending.Go(func() { e.thrift.watch(ctx, e.nudge) })
	}
	defer e.learning()()
	e.follower.Run(ctx, every, func(err error) {
		e.report(err)
		if err != nil && hopeless != nil && !e.index.Synced() && !passing(err) {
			hopeless(err)
			hopeless = nil
		}
	})
	tending.Wait()
}

// fresh makes sure that the index may be answered from: up to date where the store
// answers. strict: an index that cannot be brought up to date is an error; else it
// is used as it is, with a note, if it ever held the whole tree.
func (e *engine) fresh(ctx context.Context, strict bool) error {
	ctx, cancel := context.WithTimeout(ctx, firstContact)
	defer cancel()
	if e.following.Load() && !strict {
		return e.awaitSynced(ctx)
	}
	if e.contacted.Load() || e.following.Load() && e.index.Synced() {
		return nil
	}
	err := e.follower.Open(ctx)
	e.report(err)
	if err == nil {
		e.contacted.Store(true)
		return nil
	}
	if !strict && away(err) && e.index.Synced() {
		e.note("lockerfs: %s; answering from what this device knew last", oneLine(diagnose(err, e.place.where()).cause))
		return nil
	}
	return err
}

func (e *engine) awaitSynced(ctx context.Context) error {
	if e.index.Synced() {
		return nil
	}
	err := e.index.WaitSynced(ctx)
	if _, _, trouble := e.link.now(); err != nil && trouble != "" {
		return &fault{code: exitUnreachable, cause: "this device has not read the catalog yet: " + trouble, next: "run the command again when the store can be reached", err: err}
	}
	return err
}

// passing tells whether an error may go away by itself.
func passing(err error) bool {
	return remote.Temporary(err) || errors.Is(err, context.DeadlineExceeded)
}

// away tells whether the store, and not the locker, is what failed.
func away(err error) bool {
	for _, kind := range []error{remote.ErrOffline, remote.ErrThrottled, remote.ErrNoStore, remote.ErrDenied, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
