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
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
)

// Committer commits operations: pending.Committer.
type Committer interface {
	Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error)
	// Recover brings a commit that was left undecided into the index, or fails.
	Recover(ctx context.Context) error
}

// Importer takes files into one locker.
type Importer struct {
	Store  remote.Putter
	Index  *catalog.Index
	Commit Committer
	// Memory is the file in which the hashes of known files are kept, so that a
	// second run over the same folder reads none of them.
	Memory string
	Logger *slog.Logger
}

// Options say how an import runs.
type Options struct {
	// DryRun changes nothing and uploads nothing.
	DryRun bool `json:"dry_run"`
	// Bandwidth limits the upload, in bytes a second; 0 for no limit.
	Bandwidth int64 `json:"bandwidth"`
}

// How many files are uploaded at once.
const parallelUploads = 8

// Run takes in the files and folders at paths, absolute paths of this machine. It
// goes on past files that fail and names them in the report; the error is for what
// ends the whole import: the store or the committer failing for good, ctx ending.
// What is reported as imported is committed, also on an error. progress, if not
// nil, is called a few times a second from one goroutine.
func (im *Importer) Run(ctx context.Context, paths []string, opts Options, progress func(Progress)) (Report, error) {
	start := time.Now()
	if !opts.DryRun {
		// What the last run committed without learning so must not be sent again.
		if err := im.Commit.Recover(ctx); err != nil {
			return Report{}, fmt.Errorf("a commit was left undecided: %w", err)
		}
	}
	k, err := openKnown(ctx, im.Memory)
	if err != nil {
		return Report{}, err
	}
	defer k.close()
	r := run{im: im, known: k, opts: opts, pace: newPacer(opts.Bandwidth), ledger: newLedger(opts.DryRun),
		contents: map[catalog.Hash]*content{}, artists: map[string]string{}}
	stop := r.ledger.show(progress)
	err = r.all(ctx, paths)
	stop()
	report := r.ledger.result()
	report.Elapsed = time.Since(start)
	return report, err
}

// run is one import: walk -> examine -> plan -> upload -> commit, each stage a step
// ahead of the next and no more.
type run struct {
	im     *Importer
	known  *known
	opts   Options
	pace   *pacer
	ledger *ledger

	// What follows belongs to the goroutine that plans.

	// contents are what this run sends, so that equal files are sent once.
	contents map[catalog.Hash]*content
	// artists are the source folders that an artist has, with the artist's folder in
	// the locker.
	artists map[string]string
}

func (r *run) all(ctx context.Context, paths []string) error {
	groups := make(chan *reading, 4)
	ready := make(chan placed, 2*parallelUploads)
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	g, gctx := errgroup.WithContext(ctx)
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

// commitAll commits what is ready. It takes everything to the end, so that nobody
// waits for it in vain; when committing fails it ends the run.
func (r *run) commitAll(ctx context.Context, end context.CancelCauseFunc, ready <-chan placed) error {
	b := batcher{im: r.im, report: r.ledger.committed}
	err := b.run(ctx, ready)
	if err != nil {
		end(err)
		for range ready {
		}
	}
	return err
}

// walk finds the groups and begins to examine the files of those with music.
func (r *run) walk(ctx context.Context, paths []string, out chan<- *reading) error {
	pool, pctx := errgroup.WithContext(ctx)
	pool.SetLimit(runtime.NumCPU() + 2)
	w := walker{ctx: ctx, note: r.ledger.note, emit: func(g group) error {
		rd := &reading{group: g, files: make([]examined, len(g.files)), done: make(chan struct{})}
		r.ledger.found(g)
		if !g.audio {
			close(rd.done)
		}
		select {
		case out <- rd:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !g.audio {
			return nil
		}
		var left atomic.Int64
		left.Store(int64(len(g.files)))
		for i, f := range g.files {
			pool.Go(func() error {
				rd.files[i] = r.im.examine(pctx, r.known, f)
				if left.Add(-1) == 0 {
					close(rd.done)
				}
				return nil
			})
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
