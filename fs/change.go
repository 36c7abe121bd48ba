package fs

import (
	"context"
	"strings"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// Flags of requests, as the kernel's protocol has them on every system.
const (
	renameNoReplace = 1
	renameExchange  = 2
	xattrCreate     = 1
	xattrReplace    = 2
)

// Everything that changes names and attributes. None answers ENOSYS: the kernel would
// remember that and never ask again.

// Create implements fuse.RawFileSystem. The kernel asks when it holds that the name is
// free; where it is not, it looks again.
func (f *FS) Create(cancel <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	var s *pending.File
	a, err := change(f, cancel, func(ctx context.Context, w Writer) (a catalog.Attr, err error) {
		a, s, err = w.Create(ctx, id(in.NodeId), name, in.Mode)
		return a, err
	})
	if err != nil && in.Flags&unix.O_EXCL == 0 && errno(err) == unix.EEXIST {
		err = errStale
	}
	if err != nil {
		return f.status("create", in.NodeId, err)
	}
	f.entry(&out.EntryOut, &a)
	f.created(&out.EntryOut, &a, name)
	f.openStaged(uint64(a.Node), s, true, &out.OpenOut)
	return fuse.OK
}

// created keeps the kernel from remembering a name that is stored in another form.
func (f *FS) created(out *fuse.EntryOut, a *catalog.Attr, name string) {
	if a.Name != name {
		out.SetEntryTimeout(0)
	}
}

// Mknod implements fuse.RawFileSystem: of its kinds there are only files.
func (f *FS) Mknod(cancel <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if kind := in.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != 0 {
		return f.refused("mknod", in.NodeId, errNotPermitted)
	}
	a, err := change(f, cancel, func(ctx context.Context, w Writer) (catalog.Attr, error) {
		a, s, err := w.Create(ctx, id(in.NodeId), name, in.Mode)
		if err == nil {
			s.Release()
		}
		return a, err
	})
	if err == nil {
		f.entry(out, &a)
		f.created(out, &a, name)
	}
	return f.status("mknod", in.NodeId, err)
}

// Mkdir implements fuse.RawFileSystem.
func (f *FS) Mkdir(cancel <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	a, err := change(f, cancel, func(ctx context.Context, w Writer) (catalog.Attr, error) {
		return w.Mkdir(ctx, id(in.NodeId), name, in.Mode)
	})
	if err == nil {
		f.entry(out, &a)
		f.created(out, &a, name)
	}
	return f.status("mkdir", in.NodeId, err)
}

// Unlink implements fuse.RawFileSystem.
func (f *FS) Unlink(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return f.remove("unlink", cancel, header, name, catalog.File)
}

// Rmdir implements fuse.RawFileSystem.
func (f *FS) Rmdir(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return f.remove("rmdir", cancel, header, name, catalog.Dir)
}

func (f *FS) remove(op string, cancel <-chan struct{}, header *fuse.InHeader, name string, kind catalog.Kind) fuse.Status {
	_, err := change(f, cancel, func(ctx context.Context, w Writer) (struct{}, error) {
		return struct{}{}, w.Remove(ctx, id(header.NodeId), name, kind)
	})
	return f.status(op, header.NodeId, err)
}

// Rename implements fuse.RawFileSystem.
func (f *FS) Rename(cancel <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	how := pending.Over
	switch in.Flags {
	case 0:
	case renameNoReplace:
		how = pending.NoReplace
	case renameExchange:
		how = pending.Exchange
	default:
		return f.status("rename", in.NodeId, errBadRequest)
	}
	_, err := change(f, cancel, func(ctx context.Context, w Writer) (struct{}, error) {
		return struct{}{}, w.Rename(ctx, id(in.NodeId), oldName, id(in.Newdir), newName, how)
	})
	return f.status("rename", in.NodeId, err)
}

// SetAttr implements fuse.RawFileSystem.
func (f *FS) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	a, err := change(f, cancel, func(ctx context.Context, w Writer) (catalog.Attr, error) {
		if err := f.chown(in); err != nil {
			return catalog.Attr{}, err
		}
		s := setting(in)
		if size, ok := in.GetSize(); ok {
			n := int64(size)
			if fh, ok := in.GetFh(); ok {
				if h, err := f.writable(fh); err == nil {
					if err := h.Truncate(n); err != nil {
						return catalog.Attr{}, err
					}
					return w.Set(ctx, id(in.NodeId), s)
				}
			}
			s.Size = &n
		}
		return w.Set(ctx, id(in.NodeId), s)
	})
	if err == nil {
		f.fill(&out.Attr, &a)
		out.SetTimeout(f.validity)
	}
	return f.status("setattr", in.NodeId, err)
}

// setting gives what is kept of the attributes to be set: mode and time of change. The time
// of the last access is not kept.
func setting(in *fuse.SetAttrIn) (s pending.Setting) {
	if mode, ok := in.GetMode(); ok {
		s.Mode = &mode
	}
	if t, ok := in.GetMTime(); ok {
		ns := t.UnixNano()
		if in.Valid&fuse.FATTR_MTIME_NOW != 0 {
			ns = time.Now().UnixNano()
		}
		s.MTime = &ns
	}
	return s
}

// chown refuses another owner: all files have the same.
func (f *FS) chown(in *fuse.SetAttrIn) error {
	if uid, ok := in.GetUID(); ok && uid != f.owner.UID {
		return errNotPermitted
	}
	if gid, ok := in.GetGID(); ok && gid != f.owner.GID {
		return errNotPermitted
	}
	return nil
}

// SetXAttr implements fuse.RawFileSystem.
func (f *FS) SetXAttr(cancel <-chan struct{}, in *fuse.SetXAttrIn, name string, value []byte) fuse.Status {
	if name == attrPin {
		return f.pin("setxattr", cancel, in.NodeId, value)
	}
	if value == nil {
		value = []byte{}
	}
	return f.setXattr("setxattr", cancel, in.NodeId, name, append([]byte{}, value...), func(there bool) error {
		switch {
		case there && in.Flags&xattrCreate != 0:
			return errAttrExists
		case !there && in.Flags&xattrReplace != 0:
			return errNoAttr
		}
		return nil
	})
}

// RemoveXAttr implements fuse.RawFileSystem.
func (f *FS) RemoveXAttr(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	if name == attrPin {
		return f.pin("removexattr", cancel, header.NodeId, nil)
	}
	return f.setXattr("removexattr", cancel, header.NodeId, name, nil, func(there bool) error {
		if !there {
			return errNoAttr
		}
		return nil
	})
}

func (f *FS) setXattr(op string, cancel <-chan struct{}, node uint64, name string, value []byte, check func(there bool) error) fuse.Status {
	_, err := change(f, cancel, func(ctx context.Context, w Writer) (struct{}, error) {
		switch {
		case !strings.HasPrefix(name, "user."):
			return struct{}{}, errUnsupported
		case strings.HasPrefix(name, ownPrefix):
			return struct{}{}, errNotPermitted
		}
		return struct{}{}, w.SetXattr(ctx, id(node), name, value, check)
	})
	return f.status(op, node, err)
}

// ownPrefix is that of the attributes which lockerfs itself gives every file.
const ownPrefix = "user.lockerfs."

// refused answers what a drive like this cannot do, as exFAT does.
func (f *FS) refused(op string, node uint64, err error) fuse.Status {
	if f.opts.Writer == nil {
		err = errReadOnly
	}
	return f.status(op, node, err)
}

// Link implements fuse.RawFileSystem.
func (f *FS) Link(cancel <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.refused("link", in.NodeId, errNotPermitted)
}

// Symlink implements fuse.RawFileSystem.
func (f *FS) Symlink(cancel <-chan struct{}, header *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	return f.refused("symlink", header.NodeId, errNotPermitted)
}

// Tmpfile implements fuse.RawFileSystem.
func (f *FS) Tmpfile(cancel <-chan struct{}, in *fuse.CreateIn, out *fuse.CreateOut) fuse.Status {
	return f.refused("tmpfile", in.NodeId, errUnsupported)
}

// Ioctl implements fuse.RawFileSystem: a folder or file here has no controls.
func (f *FS) Ioctl(cancel <-chan struct{}, in *fuse.IoctlIn, inbuf []byte, out *fuse.IoctlOut, outbuf []byte) fuse.Status {
	return f.status("ioctl", in.NodeId, errNotTTY)
}

// Readlink implements fuse.RawFileSystem: there are no links.
func (f *FS) Readlink(cancel <-chan struct{}, header *fuse.InHeader) ([]byte, fuse.Status) {
	return nil, f.status("readlink", header.NodeId, errBadRequest)
}
