package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// errPacksFull: the shelf takes no more without giving something up.
var errPacksFull = errors.New("there is no room for more scan packs")

// fill fetches what is not here of all packs of the locker, in the order in which
// programs scan, and then of those that commits bring, until ctx ends.
func (p *packs) fill(ctx context.Context) {
	if p == nil || p.index.WaitSynced(ctx) != nil {
		return
	}
	gone := sync.OnceFunc(func() { close(p.first) })
	whole := int64(-1) // the commit of which all packs were fetched
	for {
		began, applied := time.Now(), p.index.Applied()
		var again <-chan time.Time
		if p.thrift.now() {
			gone()
		} else if applied != whole {
			err := p.walk(ctx)
			gone()
			switch {
			case err == nil || errors.Is(err, errPacksFull):
				whole = applied
			case ctx.Err() == nil:
				p.log.Debug("not all scan packs are here", "reason", err)
				again = time.After(packRetry)
			}
		}
		if rest(ctx, max(p.pause, packShare*time.Since(began))) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-p.wake:
		}
	}
}

// arrived waits until what is missing was fetched once, as far as it could be.
func (p *packs) arrived(ctx context.Context) {
	if p == nil {
		return
	}
	select {
	case <-p.first:
	case <-ctx.Done():
	}
}

// rest waits, or gives the error of ctx.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// walk goes through the locker once and fetches the packs that are missing.
func (p *packs) walk(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(packsAtOnce)
	w := packWalk{packs: p, fetches: g, listed: p.index.Listed(), looked: time.Now()}
	err := w.descend(gctx, catalog.Root, listDepth)
	if fetched := g.Wait(); fetched != nil {
		return fetched
	}
	return err
}

// packWalk is one walk through the locker.
type packWalk struct {
	*packs
	fetches *errgroup.Group
	last    string // the pack met last: those of one pack lie together
	// listed is how many listings there had been at looked.
	listed int64
	looked time.Time
}

// When the walk makes way: while programs list so many folders a second, which only those
// do that go through the whole locker. It looks that often.
const (
	walkerRate = 400
	walkerLook = 200 * time.Millisecond
)

// makeWay waits while a program goes through the locker.
func (w *packWalk) makeWay(ctx context.Context) error {
	for time.Since(w.looked) >= walkerLook {
		listed, now := w.index.Listed(), time.Now()
		busy := float64(listed-w.listed) > walkerRate*now.Sub(w.looked).Seconds()
		w.listed, w.looked = listed, now
		if !busy {
			return nil
		}
		if err := rest(ctx, walkerLook); err != nil {
			return err
		}
	}
	return nil
}

// descend fetches the missing packs of a folder and of what is below it. It waits while
// packsAtOnce are on their way, and holds one page of each folder above.
func (w *packWalk) descend(ctx context.Context, folder catalog.ID, depth int) error {
	if depth == 0 {
		return nil // no path leads there
	}
	for after := ""; ; {
		began := time.Now()
		page, err := w.index.Packs(ctx, folder, after, packPage)
		if err != nil {
			return err
		}
		// Others want the processor too.
		if err := errors.Join(rest(ctx, time.Since(began)), w.makeWay(ctx)); err != nil {
			return err
		}
		for _, e := range page {
			if e.Kind == catalog.Dir {
				if err := w.descend(ctx, e.ID, depth-1); err != nil {
					return err
				}
				continue
			}
			if e.Pack != "" && e.Pack != w.last && !w.shelf.Has(e.Pack) {
				w.fetches.Go(func() error { return w.bring(ctx, e.Pack) })
			}
			w.last = e.Pack
		}
		if len(page) < packPage {
			return ctx.Err()
		}
		after = page[len(page)-1].Name
	}
}

// bring fetches one pack with nobody waiting. The error is for what meets all packs.
func (p *packs) bring(ctx context.Context, name string) error {
	// Those on their way must fit too, or one would drive out the other for ever.
	held, _ := p.shelf.Held()
	if limit := p.shelf.Limit(); held+min(packsAtOnce*pack.MaxSize, limit/2) > limit {
		return errPacksFull
	}
	c, _ := p.fetch(name)
	if c == nil {
		return nil // here by now, or not to be had
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.err != nil && (away(c.err) || errors.Is(c.err, errPacksFull)) {
		return c.err
	}
	return nil
}
