package pending

import (
	"maps"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// undate forgets that a folder's time was set: its list has changed since. With mu held.
func (x *Overlay) undate(folder catalog.ID) {
	c := x.changes[folder]
	if c == nil || !c.Dated {
		return
	}
	d := c.copied()
	d.Dated = false
	x.takeOut(folder)
	if d.differs() {
		x.putIn(d)
	}
}

// takeOut and putIn change the maps, with mu held.
func (x *Overlay) takeOut(id catalog.ID) {
	c := x.changes[id]
	if c == nil {
		return
	}
	delete(x.changes, id)
	if !c.Gone {
		x.takeName(c)
	}
	if x.nodes[c.Node] == c {
		delete(x.nodes, c.Node)
	}
}

// takeName takes a change out of its folder. While changes are fitted to a commit two may
// have one name for a moment.
func (x *Overlay) takeName(c *change) {
	if x.names[c.spot()] == c {
		delete(x.names, c.spot())
	}
	list := x.inside[c.Parent]
	i, _ := findName(list, c.Name)
	for ; i < len(list) && list[i].Name == c.Name; i++ {
		if list[i] == c {
			list = slices.Delete(list, i, i+1)
			break
		}
	}
	if i, ok := findName(list, c.Name); ok && x.names[c.spot()] == nil {
		x.names[c.spot()] = list[i]
	}
	if x.inside[c.Parent] = list; len(list) == 0 {
		delete(x.inside, c.Parent)
	}
}

func (x *Overlay) putIn(c *change) {
	x.changes[c.ID] = c
	if c.Content != nil || c.Origin != 0 {
		x.nodes[c.Node] = c
	}
	if c.Gone {
		return
	}
	x.names[c.spot()] = c
	i, _ := findName(x.inside[c.Parent], c.Name)
	x.inside[c.Parent] = slices.Insert(x.inside[c.Parent], i, c)
}

func findName(list []*change, name string) (int, bool) {
	return slices.BinarySearchFunc(list, name, func(c *change, name string) int { return strings.Compare(c.Name, name) })
}

// change gives the change of an entry, nil for none.
func (x *Overlay) change(id catalog.ID) *change {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.changes[id]
}

// lay changes the maps as a record says. With turn and mu held.
func (x *Overlay) lay(r record) {
	if len(r.Drop) > 0 {
		x.left.Add(1) // before any of them has left: see steady
	}
	for _, c := range r.Put {
		x.takeOut(c.ID)
	}
	for _, id := range r.Drop {
		x.takeOut(id)
	}
	for _, c := range r.Put {
		x.putIn(c)
	}
	for id, own := range r.Own {
		if x.own[id] = own; len(own) == 0 {
			delete(x.own, id)
		}
	}
	maps.Copy(x.touched, r.Touched)
	for id := range r.Touched {
		x.undate(id)
	}
	for _, id := range r.Untouched {
		delete(x.touched, id)
	}
}
