package fs

import (
	"context"
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// pageSize is how many names are read from the tree at once: some 100 KB.
const pageSize = 512

// folder is an open folder. What it has listed stays listed, so that offsets mean
// the same names until the program rewinds, which reads the folder anew.
type folder struct {
	fs     *FS
	node   catalog.ID
	parent catalog.ID

	mu   sync.Mutex // guards the fields below; held while the tree is read, whose locks come after it
	list []catalog.Attr
	// announced is, per page of list, how often changes had been announced before
	// it was read.
	announced []uint64
	whole     bool
}

// Offsets of a listing: that of an entry is its position among ".", ".." and list.
const dots = 2

// OpenDir implements fuse.RawFileSystem.
func (f *FS) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	var a catalog.Attr
	err := f.namesIn(cancel, folders, func(ctx context.Context) (err error) {
		a, err = f.folderNode(ctx, id(in.NodeId))
		return err
	})
	if err != nil {
		return f.status("opendir", in.NodeId, err)
	}
	h := &folder{fs: f, node: a.Node, parent: a.Parent}
	if a.Node == catalog.Root {
		h.parent = catalog.Root
	}
	out.Fh = f.folders.add(h)
	if w, ok := f.opts.Watcher.(FolderWatcher); ok {
		w.Listed(a.ID)
	}
	return fuse.OK
}

// ReleaseDir implements fuse.RawFileSystem.
func (f *FS) ReleaseDir(in *fuse.ReleaseIn) { f.folders.take(in.Fh) }

// FsyncDir implements fuse.RawFileSystem: names are safe when it is answered.
func (f *FS) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	if f.opts.Writer == nil {
		return fuse.OK
	}
	return f.status("fsyncdir", in.NodeId, f.opts.Writer.Sync(context.Background()))
}

// ReadDir implements fuse.RawFileSystem.
func (f *FS) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir("readdir", cancel, in, func(e fuse.DirEntry, _ *catalog.Attr, _ bool) bool {
		return out.AddDirEntry(e)
	})
}

// ReadDirPlus implements fuse.RawFileSystem: names with their attributes, from the
// same rows. An entry without a node id is one the kernel keeps nothing of.
func (f *FS) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.readDir("readdirplus", cancel, in, func(e fuse.DirEntry, a *catalog.Attr, fresh bool) bool {
		entry := out.AddDirLookupEntry(e)
		if entry != nil && a != nil && fresh {
			f.entry(entry, a)
		}
		return entry != nil
	})
}

// adder puts one entry into an answer and reports whether it fitted. a is nil for
// the dots.
type adder func(e fuse.DirEntry, a *catalog.Attr, fresh bool) bool

func (f *FS) readDir(op string, cancel <-chan struct{}, in *fuse.ReadIn, add adder) fuse.Status {
	h, err := f.folders.get(in.Fh)
	if err != nil {
		return f.status(op, in.NodeId, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if in.Offset == 0 {
		h.rewind()
	}
	announced := f.announced.Load()
	for off := in.Offset; ; off++ {
		a, err := h.at(cancel, off)
		if err != nil {
			// What was added so far would look like the whole folder to a program
			// that does not ask again.
			return f.status(op, in.NodeId, err)
		}
		var e fuse.DirEntry
		fresh := false
		switch {
		case off == 0:
			e = fuse.DirEntry{Name: ".", Ino: uint64(h.node), Mode: fuse.S_IFDIR}
		case off == 1:
			e = fuse.DirEntry{Name: "..", Ino: uint64(h.parent), Mode: fuse.S_IFDIR}
		case a == nil:
			return fuse.OK
		default:
			e = fuse.DirEntry{Name: a.Name, Ino: uint64(a.ID), Mode: kind(a)}
			fresh = h.announced[(off-dots)/pageSize] == announced
		}
		e.Off = off + 1
		if !add(e, a, fresh) {
			return fuse.OK
		}
	}
}

func (h *folder) rewind() { h.list, h.announced, h.whole = nil, nil, false }

// at gives the entry at offset off; nil for the dots and past the end. With mu held.
func (h *folder) at(cancel <-chan struct{}, off uint64) (*catalog.Attr, error) {
	if off < dots {
		return nil, nil
	}
	i := off - dots
	for i >= uint64(len(h.list)) && !h.whole {
		if err := h.more(cancel); err != nil {
			return nil, err
		}
	}
	if i >= uint64(len(h.list)) {
		return nil, nil
	}
	return &h.list[i], nil
}

// more reads the next page. With mu held.
func (h *folder) more(cancel <-chan struct{}) error {
	after := ""
	if n := len(h.list); n > 0 {
		after = h.list[n-1].Name
	}
	var page []catalog.Attr
	var announced uint64
	err := h.fs.namesIn(cancel, h.node, func(ctx context.Context) (err error) {
		announced = h.fs.announced.Load() // before reading: see the package comment
		page, err = h.fs.tree.Children(ctx, h.node, after, pageSize)
		return err
	})
	if err != nil {
		return err
	}
	h.list = append(h.list, page...)
	h.announced = append(h.announced, announced)
	h.whole = len(page) < pageSize
	return nil
}
