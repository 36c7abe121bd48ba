package pending

import (
	"cmp"
	"context"
	"errors"
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
	if err := x.givenUp(ctx); err != nil {
		return nil, err
	}
	p, err := x.look(ctx, limit, x.packing)
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

// look makes a plan that commits nobody to anything, with packing of what was offered to a
// scan pack only. turn is held.
func (x *Overlay) look(ctx context.Context, limit int, packing bool) (*planner, error) {
	all := x.ordered()
	p := &planner{x: x, ctx: ctx, packing: packing, state: map[catalog.ID]progress{}, there: map[spot]catalog.ID{}, at: map[catalog.ID]spot{}}
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
	x   *Overlay
	ctx context.Context
	err error
	ops []catalog.Op
	// packing: a content that was not offered to a scan pack waits.
	packing bool
	frozen  []*content
	state   map[catalog.ID]progress
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
