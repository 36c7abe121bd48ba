package intake

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// Bounds for what goes on until nothing changes any more, as it does soon.
const (
	maxPasses = 4
	maxRounds = 8
)

// settle files anew what is in the locker until everything is in its place.
func (r *organize) settle(ctx context.Context) error {
	for pass := range maxPasses {
		r.movers, r.placed = map[catalog.ID]bool{}, map[catalog.ID]bool{}
		if err := r.lift(ctx, pass == 0); err != nil || len(r.movers) == 0 {
			return err
		}
		if err := r.assign(ctx); err != nil {
			return err
		}
		if err := r.virtual.pass(); err != nil {
			return err
		}
	}
	return nil
}

// lift finds out which files will not stay. Whether one stays may depend on another
// that will not, such as one that has the name it wants; so this is done until it
// finds no more.
func (r *organize) lift(ctx context.Context, first bool) error {
	for round := range maxRounds {
		before := len(r.movers)
		err := r.round(ctx, first && round == 0, func(g *heldGroup, to []goal) error {
			for i, f := range g.files {
				if to[i].path != f.path {
					r.movers[f.id] = true
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.count(func(p *OrganizeProgress, _ *OrganizeReport) { p.Planned = max(p.Planned, int64(len(r.movers))) })
		if len(r.movers) == before {
			return nil
		}
	}
	return nil
}

// round plans each group of the locker, as if the movers known before were not there,
// and gives f where its files go.
func (r *organize) round(ctx context.Context, first bool, f func(g *heldGroup, to []goal) error) error {
	r.lifted = maps.Clone(r.movers)
	r.shelf = newShelf(ctx, r.o.Index, r.spool)
	r.shelf.hidden = func(id catalog.ID) bool { return r.own[id] || r.lifted[id] }
	r.shelf.away = func(id catalog.ID) bool { return r.virtual.moved[id] || r.placed[id] }
	w := newHeldWalk(r.top, r.dir, func(g *heldGroup) error {
		if first {
			r.look(g)
		}
		to, err := r.plan(g, first)
		if err != nil {
			return fmt.Errorf("filing %s: %w", g.dir, err)
		}
		return f(g, to)
	}, func(h held) {
		if first {
			r.leave(h)
		}
	})
	if err := r.virtual.walk(ctx, r.top, r.dir, w.take); err != nil {
		return err
	}
	return w.end()
}

// look counts a group's files.
func (r *organize) look(g *heldGroup) {
	r.count(func(p *OrganizeProgress, _ *OrganizeReport) {
		p.Looked += int64(len(g.files))
		p.Current = g.dir
	})
}

// leave counts a file that belongs to no album, and names it if it may name others.
func (r *organize) leave(h held) {
	r.count(func(p *OrganizeProgress, _ *OrganizeReport) { p.Looked++ })
	r.mayName(h)
}

// mayName names a playlist that stays where it is.
func (r *organize) mayName(h held) {
	switch strings.ToLower(path.Ext(h.path)) {
	case ".m3u", ".m3u8", ".pls", ".xspf", ".wpl":
		r.note(organizePlaylists, h.path, "stays, and may name files that move")
	}
}

// goal is where a file goes.
type goal struct {
	path string
	// wanted is where it would have gone, had the name been free; "" if it was.
	wanted string
}

// plan gives where the files of a group go: for those that stay, where they are.
func (r *organize) plan(g *heldGroup, first bool) ([]goal, error) {
	bound := make([]bool, len(g.files))
	for i, f := range g.files {
		bound[i] = r.free != nil && !r.free[f.id]
	}
	to, err := r.planSome(g, bound)
	if err != nil {
		return nil, err
	}
	stay := slices.Clone(bound)
	if !g.leave(to, stay) {
		return to, nil
	}
	for i := range stay {
		stay[i] = stay[i] || bound[i]
	}
	if first {
		for i, f := range g.files {
			if stay[i] && f.audio && !bound[i] {
				r.count(func(_ *OrganizeProgress, report *OrganizeReport) { report.Untagged++ })
			} else if stay[i] {
				r.mayName(f)
			}
		}
	}
	// Once more: the others must not be given the places of those that stay.
	return r.planSome(g, stay)
}

// planSome plans the files of a group that do not stay.
func (r *organize) planSome(g *heldGroup, stay []bool) ([]goal, error) {
	to := make([]goal, len(g.files))
	var sources []library.Source
	var which []int
	r.own = map[catalog.ID]bool{}
	for i, f := range g.files {
		if to[i].path = f.path; stay[i] {
			continue
		}
		r.own[f.id] = true
		which = append(which, i)
		sources = append(sources, library.Source{Path: f.path, Info: f.tags, ID: contentID(f.hash), Held: true})
	}
	r.forget(g)
	defer func() {
		r.own = nil
		r.forget(g)
	}()
	if len(sources) == 0 {
		return to, nil
	}
	places, err := library.Plan(r.layout, sources, r.shelf)
	for _, p := range places {
		to[which[p.Source]] = goal{p.Path, p.Wanted}
	}
	return to, err
}

// forget has the group's folders read again: which of their files are to be seen has
// changed.
func (r *organize) forget(g *heldGroup) {
	last := ""
	for i, f := range g.files {
		if dir, _ := split(f.path); i == 0 || dir != last {
			r.shelf.forget(dir)
			last = dir
		}
	}
}

// leave decides which files of a group stay where they are, whatever library made of
// them, and tells whether any do:
//
//   - tracks whose tags tell nothing, unless tagged ones go to the same folder;
//   - what is no music, unless most tracks go to one album, and none stay when they do;
//   - nor where it is much, or of kinds that albums do not have, beside few tracks.
func (g *heldGroup) leave(to []goal, stay []bool) bool {
	homes := map[string]int{} // of tagged tracks
	for i, f := range g.files[:g.tracks] {
		if tagged(f) {
			homes[albumOf(to[i].path)]++
		}
	}
	any := false
	for i, f := range g.files[:g.tracks] {
		stay[i] = !tagged(f) && homes[albumOf(to[i].path)] == 0
		any = any || stay[i]
	}
	most := 0
	for _, n := range homes {
		most = max(most, n)
	}
	others, odd := g.files[g.tracks:], 0
	for _, f := range others {
		if !albumLike(f.path) {
			odd++
		}
	}
	along := 2*most > g.tracks && (homes[g.dir] == 0 || homes[g.dir] == most) && (g.tracks >= 5 || len(others) <= 2*g.tracks+5) && 2*odd <= g.tracks
	for i := range others {
		stay[g.tracks+i] = !along
		any = any || !along
	}
	return any
}

// tagged tells whether a track's tags say where it belongs.
func tagged(f held) bool {
	return f.tags != nil && (f.tags.Album != "" || f.tags.Artist != "" || f.tags.AlbumArtist != "")
}

// albumOf is the folder of the album that a locker path belongs to.
func albumOf(p string) string {
	dir, _ := split(p)
	if _, disc := library.DiscFolder(path.Base(dir)); disc {
		dir, _ = split(dir)
	}
	return dir
}

// assign gives every file that does not stay its place, one group after another.
func (r *organize) assign(ctx context.Context) error {
	return r.round(ctx, false, func(g *heldGroup, to []goal) error {
		for i, f := range g.files {
			dir, name := split(f.path)
			switch {
			case to[i].path == f.path && r.lifted[f.id]: // it stays after all, and is to be seen again
				delete(r.lifted, f.id)
				r.shelf.forget(dir)
			case to[i].path != f.path:
				delete(r.lifted, f.id)
				if err := r.spool.remove(dir, name, f.id); err != nil {
					return err
				}
				if err := r.shelf.place(to[i].path, f.hash, f.tags, f.path, f.id); err != nil {
					return err
				}
				if err := r.virtual.move(f.id, to[i]); err != nil {
					return err
				}
				r.placed[f.id] = true
			}
		}
		return nil
	})
}

// collect makes the moves of the catalog's folders out of what was settled.
func (r *organize) collect(ctx context.Context) error {
	w := newHeldWalk(r.top, r.dir, func(g *heldGroup) error {
		to := make([]string, len(g.files))
		some := false
		for i := range g.files {
			f := &g.files[i]
			goal, err := r.virtual.goal(f)
			if err != nil {
				return err
			}
			if to[i] = goal.path; goal.path != f.path {
				some = true
				if goal.wanted != "" {
					r.note(organizeRenamed, goal.path, fmt.Sprintf("from %s; another file has the name %q", f.path, path.Base(goal.wanted)))
				}
			}
		}
		if !some {
			return nil
		}
		return r.moves.add(g, to)
	}, func(held) {})
	if err := r.o.Index.Walk(ctx, r.top, w.take); err != nil {
		return err
	}
	return w.end()
}
