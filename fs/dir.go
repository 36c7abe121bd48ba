package fs

import (
	"context"
	"errors"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

const (
	// pageSize is how many names are read from the tree at once, at most: some 100 KB.
	pageSize = 512
	// minPage is how many are read where few fit: more than an album has.
	minPage = 64
	// plusSize is about what a name takes in an answer with attributes, in bytes.
	plusSize = 160
)

// Offsets of a listing: that of an entry is its id, which is no small number, so that it
// means the same place whoever asks and whatever changed since.
const dots = 2

// OpenDir implements fuse.RawFileSystem: folders have no handles. A kernel that can do
// without them does not ask again, and keeps listings until it is told of a change.
func (f *FS) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if f.keepsLists {
		return fuse.ENOSYS
	}
	return fuse.OK
}

// ReleaseDir implements fuse.RawFileSystem.
func (f *FS) ReleaseDir(in *fuse.ReleaseIn) {}

// FsyncDir implements fuse.RawFileSystem: names are safe when it is answered.
func (f *FS) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if f.opts.Writer == nil {
		return fuse.OK
	}
	return f.status("fsyncdir", in.NodeId, f.opts.Writer.Sync(context.Background()))
}

// ReadDir implements fuse.RawFileSystem.
func (f *FS) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir("readdir", cancel, in, func(e fuse.DirEntry, _ *catalog.Attr) bool {
		return out.AddDirEntry(e)
	})
}

// ReadDirPlus implements fuse.RawFileSystem: names with their attributes, from the
// same rows. An entry without a node id is one the kernel keeps nothing of.
func (f *FS) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir("readdirplus", cancel, in, func(e fuse.DirEntry, a *catalog.Attr) bool {
		entry := out.AddDirLookupEntry(e)
		if entry != nil && a != nil {
			f.entry(entry, a)
		}
		return entry != nil
	})
}

// adder puts one entry into an answer and reports whether it fitted. a is nil for
// the dots.
type adder func(e fuse.DirEntry, a *catalog.Attr) bool

func (f *FS) readDir(op string, cancel <-chan struct{}, in *fuse.ReadIn, add adder) fuse.Status {
	folder := id(in.NodeId)
	if in.Offset < dots {
		fits, err := f.addDots(cancel, folder, in.Offset, add)
		if err != nil || !fits {
			return f.status(op, in.NodeId, err)
		}
	}
	limit := min(max(int(in.Size)/plusSize, minPage), pageSize)
	for at := in.Offset; ; {
		p, err := f.pageAfter(cancel, folder, at, limit)
		if err != nil {
			// What was added so far would look like the whole folder to a program
			// that does not ask again.
			return f.status(op, in.NodeId, err)
		}
		for i := range p.list {
			a := &p.list[i]
			at = uint64(a.ID)
			if !add(fuse.DirEntry{Name: a.Name, Ino: at, Mode: kind(a), Off: at}, a) {
				return fuse.OK
			}
		}
		if p.whole {
			return fuse.OK
		}
	}
}

// addDots adds "." and "..", or only the second.
func (f *FS) addDots(cancel <-chan struct{}, folder catalog.ID, off uint64, add adder) (fits bool, err error) {
	var a catalog.Attr
	err = f.namesIn(cancel, with(folder), func(ctx context.Context) (err error) {
		a, err = f.folderNode(ctx, folder)
		return err
	})
	if err != nil {
		return false, err
	}
	above := a.Parent
	if folder == catalog.Root {
		above = catalog.Root
	}
	if off == 0 {
		if w, ok := f.opts.Watcher.(FolderWatcher); ok {
			w.Listed(folder)
		}
		if !add(fuse.DirEntry{Name: ".", Ino: uint64(folder), Mode: fuse.S_IFDIR, Off: 1}, nil) {
			return false, nil
		}
	}
	return add(fuse.DirEntry{Name: "..", Ino: uint64(above), Mode: fuse.S_IFDIR, Off: dots}, nil), nil
}

// pageAfter gives the entries of a folder that come after offset at, some of them. They are
// read anew, so that no answer brings back what has changed since another was given.
func (f *FS) pageAfter(cancel <-chan struct{}, folder catalog.ID, at uint64, limit int) (*page, error) {
	p := &page{folder: folder, announced: f.announced.Load()} // before reading: see places
	after, ended := "", false
	if at > dots {
		after, ended = f.places.find(folder, id(at), p.announced)
		if ended {
			return &page{whole: true}, nil
		}
	}
	err := f.namesIn(cancel, folder, func(ctx context.Context) (err error) {
		if at > dots && after == "" {
			if after, err = f.nameOf(ctx, folder, id(at)); err != nil {
				return err
			}
		}
		p.list, err = f.tree.Children(ctx, folder, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.whole = len(p.list) < limit
	f.places.keep(p)
	return p, nil
}

// nameOf gives the name of an entry in folder. It is empty, which is where a listing begins,
// when there is no such entry any more: better a name that is listed twice than one that is
// not.
func (f *FS) nameOf(ctx context.Context, folder, entry catalog.ID) (string, error) {
	e, err := f.tree.Entry(ctx, entry)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && e.Parent != folder {
		return "", nil
	}
	return e.Name, err
}
