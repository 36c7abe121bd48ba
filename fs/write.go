package fs

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/pending"
)

// Modes of fallocate(2), as Linux has them.
const (
	fallocKeepSize  = 0x01
	fallocPunchHole = 0x02
	fallocZeroRange = 0x10
)

// staged is the content of a file that is being written.
type staged struct{ *pending.File }

// Close is Content's.
func (s staged) Close() { s.Release() }

// length is the size in bytes.
func (h *file) length() int64 {
	if h.staged != nil {
		return h.staged.Size()
	}
	return h.size
}

// sync makes what was written safe.
func (h *file) sync() error {
	if h.staged == nil || !h.writes {
		return nil
	}
	return h.staged.Sync(context.Background())
}

func (f *FS) openForWriting(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	s, err := change(f, cancel, func(ctx context.Context, w Writer) (*pending.File, error) {
		return w.Edit(ctx, id(in.NodeId), in.Flags&syscall.O_TRUNC != 0)
	})
	if err != nil {
		return f.status("open", in.NodeId, err)
	}
	f.openStaged(in.NodeId, s, true, out)
	return fuse.OK
}

// openStaged opens a handle of a file that is being written. Its node has no other content,
// and all writes come through the kernel, so what the kernel has of it is right.
func (f *FS) openStaged(node uint64, s *pending.File, writes bool, out *fuse.OpenOut) {
	content, _ := f.passes.enter(node, staged{s})
	out.Fh = f.files.add(&file{node: node, content: content, staged: s, writes: writes})
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
}

// change runs what changes the tree, once that may be.
func change[T any](f *FS, cancel <-chan struct{}, do func(ctx context.Context, w Writer) (T, error)) (out T, err error) {
	if f.opts.Writer == nil {
		return out, errReadOnly
	}
	err = f.names(cancel, func(ctx context.Context) (err error) {
		out, err = do(ctx, f.opts.Writer)
		return err
	})
	return out, err
}

// readStaged reads a file that is being written. Only what lies under it may have to come
// from the store.
func (f *FS) readStaged(cancel <-chan struct{}, in *fuse.ReadIn, h *file, buf []byte) (fuse.ReadResult, fuse.Status) {
	r := newRequest(cancel, f.opts.ReadTimeout)
	defer r.finish()
	n, err := h.staged.ReadAt(r, buf[:min(len(buf), int(in.Size))], int64(in.Offset))
	if err != nil && !errors.Is(err, io.EOF) {
		if r.wasInterrupted() {
			err = context.Canceled
		}
		return nil, f.status("read", in.NodeId, err)
	}
	return fuse.ReadResultData(buf[:n]), fuse.OK
}

// writable gives a handle that may be written to.
func (f *FS) writable(fh uint64) (*pending.File, error) {
	h, err := f.files.get(fh)
	switch {
	case err != nil:
		return nil, err
	case h.staged == nil || !h.writes:
		return nil, errNoHandle
	}
	return h.staged, nil
}

// Write implements fuse.RawFileSystem.
func (f *FS) Write(cancel <-chan struct{}, in *fuse.WriteIn, p []byte) (uint32, fuse.Status) {
	s, err := f.writable(in.Fh)
	if err != nil {
		return 0, f.status("write", in.NodeId, err)
	}
	n, err := s.WriteAt(p, int64(in.Offset))
	if n > 0 {
		return uint32(n), fuse.OK // the rest is asked for again, and then fails
	}
	return 0, f.status("write", in.NodeId, err)
}

// Fallocate implements fuse.RawFileSystem.
func (f *FS) Fallocate(cancel <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	s, err := f.writable(in.Fh)
	if err != nil {
		return f.status("fallocate", in.NodeId, err)
	}
	keep := in.Mode&fallocKeepSize != 0
	switch off, n := int64(in.Offset), int64(in.Length); in.Mode &^ fallocKeepSize {
	case 0:
		err = s.Allocate(off, n, keep)
	case fallocPunchHole, fallocZeroRange:
		err = s.Zero(off, n, keep)
	default:
		err = errUnsupported
	}
	return f.status("fallocate", in.NodeId, err)
}

// copyPiece is how much one request copies at most, and copyBuffer how much at a time, in
// bytes: between two requests the program can be interrupted.
const (
	copyPiece  = 8 << 20
	copyBuffer = 1 << 20
)

// CopyFileRange implements fuse.RawFileSystem: a copy within the locker does not pass
// through the program.
func (f *FS) CopyFileRange(cancel <-chan struct{}, in *fuse.CopyFileRangeIn) (uint32, fuse.Status) {
	from, err := f.files.get(in.FhIn)
	if err != nil {
		return 0, f.status("copy_file_range", in.NodeId, err)
	}
	to, err := f.writable(in.FhOut)
	if err != nil {
		return 0, f.status("copy_file_range", in.NodeId, err)
	}
	r := newRequest(cancel, f.opts.ReadTimeout)
	defer r.finish()
	n, err := copyRange(r, from, int64(in.OffIn), to, int64(in.OffOut), min(int64(in.Len), copyPiece))
	if n > 0 {
		return uint32(n), fuse.OK
	}
	return 0, f.status("copy_file_range", in.NodeId, err)
}

func copyRange(ctx context.Context, from *file, at int64, to *pending.File, off, n int64) (done int64, err error) {
	n = min(n, from.length()-at)
	buf := make([]byte, max(0, min(n, copyBuffer)))
	for done < n {
		p := buf[:min(int64(len(buf)), n-done)]
		if err := readFull(ctx, from.content, p, at+done); err != nil {
			return done, err
		}
		wrote, err := to.WriteAt(p, off+done)
		done += int64(wrote)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
