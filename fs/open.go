package fs

import (
	"context"
	"errors"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// file is an open file: one version for as long as it is open, or one that is being
// written.
type file struct {
	size    int64         // of a version that does not change
	staged  *pending.File // nil for such a version
	writes  bool          // it was opened for writing
	node    uint64
	content Content
	backing int32 // the kernel's number of the file it reads by itself; 0: it asks us
	stalls  stalls
	grace   grace
}

// Open implements fuse.RawFileSystem. A node is one version whose bytes never
// change, so the pages that the kernel has of it are always right.
func (f *FS) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	if in.Flags&syscall.O_ACCMODE != syscall.O_RDONLY || in.Flags&syscall.O_TRUNC != 0 {
		return f.openForWriting(cancel, in, out)
	}
	if f.opts.Writer != nil {
		if staged, ok := f.opts.Writer.Open(id(in.NodeId)); ok {
			f.openStaged(in.NodeId, staged, false, out)
			return fuse.OK
		}
	}
	v, err := f.version(cancel, id(in.NodeId))
	if err != nil {
		return f.status("open", in.NodeId, err)
	}
	r := newRequest(cancel, f.opts.Timeout)
	defer r.finish()
	content, err := f.contents.Open(r, v)
	if err != nil {
		return f.status("open", in.NodeId, err)
	}
	content, backing := f.passes.enter(in.NodeId, content)
	h := &file{size: v.Size, node: in.NodeId, content: content, backing: backing, grace: grace{wait: graceTime}}
	out.Fh = f.files.add(h)
	if out.OpenFlags = fuse.FOPEN_KEEP_CACHE; backing != 0 {
		// The kernel takes no other flag beside it, but that a close need not be told.
		out.OpenFlags, out.BackingID = fuse.FOPEN_PASSTHROUGH|fuse.FOPEN_NOFLUSH, backing
	}
	if !f.opts.Watcher.Opened(out.Fh, in.Pid, v) {
		h.grace.end()
	} else if n, ok := content.(Narrower); ok {
		n.Narrow()
	}
	return fuse.OK
}

// version gives the content that the kernel knows as node.
func (f *FS) version(cancel <-chan struct{}, node catalog.ID) (v *catalog.Version, err error) {
	err = f.namesIn(cancel, folders, func(ctx context.Context) (err error) {
		v, err = f.tree.Version(ctx, node)
		if errors.Is(err, catalog.ErrNotFound) {
			err = errStale
		}
		return err
	})
	return v, err
}

// Release implements fuse.RawFileSystem.
func (f *FS) Release(cancel <-chan struct{}, in *fuse.ReleaseIn) {
	if h, ok := f.files.take(in.Fh); ok {
		f.passes.leave(h.node, h.content, h.backing)
		if h.staged == nil {
			f.opts.Watcher.Ended(in.Fh)
		}
	}
}

// Flush implements fuse.RawFileSystem: a descriptor is closed. What was written is safe
// when it is answered.
func (f *FS) Flush(cancel <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	h, err := f.files.get(in.Fh)
	if err != nil {
		return f.status("flush", in.NodeId, err)
	}
	if h.staged != nil {
		return f.status("flush", in.NodeId, h.sync())
	}
	h.grace.flush()
	f.opts.Watcher.Closed(in.Fh)
	return fuse.OK
}

// Fsync implements fuse.RawFileSystem.
func (f *FS) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	h, err := f.files.get(in.Fh)
	if err == nil {
		err = h.sync()
	}
	return f.status("fsync", in.NodeId, err)
}

// Lseek implements fuse.RawFileSystem: a file is all data, and then comes a hole.
func (f *FS) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	h, err := f.files.get(in.Fh)
	switch {
	case err != nil:
	case in.Whence != unix.SEEK_DATA && in.Whence != unix.SEEK_HOLE:
		err = errBadRequest
	case in.Offset >= uint64(h.length()):
		err = errPastEnd
	case in.Whence == unix.SEEK_DATA:
		out.Offset = in.Offset
	default:
		out.Offset = uint64(h.length())
	}
	return f.status("lseek", in.NodeId, err)
}
