package fs

import (
	"context"
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

const (
	blockSize = 4096
	// freeFiles is how many more files statfs promises.
	freeFiles = 1 << 30
)

// StatFs implements fuse.RawFileSystem. It never waits: until the tree has been
// counted the last count is answered, zero at first. A name limit of 0 makes
// taggers cut or loop, so it is the real one.
func (f *FS) StatFs(cancel <-chan struct{}, in *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	t, err := f.usage.latest(f.announced.Load(), f.tree.Synced())
	if err != nil {
		f.log.Warn("counting the tree failed", "error", err)
	}
	free := uint64(f.free()) / blockSize
	out.Bsize, out.Frsize = blockSize, blockSize
	out.Blocks = (uint64(t.Bytes)+blockSize-1)/blockSize + free
	out.Bfree, out.Bavail = free, free
	out.Files = uint64(t.Folders+t.Files) + freeFiles
	out.Ffree = freeFiles
	out.NameLen = library.MaxName
	return fuse.OK
}

// free is how many bytes programs may write: what is written is kept on this machine until
// it is in the store.
func (f *FS) free() int64 {
	if w := f.opts.Writer; w != nil {
		if n := w.Free(); n >= 0 {
			return n
		}
	}
	return f.opts.Free
}

// usage is the last count of the tree. Counting goes over every entry, so it is
// done in the background, when somebody asks and something has changed.
type usage struct {
	space Space

	mu       sync.Mutex // guards the fields below; no other lock is taken under it
	totals   catalog.Totals
	err      error // of the last count, until somebody was told
	counted  bool
	at       uint64 // what announced was before the last count
	counting sync.WaitGroup
	busy     bool
}

// latest gives the last count and begins another if it is older than announced.
func (u *usage) latest(announced uint64, whole bool) (catalog.Totals, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if whole && !u.busy && (!u.counted || u.at != announced) {
		u.busy = true
		u.counting.Go(func() { u.count(announced) })
	}
	err := u.err
	u.err = nil
	return u.totals, err
}

func (u *usage) count(announced uint64) {
	t, err := u.space.Totals(context.Background())
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy = false
	if u.err = err; err == nil {
		u.totals, u.at, u.counted = t, announced, true
	}
}

// wait returns when no count is running.
func (u *usage) wait() { u.counting.Wait() }
