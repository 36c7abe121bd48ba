package intake

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// content is what several files of a run may have, and is sent once. It is kept to
// the end of the run for each file, so it holds no more than it must.
type content struct {
	// turn holds one token: who has it may send, and use what follows.
	turn chan struct{}
	sent bool
	ref  catalog.Ref
}

// start brings one file on its way, with at most parallelUploads at once. Content
// that the locker holds, or that is being sent, is not sent again.
func (r *run) start(ctx context.Context, pool *errgroup.Group, p placed, out chan<- placed) {
	c := r.contents[p.hash]
	p.matched = c != nil || p.held != nil
	if !p.matched {
		c = &content{turn: make(chan struct{}, 1)}
		r.contents[p.hash] = c
	}
	if r.opts.DryRun {
		r.ledger.planned(p)
		return
	}
	pool.Go(func() error { return r.deliver(ctx, c, p, out) })
}

// deliver hands the file on for the commit once its content is in the store.
func (r *run) deliver(ctx context.Context, c *content, p placed, out chan<- placed) error {
	var err error
	if p.matched = p.held != nil; p.matched {
		v := *p.held
		p.version = &v
	} else {
		err = r.send(ctx, c, &p)
	}
	switch {
	case errors.Is(err, errStore):
		return err
	case ctx.Err() != nil && err != nil:
		return context.Cause(ctx)
	case err != nil:
		r.ledger.failed(p.file, err)
		return nil
	}
	p.entry, p.version.ID, p.held = catalog.NewID(), catalog.NewID(), nil
	if !p.matched {
		r.ledger.uploaded(p.info.Size())
	}
	out <- p // the batcher takes all until out is closed, also when ctx has ended
	return nil
}

// send gives p a version with the content c, and uploads that unless another file of
// the run has. Where that one failed on its way, this one is sent.
func (r *run) send(ctx context.Context, c *content, p *placed) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	p.matched = c.sent
	if !c.sent {
		if err := r.pace.wait(ctx, p.info.Size()); err != nil {
			return err
		}
		ref, err := r.im.upload(ctx, &p.examined, p.path)
		if err != nil {
			return err
		}
		c.ref, c.sent = ref, true
	}
	p.version = &catalog.Version{Size: p.info.Size(), SHA256: p.hash, Tags: p.tags, Object: c.ref}
	return nil
}
