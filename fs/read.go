package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/remote"
)

// Read implements fuse.RawFileSystem.
func (f *FS) Read(cancel <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	h, err := f.files.get(in.Fh)
	if err != nil {
		return nil, f.status("read", in.NodeId, err)
	}
	if h.staged != nil {
		return f.readStaged(cancel, in, h, buf)
	}
	if in.Offset >= uint64(h.size) {
		return fuse.ReadResultData(nil), fuse.OK
	}
	off := int64(in.Offset)
	buf = buf[:min(int64(len(buf)), int64(in.Size), h.size-off)]
	end := off + int64(len(buf))
	class := f.opts.Watcher.Asked(in.Fh, off, int64(len(buf)))
	defer f.opts.Watcher.Answered(in.Fh)
	if h.grace.drops(h.content, off, len(buf)) {
		return nil, f.status("read", in.NodeId, errUnwanted)
	}
	wait := h.stalls.wait(off, end, f.opts.ReadTimeout)
	r := newRequest(cancel, wait)
	defer r.finish()
	began := time.Now()
	if err := readFull(withClass(r, class), h.content, buf, off); err != nil {
		switch {
		case r.wasInterrupted():
			err = context.Canceled
		case wait == f.opts.ReadTimeout && time.Since(began) > secondWait:
			h.stalls.add(off, end)
		}
		return nil, f.status("read", in.NodeId, err)
	}
	return fuse.ReadResultData(buf), fuse.OK
}

// withClass gives a context whose requests to the store are of a class.
func withClass(ctx context.Context, class remote.Class) context.Context {
	if class == remote.Demand {
		return ctx
	}
	return remote.WithTicket(ctx, remote.NewTicket(class))
}

// readFull fills p or fails. A short answer would be worse than none: the kernel
// takes it for the end of the file.
func readFull(ctx context.Context, c Content, p []byte, off int64) error {
	n, err := c.ReadAt(ctx, p, off)
	switch {
	case n == len(p) && (err == nil || errors.Is(err, io.EOF)):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%d of %d bytes at %d: %w", n, len(p), off, errShort)
	}
	return err
}
