package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

var _ fs.Pins = (*pins)(nil)

// entries finds entries by their ids.
type entries interface {
	Entry(ctx context.Context, id catalog.ID) (catalog.Entry, error)
}

// pinned tells whether an entry is pinned itself, or with a folder or playlist.
func (p *pins) pinned(ctx context.Context, tree entries, e catalog.Entry) (own, inherited bool, err error) {
	if !p.rules.Any() {
		return false, false, nil
	}
	own = p.rules.Has(int64(e.ID))
	p.mu.Lock()
	for _, set := range p.sets {
		inherited = inherited || set.listed[e.ID]
	}
	p.mu.Unlock()
	for range listDepth {
		if inherited || e.ID == catalog.Root {
			break
		}
		if inherited = p.rules.Has(int64(e.Parent)); inherited || e.Parent == catalog.Root {
			break
		}
		if e, err = tree.Entry(ctx, e.Parent); err != nil {
			return own, false, err
		}
	}
	return own, inherited, nil
}

// Pinned is fs.Pins'.
func (p *pins) Pinned(ctx context.Context, id catalog.ID) (own, inherited bool, err error) {
	if !p.rules.Any() {
		return false, false, nil
	}
	e, err := p.overlay.Entry(ctx, id)
	if err != nil {
		return false, false, err
	}
	return p.pinned(ctx, p.overlay, e)
}

// Kept is fs.Pins'.
func (p *pins) Kept(v *catalog.Version) bool { return p.has(v) }

// Pin is fs.Pins'.
func (p *pins) Pin(ctx context.Context, id catalog.ID, keep bool) error {
	e, err := p.overlay.Entry(ctx, id)
	if err != nil {
		return err
	}
	if keep {
		short, err := p.add(ctx, []catalog.Entry{e})
		if err == nil && short != nil {
			err = fmt.Errorf("%w: %w", pending.ErrFull, short)
		}
		return err
	}
	own, inherited, err := p.pinned(ctx, p.overlay, e)
	switch {
	case err != nil:
		return err
	case own:
		return p.remove(map[int64]bool{int64(id): true})
	case inherited:
		return fs.ErrInherited
	}
	return nil
}

// shortage says that there is no room for what is to be pinned.
type shortage struct {
	needed int64 // bytes that would have to come
	spare  int64 // bytes there is room for
}

func (s *shortage) Error() string {
	return fmt.Sprintf("%s would have to come, and there is room for %s", humanSize(s.needed), humanSize(s.spare))
}

// add pins entries, all or none; none when there is no room. What a playlist names that is not
// here is not counted. The network is not waited for.
func (p *pins) add(ctx context.Context, list []catalog.Entry) (short *shortage, err error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	var rules []pin.Rule
	sets := map[int64]*pinSet{}
	for _, e := range list {
		id := int64(e.ID)
		if p.rules.Has(id) || sets[id] != nil {
			continue
		}
		at, err := p.overlay.Path(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		r := pin.Rule{ID: id, Path: at, Since: time.Now().UTC().Truncate(time.Second), List: e.Kind != catalog.Dir && isPlaylist(e.Name)}
		set, err := p.coverEntry(ctx, e, r.List)
		if err != nil && !set.unread {
			return nil, err
		}
		rules, sets[id] = append(rules, r), set
	}
	if len(rules) == 0 {
		return nil, nil
	}
	if short, err = p.room(sets); short != nil || err != nil {
		return short, err
	}
	if err := p.rules.Change(func(l []pin.Rule) []pin.Rule { return append(l, rules...) }); err != nil {
		return nil, err
	}
	p.mu.Lock()
	for id, set := range sets {
		p.sets[id] = set
		if set.unread {
			p.stale[id] = true
		}
	}
	p.mu.Unlock()
	p.want()
	p.look()
	return nil, nil
}

// remove lets go of what some rules cover, at once.
func (p *pins) remove(ids map[int64]bool) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.rules.Change(func(l []pin.Rule) (left []pin.Rule) {
		for _, r := range l {
			if !ids[r.ID] {
				left = append(left, r)
			}
		}
		return left
	})
	if err == nil {
		p.want()
	}
	return err
}

// room tells whether there is room for what sets cover and is not here, beside what is on
// its way already.
func (p *pins) room(sets map[int64]*pinSet) (*shortage, error) {
	coming := p.keeper.Stats()
	needed := coming.Bytes - coming.HereBytes
	seen := map[string]bool{}
	for _, set := range sets {
		for i, s := range p.keeper.State(set.objects) {
			obj := set.objects[i]
			if name := obj.Name(); !seen[name] && !s.Here && !p.keeper.Has(obj) {
				seen[name] = true
				needed += obj.Size
			}
		}
	}
	spare, err := p.keeper.Free()
	if err != nil {
		return nil, err
	}
	if spare += p.yields(); needed > spare {
		return &shortage{needed, spare}, nil
	}
	return nil, nil
}

// errNoPins: the state folder's pins could not be opened.
var errNoPins = errors.New("what is pinned cannot be opened; the log says why")
