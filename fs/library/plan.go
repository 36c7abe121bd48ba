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

// Source is a file to be filed.
type Source struct {
	// Path is where it is: slash-separated, relative to what is imported and
	// starting with the imported folder's own name.
	Path string
	// Info is what its tags say; nil when it is not audio or cannot be read. A file
	// with the extension of audio is filed as audio all the same.
	Info *tag.Info
	// ID is equal for equal content, such as a hash, or empty when unknown. A file
	// that is in the locker already, where it would be filed, is filed onto itself.
	ID string
	// Held means that the file stands in the locker now and Path is its locker path:
	// it is filed anew (organize). Existing must not show it then.
	Held bool
}

// Placement says where a source goes.
type Placement struct {
	Source int    // its index
	Path   string // in the locker, slash-separated, without a leading slash
}

// Existing tells what the locker has already.
type Existing interface {
	// Folder gives what is in a folder of the locker; an empty Folder and no error
	// for one that is not there. "" is the root. Plan does not change it.
	Folder(dir string) (*Folder, error)
	// Releases gives the albums that the audio files in a folder of the locker come from,
	// each once, in any order; none for a folder that is not there.
	Releases(dir string) ([]Release, error)
}

// Plan decides where files go. The result has one placement for each source, in the
// order of the sources; it does not depend on that order. No two paths are equal, nor
// differ only by case, nor name what the locker has, but for a file that is that very
// file (the same ID).
//
// Plan sees only what it is given, so whoever has a large collection gives it one
// album folder after another, in constant memory, each with
//
//   - the folders of its discs ([DiscFolder] knows their names), and
//   - the folders below it that hold no audio, such as Scans.
//
// Existing must then show the placements of the calls before.
//
// # Where files go
//
// Audio goes to Artist/Album/NN Title.ext: the album artist before the artist, and
// D-NN where the album has more than one disc. Without an album artist, several
// artists in one album of a folder make it Various Artists/Album/NN Artist - Title.ext.
// What tags do not say is taken from the other files of the folder, then from the
// names of file and folders (Artist/2004 - Album/03 - Title), then it is Unknown
// Artist, Unknown Album.
//
// Other files go with the album of their folder and keep their name and the folder
// they had in it. A folder that holds a cue sheet or a playlist keeps all its file
// names, so that the references hold. Other files of a folder without audio keep
// their path, without the name of the imported folder.
func Plan(layout *Layout, sources []Source, existing Existing) ([]Placement, error) {
	root := newFolder()
	for _, g := range groups(sources) {
		g.file(root)
	}
	out := make([]Placement, len(sources))
	if err := root.settle("", existing, out); err != nil {
		return nil, fmt.Errorf("plan %d files: %w", len(sources), err)
	}
	return out, nil
}

// DiscFolder tells whether a folder has the name of one disc of an album, and which:
// CD1, CD 01, Disc 2, Disk_3, Disc 1 - Bonus.
func DiscFolder(name string) (disc int, ok bool) {
	lower := strings.ToLower(name)
	for _, word := range []string{"cd", "disc", "disk"} {
		rest, found := strings.CutPrefix(lower, word)
		if !found {
			continue
		}
		n, after := leadingNumber(strings.TrimLeft(rest, " _-#."))
		if n > 0 && n < 100 && (after == "" || strings.ContainsAny(after[:1], " -_.:([")) {
			return n, true
		}
	}
	return 0, false
}

// group is an album folder: its files, and those of its discs and other subfolders.
type group struct {
	root   string
	tracks []*track
	others []*file
	keep   bool // names, since something refers to them
}

// file is a source on its way.
type file struct {
	Source
	index int
	rel   string // path below the group's folder
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
func groups(sources []Source) []*group {
	byRoot, above := map[string]*group{}, map[string]bool{}
	for i, s := range sources {
		if !isAudio(s) {
			continue
		}
		root := albumFolder(path.Dir(s.Path))
		g := byRoot[root]
		if g == nil {
			g = &group{root: root}
			byRoot[root] = g
		}
		g.tracks = append(g.tracks, newTrack(s, i, below(root, s.Path)))
		for dir := path.Dir(root); dir != "." && dir != "/" && !above[dir]; dir = path.Dir(dir) {
			above[dir] = true
		}
	}
	loose := &group{}
	for i, s := range sources {
		if isAudio(s) {
			continue
		}
		g := byRoot[owner(path.Dir(s.Path), byRoot, above)]
		if g == nil {
			g = loose
		}
		g.join(&file{Source: s, index: i, rel: below(g.root, s.Path)})
	}
	byName := func(a, b *group) int { return cmp.Compare(a.root, b.root) }
	return append(slices.SortedFunc(maps.Values(byRoot), byName), loose)
}

// join adds a file that is no track. A cue sheet or a playlist beside the tracks
// refers to them by name.
func (g *group) join(f *file) {
	g.others = append(g.others, f)
	if dir := path.Dir(f.rel); playlist(f.rel) && (dir == "." || albumFolder(path.Join(g.root, dir)) == g.root) {
		g.keep = true
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
func owner(dir string, byRoot map[string]*group, above map[string]bool) string {
	for byRoot[dir] == nil {
		parent := path.Dir(dir)
		if above[dir] || parent == "." || parent == dir {
			return ""
		}
		dir = parent
	}
	return dir
}

// below gives the path of a file below a folder.
func below(root, name string) string {
	if root == "" || root == "." {
		return name
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, root), "/")
}

// file puts the group's files into the folders where they want to be.
func (g *group) file(root *folder) {
	if len(g.tracks) == 0 {
		for _, f := range g.others {
			parts := strings.Split(f.rel, "/")
			if len(parts) > 2 {
				parts = parts[1:]
			}
			root.keep(f, parts)
		}
		return
	}
	albums := g.albums()
	if g.keep {
		artist, title := g.folderAsAlbum(albums)
		home := root.at(CleanPart(artist), CleanPart(title))
		for _, t := range g.tracks {
			home.keep(&t.file, strings.Split(t.rel, "/"))
		}
		for _, f := range g.others {
			home.keep(f, strings.Split(f.rel, "/"))
		}
		return
	}
	for _, a := range albums {
		dir := root.at(CleanPart(a.artist), CleanPart(a.title))
		for _, t := range a.tracks {
			dir.wants = append(dir.wants, &want{file: &t.file, track: t, various: a.various})
		}
	}
	home := root.at(CleanPart(albums[0].artist), CleanPart(albums[0].title))
	for _, f := range g.others {
		home.keep(f, strings.Split(f.rel, "/"))
	}
}
