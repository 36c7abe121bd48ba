package intake

import (
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/fs/library"
)

// homes tells where the music of source folders went, so that what lies in them
// beside no music goes along. It holds the folders above the one planned last. It
// belongs to the goroutine that plans.
type homes map[string]*home

// home is where the music at and below a source folder went.
type home struct {
	album  string // the locker folder of its one album; "" when there are more
	artist string // the folder above all its albums; "" when there is no one
}

// notice learns where a track of the group in dir went.
func (h homes) notice(dir, to string) {
	album := path.Dir(to)
	if _, disc := library.DiscFolder(path.Base(album)); disc {
		album = path.Dir(album)
	}
	artist := path.Dir(album)
	if artist == "." {
		artist = ""
	}
	for d := dir; d != "." && d != "/"; d = path.Dir(d) {
		at := h[d]
		if at == nil {
			h[d] = &home{album, artist}
			continue
		}
		if at.album != album {
			at.album = ""
		}
		if at.artist != artist {
			at.artist = ""
		}
	}
}

// leave forgets folders that the walk has left, on its way to dir.
func (h homes) leave(dir string) {
	for d := range h {
		if d != dir && !strings.HasPrefix(dir, d+"/") {
			delete(h, d)
		}
	}
}

// of gives the locker folder for what lies in dir beside no music, if that is plain:
// the folder has the name of the one album that was below it, or of the artist.
func (h homes) of(dir string) (string, bool) {
	at := h[dir]
	if at == nil {
		return "", false
	}
	name := plainName(path.Base(dir))
	for _, to := range []string{at.album, at.artist} {
		key := plainName(undated(path.Base(to)))
		if to != "" && key != "" && (strings.HasPrefix(name, key) || len(key) > 3 && strings.Contains(name, key)) {
			return to, true
		}
	}
	return "", false
}

// undated is a folder's name without the year or number that a layout puts behind it.
func undated(name string) string {
	i := strings.LastIndex(name, " (")
	if i > 0 && strings.Trim(name[i:], " ()-0123456789") == "" {
		return name[:i]
	}
	return name
}

// plainName is a name without what spellings differ in.
func plainName(s string) string {
	return strings.Join(strings.FieldsFunc(library.Fold(library.CleanPart(s)), func(r rune) bool {
		return strings.ContainsRune(" _-.,;:!?'’`´\"()[]{}&+", r)
	}), "")
}
