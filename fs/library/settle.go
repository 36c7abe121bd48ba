package library

import (
	"cmp"
	"path"
	"slices"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// settleFiles gives the folder's files their names, the tracks first, then those that
// are called after them.
func (f *folder) settleFiles(p *planner, dir string, n *names) {
	slices.SortFunc(f.wants, func(a, b *want) int { return cmp.Or(a.file.order(b.file), cmp.Compare(a.name, b.name)) })
	var own, after []*want
	for _, w := range f.wants {
		if w.lead == nil {
			own = append(own, w)
		} else {
			after = append(after, w)
		}
	}
	p.name(dir, n, own)
	for _, w := range after {
		stem, _ := SplitExt(path.Base(p.out[w.lead.file.index].Path))
		own, ext := SplitExt(path.Base(w.file.Path))
		if w.file.Held && Fold(own) == Fold(stem) {
			stem = own // it is called after the track as it is
		}
		w.name = keptName(cut(stem, MaxName-len(ext)) + ext)
	}
	p.name(dir, n, after)
}

// name gives files their names: those that are there already first, then those that held
// files have, then the rest in order.
func (p *planner) name(dir string, n *names, wants []*want) {
	put := func(w *want, name string) {
		w.placed = true
		p.out[w.file.index] = Placement{Source: w.file.index, Path: path.Join(dir, name)}
	}
	reuse(wants, p.layout, n.held, put)
	stay(wants, dir, n, put)
	twins := map[string]string{} // the names of files that were given one now, by ID
	for _, w := range wants {
		if w.placed {
			continue
		}
		if name := twins[w.file.ID]; name != "" && w.double() {
			put(w, name)
			continue
		}
		put(w, n.free(w.name))
		if w.file.ID != "" && !w.file.Held && isAudio(w.file.Source) {
			twins[w.file.ID] = path.Base(p.out[w.file.index].Path)
		}
		if out := &p.out[w.file.index]; path.Base(out.Path) != w.name {
			out.Wanted = path.Join(dir, w.name)
		}
	}
}

// reuse places the files that the folder has already, under the name they want or a
// numbered form of it, where they are.
func reuse(wants []*want, l *Layout, held *Folder, put func(*want, string)) {
	byID := map[string][]string{}
	for _, w := range wants {
		if byID[w.file.ID] == nil {
			byID[w.file.ID] = slices.Sorted(slices.Values(held.same[w.file.ID]))
		}
	}
	for _, w := range wants {
		same := byID[w.file.ID]
		if len(same) == 0 || w.file.Held {
			continue // a held file is no other file's double, but stands beside it
		}
		name := w.among(same, l)
		if i := slices.IndexFunc(same, tag.Audio); name == "" && i >= 0 && w.double() {
			name = same[i]
		}
		if name == "" {
			continue
		}
		if put(w, name); !w.double() {
			byID[w.file.ID] = slices.DeleteFunc(slices.Clone(same), func(other string) bool { return other == name })
		}
	}
}

// double tells whether the file is one that a folder needs to have but once, whatever its
// name: a track that tells its title, so that the name is made of what it holds.
func (w *want) double() bool { return w.scope != nil && !w.scope.track.untitled && !w.file.Held }

// among gives the first of the names that the file may have, or "".
func (w *want) among(names []string, l *Layout) string {
	wanted := w.names(l)
	for _, name := range names {
		if slices.ContainsFunc(wanted, func(wanted string) bool { return isNumbered(name, wanted) }) {
			return name
		}
	}
	return ""
}

// names are those under which the file may be in the folder already: it may have come
// before the album was known to have more discs, or more tracks.
func (w *want) names(l *Layout) []string {
	out := []string{w.name}
	if w.scope == nil {
		return out
	}
	here := l.below(w.scope)
	for _, discs := range []int{1, 2, 10} {
		for _, digits := range []int{2, 3, 4} {
			s := *w.scope
			s.discs, s.digits = discs, digits
			there := l.below(&s)
			if last := len(there) - 1; slices.Equal(there[:last], here[:len(here)-1]) && !slices.Contains(out, there[last]) {
				out = append(out, there[last])
			}
		}
	}
	return out
}

// stay leaves held files their names, where these are what they want; or numbered forms
// of it, where another has that.
func stay(wants []*want, dir string, n *names, put func(*want, string)) {
	for _, numbered := range []bool{false, true} {
		for _, w := range wants {
			name := path.Base(w.file.Path)
			here := path.Dir(w.file.Path) == dir || dir == "" && path.Dir(w.file.Path) == "."
			if w.placed || !w.file.Held || !here || !n.isFree(name) {
				continue
			}
			if name == w.name || numbered && isNumbered(name, w.name) && !n.isFree(w.name) {
				n.taken[Fold(name)] = true
				put(w, name)
			}
		}
	}
}
