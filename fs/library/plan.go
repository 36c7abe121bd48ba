package library

import (
	"fmt"
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
	l, err := layout.orPlain()
	if err != nil {
		return nil, err
	}
	root := newFolder()
	if l.keep {
		for i, s := range sources {
			root.keep(&file{Source: s, index: i}, strings.FieldsFunc(s.Path, func(r rune) bool { return r == '/' }))
		}
	} else {
		for _, g := range groups(l, sources) {
			g.file(l, root)
		}
	}
	p := &planner{layout: l, existing: existing, out: make([]Placement, len(sources))}
	if err := p.settle("", root); err != nil {
		return nil, fmt.Errorf("plan %d files: %w", len(sources), err)
	}
	return p.out, nil
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
