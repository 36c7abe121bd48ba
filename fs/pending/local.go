package pending

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// litter are names that desktops leave everywhere and nobody wants on other devices. They
// are kept on this machine.
var litter = []struct{ name, prefix string }{
	{name: ".DS_Store"}, {name: ".localized"}, {name: ".apdisk"}, {name: ".fseventsd"},
	{name: ".Spotlight-V100"}, {name: ".TemporaryItems"}, {name: ".DocumentRevisions-V100"}, {name: ".Trashes"},
	{name: "Thumbs.db"}, {name: "ehthumbs.db"}, {name: "desktop.ini"}, {name: "$RECYCLE.BIN"},
	{name: "System Volume Information"}, {name: ".directory"},
	{prefix: "._"}, {prefix: ".Trash-"}, {prefix: ".goutputstream-"}, {prefix: ".nfs"}, {prefix: ".fuse_hidden"}, {prefix: ".~lock."},
}

// Litter tells whether a name is one of those that stay on this machine, with all that is
// in a folder of that name.
func Litter(name string) bool {
	for _, l := range litter {
		if name == l.name || l.prefix != "" && strings.HasPrefix(name, l.prefix) {
			return true
		}
	}
	return false
}

// isLocal tells whether an entry stays on this machine: it is litter, or in a folder that
// is.
func (x *Overlay) isLocal(c *change) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	// A folder without a change is in the locker, so it is no litter.
	for range maxDepth {
		if Litter(c.Name) {
			return true
		}
		if c = x.changes[c.Parent]; c == nil {
			return false
		}
	}
	return false
}

// localAt tells whether what is at a place stays on this machine.
func (x *Overlay) localAt(at spot) bool {
	return x.isLocal(&change{Parent: at.parent, Name: at.name})
}

// crossing prepares a move between what stays on this machine, such as the trash, and what
// does not. done: the move has been made, with all that is in a folder.
//
// Into the trash: the locker will have everything removed, so all of it must have a change
// that outlives that. Out of the trash: what was removed meanwhile comes back under new
// ids, for the old ones cannot be used again, with the bytes it had. turn is held.
func (x *Overlay) crossing(ctx context.Context, c *change, a catalog.Attr, touched map[catalog.ID]int64) (done bool, err error) {
	from, to := x.localAt(spot{a.Parent, a.Name}), x.localAt(c.spot())
	switch {
	case !from && to && c.Kind == catalog.Dir:
		return false, x.hold(ctx, c.ID, 0)
	case from && !to && x.was(c):
		return x.revive(ctx, c, a, touched)
	}
	return false, nil
}

// hold gives everything in a folder a change, in records of their own: such changes say
// nothing until the folder moves.
func (x *Overlay) hold(ctx context.Context, folder catalog.ID, depth int) error {
	for after := ""; depth < maxDepth; {
		page, err := x.index.Children(ctx, folder, after, 500)
		if err != nil {
			return err
		}
		var r record
		for _, a := range page {
			if x.change(a.ID) != nil {
				continue
			}
			c, err := x.altered(ctx, a.ID)
			if err != nil {
				return err
			}
			r.Put = append(r.Put, c)
		}
		if len(r.Put) > 0 {
			if err := x.show(r); err != nil {
				return err
			}
		}
		for _, a := range page {
			if a.Kind == catalog.Dir {
				if err := x.hold(ctx, a.ID, depth+1); err != nil {
					return err
				}
			}
		}
		if len(page) < 500 {
			return nil
		}
		after = page[len(page)-1].Name
	}
	return nil
}

// was tells whether an entry, or anything in it, was removed from the locker.
func (x *Overlay) was(c *change) bool {
	if c.Was {
		return true
	}
	x.mu.RLock()
	inside := slices.Clone(x.inside[c.ID])
	x.mu.RUnlock()
	return slices.ContainsFunc(inside, x.was)
}

// revive moves an entry out of the trash under new ids. A name that is taken there is for
// the caller.
func (x *Overlay) revive(ctx context.Context, c *change, a catalog.Attr, touched map[catalog.ID]int64) (bool, error) {
	if x.named(c.spot()) != nil {
		return false, nil
	}
	if _, err := x.Child(ctx, c.Parent, c.Name); !errors.Is(err, catalog.ErrNotFound) {
		return false, err
	}
	r := record{Touched: touched}
	x.renumber(c, &r)
	if err := x.show(r); err != nil {
		return false, err
	}
	// The kernel has moved the old nodes there.
	go x.announce([]catalog.Change{{Parent: c.Parent, Name: c.Name, Node: a.Node}})
	return true, nil
}

// renumber gives an entry, and what is in it, new ids where the old ones cannot be used
// again. c is a copy.
func (x *Overlay) renumber(c *change, r *record) {
	old := c.ID
	if c.Was {
		r.Drop = append(r.Drop, old)
		c.ID, c.Was = catalog.NewID(), false
		switch {
		case c.Kind == catalog.Dir:
			c.Node = c.ID
		case c.Content == nil:
			c.Origin = cmp.Or(c.Origin, c.Node)
			c.Node = catalog.NewID()
		}
	}
	r.Put = append(r.Put, c)
	x.mu.RLock()
	inside := slices.Clone(x.inside[old])
	x.mu.RUnlock()
	for _, k := range inside {
		k = k.copied()
		k.Parent, k.At = c.ID, c.At
		x.renumber(k, r)
	}
}
