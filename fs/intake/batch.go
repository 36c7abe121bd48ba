package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// placed is a file that has a place in the locker.
type placed struct {
	examined
	path   string // in the locker
	action Action
	// entry is the one it becomes, the same however often it is tried, or updates.
	entry   catalog.ID
	version *catalog.Version
	packed  *packing // that its version will name; nil for none
	content *content // that it shares with others on their way; nil when it is held
	leads   bool     // and is the first of
	// twin: another file of this run has the same content and place. It comes in
	// only if that one fails.
	twin bool
}

// A batch becomes a commit when it is this old or this large.
const (
	batchAge  = 2 * time.Second
	batchSize = 500
	// lastBatch is how long the last one may take after ctx has ended.
	lastBatch = 15 * time.Second
)

// batcher turns placed files into commits. It belongs to one goroutine.
type batcher struct {
	index  *catalog.Index
	commit Committer
	size   int      // of a batch, in files
	files  []placed // placed, and not known to be committed
	// before is told of files that are about to be committed, after of those that are,
	// and of the operations that could not be done as they were meant; failed of those
	// that cannot be.
	before func(ctx context.Context, files []placed)
	after  func(ctx context.Context, done []placed, conflicts []catalog.Conflict)
	failed func(p placed, err error)
	// resend gives a file another object, where that of its version was given up.
	resend func(ctx context.Context, p *placed) error
}

// run commits what comes, until in is closed. When ctx has ended it still commits
// what was uploaded, with a time limit of its own: those bytes are paid for. That
// includes a batch whose commit was on its way: the committer knows its operations
// again.
func (b *batcher) run(ctx context.Context, in <-chan placed) error {
	tick := time.NewTicker(batchAge)
	defer tick.Stop()
	for {
		select {
		case p, more := <-in:
			if !more {
				last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastBatch)
				defer cancel()
				return b.flush(last)
			}
			if b.files = append(b.files, p); len(b.files) < b.size {
				continue
			}
		case <-tick.C:
		}
		if ctx.Err() != nil {
			continue
		}
		if err := b.flush(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// flush commits the batch.
func (b *batcher) flush(ctx context.Context) error {
	if err := b.check(ctx); err != nil || len(b.files) == 0 {
		return err
	}
	ops, err := b.ops(ctx)
	if err != nil {
		return err
	}
	b.before(ctx, b.files)
	done, err := b.commit.Commit(ctx, ops)
	if err != nil {
		return fmt.Errorf("committing %d files: %w", len(b.files), err)
	}
	again, conflicts := refused(b.files, done.Conflicts)
	b.after(ctx, without(b.files, again), conflicts)
	b.files = again
	if len(again) == 0 {
		return nil
	}
	if b.files, err = b.resendAll(ctx, again); err != nil {
		return err
	}
	return b.flush(ctx)
}

// errMeanwhile: what an update was to replace is no longer what it was.
var errMeanwhile = errors.New("it was changed in the locker meanwhile; the next import adds this one beside it")

// check takes updates out of the batch whose entry has changed since they were
// planned: both versions must live.
func (b *batcher) check(ctx context.Context) error {
	keep := b.files[:0]
	for i, p := range b.files {
		if p.action == Update {
			e, err := b.index.Entry(ctx, p.entry)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				b.files = append(keep, b.files[i:]...)
				return err
			}
			if err != nil || e.Version == nil || e.Version.SHA256 != p.past.hash && e.Version.ID != p.version.ID {
				b.failed(p, errMeanwhile)
				continue
			}
		}
		keep = append(keep, p)
	}
	clear(b.files[len(keep):])
	b.files = keep
	return nil
}

// ops gives the operations that create the batch's entries and their folders.
// Folders are looked up anew for each batch: another device may have made them.
func (b *batcher) ops(ctx context.Context) ([]catalog.Op, error) {
	f := folders{index: b.index, ids: map[string]catalog.ID{"": catalog.Root}, now: time.Now().UnixNano()}
	for _, p := range b.files {
		mtime := p.info.ModTime().UnixNano()
		if p.action == Update {
			f.ops = append(f.ops, catalog.Op{Verb: catalog.Replace, At: f.now, ID: p.entry, MTime: &mtime, Version: p.version})
			continue
		}
		dir, name := split(p.path)
		parent, err := f.folder(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("folder of %s: %w", p.path, err)
		}
		f.ops = append(f.ops, catalog.Op{Verb: catalog.Create, At: f.now,
			Entry: &catalog.Entry{ID: p.entry, Parent: parent, Name: name, Kind: catalog.File,
				Mode: 0o644, MTime: mtime, Version: p.version}})
	}
	return f.ops, nil
}

// folders finds and creates the folders of one batch.
type folders struct {
	index *catalog.Index
	ids   map[string]catalog.ID
	ops   []catalog.Op
	now   int64
}

// folder gives the folder at a locker path; where it is missing it adds the operation
// that creates it.
func (f *folders) folder(ctx context.Context, dir string) (catalog.ID, error) {
	if id, ok := f.ids[dir]; ok {
		return id, nil
	}
	e, err := f.index.Resolve(ctx, dir)
	if err == nil && e.Kind == catalog.Dir {
		f.ids[dir] = e.ID
		return e.ID, nil
	}
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return 0, err
	}
	up, name := split(dir)
	parent, err := f.folder(ctx, up)
	if err != nil {
		return 0, err
	}
	id := catalog.NewID()
	f.ids[dir] = id
	f.ops = append(f.ops, catalog.Op{Verb: catalog.Create, At: f.now,
		Entry: &catalog.Entry{ID: id, Parent: parent, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: f.now}})
	return id, nil
}
