package intake

import (
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// held is a file of the locker that is to be filed anew.
type held struct {
	id, node catalog.ID // node is that of its present version
	path     string     // in the locker
	hash     catalog.Hash
	tags     *tag.Info
	audio    bool
}

// heldGroup is an album's folder in the locker, with the folders of its discs and those
// in it that hold no music; or the tracks that lie in a folder with albums below it.
type heldGroup struct {
	folder catalog.ID
	dir    string
	files  []held // the tracks first
	tracks int
	// some of what is in the folder does not belong to the group
	some bool
}

// heldWalk makes groups of the entries that catalog.Index.Walk gives, in its order.
// It holds one path of folders, with the files of each, in memory.
type heldWalk struct {
	dir  string // where it begins
	open []*heldFolder
	emit func(*heldGroup) error
	left func(held) // told of files that belong to no group
}

// heldFolder is a folder that the walk is in.
type heldFolder struct {
	id          catalog.ID
	path        string
	tracks      []held // its own, and those of its discs
	others      []held // beside them
	loose       []held // in folders without music
	ownTracks   int
	below, some bool
	flooded     bool // too many lie beside the tracks, if there are any
	passed      bool // neither it nor what is in it is looked at
}

// maxLoose is how many files without music may lie in an album's folder, and as many in
// its folders. More are no album's.
const maxLoose = 2000

func newHeldWalk(top catalog.ID, dir string, emit func(*heldGroup) error, left func(held)) *heldWalk {
	return &heldWalk{dir: dir, emit: emit, left: left, open: []*heldFolder{{id: top, path: dir}}}
}

// take is given every entry in turn.
func (w *heldWalk) take(at string, e catalog.Entry) error {
	up, name := split(at)
	if err := w.enter(up); err != nil {
		return err
	}
	if e.Kind == catalog.Dir {
		w.push(e.ID, at)
		return nil
	}
	f := w.open[len(w.open)-1]
	if f.passed || library.Litter(name) {
		return nil // it goes where its folder goes, if that goes as a whole
	}
	h := held{id: e.ID, node: e.Version.ID, path: at, hash: e.Version.SHA256, tags: e.Version.Tags, audio: tag.Audio(name)}
	switch {
	case h.audio:
		if h.tags != nil { // a folder may have very many tracks
			h.tags.Pictures, h.tags.Touch, h.tags.Gain = nil, nil, nil
		}
		f.tracks = append(f.tracks, h)
		f.ownTracks++
	case f.flooded:
		w.left(h)
	default:
		if f.others = append(f.others, h); len(f.others) > maxLoose {
			f.flooded, f.some = true, true
			w.leaveAll(f.others)
			f.others = nil
		}
	}
	return nil
}

// enter closes folders until dir is below the innermost, and opens those down to it:
// folders that are yet to be made are not among the entries.
func (w *heldWalk) enter(dir string) error {
	for last := len(w.open) - 1; last > 0 && !inside(dir, w.open[last].path); last-- {
		f := w.open[last]
		w.open[last] = nil
		w.open = w.open[:last]
		if err := w.close(f, w.open[last-1]); err != nil {
			return err
		}
	}
	for {
		in := w.open[len(w.open)-1].path
		if in == dir {
			return nil
		}
		next, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(dir, in), "/"), "/")
		w.push(0, path.Join(in, next))
	}
}

// push opens a folder of the innermost one.
func (w *heldWalk) push(id catalog.ID, at string) {
	_, name := split(at)
	passed := w.open[len(w.open)-1].passed || library.Litter(name)
	w.open = append(w.open, &heldFolder{id: id, path: at, passed: passed})
}

// end closes all folders.
func (w *heldWalk) end() error {
	if err := w.enter(w.dir); err != nil {
		return err
	}
	top := w.open[0]
	if top.path == "" {
		top.below = true // the locker is no album
	}
	if len(top.tracks) == 0 {
		w.leaveAll(top.others, top.loose)
		return nil
	}
	return w.group(top)
}

// close makes a group of a folder, or gives what is in it to the one above.
func (w *heldWalk) close(f, up *heldFolder) error {
	_, disc := library.DiscFolder(path.Base(f.path))
	switch {
	case f.passed:
	case len(f.tracks) == 0 && !f.below:
		w.loosen(f, up)
	case disc && !f.below && f.ownTracks > 0:
		up.tracks = append(up.tracks, f.tracks...)
		up.others = append(up.others, f.others...)
		up.others = append(up.others, f.loose...)
		up.some = up.some || f.some
	default:
		up.below = true
		if len(f.tracks) > 0 {
			return w.group(f)
		}
		w.leaveAll(f.others, f.loose)
	}
	return nil
}

// loosen gives the files of a folder without music to the one above, as long as they
// are not too many for an album's.
func (w *heldWalk) loosen(f, up *heldFolder) {
	files := append(f.others, f.loose...)
	if up.some = up.some || f.some; len(up.loose)+len(files) <= maxLoose {
		up.loose = append(up.loose, files...)
		return
	}
	up.some = true
	w.leaveAll(files)
}

// albumLike tells whether a file without music is of a kind that albums have.
func albumLike(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".jxl", ".avif", ".pdf", ".txt", ".nfo", ".log", ".cue", ".lrc",
		".m3u", ".m3u8", ".pls", ".md5", ".sfv", ".ffp", ".sha256", ".accurip", ".html", ".htm", ".url", ".md", ".rtf", ".toc":
		return true
	}
	return false
}

func (w *heldWalk) leaveAll(lists ...[]held) {
	for _, list := range lists {
		for _, h := range list {
			w.left(h)
		}
	}
}

// group emits the folder's group. With albums below it, it is no album's folder: its
// tracks are filed one by one, and nothing goes with them.
func (w *heldWalk) group(f *heldFolder) error {
	g := &heldGroup{folder: f.id, dir: f.path, files: f.tracks, tracks: len(f.tracks), some: f.some || f.below}
	if f.below {
		w.leaveAll(f.others, f.loose)
	} else {
		g.files = append(append(g.files, f.others...), f.loose...)
	}
	return w.emit(g)
}
