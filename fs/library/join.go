package library

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

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
		if n.byName[alike(h.name)] == nil {
			n.byName[alike(h.name)] = h
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
		dirs = slices.AppendSeq(dirs, maps.Keys(held.dirs))
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
			out = append(out, Release{Album: albumTitle(r.Album), Artist: p.artist(r), Year: sane(r.Year), Day: r.Day, ID: strings.ToLower(tidy(r.ID))})
		}
	}
	return out, nil
}

// maxDiscs is how many folders below an album are looked into.
const maxDiscs = 100

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
		n.names.takeFolder(m.h.name)
		for _, a := range m.r.albums {
			m.h.holds = append(m.h.holds, Release{Album: a.title, Artist: n.p.artist(Release{Artist: a.artist}), Year: a.year, Day: a.day, ID: a.id})
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
		exact := alike(h.name) == alike(r.own)
		if r.name == "" && (exact || isForm(h.name, r.own) || isForm(h.name, r.undated)) {
			all = append(all, match{r: r, h: h, exact: exact, like: r.likeness(h.holds, exact)})
		}
	}
	var out []match
	sure := false
	for _, m := range all {
		if len(all) > 1 || r.taken != nil || m.like < sameYear {
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
// names that the release must keep, or with its numbers and other titles.
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
	if !clash && m.files == 0 && m.like > different && m.like < sameYear {
		held, err := n.p.existing.Folder(path.Join(n.dir, m.h.name))
		if err != nil {
			return fmt.Errorf("list %q: %w", path.Join(n.dir, m.h.name), err)
		}
		clash = m.r.contradicts(held)
	}
	if clash && m.files == 0 {
		m.files = -1
	}
	return nil
}

// contradicts tells whether a folder has most numbers of the release's tracks, and no
// fewer than two, but none of its titles: then it is another album's, though nothing else
// says so.
func (r *release) contradicts(held *Folder) bool {
	const most = 1000 // children of an album's folder
	if len(held.named) > most || r.album().loose() {
		return false
	}
	numbers, titles := map[int]bool{}, []string{}
	for _, same := range held.named {
		for _, c := range same {
			if stem, _ := SplitExt(c.Name); !c.Dir && tag.Audio(c.Name) {
				g := guessFile(stem, scene{})
				numbers[g.track] = true
				titles = append(titles, words(g.title))
			}
		}
	}
	numbered, taken := 0, 0
	for _, a := range r.albums {
		for _, t := range a.tracks {
			title := words(CleanPart(t.title))
			if slices.ContainsFunc(titles, func(there string) bool { return strings.Contains(there, title) || strings.Contains(title, there) }) {
				return false
			}
			if t.number > 0 && !t.untitled && !a.keep {
				if numbered++; numbers[t.number] {
					taken++
				}
			}
		}
	}
	return taken >= 2 && 3*taken >= 2*numbered
}
