package library

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// sidecar is a file of the name of a track, such as its words or its picture.
type sidecar struct {
	*file
	track *track
}

// accompany gives the files that are no tracks to the albums they go with, and gives
// back those of several albums. A file with the name of a track goes with that. Others
// go with the album of the tracks in their folder, or in the nearest above; if there are
// several, with the one that two thirds of the tracks are of.
func (g *group) accompany(albums []*album) (shared []*file) {
	of, byName, byDir := map[*track]*album{}, map[string]*track{}, map[string][]*track{}
	for _, a := range albums {
		for _, t := range a.tracks {
			of[t] = a
		}
	}
	for _, t := range g.tracks {
		stem, _ := SplitExt(t.rel)
		if key := Fold(stem); byName[key] == nil {
			byName[key] = t
		}
		dir := path.Dir(t.rel)
		byDir[dir] = append(byDir[dir], t)
	}
	byDir["."] = g.tracks
	most := map[string]*album{}
	for dir, tracks := range byDir {
		most[dir] = mostly(tracks, of)
	}
	for _, f := range g.others {
		stem, _ := SplitExt(f.rel)
		if t := byName[Fold(stem)]; t != nil && !of[t].keep {
			of[t].sidecars = append(of[t].sidecars, sidecar{f, t})
			continue
		}
		dir := path.Dir(f.rel)
		for byDir[dir] == nil {
			if dir = path.Dir(dir); dir == "/" {
				dir = "."
			}
		}
		if a := most[dir]; a != nil {
			a.others = append(a.others, f)
		} else {
			shared = append(shared, f)
		}
	}
	return shared
}

// mostly gives the album that two thirds of the tracks are of, nil if there is none.
func mostly(tracks []*track, of map[*track]*album) *album {
	count := map[*album]int{}
	for _, t := range tracks {
		count[of[t]]++
	}
	for a, n := range count {
		if 3*n >= 2*len(tracks) {
			return a
		}
	}
	return nil
}

// beside puts the files of several albums into the folder above these, if all are in
// one; else they keep their path.
func (f *folder) beside(albums []*album, shared []*file) {
	one := !slices.ContainsFunc(albums, func(a *album) bool {
		return !slices.EqualFunc(a.above, albums[0].above, func(x, y string) bool { return alike(x) == alike(y) })
	})
	for _, g := range shared {
		if one && !g.Held {
			f.at(albums[0].above...).keep(g, strings.Split(g.rel, "/"))
		} else {
			f.keepPath(g)
		}
	}
}

// keepPath puts a file where it is, but for the name of the imported folder.
func (f *folder) keepPath(g *file) {
	parts := strings.Split(g.Path, "/")
	if len(parts) > 2 && !g.Held {
		parts = parts[1:]
	}
	f.keep(g, parts)
}

// openOthers puts the other files of the folder's albums into it, in the folders they had
// there. What lay in the folder of a disc stands with the tracks where its name is free.
func (f *folder) openOthers(l *Layout, held *Folder) {
	var ofDiscs []*file
	flat := len(l.parts) == l.album+2
	for _, a := range f.albums {
		for _, g := range a.others {
			disc, _, deeper := strings.Cut(path.Dir(g.rel), "/")
			if _, ok := DiscFolder(disc); ok && flat && !deeper && !a.keep && !g.Held {
				ofDiscs = append(ofDiscs, g)
			} else {
				f.keep(g, strings.Split(g.rel, "/"))
			}
		}
	}
	taken := map[string]bool{}
	for _, w := range f.wants {
		taken[Fold(w.name)] = true
	}
	slices.SortFunc(ofDiscs, func(a, b *file) int { return cmp.Or(a.order(b), cmp.Compare(a.index, b.index)) })
	for _, g := range ofDiscs {
		name := keptName(path.Base(g.rel))
		there := held.named[Fold(name)]
		if taken[Fold(name)] || f.sub[alike(name)] != nil || len(there) > 0 && (g.ID == "" || !slices.Contains(held.same[g.ID], there[0].Name)) {
			f.keep(g, strings.Split(g.rel, "/"))
			continue
		}
		taken[Fold(name)] = true
		f.keep(g, []string{name})
	}
}
