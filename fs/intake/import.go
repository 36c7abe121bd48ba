package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// Committer commits operations: pending.Committer.
type Committer interface {
	Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error)
	// Recover brings a commit that was left undecided into the index, or fails.
	Recover(ctx context.Context) error
	// Rest says that there will be no more for now.
	Rest(ctx context.Context)
}

// Importer takes files into one locker.
type Importer struct {
	Store  Store
	Index  *catalog.Index
	Commit Committer
	// Memory is the file in which is kept what became of files outside the locker, so
	// that a second run over the same folder reads none of them.
	Memory string
	Logger *slog.Logger
	// Placed, if not nil, is told in a dry run where each file would stand, album by
	// album, from one goroutine. The import waits for it.
	Placed func(Placed)
	// Keep, if not nil, is given the scan packs that were made, from several goroutines.
	Keep func(name string, body []byte) error

	disk  disk // of this machine, when nil
	batch int  // files in a commit; 0 for batchSize
}

// Options say how an import runs.
type Options struct {
	// DryRun changes nothing and uploads nothing.
	DryRun bool `json:"dry_run"`
	// Bandwidth limits the upload, in bytes a second; 0 for no limit.
	Bandwidth int64 `json:"bandwidth"`
	// Layout says how files are filed: see library.ParseLayout; "" for the default.
	Layout string `json:"layout,omitempty"`
	// Exclude are absolute paths of folders that are left out, such as where lockers
	// are mounted.
	Exclude []string `json:"exclude,omitempty"`
}

// mostReaders is how many files are read at once at most, on however many processors: each
// of them takes memory, and no disk is faster.
const mostReaders = 8

func readers() int { return min(runtime.NumCPU()+2, mostReaders) }

// How many files are uploaded at once.
const parallelUploads = 8

// Run takes in the files and folders at paths, absolute paths of this machine. It
// goes on past files that fail and names them in the report; the error is for what
// ends the whole import: the store or the committer failing for good, ctx ending.
// What is reported as imported is committed, also on an error. progress, if not
// nil, is called a few times a second from one goroutine.
func (im *Importer) Run(ctx context.Context, paths []string, opts Options, progress func(Progress)) (Report, error) {
	start := time.Now()
	r := run{im: im, opts: opts, disk: im.disk, pace: newPacer(opts.Bandwidth), flight: newFlight(), passes: passes{head: passHead},
		homes: homes{}, stock: newStock(im.Store)}
	r.ledger.tell = im.Placed
	r.packer.put = r.putPack
	r.packer.log = im.Logger
	if r.disk == nil {
		r.disk = osDisk{}
	}
	if err := r.open(ctx); err != nil {
		return Report{}, err
	}
	defer r.close()
	stop := show(progress, r.ledger.now)
	err := r.all(ctx, paths)
	stop()
	if err == nil && !opts.DryRun {
		im.Commit.Rest(ctx)
	}
	report := r.ledger.result()
	report.Elapsed = time.Since(start)
	return report, err
}

// run is one import: walk -> examine -> plan -> upload -> commit, each stage a step
// ahead of the next and no more.
type run struct {
	im     *Importer
	opts   Options
	layout *library.Layout
	// keeping is the layout that leaves folders and names as they are.
	keeping *library.Layout
	disk    disk
	known   *known
	passes  passes // for examining
	checks  passes // for what was sent
	links   links
	pace    *pacer
	flight  *flight
	packer  packer
	ledger  ledger
	stock   *stock

	// What follows belongs to the goroutine that plans.

	spool   *spool
	shelf   *shelf
	homes   homes
	scratch []byte // for what goes into packs
}

// open makes ready what may fail before anything is done.
func (r *run) open(ctx context.Context) (err error) {
	if r.layout, err = parseLayout(r.opts.Layout); err != nil {
		return err
	}
	if r.keeping, err = library.ParseLayout("keep"); err != nil {
		return err
	}
	if !r.opts.DryRun {
		// What the last run committed without learning so must not be sent again.
		if err := r.im.Commit.Recover(ctx); err != nil {
			return fmt.Errorf("a commit was left undecided: %w", err)
		}
	}
	if r.known, err = openKnown(ctx, r.im.Memory); err != nil {
		return err
	}
	if r.spool, err = openSpool(ctx); err != nil {
		return errors.Join(fmt.Errorf("opening a temporary file: %w", err), r.known.close())
	}
	return nil
}

// parseLayout reads a layout; "" is the default.
func parseLayout(text string) (*library.Layout, error) {
	if text == "" {
		return nil, nil
	}
	return library.ParseLayout(text)
}

func (r *run) close() {
	if err := errors.Join(r.known.close(), r.spool.close()); err != nil {
		r.im.Logger.Debug("what an import remembers could not be kept", "error", err)
	}
}

func (r *run) all(ctx context.Context, paths []string) error {
	groups := make(chan *reading, 4)
	ready := make(chan placed, 2*parallelUploads)
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	g, gctx := errgroup.WithContext(ctx)
	r.shelf = newShelf(gctx, r.im.Index, r.spool)
	g.Go(func() error {
		defer close(groups)
		return r.walk(gctx, paths, groups)
	})
	g.Go(func() error {
		defer close(ready)
		return r.planAll(gctx, groups, ready)
	})
	g.Go(func() error { return r.commitAll(gctx, end, ready) })
	err := g.Wait()
	if cause := context.Cause(gctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// walk finds the groups and begins to examine the files of those with music.
func (r *run) walk(ctx context.Context, paths []string, out chan<- *reading) error {
	pool, pctx := errgroup.WithContext(ctx)
	pool.SetLimit(readers())
	w := walker{ctx: ctx, disk: r.disk, exclude: r.opts.Exclude, all: r.layout.Keep(), note: r.ledger.note, emit: func(g group) error {
		rd := &reading{group: g, done: make(chan struct{})}
		r.ledger.found(g)
		if !g.audio {
			close(rd.done)
		}
		select {
		case out <- rd:
		case <-ctx.Done():
			return ctx.Err()
		}
		if g.audio {
			r.begin(pctx, pool, rd)
		}
		return nil
	}}
	for _, p := range paths {
		if err := w.walk(p); err != nil {
			return errors.Join(err, pool.Wait())
		}
	}
	r.ledger.walked()
	return pool.Wait()
}

// begin has the files of a group examined.
func (r *run) begin(ctx context.Context, pool *errgroup.Group, rd *reading) {
	var left atomic.Int64
	left.Store(int64(len(rd.group.files)))
	rd.files = make([]examined, len(rd.group.files))
	for i, f := range rd.group.files {
		pool.Go(func() error {
			rd.files[i] = r.examine(ctx, f)
			if left.Add(-1) == 0 {
				close(rd.done)
			}
			return nil
		})
	}
}
