package pending

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// rewritten fits a change to a new version in the locker: it is the one from here, or
// another device's, and then both are kept.
func (r *reconciler) rewritten(c, d *change, e *catalog.Entry) (notes []Trouble, err error) {
	switch {
	case c.Gone:
		d.Gone = false
		d.Node, d.Size = e.Attr().Node, e.Version.Size
		return []Trouble{r.note(c, "it was removed here and changed on another device; the change stays")}, nil
	case c.Content == nil:
		d.Node, d.Size, d.MTime = e.Attr().Node, e.Version.Size, e.MTime
		return nil, nil
	}
	same := r.x.sameBytes(r.ctx, c.Content, e.Version)
	if same && c.Content.writers > 0 {
		return nil, nil // what is still to be written comes over this version
	}
	d.Content, d.Node, d.Size, d.MTime = nil, e.Attr().Node, e.Version.Size, e.MTime
	if same || !c.Content.wanted() {
		r.x.give(c)
		return nil, nil
	}
	k := c.copied()
	k.ID, k.Base, k.Parent = catalog.NewID(), nil, d.Parent
	if k.Name, err = r.conflictName(d.Parent, d.Name); err != nil {
		return nil, err
	}
	r.seen = append(r.seen, catalog.Change{Parent: k.Parent, Name: k.Name})
	if err := r.x.apply(nil, k); err != nil {
		return nil, err
	}
	return []Trouble{r.note(k, "it was changed on two devices; this is the version of this one")}, nil
}

// sameBytes tells whether a content is known, or quickly found, to be that of a version.
func (x *Overlay) sameBytes(ctx context.Context, c *content, v *catalog.Version) bool {
	if c.Sent != nil {
		return c.Sent.SHA256 == v.SHA256
	}
	if c.draft.Size() != v.Size || c.draft.NeedsBase() {
		return false
	}
	sum := sha256.New()
	_, err := io.Copy(sum, &draftReader{ctx: ctx, draft: c.draft})
	return err == nil && catalog.Hash(sum.Sum(nil)) == v.SHA256
}

// draftReader reads a draft from its start.
type draftReader struct {
	ctx   context.Context
	draft *staging.Draft
	off   int64
}

// Read implements io.Reader.
func (r *draftReader) Read(p []byte) (int, error) {
	n, err := r.draft.ReadAt(r.ctx, p, r.off)
	r.off += int64(n)
	return n, err
}

// committed ends the way of a content: its version is in the locker.
func (r *reconciler) committed(d *change) {
	d.Size = d.Content.draft.Size()
	d.MTime = d.Content.mtime.Load()
	r.x.over(d.Content, d.Node)
	d.Content = nil
}

// removed fits a change to its entry's removal by another device.
func (r *reconciler) removed(c *change) error {
	x := r.x
	switch {
	case c.Gone:
		return x.show(record{Drop: []catalog.ID{c.ID}})
	case x.isLocal(c):
		d := c.copied()
		d.Base, d.Was = nil, true
		return x.show(record{Put: []*change{d}})
	case c.Content != nil && c.Content.wanted():
		d := c.copied()
		d.Asked = nil
		d.ID, d.Base = catalog.NewID(), nil
		notes := []Trouble{r.note(c, "it was changed here and removed on another device; the change stays")}
		if err := r.housed(c, d, &notes); err != nil {
			return err
		}
		r.see(c, d)
		return x.show(record{Put: []*change{d}, Drop: []catalog.ID{c.ID}, Conflicts: x.noted(notes)})
	}
	x.give(c)
	r.seen = append(r.seen, catalog.Change{Parent: c.Parent, Name: c.Name, Node: c.Node})
	var notes []Trouble
	if c.moved() {
		notes = append(notes, r.note(c, "it was moved here and removed on another device"))
	}
	within := x.within(c.ID)
	if err := x.show(record{Drop: []catalog.ID{c.ID}, Conflicts: x.noted(notes)}); err != nil {
		return err
	}
	return r.again(within)
}

// within gives what was changed in a folder.
func (x *Overlay) within(folder catalog.ID) (ids []catalog.ID) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, c := range x.inside[folder] {
		ids = append(ids, c.ID)
	}
	return ids
}

// again fits changes whose folder has become another, or none: they may have been fitted
// before it was.
func (r *reconciler) again(ids []catalog.ID) error {
	for _, id := range ids {
		if c := r.x.change(id); c != nil {
			if err := r.fit(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh fits a change whose entry the locker does not have: it may have come in as the
// new version of another.
func (r *reconciler) fresh(c *change) error {
	x := r.x
	if x.isLocal(c) {
		return nil
	}
	if c.Content != nil && c.Content.Sent != nil {
		switch a, err := x.index.Node(r.ctx, c.Node); {
		case err == nil:
			return r.merged(c, a)
		case !errors.Is(err, catalog.ErrNotFound):
			return err
		}
	}
	d := c.copied()
	var notes []Trouble
	if err := r.housed(c, d, &notes); err != nil {
		return err
	}
	if d.spot() == c.spot() {
		return nil
	}
	return r.put(c, d, notes)
}

// merged gives a file the identity of the one that it became the new version of.
func (r *reconciler) merged(c *change, a catalog.Attr) error {
	e, err := r.x.index.Entry(r.ctx, a.ID)
	if err != nil {
		return err
	}
	d := c.copied()
	d.ID, d.Base, d.Asked = e.ID, baseOf(&e), nil
	if d.Base.Node == c.Node {
		r.committed(d)
	}
	r.seen = append(r.seen, catalog.Change{Parent: c.Parent, Name: c.Name, Node: c.Node})
	rec := record{Drop: []catalog.ID{c.ID}}
	if own := r.x.ownXattrs(c.ID); len(own) > 0 {
		rec.Own = map[catalog.ID]map[string][]byte{c.ID: nil, d.ID: own}
	}
	rec.say(d, d.differs())
	return r.x.show(rec)
}
