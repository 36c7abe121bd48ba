package pending

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// Trouble is something that a person should know of.
type Trouble struct {
	// Path is where in the locker, as far as that is known.
	Path string `json:"path"`
	// What happened, in words for a person.
	What string `json:"what"`
	// At is when, nanoseconds since 1970.
	At int64 `json:"at"`
}

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
}

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
		d.Origin = 0
		if c.Kind == catalog.Dir && !c.Dated {
			d.MTime = now.MTime
		}
		if c.Content != nil && now.Node == c.Node {
			r.committed(d)
		}
		return r.put(c, d, nil)
	}
	var notes []Trouble
	was := c.Base.since(c.Asked, now)
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
	switch {
	case c.Content != nil && c.Node == now.Node:
		r.committed(d)
	case now.Node == was.Node && c.Content == nil && !c.Gone:
		d.Node, d.Size = now.Node, e.Attr().Size
	case now.Node != was.Node && c.Kind == catalog.File:
		more, err := r.rewritten(c, d, e)
		if err != nil {
			return err
		}
		notes = append(notes, more...)
	}
	if c.Gone && c.Kind == catalog.Dir {
		filled, err := r.refilled(c.ID)
		if err != nil {
			return err
		}
		if d.Gone = !filled; filled {
			notes = append(notes, r.note(c, "it was removed here and got something on another device; it stays"))
		}
	}
	if err := r.housed(d, &notes); err != nil {
		return err
	}
	other := r.x.named(d.spot())
	if err := r.put(c, d, notes); err != nil || d.Gone || other == nil || other.ID == c.ID {
		return err
	}
	if other = r.x.change(other.ID); other == nil {
		return nil
	}
	return r.fit(other) // it has lost its name
}

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
		if err := r.housed(d, &notes); err != nil {
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
	return x.show(record{Drop: []catalog.ID{c.ID}, Conflicts: x.noted(notes)})
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
	if err := r.housed(d, &notes); err != nil {
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

// housed makes sure that a change has a folder and a name of its own.
func (r *reconciler) housed(d *change, notes *[]Trouble) error {
	x := r.x
	if d.Gone || x.isLocal(d) {
		return nil
	}
	a, err := x.attrOf(r.ctx, d.Parent)
	lost := errors.Is(err, catalog.ErrNotFound) || err == nil && a.Kind != catalog.Dir
	if err != nil && !lost {
		return err
	}
	if !lost {
		err := x.outside(r.ctx, d.attr(), d.Parent)
		if lost = errors.Is(err, ErrLoop) || errors.Is(err, catalog.ErrNotFound); err != nil && !lost {
			return err
		}
	}
	if lost {
		if d.Parent, err = r.conflicts(); err != nil {
			return err
		}
		*notes = append(*notes, r.note(d, "its folder was removed or moved on another device; it is in "+conflictsFolder))
	}
	there, err := x.index.Child(r.ctx, d.Parent, d.Name)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil
	}
	if err != nil || there.ID == d.ID {
		return err
	}
	if o := x.change(there.ID); o != nil && (o.Gone || o.spot() != d.spot() || x.isLocal(o)) {
		return nil // it leaves
	}
	if d.Kind == catalog.Dir && there.Kind == catalog.Dir && d.Base == nil {
		return r.join(d, there.ID)
	}
	was := d.Name
	if d.Name, err = r.conflictName(d.Parent, d.Name); err != nil {
		return err
	}
	*notes = append(*notes, r.note(d, fmt.Sprintf("another device took the name %q", was)))
	return nil
}

// join makes what is in a new folder be in the one that another device made with its
// name. The folder itself is left to become nothing.
func (r *reconciler) join(d *change, there catalog.ID) error {
	x := r.x
	x.mu.RLock()
	inside := append([]*change(nil), x.inside[d.ID]...)
	x.mu.RUnlock()
	rec := record{Drop: []catalog.ID{d.ID}}
	for _, c := range inside {
		k := c.copied()
		k.Parent = there
		r.see(c, k)
		rec.Put = append(rec.Put, k)
	}
	d.ID = 0
	return x.show(rec)
}

// conflictsFolder takes what has lost its folder.
const conflictsFolder = "Conflicts"

func (r *reconciler) conflicts() (catalog.ID, error) {
	for n, name := 2, conflictsFolder; ; n, name = n+1, library.Numbered(conflictsFolder, n) {
		a, err := r.x.Child(r.ctx, catalog.Root, name)
		switch {
		case err == nil && a.Kind == catalog.Dir:
			return a.ID, nil
		case err == nil:
			continue
		case !errors.Is(err, catalog.ErrNotFound):
			return 0, err
		}
		at := now()
		id := catalog.NewID()
		c := &change{ID: id, Node: id, Parent: catalog.Root, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: at, At: at}
		r.seen = append(r.seen, catalog.Change{Parent: c.Parent, Name: c.Name})
		return id, r.x.apply(nil, c)
	}
}

// conflictName gives a free name like "Title (conflict, laptop, 2026-11-20).flac".
func (r *reconciler) conflictName(parent catalog.ID, name string) (string, error) {
	stem, ext := library.SplitExt(name)
	wanted := library.CleanFile(stem+" (conflict, "+r.x.device+", "+time.Now().Format(time.DateOnly)+")", ext)
	for n, free := 2, wanted; ; n, free = n+1, library.Numbered(wanted, n) {
		switch _, err := r.x.Child(r.ctx, parent, free); {
		case errors.Is(err, catalog.ErrNotFound):
			return free, nil
		case err != nil:
			return "", err
		}
	}
}

func (r *reconciler) note(c *change, what string) Trouble {
	path, err := r.x.Path(r.ctx, c.Parent)
	if err != nil || path == "" {
		path = c.Name
	} else {
		path += "/" + c.Name
	}
	return Trouble{Path: path, What: what, At: now()}
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

// noted keeps troubles for status. turn is held.
func (x *Overlay) noted(notes []Trouble) []Trouble {
	if len(notes) == 0 {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conflicts = append(x.conflicts, notes...)
	for _, n := range notes {
		x.log.Warn("a conflict", "path", n.Path, "what", n.What)
	}
	return notes
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

// over ends a content whose version the locker has. Handles that are open read on, and its
// bytes stay here, as the cache's. turn is held, and a record is to follow.
func (x *Overlay) over(c *content, node catalog.ID) {
	crash("committed")
	c.dead, c.leaving = true, true
	x.mu.Lock()
	delete(x.nodes, node)
	x.leaving = append(x.leaving, c)
	x.mu.Unlock()
	x.freed = append(x.freed, c.files()...)
	x.nudge()
}

// give gives up a content that is not wanted. turn is held, and a record is to follow.
func (x *Overlay) give(c *change) {
	if c.Content == nil {
		return
	}
	x.freed = append(x.freed, c.Content.files()...)
	c.Content.dead = true
	x.abandon(c.Content.live)
	if c.Content.handles == 0 {
		x.throwAway(c.Content)
		return
	}
	x.linger(c.Content, c.Node, c)
}
