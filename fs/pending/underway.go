package pending

import (
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// What programs do while a commit is on its way comes after that commit, also when it
// concerns the same entries. So a change remembers what such a commit asks for its entry,
// which is then no news from elsewhere; and a content that such a commit names is neither
// written to nor given up, but stays beneath the copy that is written to.

// beneath is a content that a commit may have been sent with, or has been promised, under
// a copy of it that has not been recorded or uploaded yet.
type beneath struct {
	content *content
	node    catalog.ID
}

// recall notes what a commit asks that was on its way when the process ended: of most
// entries no record tells. Nobody uses the overlay yet.
func (x *Overlay) recall() error {
	in, err := intentFile{x.dir}.read(x.log)
	if err != nil || in == nil || !in.Planned {
		return err
	}
	if c, err := catalog.DecodeCommit(in.N, in.Epoch, in.Body); err == nil { // else who takes it up says so
		x.asks(c.Ops)
	}
	return nil
}

// asks notes what planned operations make of the entries. turn is held.
func (x *Overlay) asks(ops []catalog.Op) {
	after := map[catalog.ID]*base{}
	of := func(id catalog.ID) *base {
		if after[id] == nil {
			after[id] = &base{}
			if c := x.change(id); c != nil && c.Base != nil {
				*after[id] = *c.Base
			}
		}
		return after[id]
	}
	for _, op := range ops {
		switch op.Verb {
		case catalog.Create:
			after[op.Entry.ID] = baseOf(op.Entry)
		case catalog.Replace:
			of(op.ID).Node, of(op.ID).MTime = op.Version.ID, *op.MTime
		case catalog.Move:
			of(op.ID).Parent, of(op.ID).Name = op.Parent, op.Name
		case catalog.Set:
			of(op.ID).set(op)
		}
	}
	for id, b := range after {
		if c := x.change(id); c != nil {
			c.Asked = b
		}
	}
}

func (b *base) set(op catalog.Op) {
	if op.Mode != nil {
		b.Mode = *op.Mode
	}
	if op.MTime != nil {
		b.MTime = *op.MTime
	}
	if op.Xattrs != nil {
		b.Xattrs = op.Xattrs
	}
}

// since gives what of an entry is no news: what it was, and what was asked for it and has
// come.
func (b base) since(asked, now *base) *base {
	if asked == nil {
		return &b
	}
	if asked.Parent == now.Parent && asked.Name == now.Name {
		b.Parent, b.Name = now.Parent, now.Name
	}
	if asked.Mode == now.Mode {
		b.Mode = now.Mode
	}
	if asked.MTime == now.MTime {
		b.MTime = now.MTime
	}
	if sameXattrs(asked.Xattrs, now.Xattrs) {
		b.Xattrs = now.Xattrs
	}
	if asked.Node == now.Node {
		b.Node = now.Node
	}
	return &b
}

// decided fits the changes that the last plan asked something for, now that its fate is
// known, and forgets what was asked. turn is held.
func (r *reconciler) decided() error {
	for _, c := range r.x.ordered() {
		if c.Asked == nil {
			continue
		}
		if err := r.fit(c); err != nil {
			return err
		}
		if c = r.x.change(c.ID); c != nil {
			c.Asked = nil
		}
	}
	return nil
}

// landed ends the way of what lies beneath a content, if the locker has it by now.
func (r *reconciler) landed(c *change) error {
	if c.Content == nil || c.Content.beneath == nil {
		return nil
	}
	b := c.Content.beneath
	switch _, err := r.x.index.Node(r.ctx, b.node); {
	case errors.Is(err, catalog.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	c.Content.beneath = nil
	r.x.over(b.content, b.node)
	return nil
}

// unwritten gives a change as it is without a content that was never recorded.
func (c *change) unwritten() *change {
	d := c.copied()
	d.Content = nil
	switch b := c.Content.beneath; {
	case b != nil:
		d.Content, d.Node = b.content, b.node
	case c.Base != nil:
		d.Node = c.Base.Node
	default:
		d.Node, d.Origin = catalog.NewID(), c.Content.From
	}
	return d
}

// kept tells whether something of a content was promised to be safe.
func (c *content) kept() bool { return c.durable || c.beneath != nil }

// wanted tells whether a content must not be given up: also what is open for writing and
// was not written to yet will be.
func (c *content) wanted() bool { return c.kept() || c.writers > 0 || c.draft.Dirty() }

// abandon gives up what lies beneath a content. turn is held, and what lies above is
// durable, or gone too.
func (x *Overlay) abandon(l *live) {
	b := l.beneath
	if b == nil {
		return
	}
	l.beneath, b.content.dead = nil, true
	if b.content.handles > 0 {
		return // who releases the last one does the rest
	}
	x.mu.Lock()
	if c := x.nodes[b.node]; c != nil && c.Content != nil && c.Content.live == b.content.live {
		delete(x.nodes, b.node)
	}
	x.mu.Unlock()
	x.throwAway(b.content)
}
