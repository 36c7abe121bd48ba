package library

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// group is an album folder: its files, and those of its discs and other subfolders.
type group struct {
	root   string
	held   bool // it is one of the locker
	tracks []*track
	others []*file
	keep   map[string]bool // the folders in it where something refers to files by name
}

// file is a source on its way.
type file struct {
	Source
	index int
	rel   string // path below the group's folder
}

// order is a total order of files that does not depend on that of the sources.
func (f *file) order(g *file) int {
	return cmp.Or(cmp.Compare(f.Path, g.Path), cmp.Compare(f.ID, g.ID))
}

// place is a folder of the sources, or one of the locker.
type place struct {
	dir  string
	held bool
}

// playlist tells whether a file refers to others by name.
func playlist(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".cue", ".m3u", ".m3u8", ".pls":
		return true
	}
	return false
}

func isAudio(s Source) bool { return s.Info != nil || tag.Audio(s.Path) }

// groups sorts sources into album folders, and those by name. Files that belong to
// none are in a group without tracks.
func groups(l *Layout, sources []Source) []*group {
	byPlace, above := map[place]*group{}, map[place]bool{}
	for i, s := range sources {
		if !isAudio(s) {
			continue
		}
		at := place{albumFolder(path.Dir(s.Path)), s.Held}
		if s.Held {
			at.dir = l.albumFolder(s, i)
		}
		g := byPlace[at]
		if g == nil {
			g = &group{root: at.dir, held: s.Held}
			byPlace[at] = g
		}
		g.tracks = append(g.tracks, newTrack(s, i, below(at.dir, s.Path)))
		for dir := path.Dir(at.dir); dir != "." && dir != "/" && !above[place{dir, s.Held}]; dir = path.Dir(dir) {
			above[place{dir, s.Held}] = true
		}
	}
	loose := &group{}
	for i, s := range sources {
		if isAudio(s) {
			continue
		}
		g := byPlace[owner(place{path.Dir(s.Path), s.Held}, byPlace, above)]
		if g == nil {
			g = loose
		}
		g.join(&file{Source: s, index: i, rel: below(g.root, s.Path)})
	}
	byName := func(a, b *group) int {
		if a.root == b.root && a.held {
			return 1
		}
		return cmp.Compare(a.root, b.root)
	}
	return append(slices.SortedFunc(maps.Values(byPlace), byName), loose)
}

// join adds a file that is no track. A cue sheet or a playlist beside the tracks
// refers to them by name.
func (g *group) join(f *file) {
	g.others = append(g.others, f)
	if dir := path.Dir(f.rel); playlist(f.rel) && (dir == "." || albumFolder(path.Join(g.root, dir)) == g.root) {
		if g.keep == nil {
			g.keep = map[string]bool{}
		}
		g.keep[dir] = true
	}
}

// albumFolder is the folder of the album that a folder belongs to: its parent when it
// is one of its discs.
func albumFolder(dir string) string {
	parent := path.Dir(dir)
	if _, ok := DiscFolder(path.Base(dir)); ok && parent != "." && parent != "/" {
		return parent
	}
	return dir
}

// owner finds the album folder that a folder without audio belongs to: the nearest
// above, unless other albums lie between, for then it is no album's but an artist's.
func owner(at place, byPlace map[place]*group, above map[place]bool) place {
	for byPlace[at] == nil {
		parent := path.Dir(at.dir)
		if above[at] || parent == "." || parent == at.dir {
			return place{}
		}
		at.dir = parent
	}
	return at
}

// below gives the path of a file below a folder.
func below(root, name string) string {
	if root == "" || root == "." {
		return name
	}
	return strings.TrimLeft(strings.TrimPrefix(name, root), "/")
}

// file puts the group's files into the folders where they want to be.
func (g *group) file(l *Layout, root *folder) {
	if len(g.tracks) == 0 {
		for _, f := range g.others {
			root.keepPath(f)
		}
		return
	}
	albums := g.keepTogether(g.albums(l))
	if g.held {
		g.refile(l, albums)
	}
	shared := g.accompany(albums)
	for _, a := range albums {
		root.shelve(l, a)
	}
	root.beside(albums, shared)
}
