package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// placed is a file that has all it needs to become an entry.
type placed struct {
	examined
	path    string     // in the locker
	entry   catalog.ID // of the entry it becomes, the same however often it is tried
	version *catalog.Version
	matched bool
}

// A batch becomes a commit when it is this old or this large.
const (
	batchAge  = 2 * time.Second
	batchSize = 1000
	// lastBatch is how long the last one may take after ctx has ended.
	lastBatch = 15 * time.Second
)

// batcher turns placed files into commits. It belongs to one goroutine.
type batcher struct {
	im     *Importer
	files  []placed // placed, and not known to be committed
	report func(done []placed, conflicts []catalog.Conflict)
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
			if b.files = append(b.files, p); len(b.files) < batchSize {
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
	if len(b.files) == 0 {
		return nil
	}
	ops, err := b.ops(ctx)
	if err != nil {
		return err
	}
	done, err := b.im.Commit.Commit(ctx, ops)
	if err != nil {
		return fmt.Errorf("committing %d files: %w", len(b.files), err)
	}
	b.report(b.files, done.Conflicts)
	b.files = nil
	return nil
}

// ops gives the operations that create the batch's entries and their folders.
// Folders are looked up anew for each batch: another device may have made them.
func (b *batcher) ops(ctx context.Context) ([]catalog.Op, error) {
	now := time.Now().UnixNano()
	folders := map[string]catalog.ID{"": catalog.Root}
	var ops []catalog.Op
	var folder func(dir string) (catalog.ID, error)
	folder = func(dir string) (catalog.ID, error) {
		if id, ok := folders[dir]; ok {
			return id, nil
		}
		e, err := b.im.Index.Resolve(ctx, dir)
		if err == nil && e.Kind == catalog.Dir {
			folders[dir] = e.ID
			return e.ID, nil
		}
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return 0, err
		}
		up, name := split(dir)
		parent, err := folder(up)
		if err != nil {
			return 0, err
		}
		id := catalog.NewID()
		folders[dir] = id
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: now,
			Entry: &catalog.Entry{ID: id, Parent: parent, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: now}})
		return id, nil
	}
	for _, p := range b.files {
		dir, name := split(p.path)
		parent, err := folder(dir)
		if err != nil {
			return nil, fmt.Errorf("folder of %s: %w", p.path, err)
		}
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: now,
			Entry: &catalog.Entry{ID: p.entry, Parent: parent, Name: name, Kind: catalog.File,
				Mode: 0o644, MTime: p.info.ModTime().UnixNano(), Version: p.version}})
	}
	return ops, nil
}
