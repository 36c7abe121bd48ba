package intake

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

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
	dir   string // source path of the folder
	files []file
	audio bool
}

// walker finds groups, folder by folder, in the order of the names. It holds no
// more than one path of folders and their files in memory.
type walker struct {
	ctx  context.Context // of the one import it walks for
	emit func(group) error
	note func(list noteList, path, what string)
}

// noteList says which list of the report a note belongs to.
type noteList int

const (
	skipped noteList = iota
	failed
)

// walk emits the groups at and below path.
func (w *walker) walk(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		w.note(failed, path, err.Error())
		return nil
	}
	if !info.IsDir() {
		name := filepath.Base(filepath.Dir(path)) + "/" + info.Name()
		if f, ok := w.regular(path, name, info); ok {
			return w.emit(group{files: []file{f}, audio: true})
		}
		return nil
	}
	g, _, err := w.folder(path, filepath.Base(path))
	if err != nil {
		return err
	}
	return w.finish(g)
}

// folder walks one folder. It emits the groups below it that stand for themselves,
// tells whether there were any, and gives what may still belong to the folder above.
func (w *walker) folder(path, source string) (g group, below bool, err error) {
	if err := w.ctx.Err(); err != nil {
		return group{}, false, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		w.note(failed, path, err.Error())
	}
	own, discs, loose := group{dir: source}, group{}, group{}
	for _, e := range entries {
		child, name := filepath.Join(path, e.Name()), source+"/"+e.Name()
		switch {
		case library.Litter(e.Name()):
			w.note(skipped, child, "litter of a desktop")
		case e.IsDir():
			sub, music, err := w.folder(child, name)
			if err != nil {
				return group{}, false, err
			}
			below = below || music
			switch _, disc := library.DiscFolder(e.Name()); {
			case !sub.audio:
				loose.add(sub)
			case disc:
				discs.add(sub)
			default:
				below = true
				if err := w.finish(sub); err != nil {
					return group{}, false, err
				}
			}
		default:
			if f, ok := w.entry(child, name, e); ok {
				own.add(group{files: []file{f}, audio: tag.Audio(e.Name())})
			}
		}
	}
	own.add(discs)
	own.add(loose)
	if below && !own.audio && len(own.files) > 0 {
		return group{}, true, w.emit(own)
	}
	return own, below, nil
}

// add takes another group's files in.
func (g *group) add(more group) {
	g.files = append(g.files, more.files...)
	g.audio = g.audio || more.audio
}

// finish emits g, if there is music in it.
func (w *walker) finish(g group) error {
	if g.audio {
		return w.emit(g)
	}
	for _, f := range g.files {
		w.note(skipped, f.path, "not music, and no music beside it")
	}
	return nil
}

// entry takes what is listed in a folder if it is a plain file.
func (w *walker) entry(path, source string, e fs.DirEntry) (file, bool) {
	info, err := e.Info()
	if err != nil {
		w.note(failed, path, err.Error())
		return file{}, false
	}
	return w.regular(path, source, info)
}

// regular takes plain files, and names what is none.
func (w *walker) regular(path, source string, info fs.FileInfo) (file, bool) {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return file{path, source, info}, true
	case mode&fs.ModeSymlink != 0:
		w.note(skipped, path, "a symbolic link, not followed")
	default:
		w.note(skipped, path, "not a plain file ("+mode.Type().String()+")")
	}
	return file{}, false
}
