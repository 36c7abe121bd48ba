package pending

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// plan gives operations, at most about limit, that bring the locker nearer to what programs
// see here: of every change what can be committed now, in an order in which each is
// possible, and so that no name vanishes for others before what takes its place is there.
// It is one walk over the changes against the index as it is; how they came about does
// not matter, so a temporary file that was renamed over another is one new version.
//
// Contents that the operations name are frozen until the next plan. It is called when the
// fate of the one before is known.
func (x *Overlay) plan(ctx context.Context, limit int) ([]catalog.Op, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	if !x.index.Synced() {
		return nil, nil
	}
	seen, err := x.fit(ctx)
	if err != nil {
		return nil, err
	}
	r := reconciler{x: x, ctx: ctx}
	if err := r.decided(); err != nil {
		return nil, err
	}
	if seen = append(seen, r.seen...); len(seen) > 0 {
		go x.announce(seen)
	}
	for _, c := range x.ordered() {
		if c.Content != nil {
			c.Content.frozen = false
		}
	}
	p, err := x.look(ctx, limit)
	if err != nil {
		return nil, err
	}
	for _, c := range p.frozen {
		c.frozen = true
	}
	x.planned = x.planned[:0]
	for id, s := range p.state {
		if s == done {
			x.planned = append(x.planned, id)
		}
	}
	x.asks(p.ops)
	return p.ops, nil
}

// look makes a plan that commits nobody to anything. turn is held.
func (x *Overlay) look(ctx context.Context, limit int) (*planner, error) {
	all := x.ordered()
	p := &planner{x: x, ctx: ctx, state: map[catalog.ID]progress{}, there: map[spot]catalog.ID{}, at: map[catalog.ID]spot{}}
	for _, c := range all {
		if len(p.ops) >= limit {
			break
		}
		p.do(c)
		p.unpark()
	}
	if len(p.ops) < limit {
		p.times(all)
	}
	return p, p.err
}

// ordered gives all changes, oldest first.
func (x *Overlay) ordered() []*change {
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := make([]*change, 0, len(x.changes))
	for _, c := range x.changes {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *change) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	return all
}

// progress of one change in a plan.
type progress int

const (
	unseen progress = iota
	underWay
	done
	deferred
)

type planner struct {
	x      *Overlay
	ctx    context.Context
	err    error
	ops    []catalog.Op
	frozen []*content
	state  map[catalog.ID]progress
	// there is who has a name after ops, 0 for nobody, where that is not who has it in the
	// index; at where an entry is that was put aside.
	there  map[spot]catalog.ID
	at     map[catalog.ID]spot
	parked []*change
}

// do plans a change, and what must come before it. It tells whether the change, as far as
// others depend on it, is done: whether its old name is free and its new one taken.
func (p *planner) do(c *change) bool {
	switch p.state[c.ID] {
	case done:
		return true
	case deferred:
		return false
	case underWay:
		return p.park(c)
	}
	p.state[c.ID] = underWay
	ok := p.advance(c)
	if p.state[c.ID] == underWay {
		p.state[c.ID] = deferred
		if ok {
			p.state[c.ID] = done
		}
	}
	return p.state[c.ID] == done
}

func (p *planner) advance(c *change) bool {
	local := p.x.isLocal(c)
	switch {
	case local && c.Base == nil:
		return true
	case local || c.Gone:
		return p.remove(c)
	case c.Base == nil:
		return p.create(c)
	}
	if c.moved() && !p.move(c) {
		return false
	}
	p.update(c)
	return true
}

// ready tells whether the bytes of a file are in the store, as programs see them.
func ready(c *change) bool {
	if c.Kind == catalog.Dir || c.Content == nil {
		return true
	}
	l := c.Content
	return l.Sent != nil && l.writers == 0 && l.draft.Generation() == l.sentAt
}

func (p *planner) create(c *change) bool {
	if !ready(c) || !p.folder(c.Parent) {
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
	if e := p.x.named(spot{c.Base.Parent, c.Base.Name}); e != nil && e.ID != c.ID && !p.x.isLocal(e) && !ready(e) && e.Base == nil {
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
	if c.Content != nil && ready(c) {
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

// settledInside tells whether nothing in a folder waits to be created.
func (x *Overlay) settledInside(folder catalog.ID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return !slices.ContainsFunc(x.inside[folder], func(c *change) bool { return c.Base == nil })
}

func (p *planner) emit(op catalog.Op) { p.ops = append(p.ops, op) }

// occupant gives who has a name after ops; 0 for nobody.
func (p *planner) occupant(at spot) catalog.ID {
	if id, ok := p.there[at]; ok {
		return id
	}
	a, err := p.x.index.Child(p.ctx, at.parent, at.name)
	if err != nil {
		if !errors.Is(err, catalog.ErrNotFound) {
			p.fail(err)
		}
		return 0
	}
	return a.ID
}

func (p *planner) fail(err error) { p.err = cmp.Or(p.err, err) }

// named gives the change that has a name, nil for none.
func (x *Overlay) named(at spot) *change {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.names[at]
}
