package pending

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Applied fits the changes to a commit that has come into the index, whoever wrote it, and
// gives what programs see otherwise now. own: the commit was planned here, so that what it
// changed is seen already.
func (x *Overlay) Applied(ctx context.Context, a catalog.Applied, own bool) ([]catalog.Change, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	// A commit that was planned here changes nothing but what it was planned of.
	if own && a.Invalid == nil && x.fitted == a.N-1 {
		r := reconciler{x: x, ctx: ctx}
		if err := r.fitAll(x.planned); err != nil {
			return nil, fmt.Errorf("fitting changes to commit %d: %w", a.N, err)
		}
		x.fitted = a.N
		return r.seen, nil
	}
	seen, err := x.fit(ctx)
	if err != nil {
		return nil, fmt.Errorf("fitting changes to commit %d: %w", a.N, err)
	}
	if own {
		return seen, nil
	}
	return append(a.Changes, seen...), nil
}

// fit fits all changes to the index as it is, and gives what programs see otherwise now.
// While the index does not hold the whole tree, what it lacks says nothing. turn is held.
func (x *Overlay) fit(ctx context.Context) ([]catalog.Change, error) {
	n := x.index.Applied()
	if !x.index.Synced() || x.fitted == n {
		return nil, nil
	}
	crash("fit")
	r := reconciler{x: x, ctx: ctx}
	var all []catalog.ID
	for _, c := range x.ordered() {
		all = append(all, c.ID)
	}
	if err := r.fitAll(all); err != nil {
		return nil, err
	}
	x.fitted = n
	return r.seen, nil
}

func (r *reconciler) fitAll(ids []catalog.ID) error {
	for _, id := range ids {
		// One that another was merged with may have left.
		c := r.x.change(id)
		if c == nil {
			continue
		}
		if err := r.fit(c); err != nil {
			return fmt.Errorf("%q: %w", c.Name, err)
		}
	}
	crash("fit.changes")
	defer crash("fitted")
	return r.untouch()
}

type reconciler struct {
	x    *Overlay
	ctx  context.Context
	seen []catalog.Change
	// deep counts the changes that are being fitted because another took their name.
	deep int
}

// maxRefits bounds how many changes one takes the names of, each from the next.
const maxRefits = 100

// fit brings one change up to the index.
func (r *reconciler) fit(c *change) error {
	if err := r.landed(c); err != nil {
		return err
	}
	e, err := r.x.index.Entry(r.ctx, c.ID)
	switch {
	case err == nil:
		return r.there(c, &e)
	case !errors.Is(err, catalog.ErrNotFound):
		return err
	case c.Base != nil:
		return r.removed(c)
	}
	return r.fresh(c)
}

// there fits a change whose entry the locker has.
func (r *reconciler) there(c *change, e *catalog.Entry) error {
	d, now := c.copied(), baseOf(e)
	d.Base, d.Asked = now, nil
	if c.Gone {
		// What took its place here may have come in as its new version.
		r.x.mu.RLock()
		next := r.x.nodes[now.Node]
		r.x.mu.RUnlock()
		if next != nil && next.ID != c.ID && !next.Gone {
			return r.merged(next, e.Attr())
		}
	}
	if c.Base == nil {
		return r.created(c, d)
	}
	was := c.Base.since(c.Asked, now)
	notes := r.adopt(c, d, was)
	more, err := r.contents(c, d, was, e)
	if err != nil {
		return err
	}
	notes = append(notes, more...)
	if err := r.housed(c, d, &notes); err != nil {
		return err
	}
	other := r.x.named(d.spot())
	if err := r.put(c, d, notes); err != nil || d.Gone || other == nil || other.ID == c.ID {
		return err
	}
	if other = r.x.change(other.ID); other == nil {
		return nil
	}
	// It has lost its name. Two that take it from each other in turn are left to the rebase
	// of their commit, which gives one another name.
	r.deep++
	defer func() { r.deep-- }()
	if r.deep > maxRefits {
		r.x.log.Warn("changes cannot agree on a name", "name", d.Name)
		return nil
	}
	return r.fit(other)
}

// created fits a change to the commit that brought its entry into the locker.
func (r *reconciler) created(c, d *change) error {
	d.Origin = 0
	if c.Kind == catalog.Dir && !c.Dated {
		d.MTime = d.Base.MTime
	}
	if c.Content != nil && d.Base.Node == c.Node {
		r.committed(d)
	}
	return r.put(c, d, nil)
}

// adopt gives d, which becomes of c, what is in the locker now of all that c left as it was.
// Of two moves the first committed stays.
func (r *reconciler) adopt(c, d *change, was *base) (notes []Trouble) {
	now := d.Base
	if was.Parent != now.Parent || was.Name != now.Name {
		if c.moved() && (c.Parent != now.Parent || c.Name != now.Name) && !c.Gone {
			notes = append(notes, r.note(c, "it was moved on two devices; the first move stays"))
		}
		d.Parent, d.Name = now.Parent, now.Name
	}
	if c.Mode == was.Mode {
		d.Mode = now.Mode
	}
	if !c.Dated && (c.Kind == catalog.Dir || c.MTime == was.MTime && c.Content == nil) {
		d.MTime = now.MTime
	}
	if sameXattrs(c.Xattrs, was.Xattrs) {
		d.Xattrs = now.Xattrs
	}
	return notes
}

// contents fits a change to what its entry holds in the locker now.
func (r *reconciler) contents(c, d *change, was *base, e *catalog.Entry) ([]Trouble, error) {
	now := d.Base
	switch {
	case c.Content != nil && c.Node == now.Node:
		r.committed(d)
	case now.Node == was.Node && c.Content == nil && !c.Gone:
		d.Node, d.Size = now.Node, e.Attr().Size
	case now.Node != was.Node && c.Kind == catalog.File:
		return r.rewritten(c, d, e)
	case c.Gone && c.Kind == catalog.Dir:
		filled, err := r.refilled(c.ID)
		if d.Gone = !filled; err == nil && filled {
			return []Trouble{r.note(c, "it was removed here and got something on another device; it stays")}, nil
		}
		return nil, err
	}
	return nil, nil
}

// refilled tells whether a folder that was removed here has got something by now.
func (r *reconciler) refilled(folder catalog.ID) (bool, error) {
	for after := ""; ; {
		page, err := r.x.index.Children(r.ctx, folder, after, 500)
		if err != nil {
			return false, err
		}
		for _, a := range page {
			if _, ok := r.x.row(a); ok {
				return true, nil
			}
		}
		if len(page) < 500 {
			return false, nil
		}
		after = page[len(page)-1].Name
	}
}

// put replaces a change, or drops it when it says no more than the index.
func (r *reconciler) put(c, d *change, notes []Trouble) error {
	if d.ID == 0 {
		return nil // it has joined another
	}
	r.see(c, d)
	rec := record{Conflicts: r.x.noted(notes)}
	crash("fit.record")
	rec.say(d, d.differs() || r.x.isLocal(d) || d.Dated && !r.x.settledInside(d.ID))
	return r.x.show(rec)
}

// see notes what the kernel must be told of.
func (r *reconciler) see(c, d *change) {
	if c.spot() != d.spot() || c.Node != d.Node || c.Gone != d.Gone {
		r.seen = append(r.seen, catalog.Change{Parent: c.Parent, Name: c.Name, Node: c.Node},
			catalog.Change{Parent: d.Parent, Name: d.Name})
	}
}

// untouch forgets the times of folders that the index knows by now.
func (r *reconciler) untouch() error {
	x := r.x
	x.mu.RLock()
	touched := make(map[catalog.ID]int64, len(x.touched))
	for id, at := range x.touched {
		touched[id] = at
	}
	x.mu.RUnlock()
	var over []catalog.ID
	for id, at := range touched {
		e, err := x.index.Entry(r.ctx, id)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			if x.change(id) == nil {
				over = append(over, id)
			}
		case err != nil:
			return err
		case e.MTime >= at:
			over = append(over, id)
		}
	}
	if len(over) == 0 {
		return nil
	}
	crash("fit.untouch")
	return x.show(record{Untouched: over})
}
