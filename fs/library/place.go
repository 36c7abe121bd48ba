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

	"github.com/lockerfs/lockerfs/fs/tag"
)

// maxDepth is how many folders a file that keeps its path may stand in; of more, the
// innermost are left out. Whoever walks a locker goes no deeper than 256.
const maxDepth = 100

// folder is a folder of the locker that files want to be in. Names that differ only
// by case, normal form or the kind of quotes are one folder, in the spelling that settle
// chooses.
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
	lead   *want  // the track whose name it shares, nil for none
	name   string // while it is not placed, the one it wants
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
	key := alike(name)
	if f.sub[key] == nil {
		f.sub[key] = newFolder()
	}
	return f.sub[key]
}

// keep puts a file below f under the folders and the name it has.
func (f *folder) keep(g *file, parts []string) (at *folder, w *want) {
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
	w = &want{file: g, name: kept[last]}
	f.wants = append(f.wants, w)
	return f, w
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
	sure := a.oneSpelling()
	for i, name := range a.above {
		if f = f.child(name); alike(name) != alike(a.present[i]) {
			return
		}
		if f.present[a.present[i]] = true; !sure {
			a.above[i] = a.present[i]
		}
	}
	if name, _ := bare(a.present[last], a.own); !sure && alike(name) == alike(a.own) {
		a.own = name
	}
}

// oneSpelling tells whether the tags leave no doubt of how artist and title are spelt.
func (a *album) oneSpelling() bool {
	spelt := map[string]string{}
	for _, t := range a.tracks {
		for _, v := range []string{t.albumArtist, t.artist, t.album} {
			if old, ok := spelt[alike(v)]; ok && old != v {
				return false
			}
			spelt[alike(v)] = v
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
	n := newNames(held)
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
	discs, digits := held.discs(), 2
	for _, a := range f.albums {
		for _, t := range a.tracks {
			if !a.keep {
				discs = max(discs, t.discs, t.disc)
				digits = max(digits, len(strconv.Itoa(max(t.number, sane(t.info.TrackTotal)))))
			}
		}
	}
	if d := held.digits(); d > 0 {
		digits = d
	}
	for _, a := range f.albums {
		leads := map[*track]*want{}
		places := map[*track]*folder{}
		for _, t := range a.tracks {
			places[t], leads[t] = f.openTrack(l, a, t, &scope{album: a, track: t, discs: discs, digits: digits})
		}
		for _, s := range a.sidecars {
			places[s.track].wants = append(places[s.track].wants, &want{file: s.file, lead: leads[s.track]})
		}
	}
	f.openOthers(l, held)
}

// openTrack puts a track where it wants to be below the folder of its album.
func (f *folder) openTrack(l *Layout, a *album, t *track, s *scope) (*folder, *want) {
	switch {
	case a.keep:
		return f.keep(&t.file, strings.Split(t.rel, "/"))
	case t.stands != nil:
		return f.keep(&t.file, t.stands)
	}
	parts := l.below(s)
	last := len(parts) - 1
	at, w := f.at(parts[:last]...), &want{file: &t.file, scope: s, name: parts[last]}
	at.wants = append(at.wants, w)
	return at, w
}

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
