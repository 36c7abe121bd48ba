package intake

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// links remembers the hashes of files that have more than one name, so that each is
// read once.
type links struct {
	mu    sync.Mutex // guards known
	known map[inode]*link
}

// inode names a file whatever its names; more than one name has it where names > 1.
type inode struct{ device, number uint64 }

// link is a file of several names, being read by whoever found it first.
type link struct {
	info fs.FileInfo
	done chan struct{} // closed when hash and ok are set
	hash catalog.Hash
	ok   bool
}

// maxLinks is how many files are remembered. Beyond that some are read again.
const maxLinks = 50_000

// find gives the link of a file, nil when it has one name only; first tells that the
// caller must read it, and say so with found.
func (l *links) find(info fs.FileInfo) (k *link, first bool) {
	id, names := inodeOf(info)
	if names < 2 {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.known[id]; k != nil && sameState(k.info, info) {
		return k, false
	}
	if l.known == nil || len(l.known) >= maxLinks {
		l.known = map[inode]*link{}
	}
	k = &link{info: info, done: make(chan struct{})}
	l.known[id] = k
	return k, true
}

// found ends the reading of a file of several names; ok is false when it failed.
func (k *link) found(h catalog.Hash, ok bool) {
	k.hash, k.ok = h, ok
	close(k.done)
}

// wait gives the hash that another goroutine finds.
func (k *link) wait(ctx context.Context) (catalog.Hash, bool) {
	select {
	case <-k.done:
		return k.hash, k.ok
	case <-ctx.Done():
		return catalog.Hash{}, false
	}
}

// sameState tells whether a file is as it was: its content has not changed since.
func sameState(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && changeTime(a) == changeTime(b)
}

// settle is how long a file must have stood still before its hash is remembered. One
// written again within the same tick of the file system's clock looks unchanged; git
// calls such files racily clean.
const settle = time.Second

// settled tells whether a file that is as info says can be known again by it.
func settled(info fs.FileInfo) bool { return time.Since(time.Unix(0, changeTime(info))) > settle }
