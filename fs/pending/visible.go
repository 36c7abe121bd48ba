package pending

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Synced tells whether names may be answered: see [catalog.Index.Synced].
func (x *Overlay) Synced() bool { return x.index.Synced() }

// WaitSynced waits until they may.
func (x *Overlay) WaitSynced(ctx context.Context) error { return x.index.WaitSynced(ctx) }

// Await waits until what is in folder may be read: see [catalog.Index.Await]. What was changed
// here is fitted to the whole tree only, so where there is any it waits for that.
func (x *Overlay) Await(ctx context.Context, folder catalog.ID) error {
	x.mu.RLock()
	changed := len(x.changes) > 0
	x.mu.RUnlock()
	if changed {
		return x.index.WaitSynced(ctx)
	}
	return x.index.Await(ctx, folder)
}

// Node gives the attributes of what the kernel knows as node, also when it has been
// replaced or removed since. The error is [catalog.ErrNotFound] for none.
func (x *Overlay) Node(ctx context.Context, node catalog.ID) (a catalog.Attr, err error) {
	err = x.steady(func() error { a, err = x.nodeOnce(ctx, node); return err })
	return a, err
}

// steady has read, which looks into the index and then at the changes, look again when
// changes have left meanwhile: what it found in the index may be from before the commit
// that they left for.
func (x *Overlay) steady(read func() error) error {
	for {
		left := x.left.Load()
		if err := read(); x.left.Load() == left {
			return err
		}
	}
}

func (x *Overlay) nodeOnce(ctx context.Context, node catalog.ID) (catalog.Attr, error) {
	x.mu.RLock()
	c := x.nodes[node]
	if c == nil {
		if c = x.changes[node]; c != nil && c.Kind != catalog.Dir {
			c = nil
		}
	}
	at, touched := x.touched[node]
	x.mu.RUnlock()
	if c != nil {
		a := c.attr()
		if touched {
			a.MTime = at
		}
		return a, nil
	}
	a, err := x.index.Node(ctx, node)
	if err != nil {
		return a, err
	}
	if c := x.change(a.ID); c != nil && c.Gone {
		a.Gone = true
	} else if c != nil && c.Node == node {
		a = c.attr()
	}
	if touched && a.Kind == catalog.Dir {
		a.MTime = at
	}
	return a, nil
}

// Child gives the entry with this name, in any normal form, in folder parent.
func (x *Overlay) Child(ctx context.Context, parent catalog.ID, name string) (a catalog.Attr, err error) {
	name = norm.NFC.String(name)
	err = x.steady(func() error { a, err = x.childOnce(ctx, parent, name); return err })
	return a, err
}

func (x *Overlay) childOnce(ctx context.Context, parent catalog.ID, name string) (catalog.Attr, error) {
	x.mu.RLock()
	c := x.names[spot{parent, name}]
	x.mu.RUnlock()
	if c != nil {
		return x.dated(c.attr()), nil
	}
	a, err := x.index.Child(ctx, parent, name)
	if err != nil {
		return a, err
	}
	a, ok := x.row(a)
	if !ok {
		return catalog.Attr{}, catalog.ErrNotFound // it is elsewhere, or gone
	}
	return a, nil
}

// row gives what programs see of a row of the index; ok is false when its entry is
// elsewhere, or gone.
func (x *Overlay) row(a catalog.Attr) (seen catalog.Attr, ok bool) {
	c := x.change(a.ID)
	switch {
	case c == nil:
		return x.dated(a), true
	case c.Gone || c.spot() != spot{a.Parent, a.Name}:
		return a, false
	}
	return x.dated(c.attr()), true // changed just now
}

// dated gives a folder the time of its last change here.
func (x *Overlay) dated(a catalog.Attr) catalog.Attr {
	if a.Kind != catalog.Dir {
		return a
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if at, ok := x.touched[a.ID]; ok {
		a.MTime = at
	}
	return a
}

// Children lists folder parent in byte order: at most limit entries, those after the
// name given. Fewer than limit means that there are no more.
func (x *Overlay) Children(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Attr, error) {
	var out []catalog.Attr
	for len(out) < limit {
		// What is added here is looked up before the index is read: what leaves the overlay
		// for the index meanwhile is then seen in one of them, or in both.
		var page []catalog.Attr
		var last string
		var more bool
		err := x.steady(func() error {
			added := x.added(parent, after, limit)
			rows, err := x.index.Children(ctx, parent, after, limit)
			page, last, more = x.merge(added, rows, limit)
			return err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if !more {
			break
		}
		after = last
	}
	return out[:min(len(out), limit)], nil
}

func (x *Overlay) added(parent catalog.ID, after string, limit int) []catalog.Attr {
	x.mu.RLock()
	defer x.mu.RUnlock()
	list := x.inside[parent]
	i, found := findName(list, after)
	if found {
		i++
	}
	list = list[i:]
	out := make([]catalog.Attr, 0, min(len(list), limit))
	for _, c := range list[:min(len(list), limit)] {
		out = append(out, c.attr())
	}
	return out
}

// merge merges a page of the overlay with one of the index, both of at most limit entries.
// more tells whether there may be others after last.
func (x *Overlay) merge(added, rows []catalog.Attr, limit int) (page []catalog.Attr, last string, more bool) {
	wholeAdded, wholeRows := len(added) < limit, len(rows) < limit
	for len(added) > 0 || len(rows) > 0 {
		// Beyond the end of a page that is not the last nothing is known.
		if len(added) == 0 && !wholeAdded || len(rows) == 0 && !wholeRows {
			return page, last, true
		}
		var a catalog.Attr
		if len(rows) == 0 || len(added) > 0 && added[0].Name <= rows[0].Name {
			if a = added[0]; len(rows) > 0 && rows[0].Name == a.Name {
				rows = rows[1:]
			}
			added = added[1:]
		} else {
			a, rows = rows[0], rows[1:]
			last = a.Name
			var ok bool
			if a, ok = x.row(a); !ok {
				continue
			}
		}
		last = a.Name
		page = append(page, x.dated(a))
	}
	return page, last, !wholeAdded || !wholeRows
}

// Version gives the content that the kernel knows as node. Of one that is not in the
// store yet only id and size are known.
func (x *Overlay) Version(ctx context.Context, node catalog.ID) (*catalog.Version, error) {
	x.mu.RLock()
	c := x.nodes[node]
	x.mu.RUnlock()
	switch {
	case c == nil:
		return x.index.Version(ctx, node)
	case c.Content == nil:
		v, err := x.index.Version(ctx, c.Origin)
		if err != nil {
			return nil, err
		}
		shared := *v
		shared.ID = node
		return &shared, nil
	}
	return &catalog.Version{ID: node, Size: c.attr().Size}, nil
}

// Entry gives all about the entry with this id. One that is not in the store yet has a
// version without an object.
func (x *Overlay) Entry(ctx context.Context, id catalog.ID) (e catalog.Entry, err error) {
	err = x.steady(func() error { e, err = x.entryOnce(ctx, id); return err })
	return e, err
}

func (x *Overlay) entryOnce(ctx context.Context, id catalog.ID) (catalog.Entry, error) {
	c := x.change(id)
	if c == nil {
		e, err := x.index.Entry(ctx, id)
		if err == nil && e.Kind == catalog.Dir {
			e.MTime = x.dated(e.Attr()).MTime
		}
		return x.withOwn(e), err
	}
	if c.Gone {
		return catalog.Entry{}, catalog.ErrNotFound
	}
	e := x.withOwn(c.entry())
	if c.Kind == catalog.Dir {
		e.MTime = x.dated(c.attr()).MTime
		return e, nil
	}
	var err error
	e.Version, err = x.Version(ctx, c.Node)
	return e, err
}

// Resolve finds the entry at a slash-separated locker path; "" and "/" are the root.
func (x *Overlay) Resolve(ctx context.Context, path string) (catalog.Entry, error) {
	id := catalog.Root
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." {
			continue
		}
		a, err := x.Child(ctx, id, part)
		if err != nil {
			return catalog.Entry{}, fmt.Errorf("%q: %w", path, err)
		}
		id = a.ID
	}
	return x.Entry(ctx, id)
}

// Path gives the locker path of an entry, without a leading slash; "" for the root.
func (x *Overlay) Path(ctx context.Context, id catalog.ID) (string, error) {
	path := ""
	for range maxDepth {
		if id == catalog.Root {
			return path, nil
		}
		e, err := x.attrOf(ctx, id)
		if err != nil {
			return "", err
		}
		if path == "" {
			path = e.Name
		} else {
			path = e.Name + "/" + path
		}
		id = e.Parent
	}
	return "", errors.New("an entry lies too deep")
}

// maxDepth bounds how deep folders nest.
const maxDepth = 256

// attrOf gives the attributes of an entry by its id.
func (x *Overlay) attrOf(ctx context.Context, id catalog.ID) (catalog.Attr, error) {
	if c := x.change(id); c != nil {
		if c.Gone {
			return catalog.Attr{}, catalog.ErrNotFound
		}
		return x.dated(c.attr()), nil
	}
	e, err := x.index.Entry(ctx, id)
	return x.dated(e.Attr()), err
}
