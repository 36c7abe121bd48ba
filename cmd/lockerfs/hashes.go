package main

import (
	"context"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// Adopted files have no hash until one was read whole: then the cache knows it, and all
// devices are to.

const (
	// hashPause is how often hashes are committed, together.
	hashPause = 10 * time.Second
	// mostHashes is how many are kept until then; what is beyond is learnt another time.
	mostHashes = 10_000
)

// hashes are those that the cache has learned and nobody else knows.
type hashes struct {
	mu    sync.Mutex // guards known; no I/O under it
	known map[catalog.Ref]catalog.Hash
}

func newHashes() *hashes { return &hashes{known: map[catalog.Ref]catalog.Hash{}} }

// learn notes the hash of a foreign object.
func (h *hashes) learn(o cache.Object) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.known) < mostHashes {
		h.known[catalog.Ref{Key: o.Key, ETag: o.ETag}] = o.SHA256
	}
}

// take gives all that are known, and forgets them.
func (h *hashes) take() map[catalog.Ref]catalog.Hash {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.known
	h.known = map[catalog.Ref]catalog.Hash{}
	return all
}

// keep notes again what could not be committed.
func (h *hashes) keep(all map[catalog.Ref]catalog.Hash) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ref, sum := range all {
		h.known[ref] = sum
	}
}

// tellHashes commits what was learned, until ctx ends.
func (e *engine) tellHashes(ctx context.Context) {
	for rest(ctx, durationOf("LOCKERFS_HASHES", hashPause)) == nil {
		all := e.hashes.take()
		if len(all) == 0 || e.place.readOnly {
			continue
		}
		if err := e.commitHashes(ctx, all); err != nil {
			e.hashes.keep(all)
			if ctx.Err() == nil {
				e.log("cache").Debug("hashes of adopted files are not committed yet", "reason", err)
			}
		}
	}
}

// commitHashes adds hashes to the files that have these objects. Those that are not
// described yet are left for later: describing them says all at once.
func (e *engine) commitHashes(ctx context.Context, all map[catalog.Ref]catalog.Hash) error {
	var ops []catalog.Op
	later := map[catalog.Ref]catalog.Hash{}
	now := time.Now().UnixNano()
	for ref, sum := range all {
		files, err := e.index.ByKey(ctx, ref.Key)
		if err != nil {
			return err
		}
		for _, f := range files {
			v := *f.Version
			switch {
			case v.SHA256.Known() || !v.Object.Foreign || v.Object.ETag != ref.ETag:
			case v.Tags == nil && tag.Audio(f.Name):
				later[ref] = sum
			default:
				v.SHA256 = sum
				ops = append(ops, catalog.Op{Verb: catalog.Describe, At: now, ID: f.ID, Version: &v})
			}
		}
	}
	if len(ops) > 0 {
		c, err := e.writer(ctx)
		if err != nil {
			return err
		}
		if _, err := c.Commit(ctx, ops); err != nil {
			return err
		}
	}
	e.hashes.keep(later)
	return nil
}
