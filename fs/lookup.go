package fs

import (
	"context"
	"errors"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// Lookup implements fuse.RawFileSystem. That a name is missing is an answer too,
// and the kernel keeps it.
func (f *FS) Lookup(cancel <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	stored := norm.NFC.String(name)
	var a catalog.Attr
	err := f.namesIn(cancel, id(header.NodeId), func(ctx context.Context) (err error) {
		a, err = f.child(ctx, id(header.NodeId), stored)
		return err
	})
	switch {
	case err == nil:
		f.entry(out, &a)
	case errors.Is(err, catalog.ErrNotFound):
		out.SetEntryTimeout(f.validity)
	default:
		return f.status("lookup", header.NodeId, err)
	}
	if stored != name {
		out.SetEntryTimeout(0) // a change would be told under the stored name
	}
	return fuse.OK
}

// child looks for an entry. ErrNotFound means that the folder is there and the
// name is not.
func (f *FS) child(ctx context.Context, parent catalog.ID, name string) (catalog.Attr, error) {
	if len(name) > library.MaxName {
		return catalog.Attr{}, library.ErrNameTooLong
	}
	a, err := f.tree.Child(ctx, parent, name)
	if !errors.Is(err, catalog.ErrNotFound) {
		return a, err
	}
	if _, err := f.folderNode(ctx, parent); err != nil {
		return a, err
	}
	return a, err
}

// node gives the attributes of a node that the kernel names.
func (f *FS) node(ctx context.Context, node catalog.ID) (catalog.Attr, error) {
	a, err := f.tree.Node(ctx, node)
	if errors.Is(err, catalog.ErrNotFound) {
		err = errStale
	}
	return a, err
}

// folderNode gives the attributes of a node that must be a folder.
func (f *FS) folderNode(ctx context.Context, node catalog.ID) (catalog.Attr, error) {
	a, err := f.node(ctx, node)
	if err == nil && a.Kind != catalog.Dir {
		err = errNotDir
	}
	return a, err
}

// Forget implements fuse.RawFileSystem: there is nothing to free.
func (f *FS) Forget(nodeid, nlookup uint64) {}

// GetAttr implements fuse.RawFileSystem. The root is answered for even before the
// first sync, because every look at the folder above the mount asks for it.
func (f *FS) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	var a catalog.Attr
	read := func(ctx context.Context) (err error) {
		a, err = f.node(ctx, id(in.NodeId))
		return err
	}
	validity := f.validity
	var err error
	if id(in.NodeId) == catalog.Root && !f.tree.Synced() {
		validity = 0
		err = read(context.Background())
	} else {
		err = f.namesIn(cancel, folders, read)
	}
	if err != nil {
		return f.status("getattr", in.NodeId, err)
	}
	f.fill(&out.Attr, &a)
	out.SetTimeout(validity)
	return fuse.OK
}

// Access implements fuse.RawFileSystem. Permission bits are the kernel's business
// (default_permissions); what it cannot know is that nothing may be written.
func (f *FS) Access(cancel <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	if in.Mask&unix.W_OK != 0 && f.opts.Writer == nil {
		return f.status("access", in.NodeId, errReadOnly)
	}
	return f.status("access", in.NodeId, f.namesIn(cancel, with(id(in.NodeId)), func(ctx context.Context) error {
		_, err := f.node(ctx, id(in.NodeId))
		return err
	}))
}
