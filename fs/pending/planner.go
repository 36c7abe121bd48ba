package pending

import (
	"fmt"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (p *planner) create(c *change) bool {
	if !ready(c) || p.unoffered(c) || !p.folder(c.Parent) {
		return false
	}
	e := c.entry()
	if c.Kind == catalog.File {
		if !p.version(c, &e) {
			return false
		}
		if over := p.replaceable(c); over != nil {
			p.replace(over, c, e.Version)
			return true
		}
		p.freeze(c)
	}
	if !p.free(c) {
		return false
	}
	p.emit(catalog.Op{Verb: catalog.Create, At: c.At, Entry: &e})
	p.there[c.spot()] = c.ID
	return true
}

// version gives a new file its version, if that can be committed.
func (p *planner) version(c *change, e *catalog.Entry) bool {
	if c.Content != nil {
		e.Version = c.Content.Sent
		return true
	}
	var err error
	if e.Version, err = p.x.Version(p.ctx, c.Node); err != nil {
		p.fail(err)
	}
	return err == nil
}

func (p *planner) freeze(c *change) {
	if c.Content != nil {
		p.frozen = append(p.frozen, c.Content)
	}
}

// replaceable gives the file that had the name of a new one and was removed here: the new
// one is its new version.
func (p *planner) replaceable(c *change) *change {
	over := p.x.change(p.occupant(c.spot()))
	if over == nil || over.Kind != catalog.File || p.state[over.ID] == done || !over.Gone && !p.x.isLocal(over) {
		return nil
	}
	return over
}

func (p *planner) replace(over, c *change, v *catalog.Version) {
	mtime := c.attr().MTime
	p.emit(catalog.Op{Verb: catalog.Replace, At: c.At, ID: over.ID, MTime: &mtime, Version: v})
	p.freeze(c)
	set := catalog.Op{Verb: catalog.Set, At: c.At, ID: over.ID}
	if c.Mode != over.Base.Mode {
		set.Mode = &c.Mode
	}
	if !sameXattrs(c.Xattrs, over.Base.Xattrs) {
		set.Xattrs = someXattrs(c.Xattrs)
	}
	if set.Mode != nil || set.Xattrs != nil {
		p.emit(set)
	}
	p.state[over.ID] = done
	p.there[c.spot()] = c.ID
}

func someXattrs(x map[string][]byte) map[string][]byte {
	if x == nil {
		return map[string][]byte{}
	}
	return x
}

func (p *planner) move(c *change) bool {
	if !p.folder(c.Parent) {
		return false
	}
	// What takes its old name must not be late.
	if e := p.x.named(spot{c.Base.Parent, c.Base.Name}); e != nil && e.ID != c.ID && !p.x.isLocal(e) && (!ready(e) || p.unoffered(e)) && e.Base == nil {
		return false
	}
	if !p.free(c) {
		return false
	}
	p.moveTo(c, c.spot())
	return true
}

func (p *planner) moveTo(c *change, to spot) {
	p.emit(catalog.Op{Verb: catalog.Move, At: c.At, ID: c.ID, Parent: to.parent, Name: to.name})
	from, aside := p.at[c.ID]
	if !aside {
		from = spot{c.Base.Parent, c.Base.Name}
	}
	p.there[from] = 0
	p.there[to] = c.ID
}

// park puts an entry that others wait for aside: names are exchanged in a circle.
func (p *planner) park(c *change) bool {
	if c.Base == nil || !c.moved() {
		return false
	}
	if _, aside := p.at[c.ID]; aside {
		return false
	}
	// Not beside it: its folder may be one that must be empty now.
	to := spot{catalog.Root, fmt.Sprintf(".moving-%s", c.ID)}
	p.moveTo(c, to)
	p.at[c.ID] = to
	p.parked = append(p.parked, c)
	return true
}

// unpark gives those that were put aside their names.
func (p *planner) unpark() {
	for _, c := range p.parked {
		// advance has moved it from there, once the circle was open.
		if id := p.occupant(c.spot()); id == c.ID {
			continue
		}
		if p.err == nil {
			p.err = fmt.Errorf("%q was put aside and cannot get its name: %w", c.Name, catalog.ErrInvalid)
		}
	}
	p.parked = nil
}

// remove plans that an entry leaves the locker. What takes its name comes first, or with
// it.
func (p *planner) remove(c *change) bool {
	was := spot{c.Base.Parent, c.Base.Name}
	if e := p.x.named(was); e != nil && e.ID != c.ID && !p.x.isLocal(e) {
		if !p.do(e) {
			return false
		}
		if p.state[c.ID] == done {
			return true
		}
	}
	return p.removeNow(c)
}

func (p *planner) removeNow(c *change) bool {
	if c.Kind == catalog.Dir && !p.emptied(c.ID) {
		return false
	}
	p.emit(catalog.Op{Verb: catalog.Remove, At: c.At, ID: c.ID})
	was := spot{c.Base.Parent, c.Base.Name}
	if p.occupant(was) == c.ID {
		p.there[was] = 0
	}
	p.state[c.ID] = done
	return true
}

// emptied plans that everything leaves a folder that others still see filled.
func (p *planner) emptied(folder catalog.ID) bool {
	for after := ""; ; {
		page, err := p.x.index.Children(p.ctx, folder, after, 500)
		if err != nil {
			p.fail(err)
			return false
		}
		for _, a := range page {
			c := p.x.change(a.ID)
			if c == nil || !p.do(c) {
				return false
			}
		}
		if len(page) < 500 {
			return true
		}
		after = page[len(page)-1].Name
	}
}

// free makes the name of a change free, if those who have it leave.
func (p *planner) free(c *change) bool {
	id := p.occupant(c.spot())
	if id == 0 || id == c.ID {
		return true
	}
	over := p.x.change(id)
	if over == nil {
		return false // settled when the commit that brought it is looked at
	}
	if over.Gone || p.x.isLocal(over) {
		return p.state[id] != done && p.removeNow(over)
	}
	return p.do(over) && p.occupant(c.spot()) == 0
}

// folder makes sure that a folder is in the locker.
func (p *planner) folder(id catalog.ID) bool {
	if id == catalog.Root {
		return true
	}
	c := p.x.change(id)
	if c == nil || c.Base != nil && !c.Gone {
		return true
	}
	return !c.Gone && p.do(c)
}

// update plans what changes nothing about names.
func (p *planner) update(c *change) {
	set := catalog.Op{Verb: catalog.Set, At: c.At, ID: c.ID}
	if c.Content != nil && ready(c) && !p.unoffered(c) {
		mtime := c.Content.mtime.Load()
		p.emit(catalog.Op{Verb: catalog.Replace, At: c.At, ID: c.ID, MTime: &mtime, Version: c.Content.Sent})
		p.frozen = append(p.frozen, c.Content)
	} else if c.Content == nil && c.Kind == catalog.File && c.MTime != c.Base.MTime {
		set.MTime = &c.MTime
	}
	if c.Mode != c.Base.Mode {
		set.Mode = &c.Mode
	}
	if !sameXattrs(c.Xattrs, c.Base.Xattrs) {
		set.Xattrs = someXattrs(c.Xattrs)
	}
	if set.Mode != nil || set.MTime != nil || set.Xattrs != nil {
		p.emit(set)
	}
}

// times plans the times of folders that were set, of those that nothing will be put into
// afterwards.
func (p *planner) times(all []*change) {
	for _, c := range all {
		if c.Kind != catalog.Dir || c.Gone || c.Base == nil || !c.Dated || c.MTime == c.Base.MTime || p.state[c.ID] != done || p.x.isLocal(c) {
			continue
		}
		if !p.x.settledInside(c.ID) {
			continue
		}
		p.emit(catalog.Op{Verb: catalog.Set, At: c.At, ID: c.ID, MTime: &c.MTime})
	}
}
