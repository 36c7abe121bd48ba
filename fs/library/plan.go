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
	// Wanted is the path it would have had, if that was taken and Path is a numbered form
	// of it; "" otherwise, also for a file that is there already under such a name.
	Wanted string
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
// file (the same ID). So tracks of one content in one folder, which tell their title, are
// one file.
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
// Audio goes to Artist/Album/NN Title.ext, and D-NN where the album has more than one
// disc. The tags tell; what they do not say is taken from the other files of the folder,
// if half of them agree on it, then from the names of file and folders (Artist/2004 -
// Album/03 - Title, Artist - Album, Artist-Album-2004-GRP/03-artist-title), then it is
// Unknown Artist, Unknown Album. Folders such as Music, Downloads or Live tell nothing.
// A disc is also told by the end of an album's title or folder, "London Calling (Disc 1)",
// and by the names of concerts, gd77-05-08d1t01. A place on a record, A1, stands as it is.
// A title of just 30 characters, where ID3v1 ends, goes on as the file's name does.
//
// An album is its album artist's, else the one's who leads the credits of all its tracks,
// or of two thirds of them and at least three, else it is Various Artists/Album/NN Artist
// - Title. The compilation flag, and a folder for compilations, count where the tags of
// several tracks do not name one artist. Where the album artist has none of the tracks,
// as a label has not, the names tell the artist too.
//
// Albums of one name by one artist are one, unless their MusicBrainz release ids differ,
// or their years, or their whole dates where both have such: then what differs is put
// behind the name, Album (1994), Album (1995-05-21). So is one of which nothing of that is
// known, if a folder has its numbers and none of its titles: Album (2). Artists and albums are the same
// whatever case, quotes and dashes they are spelt with, and a folder of the locker is
// used in its spelling.
//
// Other files keep their name and the folder they had in the album's, but what lay in the
// folder of a disc stands with the tracks where its name is free. A file with a track's
// name goes with the track and is named as that. The others go with the album of the
// tracks in their folder, or in the nearest above. Where these are of several albums,
// they go with that of two thirds of the tracks, else into the folder above all those
// albums, else they keep their path, without the name of the imported folder, and so do
// files of folders without audio.
//
// A cue sheet or a playlist keeps all file names of the albums beside it, so that the
// references hold.
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
