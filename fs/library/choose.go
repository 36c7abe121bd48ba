package library

import (
	"cmp"
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
	byName   map[string]*home // folded
	wanted   map[string]int   // how many releases want a name, folded
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

// house chooses a folder for each release of the namesakes.
func (p *planner) house(dir string, names *names, albums []*album) ([]*release, error) {
	n := &namesakes{p: p, dir: dir, names: names, releases: gather(albums), byName: map[string]*home{}, wanted: map[string]int{}}
	for _, r := range n.releases {
		r.settle(p.layout)
		n.wanted[Fold(r.own)]++
	}
	if err := n.findHomes(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(n.releases, func(r, s *release) int { return r.albums[0].order(s.albums[0]) })
	n.stay()
	if err := n.move(); err != nil {
		return nil, err
	}
	for _, r := range n.releases {
		if r.name == "" {
			r.name = n.fresh(r)
		}
	}
	return n.releases, nil
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
			whole.title = commonest(whole.tracks, func(t *track) string { return t.album })
		}
		_, r.own, r.undated = l.folders(whole)
		lead = whole
	}
	if year := lead.says("year"); year != "" && r.own == r.undated && !lead.stays {
		r.mark = " (" + year + ")"
	}
}

// findHomes finds the folders of the locker that have the names of the releases.
func (n *namesakes) findHomes() error {
	seen := map[string]bool{}
	for _, r := range n.releases {
		for _, key := range []string{formKey(r.own), formKey(r.undated)} {
			for _, name := range n.names.held.forms[key] {
				if c, ok := n.names.held.Child(name); !ok || !c.Dir || seen[name] {
					continue
				}
				seen[name] = true
				holds, err := n.p.releases(path.Join(n.dir, name))
				if err != nil {
					return err
				}
				n.homes = append(n.homes, &home{name, holds})
			}
		}
	}
	slices.SortFunc(n.homes, func(a, b *home) int { return cmp.Compare(a.name, b.name) })
	for _, h := range n.homes {
		if n.byName[Fold(h.name)] == nil {
			n.byName[Fold(h.name)] = h
		}
	}
	return nil
}

// releases gives those of a folder with the folders of its discs, which Releases does
// not look into.
func (p *planner) releases(dir string) (out []Release, err error) {
	held, err := p.existing.Folder(dir)
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", dir, err)
	}
	dirs := []string{""}
	if len(held.dirs) <= maxDiscs { // else it is no album's folder
		dirs = append(dirs, held.dirs...)
	}
	for _, name := range dirs {
		if _, disc := DiscFolder(name); name != "" && !disc && len(p.layout.parts) == p.layout.album+2 {
			continue
		}
		some, err := p.existing.Releases(path.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("releases in %q: %w", path.Join(dir, name), err)
		}
		for _, r := range some {
			out = append(out, Release{Album: tidy(r.Album), Artist: p.artist(r), Year: sane(r.Year), ID: strings.ToLower(tidy(r.ID))})
		}
	}
	return out, nil
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

// maxDiscs is how many folders below an album are looked into.
const maxDiscs = 100

// rivals tells whether the release needs more than its name to be known by: others of
// that name are filed with it, or stand in the locker; whatever they are, as for one that
// stands there itself.
func (n *namesakes) rivals(r *release, whatever bool) bool {
	stays := func(s *release) bool { return s.albums[0].stays && isForm(s.own, r.own) && !r.standsIn(n.dir, s.own) }
	if n.wanted[Fold(r.own)] > 1 || slices.ContainsFunc(n.releases, stays) {
		return true
	}
	return slices.ContainsFunc(n.homes, func(h *home) bool {
		exact := Fold(h.name) == Fold(r.own)
		like := r.likeness(h.holds, exact)
		return like < sameYear && len(h.holds) > 0 && !r.standsIn(n.dir, h.name) && (exact || isForm(h.name, r.own) && (whatever || like > different || r.named(h)))
	})
}

// named tells whether a home has an album of the release's title, or one of none.
func (r *release) named(h *home) bool {
	title := Fold(r.album().title)
	return slices.ContainsFunc(h.holds, func(held Release) bool { return held.Album == "" || Fold(held.Album) == title })
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
			if Fold(path.Join(a.present[:last]...)) != Fold(n.dir) || n.names.taken[Fold(name)] {
				continue
			}
			_, marks := bare(name, r.own)
			if Fold(name) == Fold(r.own) || isForm(name, r.own) && strings.HasPrefix(marks, r.mark) && n.rivals(r, true) {
				r.name = n.spelling(r, name)
				n.names.taken[Fold(name)] = true
			}
		}
	}
	for _, r := range n.releases {
		if r.albums[0].stays {
			r.name = r.own
			n.names.taken[Fold(r.own)] = true
		}
	}
}

// spelling gives the name of a folder that stays: as the locker has it, as any of its
// albums wants it, else as most of them do.
func (n *namesakes) spelling(r *release, name string) string {
	if h := n.byName[Fold(name)]; h != nil {
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

// match is a release and a home that may be one.
type match struct {
	r     *release
	h     *home
	exact bool
	like  likeness
	files int // of the release that are in the home
}

// move lets releases join the homes that have them, the likeliest first.
func (n *namesakes) move() error {
	var all []match
	for _, r := range n.releases {
		matches, err := n.matches(r)
		if err != nil {
			return err
		}
		all = append(all, matches...)
	}
	slices.SortStableFunc(all, func(a, b match) int {
		return -cmp.Or(cmp.Compare(min(a.files, 1), min(b.files, 1)), cmp.Compare(a.like, b.like), cmp.Compare(a.files, b.files),
			compareBool(a.exact, b.exact), compareBool(a.h.name == a.r.own, b.h.name == b.r.own))
	})
	for _, m := range all {
		if m.r.name != "" || m.files == 0 && m.r.likeness(m.h.holds, m.exact) == different {
			continue
		}
		m.r.name = m.h.name
		n.names.taken[Fold(m.h.name)] = true
		for _, a := range m.r.albums {
			m.h.holds = append(m.h.holds, Release{Album: a.title, Artist: n.p.artist(Release{Artist: a.artist}), Year: a.year, ID: a.id})
		}
	}
	return nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// matches lists the homes that may hold the release. If nothing more than the title
// speaks for several, and none has the very name, it is none of them.
func (n *namesakes) matches(r *release) ([]match, error) {
	var all []match
	for _, h := range n.homes {
		exact := Fold(h.name) == Fold(r.own)
		if r.name == "" && (exact || isForm(h.name, r.own) || isForm(h.name, r.undated)) {
			all = append(all, match{r: r, h: h, exact: exact, like: r.likeness(h.holds, exact)})
		}
	}
	var out []match
	sure := false
	for _, m := range all {
		if len(all) > 1 || r.taken != nil || m.like == different {
			if err := n.look(&m); err != nil {
				return nil, err
			}
		}
		if m.files > 0 || m.files == 0 && m.like > different {
			out = append(out, m)
			sure = sure || m.like > sameName || m.files > 0 || m.exact
		}
	}
	if len(out) > 1 && !sure {
		return nil, nil
	}
	return out, nil
}

// look counts the release's files that a home has; -1 if there are none, but others of
// names that the release must keep.
func (n *namesakes) look(m *match) error {
	clash := false
	for _, a := range m.r.albums {
		for f := range a.fixed() {
			dir, name := path.Split(f.rel)
			if !a.keep {
				dir, name = "", ""
			}
			held, err := n.p.existing.Folder(path.Join(n.dir, m.h.name, dir))
			if err != nil {
				return fmt.Errorf("list %q: %w", path.Join(n.dir, m.h.name, dir), err)
			}
			if f.ID != "" && len(held.same[f.ID]) > 0 {
				m.files++
			} else if a.keep && len(held.named[Fold(keptName(name))]) > 0 {
				clash = true
			}
		}
	}
	if clash && m.files == 0 {
		m.files = -1
	}
	return nil
}

// fresh gives a name that no other has.
func (n *namesakes) fresh(r *release) string {
	marks := ""
	if n.rivals(r, false) {
		marks = r.mark
	}
	key := Fold(r.own + marks)
	for i := max(n.names.next[key], 1); ; i++ {
		number := ""
		if i > 1 {
			number = fmt.Sprintf(" (%d)", i)
		}
		if name, ok := n.free(mark(r.own, marks+number)); ok {
			n.names.next[key] = i + 1
			n.names.taken[Fold(name)] = true
			return name
		}
	}
}

// free tells whether a folder can be given that name: nothing has it, or a folder of the
// locker without music, whose spelling it gets.
func (n *namesakes) free(name string) (string, bool) {
	folded := Fold(name)
	if n.names.taken[folded] {
		return "", false
	}
	if h := n.byName[folded]; h != nil && len(h.holds) == 0 {
		return h.name, true
	}
	return name, len(n.names.held.named[folded]) == 0
}

// formKey is equal for names that differ by years and numbers behind them at most, also
// where they were cut to make room for those.
func formKey(name string) string {
	name, _ = bare(name, "")
	folded := Fold(name)
	n := 0
	for i := range folded {
		if n == 32 {
			folded = folded[:i]
			break
		}
		n++
	}
	return strings.TrimRight(folded, " ")
}

// bare cuts a year and a number in brackets off the end of a name, no further than to
// what is wanted.
func bare(name, wanted string) (rest, marks string) {
	rest = name
	for range 2 {
		if wanted != "" && Fold(rest) == Fold(wanted) {
			break
		}
		open := strings.LastIndex(rest, " (")
		if open <= 0 || !strings.HasSuffix(rest, ")") {
			break
		}
		if n, after := leadingNumber(rest[open+2 : len(rest)-1]); n == 0 || after != "" {
			break
		}
		rest = rest[:open]
	}
	return rest, name[len(rest):]
}

// isForm tells whether name is wanted, with a year or a number or both behind it.
func isForm(name, wanted string) bool {
	_, marks := bare(name, wanted)
	return Fold(mark(wanted, marks)) == Fold(name)
}

// mark puts a year or a number behind the name of a folder.
func mark(name, mark string) string {
	if mark == "" {
		return name
	}
	return strings.TrimRight(cut(name, MaxPart-len(mark)), " ") + mark
}
