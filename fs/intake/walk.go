package intake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// file is one file that the walk found.
type file struct {
	// path is where it is on this machine; source is the same as library.Source
	// wants it, beginning with the imported folder's own name.
	path, source string
	info         fs.FileInfo
}

// group is what is filed together: an album's folder with its disc folders and
// the folders in it that hold no music. Without audio it is what lies in a folder that
// has albums only below it; it comes after these.
type group struct {
	root  *root
	dir   string // source path of the folder
	files []file
	audio bool
}

// walker finds groups, folder by folder, in the order of the names. It holds no
// more than one path of folders and their files in memory.
type walker struct {
	ctx     context.Context // of the one import it walks for
	disk    disk
	exclude []string
	all     bool // also folders without music
	emit    func(group) error
	note    func(list noteList, path, what string)

	root *root
	// above is how much of a path is before the imported folder's own name.
	above int
}

// errGone ends the walk of a folder whose disk was taken away.
var errGone = errors.New("it went away while it was imported; was its disk taken out? What is not in yet is left for another run")

// walk emits the groups at and below path.
func (w *walker) walk(path string) error {
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link that was named is meant
	}
	info, err := w.disk.Lstat(path)
	if err != nil {
		w.note(failed, path, err.Error())
		return nil
	}
	w.root = &root{path, info}
	if !info.IsDir() {
		w.above = len(filepath.Dir(filepath.Dir(path)))
		if f, ok := w.regular(path, info); ok {
			return w.emit(group{root: w.root, files: []file{f}, audio: true})
		}
		return nil
	}
	w.above = len(filepath.Dir(path))
	g, _, err := w.folder(path)
	if err == nil {
		err = w.finish(g)
	}
	if errors.Is(err, errGone) {
		w.note(failed, path, err.Error())
		return nil
	}
	return err
}

// source is a path as library.Source wants it. A name from before UTF-8 is decoded, by
// itself and the folders above it, so that a folder has one name for all that is in it.
func (w *walker) source(path string) string {
	s := strings.TrimPrefix(filepath.ToSlash(path[w.above:]), "/")
	if utf8.ValidString(s) {
		return s
	}
	was := strings.Split(s, "/")
	parts := slices.Clone(was)
	for i, part := range was {
		parts[i] = tag.Decode(part, was[:i]...)
	}
	return strings.Join(parts, "/")
}

// folder walks one folder. It emits the groups below it that stand for themselves,
// tells whether there were any, and gives what may still belong to the folder above.
func (w *walker) folder(path string) (g group, below bool, err error) {
	if err := w.ctx.Err(); err != nil {
		return group{}, false, err
	}
	entries, err := w.disk.ReadDir(path)
	if err != nil {
		if err := w.lost(path, err); err != nil {
			return group{}, false, err
		}
	}
	empty := group{root: w.root, dir: w.source(path)}
	in := parts{own: empty, discs: empty, loose: empty}
	for _, e := range entries {
		if err := w.child(filepath.Join(path, e.Name()), e, &in); err != nil {
			return group{}, false, err
		}
	}
	if in.below {
		return group{}, true, w.collection(in)
	}
	in.own.add(in.discs.files, in.discs.audio)
	in.own.add(in.loose.files, false)
	return in.own, false, nil
}

// parts are what is in a folder: its own files, those in folders of discs, and those in
// folders without music. below tells that there are albums as well, which are emitted.
type parts struct {
	own, discs, loose group
	below             bool
}

// child walks what is listed in a folder, and puts it with the rest.
func (w *walker) child(path string, e fs.DirEntry, in *parts) error {
	switch {
	case w.left(path, e):
		return nil
	case !e.IsDir():
		f, ok, err := w.entry(path, e)
		if ok {
			in.own.add([]file{f}, tag.Audio(e.Name()))
		}
		return err
	}
	sub, below, err := w.folder(path)
	if err != nil {
		return err
	}
	in.below = in.below || below
	switch _, disc := library.DiscFolder(e.Name()); {
	case !sub.audio:
		in.loose.add(sub.files, false)
	case disc:
		in.discs.add(sub.files, true)
	default:
		in.below = true
		return w.finish(sub)
	}
	return nil
}

// collection emits what is left of a folder that has albums below it, and so is no
// album's: its tracks, each for itself, and what is no music, which is not theirs.
func (w *walker) collection(in parts) error {
	tracks, rest := in.discs, in.loose
	for _, f := range in.own.files {
		if tag.Audio(f.path) {
			tracks.add([]file{f}, true)
		} else {
			rest.add([]file{f}, false)
		}
	}
	for _, g := range []group{tracks, rest} {
		if len(g.files) == 0 {
			continue
		}
		if err := w.emit(g); err != nil {
			return err
		}
	}
	return nil
}

// add takes more files in.
func (g *group) add(files []file, audio bool) {
	g.files = append(g.files, files...)
	g.audio = g.audio || audio
}

// finish emits g, if there is music in it or all is wanted.
func (w *walker) finish(g group) error {
	if g.audio || w.all && len(g.files) > 0 {
		return w.emit(g)
	}
	for _, f := range g.files {
		w.note(notAudio, f.path, notMusic)
	}
	return nil
}

const notMusic = "not music, and no music beside it"

// left names what is passed by for its name or its place.
func (w *walker) left(path string, e fs.DirEntry) bool {
	switch {
	case library.Litter(e.Name()):
		w.note(skipped, path, "litter of a desktop")
	case unfinished(e.Name()) && !e.IsDir():
		w.note(skipped, path, "an unfinished download")
	case slices.Contains(w.exclude, path):
		w.note(skipped, path, "a locker's own folder")
	default:
		return false
	}
	return true
}

// unfinished tells whether a name is one that programs give to a download until it
// is whole.
func unfinished(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".part", ".partial", ".crdownload", ".download", ".opdownload", ".aria2", ".!ut", ".!qb", ".bc!":
		return true
	}
	return false
}

// lost names a path that could not be read. The error is errGone when all of the
// import's folder cannot.
func (w *walker) lost(path string, err error) error {
	if w.root.gone(w.disk, err) {
		return errGone
	}
	w.note(failed, path, err.Error())
	return nil
}

// entry takes what is listed in a folder if it is a plain file.
func (w *walker) entry(path string, e fs.DirEntry) (file, bool, error) {
	info, err := e.Info()
	if err != nil {
		return file{}, false, w.lost(path, err)
	}
	f, ok := w.regular(path, info)
	return f, ok, nil
}

// regular takes plain files, and names what is none.
func (w *walker) regular(path string, info fs.FileInfo) (file, bool) {
	switch mode := info.Mode(); {
	case mode.IsRegular() && info.Size() == 0 && tag.Audio(path):
		w.note(skipped, path, "an empty file, there is no music in it")
	case mode.IsRegular():
		return file{path, w.source(path), info}, true
	case mode&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err != nil {
			to = err.Error()
		}
		w.note(skipped, path, "a symbolic link, not followed: "+to)
	default:
		w.note(skipped, path, "not a plain file ("+mode.Type().String()+")")
	}
	return file{}, false
}
