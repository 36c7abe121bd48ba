package main

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

const (
	// headBytes is what a player reads before a track sounds, and what MPD reads of each
	// when it scans, in bytes: it fills a buffer of 512 KiB, and asks for 256 KiB more once
	// it has taken a cover out of that. What is left is for the kernel, which reads ahead.
	headBytes = 1 << 20
	// headShare is the part of the cache that heads may take if nothing else is said.
	headShare = 10
	// headsAtOnce is how many are fetched together.
	headsAtOnce = 3
	// headPause is the least time between two walks for heads that are missing.
	headPause = 10 * time.Second
	// countingPause is how often the cache is asked whether it has counted what it holds.
	countingPause = 100 * time.Millisecond
	// maxHeads bounds those that are remembered, 24 bytes each.
	maxHeads = 200_000
)

// heads fetches the first bytes of tracks when nothing else is to be done, so that
// whatever is played begins at once, and the pictures beside them that no pack has. The files that changed last come first.
type heads struct {
	index  *catalog.Index
	cache  *cache.Cache
	limit  int64 // bytes; negative for the default
	log    *slog.Logger
	kept   func(v *catalog.Version) bool // all that is wanted of it is here for other reasons
	thrift *thrift
	// after waits for what comes before the first round.
	after func(ctx context.Context)
	wake  chan struct{}

	mu    sync.Mutex // guards state
	state headStats
}

// headStats is what status tells of heads.
type headStats struct {
	// Count is how many tracks begin at once, of Wanted.
	Count  int `json:"count"`
	Wanted int `json:"wanted"`
	// Complete tells whether none is missing.
	Complete bool `json:"complete"`
}

// headSize reads how many bytes heads may take.
func headSize(s string) (*int64, error) {
	n, err := parseSize(s)
	return &n, err
}

func newHeads(e *engine) *heads {
	h := &heads{index: e.index, cache: e.cache, limit: -1, log: e.log("heads"), kept: e.kept, thrift: e.thrift, after: e.packs.arrived, wake: make(chan struct{}, 1)}
	if e.place.heads != nil {
		h.limit = *e.place.heads
	}
	return h
}

// kept tells whether a file is here without its head: it is pinned, or whole in a pack. One
// that was adopted comes all the same: its hash is learned from the cache.
func (e *engine) kept(v *catalog.Version) bool {
	return e.pins.has(v) || e.packs.bytes(v) == v.Size && v.SHA256.Known()
}

// stats is nil where there are no heads.
func (h *heads) stats() *headStats {
	if h == nil || h.limit == 0 {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state
	return &s
}

// nudge tells that commits came in or that the store came back, without waiting.
func (h *heads) nudge() {
	if h == nil {
		return
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// fill fetches until ctx ends.
func (h *heads) fill(ctx context.Context) {
	if h == nil || h.limit == 0 || h.index.WaitSynced(ctx) != nil {
		return
	}
	h.after(ctx) // scans want packs before anybody wants heads
	for {
		began := time.Now()
		if err := h.round(ctx); err != nil && ctx.Err() == nil {
			h.log.Debug("not all heads are here", "reason", err)
		}
		if rest(ctx, max(headPause, packShare*time.Since(began))) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
	}
}

// errCacheFull: what else would be fetched could push out what is played.
var errCacheFull = errors.New("the cache has no room for more heads")

// round goes through the locker once.
func (h *heads) round(ctx context.Context) error {
	if h.thrift.now() {
		return nil
	}
	room, err := h.room(ctx)
	if err != nil {
		return err
	}
	newest := &youngest{room: room}
	if err := h.collect(ctx, newest, catalog.Root, listDepth); err != nil {
		return err
	}
	slices.SortFunc(newest.files, func(a, b dated) int { return cmp.Compare(b.mtime, a.mtime) })
	h.mu.Lock()
	h.state = headStats{Wanted: newest.tracks()}
	h.mu.Unlock()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(headsAtOnce)
	for _, f := range newest.files {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return h.bring(gctx, f) })
	}
	err = g.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.Complete = err == nil && ctx.Err() == nil && h.state.Count == h.state.Wanted
	return cmp.Or(err, ctx.Err())
}

// room is how much heads may take. It is known when the cache knows its limit.
func (h *heads) room(ctx context.Context) (int64, error) {
	if h.limit > 0 {
		return h.limit, nil
	}
	for {
		s := h.cache.Stats()
		if !s.Counting {
			return s.Limit / headShare, nil
		}
		if err := rest(ctx, countingPause); err != nil {
			return 0, err
		}
	}
}

// bring fetches one head, if it is not here.
func (h *heads) bring(ctx context.Context, f dated) error {
	v, err := h.index.Version(ctx, f.node)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	obj, want := objectOf(v), int64(f.head)
	if !h.kept(v) && h.cache.Present(obj) < want {
		if s := h.cache.Stats(); s.Held+headBytes > s.Limit-s.Limit/headShare {
			return errCacheFull
		}
		w := h.cache.Wish(obj, remote.Verify, cache.Span{Length: want})
		select {
		case <-w.Done():
		case <-ctx.Done():
			w.End()
			return ctx.Err()
		}
		if h.cache.Present(obj) < want {
			return nil // the next round tries again
		}
	}
	if f.picture {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.Count++
	return nil
}

// dated is a track or a picture and when it changed.
type dated struct {
	node    catalog.ID
	mtime   int64
	head    int32 // bytes
	picture bool
}

// youngest keeps the files that changed last, as many as there is room for the heads of, as
// a heap with the oldest in front.
type youngest struct {
	files []dated
	room  int64 // bytes that are left
}

func (y *youngest) Len() int           { return len(y.files) }
func (y *youngest) Less(i, j int) bool { return y.files[i].mtime < y.files[j].mtime }
func (y *youngest) Swap(i, j int)      { y.files[i], y.files[j] = y.files[j], y.files[i] }
func (y *youngest) Push(x any)         { y.files = append(y.files, x.(dated)) }
func (y *youngest) Pop() any {
	last := y.files[len(y.files)-1]
	y.files = y.files[:len(y.files)-1]
	return last
}

// tracks counts those that are no pictures.
func (y *youngest) tracks() (n int) {
	for _, f := range y.files {
		if !f.picture {
			n++
		}
	}
	return n
}

func (y *youngest) add(d dated) {
	heap.Push(y, d)
	y.room -= int64(d.head)
	for len(y.files) > 0 && (y.room < 0 || len(y.files) > maxHeads) {
		y.room += int64(heap.Pop(y).(dated).head)
	}
}

// collect looks at all names below a folder, with a pause as long as each look took.
func (h *heads) collect(ctx context.Context, into *youngest, folder catalog.ID, depth int) error {
	if depth == 0 {
		return nil
	}
	for after := ""; ; {
		began := time.Now()
		page, err := h.index.Children(ctx, folder, after, packPage)
		if err != nil {
			return err
		}
		if err := rest(ctx, time.Since(began)); err != nil {
			return err
		}
		for _, a := range page {
			if a.Kind == catalog.Dir {
				if err := h.collect(ctx, into, a.ID, depth-1); err != nil {
					return err
				}
			} else if a.Size > 0 && (tag.Audio(a.Name) || intake.Picture(a.Name) && a.Size <= headBytes) {
				into.add(dated{a.Node, a.MTime, int32(min(headBytes, a.Size)), !tag.Audio(a.Name)})
			}
		}
		if len(page) < packPage {
			return nil
		}
		after = page[len(page)-1].Name
	}
}
