package intake

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// How files are described. Those of one folder are read one after the other: they are
// likely to have a picture of the same size, so each knows from the one before how much to
// ask for. Many folders are read at once.
const (
	parallelLooks = 24 // folders
	looksFolder   = 12 // files of a folder that are read one after the other, at most
	maxDenied     = 50 // refused reads after which the store is taken to refuse all
)

// errManyDenied: the store refuses to have these objects read.
var errManyDenied = errors.New("the store refuses to have the objects read")

// looks are files of one folder that are read one after the other.
type looks struct {
	files []catalog.Entry
	class remote.Class
}

// describing is one run of the second stage.
type describing struct {
	a      *Adopter
	prefix string
	ledger *adoptLedger

	mu     sync.Mutex // guards what follows
	begun  map[catalog.ID]bool
	denied int
}

// describe reads all files under a prefix whose tags are not known.
func (a *Adopter) describe(ctx context.Context, prefix string, l *adoptLedger) error {
	d := &describing{a: a, prefix: prefix, ledger: l, begun: map[catalog.ID]bool{}}
	groups := make(chan looks)
	seen := make(chan []*look, 2)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(groups)
		return d.find(gctx, groups)
	})
	g.Go(func() error {
		defer close(seen)
		return d.lookAll(gctx, groups, seen)
	})
	g.Go(func() error { return d.keep(gctx, seen) })
	err := g.Wait()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// find gives the files that are to be read, folder by folder; first those of folders that
// somebody looks at.
func (d *describing) find(ctx context.Context, out chan<- looks) error {
	f := foreign{index: d.a.Index, prefix: d.prefix}
	var group []catalog.Entry
	dir := ""
	for {
		e, err := f.peek(ctx)
		if err != nil {
			return err
		}
		if e != nil && !undescribed(e) {
			f.next()
			continue
		}
		full := len(group) >= looksFolder || len(group) > 0 && (e == nil || path.Dir(e.Version.Object.Key) != dir)
		if full {
			if err := d.give(ctx, out, group); err != nil {
				return err
			}
			group = nil
		}
		if e == nil {
			return nil
		}
		dir = path.Dir(e.Version.Object.Key)
		group = append(group, *e)
		f.next()
	}
}

// give hands on a group, and before it those of folders that are looked at meanwhile.
func (d *describing) give(ctx context.Context, out chan<- looks, group []catalog.Entry) error {
	for {
		select {
		case folder := <-d.a.Looked:
			if err := d.giveFolder(ctx, out, folder); err != nil {
				return err
			}
			continue
		default:
		}
		if group = d.claim(group); len(group) == 0 {
			return nil
		}
		select {
		case out <- looks{group, d.a.Class}:
			return nil
		case folder := <-d.a.Looked:
			d.release(group)
			if err := d.giveFolder(ctx, out, folder); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// giveFolder hands on the files of a folder that somebody looks at.
func (d *describing) giveFolder(ctx context.Context, out chan<- looks, folder catalog.ID) error {
	list, err := d.a.Index.Children(ctx, folder, "", foreignPage)
	if err != nil {
		return err
	}
	var group []catalog.Entry
	for _, c := range list {
		if c.Kind != catalog.File {
			continue
		}
		e, err := d.a.Index.Entry(ctx, c.ID)
		if err == nil && undescribed(&e) {
			group = append(group, e)
		}
	}
	if group = d.claim(group); len(group) == 0 {
		return nil
	}
	select {
	case out <- looks{group, min(d.a.Class, remote.ReadAhead)}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// claim takes out of a group what was handed on before, and notes the rest.
func (d *describing) claim(group []catalog.Entry) []catalog.Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	var mine []catalog.Entry
	for _, e := range group {
		if !d.begun[e.Version.ID] {
			d.begun[e.Version.ID] = true
			mine = append(mine, e)
		}
	}
	return mine
}

func (d *describing) release(group []catalog.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range group {
		delete(d.begun, e.Version.ID)
	}
}

// lookAll reads the groups, many at once.
func (d *describing) lookAll(ctx context.Context, groups <-chan looks, out chan<- []*look) error {
	pool, ctx := errgroup.WithContext(ctx)
	for range parallelLooks {
		pool.Go(func() error {
			for group := range groups {
				seen, err := d.lookGroup(ctx, group)
				if err != nil {
					return err
				}
				select {
				case out <- seen:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
	}
	return pool.Wait()
}

func (d *describing) lookGroup(ctx context.Context, group looks) ([]*look, error) {
	ctx = remote.WithTicket(ctx, remote.NewTicket(group.class))
	var seen []*look
	likely := int64(0)
	for _, e := range group.files {
		one, err := d.a.look(ctx, e, likely)
		if err != nil {
			if err := d.failed(ctx, &e, err); err != nil {
				return nil, err
			}
			continue
		}
		likely = one.head
		seen = append(seen, one)
		d.ledger.count(func(r *AdoptReport, p *AdoptProgress) {
			r.Requests += one.requests
			r.ReadBytes += one.bytes
			p.ReadBytes, p.Current = r.ReadBytes, e.Version.Object.Key
		})
		if one.damage != nil {
			d.ledger.note(adoptDamaged, e.Version.Object.Key, one.damage.Error())
		}
	}
	return seen, nil
}

// failed decides whether a file that could not be read ends the run.
func (d *describing) failed(ctx context.Context, e *catalog.Entry, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errMoved):
		d.ledger.note(adoptFailed, e.Version.Object.Key, err.Error())
		return nil
	case errors.Is(err, remote.ErrDenied):
		d.mu.Lock()
		d.denied++
		many := d.denied > maxDenied
		d.mu.Unlock()
		if many {
			return fmt.Errorf("%w: %w", errManyDenied, err)
		}
	case !errors.Is(err, remote.ErrCorrupt) && !errors.Is(err, remote.ErrInvalid):
		return err // the store's, and not of this object alone
	}
	d.ledger.note(adoptFailed, e.Version.Object.Key, err.Error())
	return nil
}
