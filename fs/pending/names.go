package pending

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Create makes an empty file and opens it for writing. The error is ErrExists when the
// name is taken.
func (x *Overlay) Create(ctx context.Context, parent catalog.ID, name string, mode uint32) (catalog.Attr, *File, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	c, touched, err := x.begin(ctx, parent, name, catalog.File, mode)
	if err != nil {
		return catalog.Attr{}, nil, err
	}
	draft, err := x.staging.Create(nil, 0)
	if err != nil {
		return catalog.Attr{}, nil, full(err)
	}
	crash("create.staged")
	c.Node = catalog.NewID()
	c.Content = newContent(draft, c.MTime)
	c.Content.New, c.Content.durable = true, true
	if c.Content.Record, err = draft.Sync(); err != nil {
		return catalog.Attr{}, nil, errors.Join(full(err), draft.Discard())
	}
	c.Content.handles, c.Content.writers = 1, 1
	crash("create.record")
	if err := x.apply(touched, c); err != nil {
		return catalog.Attr{}, nil, errors.Join(err, x.discard(c.Content))
	}
	crash("created")
	return c.attr(), &File{x: x, content: c.Content, node: c.Node, writes: true}, nil
}

// Mkdir makes a folder. The error is ErrExists when the name is taken.
func (x *Overlay) Mkdir(ctx context.Context, parent catalog.ID, name string, mode uint32) (catalog.Attr, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	c, touched, err := x.begin(ctx, parent, name, catalog.Dir, mode)
	if err != nil {
		return catalog.Attr{}, err
	}
	c.Node = c.ID
	crash("mkdir.record")
	defer crash("mkdir.recorded")
	return c.attr(), x.apply(touched, c)
}

// begin begins a new entry. turn is held.
func (x *Overlay) begin(ctx context.Context, parent catalog.ID, name string, kind catalog.Kind, mode uint32) (*change, map[catalog.ID]int64, error) {
	name, err := x.room(ctx, parent, name)
	if err != nil {
		return nil, nil, err
	}
	switch _, err := x.Child(ctx, parent, name); {
	case err == nil:
		return nil, nil, ErrExists
	case !errors.Is(err, catalog.ErrNotFound):
		return nil, nil, err
	}
	at, touched := now(), map[catalog.ID]int64{}
	if err := x.touch(ctx, touched, parent, at); err != nil {
		return nil, nil, err
	}
	return &change{ID: catalog.NewID(), Parent: parent, Name: name, Kind: kind, Mode: mode & 0o777, MTime: at, At: at}, touched, nil
}

// room makes sure that a folder may get an entry of this name, and gives the name as it
// is stored.
func (x *Overlay) room(ctx context.Context, parent catalog.ID, name string) (string, error) {
	stored := norm.NFC.String(name)
	if err := catalog.ValidName(parent, stored); err != nil {
		return "", err
	}
	a, err := x.attrOf(ctx, parent)
	if err == nil && a.Kind != catalog.Dir {
		err = ErrNotDir
	}
	return stored, err
}

// Remove removes a file, or an empty folder. Its error is ErrNotDir or ErrIsDir where the
// entry is of another kind.
func (x *Overlay) Remove(ctx context.Context, parent catalog.ID, name string, kind catalog.Kind) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	a, err := x.Child(ctx, parent, name)
	if err != nil {
		return err
	}
	if err := x.removable(ctx, a, kind); err != nil {
		return err
	}
	c, err := x.altered(ctx, a.ID)
	if err != nil {
		return err
	}
	at, touched := now(), map[catalog.ID]int64{}
	if err := x.touch(ctx, touched, parent, at); err != nil {
		return err
	}
	return x.remove(c, at, touched)
}

func (x *Overlay) removable(ctx context.Context, a catalog.Attr, kind catalog.Kind) error {
	switch {
	case a.Kind == catalog.Dir && kind == catalog.File:
		return ErrIsDir
	case a.Kind == catalog.File && kind == catalog.Dir:
		return ErrNotDir
	case a.Kind == catalog.File:
		return nil
	}
	list, err := x.Children(ctx, a.ID, "", 1)
	if err == nil && len(list) > 0 {
		err = ErrNotEmpty
	}
	return err
}

// remove removes an entry, with others changed in the same moment. turn is held.
func (x *Overlay) remove(c *change, at int64, touched map[catalog.ID]int64, others ...*change) error {
	r := record{Put: others, Touched: touched}
	old, node := c.Content, c.Node
	if len(x.ownXattrs(c.ID)) > 0 {
		r.Own = map[catalog.ID]map[string][]byte{c.ID: nil}
	}
	if c.Base == nil {
		c.Base = c.Asked // it may be about to come into the locker
	}
	if c.Base == nil {
		r.Drop = []catalog.ID{c.ID}
	} else {
		c.Gone, c.At, c.Content = true, at, nil
		c.Node = c.Base.Node
		r.Put = append([]*change{c}, others...)
	}
	if old != nil {
		x.freed = append(x.freed, old.files()...)
	}
	crash("remove.record")
	if err := x.show(r); err != nil {
		return err
	}
	crash("removed")
	if old != nil {
		old.dead = true
		x.abandon(old.live)
		if old.handles == 0 {
			x.throwAway(old)
			return nil
		}
		x.linger(old, node, c)
	}
	return nil
}

// linger keeps the node of a removed file answered for while handles are open. turn is
// held.
func (x *Overlay) linger(old *content, node catalog.ID, c *change) {
	last := c.copied()
	last.Content, last.Node, last.Gone = old, node, true
	x.mu.Lock()
	defer x.mu.Unlock()
	x.nodes[node] = last
}

// How says what Rename does where the new name is taken.
type How int

const (
	// Over replaces the entry there.
	Over How = iota
	// NoReplace fails with ErrExists.
	NoReplace
	// Exchange gives the entry there the old name.
	Exchange
)

// Rename moves an entry, in one step that programs and a crash see done or not done.
func (x *Overlay) Rename(ctx context.Context, from catalog.ID, name string, to catalog.ID, newName string, how How) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	newName, err := x.room(ctx, to, newName)
	if err != nil {
		return err
	}
	a, err := x.Child(ctx, from, name)
	if err != nil {
		return err
	}
	there, err := x.Child(ctx, to, newName)
	taken := err == nil
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	switch {
	case taken && how == NoReplace:
		return ErrExists
	case !taken && how == Exchange:
		return catalog.ErrNotFound
	case taken && there.ID == a.ID:
		return nil
	}
	if err := x.outside(ctx, a, to); err != nil {
		return err
	}
	at, touched := now(), map[catalog.ID]int64{}
	if err := errors.Join(x.touch(ctx, touched, from, at), x.touch(ctx, touched, to, at)); err != nil {
		return err
	}
	c, err := x.altered(ctx, a.ID)
	if err != nil {
		return err
	}
	c.Parent, c.Name, c.At = to, newName, at
	crash("rename.record")
	defer crash("renamed")
	if done, err := x.crossing(ctx, c, a, touched); done || err != nil {
		return err
	}
	if !taken {
		return x.apply(touched, c)
	}
	if how == Exchange {
		return x.exchange(ctx, c, a, there, at, touched)
	}
	if err := x.removable(ctx, there, a.Kind); err != nil {
		return err
	}
	over, err := x.altered(ctx, there.ID)
	if err != nil {
		return err
	}
	return x.remove(over, at, touched, c)
}

func (x *Overlay) exchange(ctx context.Context, c *change, a, there catalog.Attr, at int64, touched map[catalog.ID]int64) error {
	if err := x.outside(ctx, there, a.Parent); err != nil {
		return err
	}
	d, err := x.altered(ctx, there.ID)
	if err != nil {
		return err
	}
	d.Parent, d.Name, d.At = a.Parent, a.Name, at
	return x.apply(touched, c, d)
}

// outside refuses to put a folder into itself.
func (x *Overlay) outside(ctx context.Context, a catalog.Attr, into catalog.ID) error {
	if a.Kind != catalog.Dir {
		return nil
	}
	for range maxDepth {
		switch into {
		case a.ID:
			return ErrLoop
		case catalog.Root:
			return nil
		}
		p, err := x.attrOf(ctx, into)
		if err != nil {
			return err
		}
		into = p.Parent
	}
	return fmt.Errorf("%w: it lies too deep", ErrLoop)
}
