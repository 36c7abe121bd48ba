package intake

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// start brings one file on its way, with at most parallelUploads at once. Content
// that the locker holds, or that is being sent, is not sent again.
func (r *run) start(ctx context.Context, pool *errgroup.Group, p placed, out chan<- placed) error {
	if r.opts.DryRun {
		if err := r.pretend(&p); err != nil {
			return err
		}
		r.ledger.planned(p)
		return nil
	}
	if p.held == nil && !r.flight.has(p.hash) && p.applied != r.im.Index.Applied() {
		// What was on its way when the file was examined may have come in since.
		held, _, err := r.im.Index.Match(ctx, p.hash, p.info.Size())
		if err != nil {
			return err
		}
		p.held = held
		if p.twin && held != nil {
			e, err := r.im.Index.Resolve(ctx, p.path)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				return err
			}
			if err == nil && e.Version != nil && e.Version.SHA256 == p.hash {
				p.action = Present
			}
		}
	}
	if p.action == Present {
		pool.Go(func() error { return r.mend(ctx, p, out) })
		return nil
	}
	if p.held == nil {
		p.content, p.leads = r.flight.join(p.hash)
	}
	if p.action == Update {
		r.flight.updating(p.entry, p.hash)
	}
	pool.Go(func() error { return r.deliver(ctx, p, out) })
	return nil
}

// pretend decides in a dry run whether a file would be sent.
func (r *run) pretend(p *placed) error {
	seen, err := r.spool.meet(p.hash)
	if p.action == Upload && (seen || p.held != nil) {
		p.action = Match
	}
	return err
}

// deliver hands the file on for the commit once its content is in the store.
func (r *run) deliver(ctx context.Context, p placed, out chan<- placed) error {
	var err error
	sent := false
	if p.held != nil {
		err = r.stillHeld(ctx, &p)
	}
	switch {
	case err != nil:
	case p.held != nil:
		v := *p.held
		p.version = &v
	default:
		sent, err = r.send(ctx, &p)
	}
	if err != nil {
		r.flight.landed(&p)
	}
	switch {
	case errors.Is(err, errStore):
		return err
	case ctx.Err() != nil && err != nil:
		return context.Cause(ctx)
	case err != nil:
		r.ledger.leave(failed, p.file, err.Error())
		return nil
	}
	if p.twin && !sent {
		r.flight.landed(&p)
		r.ledger.present(p) // the other one has it there
		return nil
	}
	if p.action == Upload && !sent {
		p.action = Match
	}
	if p.action != Update {
		p.entry = catalog.NewID()
	}
	p.version.ID, p.held = catalog.NewID(), nil
	if sent {
		r.ledger.uploaded(p.info.Size())
	}
	out <- p // the batcher takes all until out is closed, also when ctx has ended
	return nil
}

// send gives p a version with its content, and uploads that unless another file of
// the run has. Where that one failed on its way, this one is sent.
func (r *run) send(ctx context.Context, p *placed) (sent bool, err error) {
	c := p.content
	if !p.leads {
		select {
		case c.turn <- struct{}{}:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
	defer func() { <-c.turn }()
	if !c.sent {
		ref, err := r.upload(r.pace.of(ctx), &p.examined, p.path)
		if err != nil {
			return false, err
		}
		c.ref, c.sent, sent = ref, true, true
		if p.scan != nil {
			c.in = p.scan.in
		}
	}
	p.version = &catalog.Version{Size: p.info.Size(), SHA256: p.hash, Tags: p.tags, Object: c.ref}
	p.packed = c.in
	return sent, nil
}
