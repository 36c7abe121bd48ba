package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// How often what was read is committed.
const (
	keepAge  = 2 * time.Second
	keepSize = 500 // files
	// parallelPacks is how many packs are on their way to the store at once.
	parallelPacks = 2
)

// keep makes scan packs of what was read and commits it, until seen is closed. What was
// read when ctx ends is read again by the next run.
func (d *describing) keep(ctx context.Context, seen <-chan []*look) error {
	ready := make(chan []*look, parallelPacks)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(ready)
		return d.packAll(gctx, seen, ready)
	})
	g.Go(func() error { return d.commitAll(gctx, ready) })
	return g.Wait()
}

// packAll fills packs, as an import does, and hands on the files of each when it is in
// the store.
func (d *describing) packAll(ctx context.Context, seen <-chan []*look, out chan<- []*look) error {
	sending, ctx := errgroup.WithContext(ctx)
	sending.SetLimit(parallelPacks)
	p, err := newFilling()
	if err != nil {
		return err
	}
	seal := func() error {
		full := p
		if p, err = newFilling(); err != nil {
			return err
		}
		sending.Go(func() error { return d.send(ctx, full, out) })
		return ctx.Err()
	}
	for group := range seen {
		for _, one := range group {
			if p.add(one) {
				continue
			}
			if err := seal(); err != nil {
				return errors.Join(err, sending.Wait())
			}
			if !p.add(one) {
				p.plain = append(p.plain, one)
			}
		}
		if p.builder.Size() >= packAlbums || p.builder.Objects() >= albumFiles {
			if err := seal(); err != nil {
				return errors.Join(err, sending.Wait())
			}
		}
	}
	return errors.Join(seal(), sending.Wait())
}

// filling is a pack that is being filled, with the files that it will have.
type filling struct {
	builder *pack.Builder
	in      []*look
	plain   []*look // that no pack takes
}

func newFilling() (*filling, error) {
	b, err := pack.NewBuilder()
	return &filling{builder: b}, err
}

// add puts a file in; it is false when the pack has no room left.
func (p *filling) add(one *look) bool {
	if len(one.ranges) == 0 {
		p.plain = append(p.plain, one)
		return true
	}
	v := one.entry.Version
	err := p.builder.Add(pack.ID(v.Mark()), v.Size, one.ranges, SharedSpans(one.tags))
	switch {
	case err == nil:
		p.in = append(p.in, one)
	case errors.Is(err, pack.ErrTooLarge) && p.builder.Objects() > 0:
		return false
	default: // it is missed by nobody
		p.plain = append(p.plain, one)
	}
	one.ranges = nil
	return true
}

// send brings a pack to the store and hands on its files, whose versions name it.
func (d *describing) send(ctx context.Context, p *filling, out chan<- []*look) error {
	if len(p.in) > 0 {
		name, body, err := p.builder.Encode()
		if err != nil {
			return err
		}
		if err := d.a.put(ctx, name, body); err != nil {
			return err
		}
		for _, one := range p.in {
			describeAs(one, name)
		}
	}
	for _, one := range p.plain {
		describeAs(one, "")
	}
	select {
	case out <- append(p.in, p.plain...):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// describeAs gives the file's version its tags and the name of its pack.
func describeAs(one *look, name string) {
	v := *one.entry.Version
	v.Tags, v.Pack = one.tags, name
	one.entry.Version = &v
}

// put writes a pack. Its name is its content, so writing it twice does no harm.
func (a *Adopter) put(ctx context.Context, name string, body []byte) error {
	ctx = remote.WithTicket(ctx, remote.NewTicket(remote.Upload))
	section := io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body)))
	if _, err := a.Store.Put(ctx, catalog.PackKey(name), section, remote.PutOptions{ContentType: "application/octet-stream"}); err != nil {
		return err
	}
	if a.Keep != nil {
		if err := a.Keep(name, body); err != nil {
			a.Logger.Debug("a scan pack could not be kept here", "pack", name, "error", err)
		}
	}
	return nil
}

// commitAll commits what is ready, every few seconds.
func (d *describing) commitAll(ctx context.Context, ready <-chan []*look) error {
	tick := time.NewTicker(keepAge)
	defer tick.Stop()
	var files []*look
	for {
		select {
		case more, open := <-ready:
			files = append(files, more...)
			if open && len(files) < cmp.Or(d.a.batch, keepSize) {
				continue
			}
			if err := d.commit(ctx, files); err != nil || !open {
				return err
			}
			files = nil
		case <-tick.C:
			if err := d.commit(ctx, files); err != nil {
				return err
			}
			files = nil
		}
	}
}

func (d *describing) commit(ctx context.Context, files []*look) error {
	if len(files) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	ops := make([]catalog.Op, 0, len(files))
	now := time.Now().UnixNano()
	for _, one := range files {
		// A survey may have seen since that the object has changed, or gone.
		e, err := d.a.Index.Entry(ctx, one.entry.ID)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		v := one.entry.Version
		if err != nil || e.Version == nil || e.Version.ID != v.ID || e.Version.Object.ETag != v.Object.ETag {
			continue
		}
		v.Object, v.SHA256 = e.Version.Object, e.Version.SHA256
		ops = append(ops, catalog.Op{Verb: catalog.Describe, At: now, ID: e.ID, Version: v})
	}
	if len(ops) == 0 {
		return nil
	}
	done, err := d.a.Commit.Commit(ctx, ops)
	if err != nil {
		return err
	}
	for _, c := range done.Conflicts {
		d.a.Logger.Debug("a file that was read is another by now", "entry", c.ID, "what", c.What)
	}
	d.ledger.count(func(r *AdoptReport, p *AdoptProgress) {
		r.Described += int64(len(ops))
		p.Described = r.Described
	})
	return nil
}
