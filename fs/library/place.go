package library

import (
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
// tracks of one album spell their artist in several ways, or carelessly, that
// spelling is theirs too.
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
		if f.present[a.present[i]] = true; !sure || careless(name, a.present[i]) {
			a.above[i] = a.present[i]
		}
	}
	if name, _ := bare(a.present[last], a.own); !sure && alike(name) == alike(a.own) || careless(a.own, name) {
		a.own = name
	}
}

// careless tells whether a name is the other in small letters, or if it has several words
// in capitals alone: tags that were written so are no reason to spell a folder so.
func careless(name, other string) bool {
	lower, upper := strings.ToLower(other), strings.ToUpper(other)
	shouted := len(name) > 8 && strings.Contains(name, " ") && name == upper
	return other != lower && other != upper && (shouted || name == lower)
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
		if t.artist == "" || albumTitle(t.info.Album) == "" {
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
	var all []*namesakes
	for _, key := range slices.Sorted(maps.Keys(f.shelf)) {
		some, err := p.gather(dir, n, f.shelf[key])
		if err != nil {
			return err
		}
		all = append(all, some)
	}
	if err := house(all); err != nil {
		return err
	}
	for _, some := range all {
		for _, r := range some.releases {
			sub := f.child(r.name)
			sub.name = r.name
			sub.albums = append(sub.albums, r.albums...)
		}
	}
	for _, sub := range f.named(n) {
		if err := p.settle(path.Join(dir, sub.name), sub); err != nil {
			return err
		}
	}
	f.settleFiles(p, dir, n)
	return nil
}

// named gives the folders in this one, each with its name. Those of one name are one: a
// number behind a name may have become part of what files of the locker want.
func (f *folder) named(n *names) (out []*folder) {
	byName := map[string]*folder{}
	for _, key := range slices.Sorted(maps.Keys(f.sub)) {
		sub := f.sub[key]
		if sub.name == "" {
			sub.name = n.folder(sub)
		}
		if other := byName[sub.name]; other != nil {
			other.take(sub)
			continue
		}
		byName[sub.name] = sub
		out = append(out, sub)
	}
	return out
}

// take takes in what wants to be in another folder.
func (f *folder) take(g *folder) {
	for name, count := range g.spelling {
		f.spelling[name] += count
	}
	maps.Copy(f.present, g.present)
	for key, sub := range g.sub {
		if f.sub[key] == nil {
			f.sub[key] = sub
		} else {
			f.sub[key].take(sub)
		}
	}
	for key, albums := range g.shelf {
		f.shelf[key] = append(f.shelf[key], albums...)
	}
	f.albums, f.wants = append(f.albums, g.albums...), append(f.wants, g.wants...)
}

// open gives the files of the folder's albums their names, now that it is known which
// tracks and discs are in it, and what the locker has of them.
func (f *folder) open(l *Layout, held *Folder) {
	discs, digits := held.discs(), 2
	for _, a := range f.albums {
		for _, t := range a.tracks {
			if !a.keep {
				discs = max(discs, t.discs, t.disc)
				digits = max(digits, min(len(strconv.Itoa(max(t.number, sane(t.info.TrackTotal)))), 3))
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
