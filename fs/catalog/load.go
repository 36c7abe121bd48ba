package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// A checkpoint is read in steps, each a transaction: the folders in the root, all folders,
// and then its segments as they come, those first that somebody waits for. What has not
// come is in the table awaited, so a process that is killed goes on where it was. The log
// after it is applied when all is here; until then the tree is the checkpoint's.
//
// In place of a tree that is shown whole it is read in one transaction.

// Bounds of loading. They are about 100 MB of memory and half a second of waiting.
const (
	parallelSegments = 6 // that are fetched at once
	decodedSegments  = 2 // that are in memory decoded
	loadLines        = 40_000
	loadSpell        = 1500 * time.Millisecond // that a transaction waits for more
	loadPause        = 100 * time.Millisecond  // and for the next segment
	listLook         = 20 * time.Millisecond   // between looks at whether somebody lists the root
	listMost         = time.Second             // that loading stands still for that
)

// stages of loading, as the index keeps them. Only after the second it can be gone on with.
const (
	stageBegun   = "begun"
	stageFolders = "folders"
)

// load is take without the names.
func (x *Index) load(ctx context.Context, s remote.Getter, format Format, key string) error {
	_, err := x.take(ctx, s, format, key)
	return err
}

// take reads one checkpoint into the index. Where the index is whole already it is taken
// whole or not at all; else nothing is left of one that cannot be used, and gone are the
// names in its root.
func (x *Index) take(ctx context.Context, s remote.Getter, format Format, key string) (gone []Change, err error) {
	err = x.loadOne(ctx, s, format, key)
	if unusable(err) && !x.Synced() {
		var failed error
		gone, failed = x.discard(ctx, format)
		err = errors.Join(err, failed)
	}
	return gone, err
}

// discard empties an index that is not whole, and gives the names in its root as changes.
func (x *Index) discard(ctx context.Context, format Format) (gone []Change, err error) {
	x.arrivals.giveUp()
	if gone, err = x.rootNames(ctx); err != nil {
		return nil, err
	}
	return gone, x.update(ctx, func(st *txState) error { return st.begin(format, 0) })
}

func (x *Index) loadOne(ctx context.Context, s remote.Getter, format Format, key string) error {
	head, refs, folders, err := readManifest(ctx, s, key)
	if err == nil && head.Epoch != format.Epoch {
		err = fmt.Errorf("epoch %.40q: %w", head.Epoch, ErrEpoch)
	}
	if err == nil {
		err = checkFolders(folders)
	}
	if err != nil {
		return err
	}
	l := newLoader(s)
	for i := range folders {
		l.folders[folders[i].ID] = folders[i].Bare
	}
	if x.Synced() {
		return x.update(ctx, func(st *txState) error {
			l.update = func(f func(*txState) error) error { return f(st) }
			return l.whole(ctx, format, &head, refs, folders)
		})
	}
	l.arrivals = x.arrivals
	l.update = func(f func(*txState) error) error { return x.update(ctx, f) }
	l.listed = x.Listed
	defer x.hurry(ctx)()
	l.arrivals.giveUp()
	return l.whole(ctx, format, &head, refs, folders)
}

// resume goes on with the checkpoint that this device began to read; done is false where
// there is none, or no more than its beginning.
func (x *Index) resume(ctx context.Context, s remote.Getter) (done bool, err error) {
	stage, err := x.meta(ctx, "loading")
	if err != nil || stage != stageFolders {
		return false, err
	}
	l := newLoader(s)
	l.arrivals = x.arrivals
	l.update = func(f func(*txState) error) error { return x.update(ctx, f) }
	defer x.hurry(ctx)()
	var missing []*awaited
	err = l.update(func(st *txState) (err error) {
		if missing, err = st.awaited(); err != nil {
			return err
		}
		return st.eachID("SELECT id FROM entry WHERE kind = 1", func(id ID) { l.folders[id] = false })
	})
	if err != nil {
		return false, err
	}
	l.arrivals.show(allFolders, missing, l.folders)
	return true, errors.Join(l.segments(ctx, func() error { return nil }), l.finish())
}

// loading tells whether a checkpoint was begun and is not whole.
func (x *Index) loading(ctx context.Context) (bool, error) {
	stage, err := x.meta(ctx, "loading")
	return stage != "" && !x.Synced(), err
}

// hurry makes large transactions quick, and gives what ends that. A checkpoint that a
// power cut takes back is read again.
func (x *Index) hurry(ctx context.Context) (end func()) {
	set := func(ctx context.Context, pragmas ...string) {
		for _, p := range pragmas {
			_, _ = x.write.ExecContext(ctx, "PRAGMA "+p) // slower without
		}
	}
	set(ctx, "synchronous = NORMAL", "cache_size = -32768")
	return func() {
		set(context.WithoutCancel(ctx), "wal_checkpoint(PASSIVE)", "synchronous = FULL", "cache_size = -4096", "shrink_memory")
	}
}

// loader reads one checkpoint.
type loader struct {
	from     remote.Getter
	folders  map[ID]bool // all there are, and which are known to have no files
	arrivals *arrivals
	// update runs f in a transaction.
	update func(f func(*txState) error) error
	// listed counts listings; nil where nobody waits for what is read.
	listed func() int64
	// buffers are those for the text of segments that nobody uses.
	buffers chan []byte
}

func newLoader(s remote.Getter) *loader {
	return &loader{from: s, folders: map[ID]bool{}, arrivals: newArrivals(), buffers: make(chan []byte, decodedSegments)}
}

// whole reads a checkpoint from its beginning.
func (l *loader) whole(ctx context.Context, format Format, head *manifestHead, refs []segmentRef, folders []folderLine) error {
	var missing []*awaited
	err := l.update(func(st *txState) (err error) {
		if err := errors.Join(st.begin(format, head.N), st.restoreSettings(head.Settings), st.dropSlowIndexes()); err != nil {
			return err
		}
		if missing, err = st.await(refs); err != nil {
			return err
		}
		return errors.Join(st.restoreFolders(folders, true), st.setMeta("loading", stageBegun))
	})
	if err != nil {
		return err
	}
	l.arrivals.show(rootFolders, missing, l.folders)
	l.makeWay(ctx)
	err = l.segments(ctx, func() error {
		err := l.update(func(st *txState) error {
			return errors.Join(st.restoreFolders(folders, false), st.setMeta("loading", stageFolders))
		})
		if err == nil {
			l.arrivals.showFolders()
		}
		return err
	})
	if err != nil {
		return err
	}
	return l.finish()
}

// makeWay waits while somebody lists the root, who has waited for it: loading takes all
// processors, and has minutes.
func (l *loader) makeWay(ctx context.Context) {
	if l.listed == nil {
		return
	}
	tick := time.NewTicker(listLook)
	defer tick.Stop()
	before := l.listed()
	for end := time.Now().Add(listMost); time.Now().Before(end); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := l.listed()
		if now == before {
			return
		}
		before = now
	}
}

// finish makes what was read a whole tree.
func (l *loader) finish() error {
	return l.update(func(st *txState) error {
		return errors.Join(corruptIfConstraint(st.makeSlowIndexes()), st.setMeta("loading", ""))
	})
}
