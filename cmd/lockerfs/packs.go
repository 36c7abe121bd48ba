package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// How scan packs come.
const (
	// packPage is how many entries are looked at together for packs that are missing.
	packPage = 500
	// packsAtOnce is how many packs are fetched together with nobody waiting.
	packsAtOnce = 3
	// maxComing bounds the packs on their way.
	maxComing = 64
	// packPause is the least time between two walks for packs that are missing, which
	// take a tenth of the time at most; packRetry is when one that found the store away
	// is done again though nobody says that it is back.
	packPause = 2 * time.Second
	packShare = 10
	packRetry = time.Minute
	// packAgain is when a pack that is not to be had is asked for again, and maxAbsent
	// how many such are remembered.
	packAgain = 10 * time.Minute
	maxAbsent = 10_000
)

// packs are the scan packs on this machine, and what brings them here: in bulk, when
// nothing else is to be done, and each when a file of it is opened.
type packs struct {
	shelf *pack.Shelf
	index packIndex
	log   *slog.Logger
	wake  chan struct{} // commits came in, or the store came back
	first chan struct{} // closed when fill has gone through the locker once
	// thrift is nil where nobody counts.
	thrift *thrift
	// pause is the least time between walks; patience is how long who scans waits.
	pause, patience time.Duration

	base  context.Context // of what is fetched
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu       sync.Mutex // guards the fields below and those of coming; no I/O under it
	closed   bool
	coming   map[string]*coming
	absent   map[string]time.Time // not to be asked for before
	scanned  time.Time            // when a scan was seen last
	refusals refusals
}

// packIndex tells which packs there are; *catalog.Index does.
type packIndex interface {
	WaitSynced(ctx context.Context) error
	Applied() int64
	Listed() int64
	Packs(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Packed, error)
}

// openPacks opens the shelf beside the cache.
func openPacks(dir string, s pack.Fetcher, index packIndex, log *slog.Logger) (*packs, error) {
	shelf, err := pack.NewShelf(pack.Options{Dir: filepath.Join(dir, "packs"), Limit: pack.Auto, Key: catalog.PackKey, Log: log}, s)
	if err != nil {
		return nil, err
	}
	p := &packs{shelf: shelf, index: index, log: log, wake: make(chan struct{}, 1), first: make(chan struct{}), pause: packPause, patience: scanPatience,
		coming: map[string]*coming{}, absent: map[string]time.Time{}}
	p.base, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Close ends what is on its way.
func (p *packs) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	err := p.shelf.Close()
	p.tasks.Wait()
	return err
}

// packStats is what status tells of packs.
type packStats struct {
	Count int `json:"count"`
	// Bytes are here, of Limit at most.
	Bytes int64 `json:"bytes"`
	Limit int64 `json:"limit"`
}

func (p *packs) stats() *packStats {
	if p == nil {
		return nil
	}
	bytes, count := p.shelf.Held()
	return &packStats{Count: count, Bytes: bytes, Limit: p.shelf.Limit()}
}

// bytes is how many bytes of a file are in its pack, if that is here.
func (p *packs) bytes(v *catalog.Version) int64 {
	if p == nil || v.Pack == "" {
		return 0
	}
	return min(p.shelf.Bytes(v.Pack, pack.ID(v.Mark())), v.Size)
}

// has tells whether a file's pack is here.
func (p *packs) has(v *catalog.Version) bool { return p.bytes(v) > 0 }

// inPack is what info tells of a file's pack.
type inPack struct {
	Name string `json:"name"`
	// Here tells whether the pack is on this machine.
	Here bool `json:"here"`
}

// holding tells which pack has a file's head; nil when none has.
func (p *packs) holding(v *catalog.Version) *inPack {
	if v.Pack == "" {
		return nil
	}
	return &inPack{v.Pack, p.has(v)}
}

func (i *inPack) text() string {
	switch {
	case i == nil:
		return ""
	case i.Here:
		return "in a scan pack that is here"
	}
	return "in a scan pack that is not here"
}

// nudge wakes fill, without waiting.
func (p *packs) nudge() {
	if p == nil {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// fetch brings a pack here unless it is, or is on its way, or was not to be had a
// while ago. It gives the one on its way, or nil, and tells whether it was before.
func (p *packs) fetch(name string) (_ *coming, before bool) {
	if p.shelf.Has(name) {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.coming[name]; c != nil {
		return c, true
	}
	if p.closed || !pack.ValidName(name) || len(p.coming) >= maxComing || time.Now().Before(p.absent[name]) {
		return nil, false
	}
	class := remote.ScanPack
	if time.Since(p.scanned) < scanNext {
		class = remote.ReadAhead
	}
	c := &coming{ticket: remote.NewTicket(class), done: make(chan struct{})}
	p.coming[name] = c
	p.tasks.Go(func() { p.arrive(name, c) })
	return c, false
}

// arrive fetches a pack that is on its way.
func (p *packs) arrive(name string, c *coming) {
	err := p.shelf.Fetch(remote.WithTicket(p.base, c.ticket), name)
	if err == nil && !p.shelf.Has(name) {
		err = errPacksFull
	}
	if err != nil && p.base.Err() == nil {
		p.log.Debug("a scan pack did not come", "pack", name, "reason", err)
	}
	p.mu.Lock()
	delete(p.coming, name)
	if err != nil && !away(err) {
		if len(p.absent) >= maxAbsent {
			clear(p.absent)
		}
		p.absent[name] = time.Now().Add(packAgain)
	}
	p.mu.Unlock()
	c.err = err
	close(c.done)
}
