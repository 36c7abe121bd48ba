package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

// Follower brings an index up to the log, and keeps it there.
type Follower struct {
	log     *Log
	index   *Index
	logger  *slog.Logger
	applied func(Applied)

	// catching lets one goroutine at a time bring the index up. It is taken before
	// the index's own turn, and held while applied is called.
	catching turn
}

// NewFollower gives the follower of a log into an index. applied, if not nil, is told
// of every commit taken, in order. It must not wait for the follower, and the next
// commit waits for it.
func NewFollower(log *Log, index *Index, logger *slog.Logger, applied func(Applied)) *Follower {
	if applied == nil {
		applied = func(Applied) {}
	}
	return &Follower{log: log, index: index, logger: logger, applied: applied, catching: newTurn()}
}

// Log is what is followed.
func (f *Follower) Log() *Log { return f.log }

// Index is what is kept up.
func (f *Follower) Index() *Index { return f.index }

// parallelReads is how many commits are read ahead at once when far behind.
const parallelReads = 16

// errRebuilt: a commit showed that the catalog was rebuilt.
var errRebuilt = errors.New("the catalog was rebuilt")

// Open reads where the log begins and ends, and brings the index up to it. It is for
// the first contact of a process with the store; after that Poll does.
func (f *Follower) Open(ctx context.Context) error {
	if err := f.catching.take(ctx); err != nil {
		return err
	}
	defer f.catching.give()
	return f.open(ctx)
}

// open needs the turn.
func (f *Follower) open(ctx context.Context) error {
	format, err := ReadFormat(ctx, f.log.store)
	if err != nil {
		return err
	}
	if err := f.index.Bind(ctx, format); err != nil {
		return err
	}
	_, epoch, err := f.index.Bound(ctx)
	if err != nil {
		return err
	}
	if epoch != format.Epoch || !f.index.Synced() && f.index.Applied() == 0 {
		err = f.restart(ctx, format)
	} else if loading, loadErr := f.index.loading(ctx); loading || loadErr != nil {
		err = errors.Join(loadErr, f.goOn(ctx, format))
	} else {
		err = f.index.standsIn(ctx, f.log)
	}
	if err != nil {
		return err
	}
	tail, err := f.log.Tail(ctx, f.index.Applied())
	if err != nil {
		return err
	}
	if err := f.applyAll(ctx, tail); err != nil {
		return err
	}
	return f.index.MarkSynced(ctx)
}

// restart begins the index anew, from the newest checkpoint. Where names were known
// before, those who told others of names learn that everything in the root may have
// changed.
func (f *Follower) restart(ctx context.Context, format Format) error {
	before, err := f.index.rootNames(ctx)
	if err != nil {
		return err
	}
	gone, err := f.index.restart(ctx, f.log, format, f.logger)
	changes := append(before, gone...)
	if err == nil && len(changes) > 0 {
		var after []Change
		after, err = f.index.rootNames(ctx)
		changes = append(changes, after...)
	}
	if len(changes) > 0 {
		f.applied(Applied{N: f.index.Applied(), Changes: changes})
	}
	return err
}

// goOn reads the rest of a checkpoint that was begun, or begins anew where that cannot be.
func (f *Follower) goOn(ctx context.Context, format Format) error {
	done, err := f.index.resume(ctx, f.log.store)
	switch {
	case unusable(err), err == nil && !done:
		return f.restart(ctx, format)
	case err != nil:
		return fmt.Errorf("reading the rest of a checkpoint: %w", err)
	}
	return f.index.learnLast(ctx, f.log)
}

// applyAll reads the commits in parallel and applies them in order.
func (f *Follower) applyAll(ctx context.Context, numbers []int64) error {
	for len(numbers) > 0 {
		batch := numbers[:min(parallelReads, len(numbers))]
		numbers = numbers[len(batch):]
		bodies := make([][]byte, len(batch))
		g, gctx := errgroup.WithContext(ctx)
		for i, n := range batch {
			g.Go(func() (err error) {
				bodies[i], err = f.log.Read(gctx, n)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("reading the log: %w", err)
		}
		for i, n := range batch {
			if err := f.apply(ctx, n, bodies[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply takes one commit. One of another epoch shows that the catalog was rebuilt,
// or, if the format says that it was not, counts as empty.
func (f *Follower) apply(ctx context.Context, n int64, body []byte) error {
	done, err := f.index.Apply(ctx, n, body)
	if errors.Is(err, ErrEpoch) {
		same, formatErr := f.sameEpoch(ctx)
		switch {
		case formatErr != nil:
			return formatErr
		case !same:
			return errRebuilt
		}
		done, err = f.index.apply(ctx, n, body, ErrEpoch)
	}
	if err != nil {
		return err
	}
	if done.Invalid != nil {
		f.logger.Warn("a commit breaks the rules and counts as empty", "commit", n, "reason", done.Invalid)
	}
	f.applied(done)
	return nil
}

// sameEpoch tells whether the locker is still in the run of the log that the index
// follows.
func (f *Follower) sameEpoch(ctx context.Context) (bool, error) {
	format, err := ReadFormat(ctx, f.log.store)
	if err != nil {
		return false, err
	}
	locker, epoch, err := f.index.Bound(ctx)
	return format.Epoch == epoch && format.Locker == locker, err
}

// Poll asks for the commit after the last one and applies it and all that follow.
// In the usual case that is one small request, answered by "not there". An index that
// has never held the whole tree is opened instead.
func (f *Follower) Poll(ctx context.Context) error {
	if err := f.catching.take(ctx); err != nil {
		return err
	}
	defer f.catching.give()
	return f.reopen(ctx, f.poll(ctx))
}

// CatchUp is Poll for those who are about to commit: it also makes sure, at the same
// time, that the log is still the locker's.
func (f *Follower) CatchUp(ctx context.Context) error {
	if err := f.catching.take(ctx); err != nil {
		return err
	}
	defer f.catching.give()
	if !f.index.Synced() {
		return f.open(ctx)
	}
	var same bool
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		same, err = f.sameEpoch(gctx)
		return err
	})
	g.Go(func() error { return f.poll(gctx) })
	err := g.Wait()
	if err == nil && !same {
		err = errRebuilt
	}
	return f.reopen(ctx, err)
}

// Take applies body as commit n, which this device has just written, unless that has
// been done.
func (f *Follower) Take(ctx context.Context, n int64, body []byte) error {
	if err := f.catching.take(ctx); err != nil {
		return err
	}
	defer f.catching.give()
	if f.index.Applied() >= n {
		return nil
	}
	return f.reopen(ctx, f.apply(ctx, n, body))
}

// poll needs the turn.
func (f *Follower) poll(ctx context.Context) error {
	if !f.index.Synced() {
		return f.open(ctx)
	}
	n := f.index.Applied() + 1
	body, err := f.log.Read(ctx, n)
	if errors.Is(err, remote.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("polling for commit %d: %w", n, err)
	}
	if err := f.apply(ctx, n, body); err != nil {
		return err
	}
	tail, err := f.log.Tail(ctx, n)
	if err != nil {
		return err
	}
	return f.applyAll(ctx, tail)
}

// reopen opens anew when err says that the catalog was rebuilt.
func (f *Follower) reopen(ctx context.Context, err error) error {
	if !errors.Is(err, errRebuilt) {
		return err
	}
	f.logger.Warn("the catalog was rebuilt, reading it anew")
	return f.open(ctx)
}

// reopenPolls is how many polls lie between two looks at the format: that the catalog
// was rebuilt from nothing, or a commit removed, does not show in polling.
const reopenPolls = 100

// Run opens and then polls every interval, until ctx ends. What goes wrong is told
// to report (nil again once it works) and tried again, because a store that cannot
// be reached now may be back at any time.
func (f *Follower) Run(ctx context.Context, interval time.Duration, report func(error)) {
	polls := 0 // since the last Open that went well
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		var err error
		if polls == 0 {
			err = f.Open(ctx)
		} else {
			err = f.Poll(ctx)
		}
		if err == nil {
			polls = (polls + 1) % reopenPolls
		}
		if ctx.Err() != nil {
			return
		}
		report(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
