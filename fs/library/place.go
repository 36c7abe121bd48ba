package library

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxDepth is how many folders a file that keeps its path may stand in; of more, the
// innermost are left out. Whoever walks a locker goes no deeper than 256.
const maxDepth = 100

// folder is a folder of the locker that files want to be in. Names that differ only
// by case or normal form are one folder, in the spelling that settle chooses.
type folder struct {
	spelling map[string]int  // how many want which
	present  map[string]bool // which of them held files have now
	sub      map[string]*folder
	shelf    map[string][]*album // that want a folder in this one, by formKey
	albums   []*album            // whose folder this is
	wants    []*want
	name     string // when it is chosen already
}

// want is a file's wish for a name in its folder.
type want struct {
	file   *file
	scope  *scope // nil: the name is kept
	name   string
	placed bool
}

func newFolder() *folder {
	return &folder{spelling: map[string]int{}, present: map[string]bool{}, sub: map[string]*folder{}, shelf: map[string][]*album{}}
}

// at gives the folder below f with these names.
func (f *folder) at(names ...string) *folder {
	for _, name := range names {
		f = f.child(name)
		f.spelling[name]++
	}
	return f
}

func (f *folder) child(name string) *folder {
	key := Fold(name)
	if f.sub[key] == nil {
		f.sub[key] = newFolder()
	}
	return f.sub[key]
}

// keep puts a file below f under the folders and the name it has.
func (f *folder) keep(g *file, parts []string) {
	if len(parts) == 0 {
		parts = []string{""}
	}
	if last := len(parts) - 1; last > maxDepth {
		parts = append(slices.Clone(parts[:maxDepth]), parts[last])
	}
	kept := make([]string, len(parts))
	for i, part := range parts {
		kept[i] = keptName(part)
	}
	last := len(kept) - 1
	for _, name := range kept[:last] {
		if f = f.at(name); g.Held {
			f.present[name] = true
		}
	}
	f.wants = append(f.wants, &want{file: g, name: kept[last]})
}

// keptName is a name as it is, where a locker can hold it.
func keptName(name string) string {
	name = norm.NFC.String(name)
	if ValidName(name) != nil || Fold(name) == ".lockerfs" {
		return CleanFile(SplitExt(name))
	}
	return name
}

// shelve puts an album where the layout wants it.
func (f *folder) shelve(l *Layout, a *album) {
	if a.stays {
		last := len(a.present) - 1
		a.above, a.own, a.undated = a.present[:last], a.present[last], a.present[last]
	} else {
		a.above, a.own, a.undated = l.folders(a)
	}
	a.markPresent(f)
	f = f.at(a.above...)
	key := formKey(a.undated)
	f.shelf[key] = append(f.shelf[key], a)
}

// markPresent tells the folders above the album how the locker spells them now. Where
// tracks of one album spell their artist in several ways, that spelling is theirs too.
func (a *album) markPresent(f *folder) {
	last := len(a.present) - 1
	if len(a.above) != last {
		return
	}
	alike := a.alike()
	for i, name := range a.above {
		if f = f.child(name); Fold(name) != Fold(a.present[i]) {
			return
		}
		if f.present[a.present[i]] = true; !alike {
			a.above[i] = a.present[i]
		}
	}
	if name, _ := bare(a.present[last], a.own); !alike && Fold(name) == Fold(a.own) {
		a.own = name
	}
}

// alike tells whether the tags leave no doubt of how artist and title are spelt.
func (a *album) alike() bool {
	spelt := map[string]string{}
	for _, t := range a.tracks {
		for _, v := range []string{t.albumArtist, t.artist, t.album} {
			if old, ok := spelt[Fold(v)]; ok && old != v {
				return false
			}
			spelt[Fold(v)] = v
		}
		if t.artist == "" {
			return false
		}
	}
	return true
}

// planner carries one Plan through the folders.
type planner struct {
	layout   *Layout
	existing Existing
	out      []Placement
}

// settle chooses the names in the folder at dir and below it.
func (p *planner) settle(dir string, f *folder) error {
	held, err := p.existing.Folder(dir)
	if err != nil {
		return fmt.Errorf("list %q: %w", dir, err)
	}
	f.open(p.layout, held)
	n := &names{held: held, taken: map[string]bool{}, next: map[string]int{}}
	// Folders first: an album keeps its name before a file of that name.
	for _, key := range slices.Sorted(maps.Keys(f.shelf)) {
		releases, err := p.house(dir, n, f.shelf[key])
		if err != nil {
			return err
		}
		for _, r := range releases {
			sub := f.child(r.name)
			sub.name = r.name
			sub.albums = append(sub.albums, r.albums...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.sub)) {
		sub := f.sub[key]
		if sub.name == "" {
			sub.name = n.folder(sub)
		}
		if err := p.settle(path.Join(dir, sub.name), sub); err != nil {
			return err
		}
	}
	f.settleFiles(p, dir, n)
	return nil
}

// open gives the files of the folder's albums their names, now that it is known which
// tracks and discs are in it, and what the locker has of them.
func (f *folder) open(l *Layout, held *Folder) {
	discs, digits := held.discs, 2
	for _, a := range f.albums {
		for _, t := range a.tracks {
			if !a.keep {
				discs = max(discs, t.discs, t.disc)
				digits = max(digits, len(strconv.Itoa(max(t.number, sane(t.info.TrackTotal)))))
			}
		}
	}
	if held.digits > 0 {
		digits = held.digits
	}
	for _, a := range f.albums {
		for _, t := range a.tracks {
			switch {
			case a.keep:
				f.keep(&t.file, strings.Split(t.rel, "/"))
			case t.stands != nil:
				f.keep(&t.file, t.stands)
			default:
				s := &scope{album: a, track: t, discs: discs, digits: digits}
				parts := l.below(s)
				last := len(parts) - 1
				at := f.at(parts[:last]...)
				at.wants = append(at.wants, &want{file: &t.file, scope: s, name: parts[last]})
			}
		}
		for _, g := range a.others {
			f.keep(g, strings.Split(g.rel, "/"))
		}
	}
}

// settleFiles gives the folder's files their names: those that are there already first,
// then those that held files have, then the rest in order.
func (f *folder) settleFiles(p *planner, dir string, n *names) {
	slices.SortFunc(f.wants, func(a, b *want) int { return cmp.Or(a.file.order(b.file), cmp.Compare(a.name, b.name)) })
	put := func(w *want, name string) {
		w.placed = true
		p.out[w.file.index] = Placement{w.file.index, path.Join(dir, name)}
	}
	f.match(p.layout, n.held, put)
	f.stay(dir, n, put)
	for _, w := range f.wants {
		if !w.placed {
			put(w, n.free(w.name))
		}
	}
}

// match places the files that the folder has already, under the name they want or a
// numbered form of it, where they are.
func (f *folder) match(l *Layout, held *Folder, put func(*want, string)) {
	byID := map[string][]string{}
	for _, w := range f.wants {
		if byID[w.file.ID] == nil {
			byID[w.file.ID] = slices.Sorted(slices.Values(held.same[w.file.ID]))
		}
	}
	for _, w := range f.wants {
		same := byID[w.file.ID]
		if len(same) == 0 || w.file.Held {
			continue // a held file is no other file's double, but stands beside it
		}
		wanted := w.names(l)
		i := slices.IndexFunc(same, func(name string) bool {
			return slices.ContainsFunc(wanted, func(wanted string) bool { return isNumbered(name, wanted) })
		})
		if i >= 0 {
			put(w, same[i])
			byID[w.file.ID] = slices.Delete(same, i, i+1)
		}
	}
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
func (f *folder) stay(dir string, n *names, put func(*want, string)) {
	for _, numbered := range []bool{false, true} {
		for _, w := range f.wants {
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
