package main

import (
	"context"
	"errors"
	"maps"

	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// renew works out anew what stale rules cover. turn is held.
func (p *pins) renew(ctx context.Context) (failed error) {
	rules := p.rules.List()
	fresh, moved := map[int64]*pinSet{}, map[int64]pin.Rule{}
	for _, r := range rules {
		p.mu.Lock()
		old := p.sets[r.ID]
		stale := p.stale[r.ID] || old == nil
		p.mu.Unlock()
		if !stale {
			continue
		}
		now, set, err := p.cover(ctx, r)
		if err != nil {
			failed = errors.Join(failed, err)
			if old != nil && set != nil { // what is not known stays
				set = old
			}
		}
		if now != r {
			moved[r.ID] = now
		}
		if set != nil {
			fresh[r.ID] = set
		}
	}
	return errors.Join(failed, p.keepSets(fresh, moved))
}

// keepSets notes what rules cover, and where those that moved are. turn is held.
func (p *pins) keepSets(fresh map[int64]*pinSet, moved map[int64]pin.Rule) (failed error) {
	if len(moved) > 0 {
		if err := p.rules.Change(func(list []pin.Rule) []pin.Rule { return replaced(list, moved) }); err != nil {
			failed, moved = err, nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, set := range fresh {
		p.sets[id] = set
		if !set.unread {
			delete(p.stale, id)
		}
	}
	for old, r := range moved {
		if old != r.ID {
			p.sets[r.ID], p.stale[r.ID] = p.sets[old], p.stale[old]
		}
	}
	return failed
}

// replaced puts rules that moved in their places.
func replaced(list []pin.Rule, moved map[int64]pin.Rule) []pin.Rule {
	for i, r := range list {
		if now, ok := moved[r.ID]; ok {
			list[i] = now
		}
	}
	return list
}

// age finds out which rules a commit has touched. turn is held.
func (p *pins) age(ctx context.Context) error {
	p.mu.Lock()
	touched, every := maps.Clone(p.touched), p.every
	p.mu.Unlock()
	if len(touched) == 0 && !every {
		return nil
	}
	rules := p.rules.List()
	stale := map[int64]bool{}
	above := map[catalog.ID]bool{}
	for folder := range touched {
		known, err := p.climb(ctx, folder, above)
		if err != nil {
			return err
		}
		every = every || !known
	}
	for _, r := range rules {
		// What a playlist names may be anywhere.
		if every || r.List || above[catalog.ID(r.ID)] {
			stale[r.ID] = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.stale, stale)
	for folder := range touched {
		delete(p.touched, folder)
	}
	p.every = false
	return nil
}

// climb adds a folder and all above it to above. known is false where it is not in the
// locker any more.
func (p *pins) climb(ctx context.Context, folder catalog.ID, above map[catalog.ID]bool) (known bool, err error) {
	for range listDepth {
		if above[folder] {
			return true, nil
		}
		above[folder] = true
		if folder == catalog.Root {
			return true, nil
		}
		e, err := p.index.Entry(ctx, folder)
		if errors.Is(err, catalog.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		folder = e.Parent
	}
	return false, nil
}
