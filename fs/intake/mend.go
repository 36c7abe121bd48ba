package intake

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// mend looks whether the bytes of a file that is in the locker already are in the store
// too, and sends them if they were lost there.
func (r *run) mend(ctx context.Context, p placed, out chan<- placed) error {
	e, err := r.im.Index.Resolve(ctx, p.path)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && (e.Version == nil || e.Version.SHA256 != p.hash) {
		r.ledger.present(p) // it comes in by another file of this run
		return nil
	}
	if err != nil {
		return err
	}
	there, err := r.stock.has(ctx, e.Version.Object, e.Version.Size)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case there:
		r.ledger.present(p)
		return nil
	}
	r.im.Logger.Warn("the store has lost a file; it is sent again", "file", p.path)
	p.action, p.entry, p.past.hash, p.held = Update, e.ID, p.hash, nil
	p.content, p.leads = r.flight.join(p.hash)
	r.flight.updating(p.entry, p.hash)
	return r.deliver(ctx, p, out)
}

// resend sends a file again whose object was given up between its upload and its commit.
func (r *run) resend(ctx context.Context, p *placed) error {
	v := *p.version
	v.Pack, p.packed, p.scan = "", nil, nil
	p.version = &v
	if p.content == nil { // it was held
		ref, err := r.upload(ctx, &p.examined, p.path)
		v.Object = ref
		return err
	}
	c := p.content
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	if c.ref == v.Object {
		ref, err := r.upload(ctx, &p.examined, p.path)
		if err != nil {
			return err
		}
		c.ref, c.in = ref, nil
	}
	v.Object = c.ref
	return nil
}

// stillHeld makes sure of content that the locker is said to hold; what was lost will be
// sent.
func (r *run) stillHeld(ctx context.Context, p *placed) error {
	there, err := r.stock.has(ctx, p.held.Object, p.held.Size)
	if err == nil && !there {
		p.held = nil
		p.content, p.leads = r.flight.join(p.hash)
	}
	return err
}

// refused takes those out of a batch's conflicts whose object was given up.
func refused(files []placed, conflicts []catalog.Conflict) (again []placed, rest []catalog.Conflict) {
	gone := map[catalog.ID]bool{}
	for _, c := range conflicts {
		if errors.Is(c.Err, catalog.ErrCondemned) {
			gone[c.ID] = true
			continue
		}
		rest = append(rest, c)
	}
	for _, p := range files {
		if gone[p.entry] {
			again = append(again, p)
		}
	}
	return again, rest
}

// without gives the files that are not among others.
func without(files, others []placed) (rest []placed) {
	gone := map[catalog.ID]bool{}
	for _, p := range others {
		gone[p.entry] = true
	}
	for _, p := range files {
		if !gone[p.entry] {
			rest = append(rest, p)
		}
	}
	return rest
}

// resendAll sends files again, several at a time; those that cannot be are given to failed.
func (b *batcher) resendAll(ctx context.Context, files []placed) ([]placed, error) {
	errs := make([]error, len(files))
	pool, pctx := errgroup.WithContext(ctx)
	pool.SetLimit(parallelUploads)
	for i := range files {
		pool.Go(func() error {
			if errs[i] = b.resend(pctx, &files[i]); errors.Is(errs[i], errStore) {
				return errs[i]
			}
			return nil
		})
	}
	if err := pool.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var sent []placed
	for i, p := range files {
		if errs[i] != nil {
			b.failed(p, errs[i])
			continue
		}
		sent = append(sent, p)
	}
	return sent, nil
}
