package intake

import (
	"cmp"
	"context"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// commitAll commits what is ready. It takes everything to the end, so that nobody
// waits for it in vain; when committing fails it ends the run.
func (r *run) commitAll(ctx context.Context, end context.CancelCauseFunc, ready <-chan placed) error {
	b := batcher{index: r.im.Index, commit: r.im.Commit, size: cmp.Or(r.im.batch, batchSize), before: r.committing, after: r.committed, failed: r.fail,
		resend: r.resend}
	err := b.run(ctx, ready)
	if err != nil {
		end(err)
		for range ready {
		}
	}
	return err
}

// committing remembers what files are about to become: should this process not live
// to see the commit, its entries are known all the same. Updates wait: until theirs
// are committed, what was remembered of them is true.
func (r *run) committing(ctx context.Context, files []placed) {
	namePacks(ctx, files)
	r.remember(ctx, files, func(p *placed) bool { return p.action != Update })
}

// committed settles what has been committed.
func (r *run) committed(ctx context.Context, files []placed, conflicts []catalog.Conflict) {
	lost := map[catalog.ID]bool{}
	rest := conflicts[:0:0]
	for _, c := range conflicts {
		if c.Dropped && r.replaced(ctx, files, c.ID) {
			continue
		}
		lost[c.ID] = c.Dropped
		rest = append(rest, c)
	}
	r.ledger.committed(files, rest)
	r.remember(ctx, files, func(p *placed) bool { return p.action == Update && !lost[p.entry] })
	for i := range files {
		r.flight.landed(&files[i])
	}
}

// replaced tells whether an update is done, although the committer could not do it: a
// commit whose answer was lost has done it already.
func (r *run) replaced(ctx context.Context, files []placed, id catalog.ID) bool {
	for i := range files {
		if p := &files[i]; p.entry == id && p.action == Update {
			e, err := r.im.Index.Entry(ctx, id)
			return err == nil && e.Version != nil && e.Version.ID == p.version.ID
		}
	}
	return false
}

// remember keeps what some of the files became.
func (r *run) remember(ctx context.Context, files []placed, which func(*placed) bool) {
	var some []placed
	for i := range files {
		if which(&files[i]) {
			some = append(some, files[i])
		}
	}
	if err := r.known.took(ctx, some); err != nil {
		r.im.Logger.Debug("what files became could not be remembered", "files", len(some), "error", err)
	}
}

// fail ends the way of a file that cannot be committed.
func (r *run) fail(p placed, err error) {
	r.ledger.leave(failed, p.file, err.Error())
	r.flight.landed(&p)
}
