package library

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// namesakes are the albums of one folder whose names differ by years and numbers at
// most, and what the locker has of that name.
type namesakes struct {
	p        *planner
	dir      string // of the folder they are in
	names    *names
	releases []*release
	homes    []*home
	byName   map[string]*home // by alike
	wanted   map[string]int   // how many releases want a name, by alike
}

// home is a folder of the locker that has the name of an album or a form of it.
type home struct {
	name  string
	holds []Release
}

// tellsArtist tells whether the folders of the layout name the artist.
func (l *Layout) tellsArtist() bool {
	for _, p := range l.parts[:l.album+1] {
		for _, n := range values(p.nodes) {
			if among("artist artists albumartist artistsort albumartistsort", string(n.choice[0].field)) {
				return true
			}
		}
	}
	return false
}

// gather finds the releases among albums of one name, and what the locker has of that
// name.
func (p *planner) gather(dir string, names *names, albums []*album) (*namesakes, error) {
	n := &namesakes{p: p, dir: dir, names: names, releases: gather(albums), byName: map[string]*home{}, wanted: map[string]int{}}
	for _, r := range n.releases {
		r.settle(p.layout)
		n.wanted[alike(r.own)]++
	}
	if err := n.findHomes(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(n.releases, func(r, s *release) int { return r.albums[0].order(s.albums[0]) })
	for _, r := range n.releases {
		if r.mark != "" && n.onAnotherDay(r) {
			r.mark = " (" + r.day + ")"
		}
	}
	return n, nil
}

// house chooses a folder for each release. Whoever stands right stays before any other
// gets a name, whatever they are called: albums of two names may want one folder.
func house(all []*namesakes) error {
	for _, n := range all {
		n.stay()
	}
	for _, n := range all {
		n.remain()
	}
	for _, n := range all {
		if err := n.move(); err != nil {
			return err
		}
	}
	for _, n := range all {
		for _, r := range n.releases {
			if r.name == "" {
				r.name = n.fresh(r)
			}
		}
	}
	return nil
}

// settle decides what the release wants to be called, now that all its albums are known.
func (r *release) settle(l *Layout) {
	lead := r.album()
	r.own, r.undated = lead.own, lead.undated
	if len(r.albums) > 1 && !lead.loose() && !lead.stays {
		whole := &album{various: lead.various}
		weight := map[string]int{}
		for _, a := range r.albums {
			whole.tracks = append(whole.tracks, a.tracks...)
			weight[a.artist] += len(a.tracks)
		}
		for _, artist := range slices.Sorted(maps.Keys(weight)) {
			if weight[artist] > weight[whole.artist] {
				whole.artist = artist
			}
		}
		whole.title = lead.title
		if !lead.stray {
			whole.title = commonest(whole.tracks, (*track).toldAlbum)
		}
		_, r.own, r.undated = l.folders(whole)
		lead = whole
	}
	if year := lead.says("year"); year != "" && r.own == r.undated && !lead.stays {
		r.mark = " (" + year + ")"
	}
}

// anyArtist stands for the artist of a release where the folders say who that is.
const anyArtist = "\x00"

// artist gives whom a release is by, where the layout's folders do not say it already.
func (p *planner) artist(r Release) string {
	if p.layout.tellsArtist() {
		return anyArtist
	}
	return Fold(firstArtist(tidy(r.Artist), nil))
}

// rivals tells whether the release needs more than its name to be known by: others of
// that name are filed with it, or have it, or stand in the locker; whatever they are, as
// for one that stands there itself.
func (n *namesakes) rivals(r *release, whatever bool) bool {
	stays := func(s *release) bool { return s.albums[0].stays && isForm(s.own, r.own) && !r.standsIn(n.dir, s.own) }
	if n.wanted[alike(r.own)] > 1 || n.names.hasFolder(r.own) || slices.ContainsFunc(n.releases, stays) {
		return true
	}
	return slices.ContainsFunc(n.homes, func(h *home) bool {
		exact := alike(h.name) == alike(r.own)
		like := r.likeness(h.holds, exact)
		return like < sameYear && len(h.holds) > 0 && !r.standsIn(n.dir, h.name) && (exact || isForm(h.name, r.own) && (whatever || like > different || r.named(h)))
	})
}

// onAnotherDay tells whether it takes the whole date to know the release from others.
func (n *namesakes) onAnotherDay(r *release) bool {
	return r.day != "" && (slices.ContainsFunc(n.releases, func(s *release) bool {
		return s.year == r.year && anotherDay(s.day, r.day)
	}) || slices.ContainsFunc(n.homes, func(h *home) bool {
		return slices.ContainsFunc(h.holds, func(held Release) bool { return held.Year == r.year && anotherDay(held.Day, r.day) }) && r.named(h)
	}))
}

// named tells whether a home has an album of the release's title, or one of none.
func (r *release) named(h *home) bool {
	title := alike(r.album().title)
	return slices.ContainsFunc(h.holds, func(held Release) bool { return held.Album == "" || alike(held.Album) == title })
}

// standsIn tells whether albums of the release stand in that folder now.
func (r *release) standsIn(dir, name string) bool {
	return slices.ContainsFunc(r.albums, func(a *album) bool {
		return a.present != nil && path.Join(a.present...) == path.Join(dir, name)
	})
}

// stay leaves releases of the locker in folders whose names are right: what they want,
// or where they have rivals, a form of that.
func (n *namesakes) stay() {
	for _, r := range n.releases {
		for _, a := range r.albums {
			if a.present == nil || a.stays || r.name != "" {
				continue
			}
			last := len(a.present) - 1
			name := a.present[last]
			if alike(path.Join(a.present[:last]...)) != alike(n.dir) || n.names.hasFolder(name) && !n.with(r, name) {
				continue
			}
			_, marks := bare(name, r.own)
			if n.wants(r, name) || isForm(name, r.own) && strings.HasPrefix(marks, r.mark) && n.rivals(r, true) {
				r.name = n.spelling(r, name)
				n.names.takeFolder(name)
			}
		}
	}
}

// wants tells whether the release wants exactly that name of a folder. So it does if one of
// its albums wants it, whose title could be the one that most tracks have: those of the
// folder that tell no title had one when they came in.
func (n *namesakes) wants(r *release, name string) bool {
	untold := 0
	for _, s := range n.releases {
		if s.albums[0].stays && s.standsIn(n.dir, name) {
			untold += len(s.albums[0].tracks)
		}
	}
	return alike(name) == alike(r.own) || slices.ContainsFunc(r.albums, func(a *album) bool {
		return alike(name) == alike(a.own) && !slices.ContainsFunc(r.albums, func(b *album) bool { return len(b.tracks) > len(a.tracks)+untold })
	})
}

// with tells whether the release stands in a folder with others that stay there, and
// nothing tells them apart: the names that they want were cut, or cleaned, to be one.
func (n *namesakes) with(r *release, name string) bool {
	some := false
	for _, s := range n.releases {
		if alike(s.name) != alike(name) {
			continue
		}
		if some = true; r.differs(s) {
			return false
		}
	}
	return some
}

// differs tells whether anything but the title says that two releases are not one.
func (r *release) differs(s *release) bool {
	a, b := r.album(), s.album()
	return r.id != "" && s.id != "" && r.id != s.id || r.year > 0 && s.year > 0 && r.year != s.year || anotherDay(r.day, s.day) || a.artistKey() != b.artistKey()
}

// remain leaves albums that stay, whatever they are, where they are: with others, where
// these stand there.
func (n *namesakes) remain() {
	for _, r := range n.releases {
		if r.albums[0].stays {
			r.name = r.own
			n.names.takeFolder(r.own)
		}
	}
}

// spelling gives the name of a folder that stays: as the locker has it, as any of its
// albums wants it, else as most of them do.
func (n *namesakes) spelling(r *release, name string) string {
	if h := n.byName[alike(name)]; h != nil {
		return h.name
	}
	_, marks := bare(name, r.own)
	for _, a := range r.albums {
		if mark(a.own, marks) == name {
			return name
		}
	}
	return mark(r.own, marks)
}

// fresh gives a name that no other has.
func (n *namesakes) fresh(r *release) string {
	marks := ""
	if n.rivals(r, false) {
		marks = r.mark
	}
	key := alike(r.own + marks)
	for i := max(n.names.next[key], 1); ; i++ {
		number := ""
		if i > 1 {
			number = fmt.Sprintf(" (%d)", i)
		}
		if name, ok := n.free(mark(r.own, marks+number)); ok {
			n.names.next[key] = i + 1
			n.names.takeFolder(name)
			return name
		}
	}
}

// free tells whether a folder can be given that name: nothing has it, or a folder of the
// locker without music, whose spelling it gets.
func (n *namesakes) free(name string) (string, bool) {
	if n.names.hasFolder(name) {
		return "", false
	}
	if h := n.byName[alike(name)]; h != nil {
		return h.name, len(h.holds) == 0
	}
	return name, len(n.names.held.named[Fold(name)]) == 0
}
