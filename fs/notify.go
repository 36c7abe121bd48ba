package fs

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// How long the kernel may keep what it was told. Where changes are told to it this
// only bounds how long a telling that got lost could matter; listings, which are kept too,
// do not end with it, and with them one would look up name by name what has ended.
const (
	week  = 7 * 24 * time.Hour
	brief = time.Second
)

const (
	// batch is how many changes are queued as one.
	batch = 1024
	// queued is how many batches wait at most: 65,536 changes, some 10 MB.
	queued = 64
)

// kernel is the part of [fuse.Server] that makes the kernel forget. ENOENT means
// that it had nothing to forget.
type kernel interface {
	// EntryNotify drops a name, or its absence. It waits for requests in that folder.
	EntryNotify(parent uint64, name string) fuse.Status
	// InodeNotify with a negative offset drops a node's attributes and no bytes, with 0
	// also what it holds: of a folder, its listing.
	InodeNotify(node uint64, off, length int64) fuse.Status
}

// teller tells the kernel of changes, in one goroutine: telling waits for requests
// in the folder concerned, so no request may wait for telling.
type teller struct {
	kernel kernel
	tree   Names
	log    *slog.Logger
	queue  chan []catalog.Change
	stop   chan struct{}
	done   sync.WaitGroup
}

// Changed announces changes that the tree shows already, so that the kernel forgets
// what it knew. It returns before the kernel was told, and waits only while too many
// changes are queued. The caller holds no lock that the tree needs, and does not
// touch the slice again.
func (f *FS) Changed(changes []catalog.Change) {
	// The number rises before the first change is told; listings rely on that.
	f.announced.Add(1)
	t := f.teller.Load()
	if t == nil || !f.answering.Load() {
		// Nothing has been answered, and what will be contains these changes.
		return
	}
	for part := range slices.Chunk(changes, batch) {
		select {
		case t.queue <- part:
		case <-t.stop:
			return
		}
	}
}

func (f *FS) attach(k kernel) {
	t := &teller{kernel: k, tree: f.tree, log: f.log,
		queue: make(chan []catalog.Change, queued), stop: make(chan struct{})}
	t.done.Go(t.run)
	f.teller.Store(t)
}

// detach ends the telling. The kernel has let go of the mount, so that no telling
// waits any more.
func (f *FS) detach() {
	if t := f.teller.Swap(nil); t != nil {
		close(t.stop)
		t.done.Wait()
	}
}

func (t *teller) run() {
	for {
		select {
		case <-t.stop:
			return
		case changes := <-t.queue:
			t.tell(changes)
		}
	}
}

// tell tells of each name, and then once of each folder whose list has changed, because
// that changes the folder's time. A listing that was asked for before the change has been
// kept when its name has been told, so it is dropped after that.
func (t *teller) tell(changes []catalog.Change) {
	folders := make(map[catalog.ID]bool)
	for _, c := range changes {
		if c.Parent == 0 { // attributes of the root
			folders[c.Node] = true
			continue
		}
		if !t.same(c) {
			t.name(c.Parent, c.Name)
			folders[c.Parent] = true
		}
		if c.Node != 0 {
			t.anew(c.Node, attributes)
		}
	}
	for folder := range folders {
		t.anew(folder, everything)
	}
}

// same tells whether the name still stands for the same node, so that at most its
// attributes have changed. Dropping the name of a folder would unhook everything
// below it, and programs that work there would lose their path.
func (t *teller) same(c catalog.Change) bool {
	if c.Node == 0 {
		return false
	}
	a, err := t.tree.Child(context.Background(), c.Parent, c.Name)
	return err == nil && a.Node == c.Node
}

// What the kernel asks for again, as the offset of a telling.
const (
	attributes = -1
	everything = 0
)

// anew makes the kernel ask again for a node's attributes, or also for a folder's listing. If
// it does not have the node, a lookup that brings old attributes may be under way; telling of
// the name waits for that lookup.
func (t *teller) anew(node catalog.ID, what int64) {
	if t.inode(node, what) {
		return
	}
	a, err := t.tree.Node(context.Background(), node)
	if err == nil && a.Parent != 0 && t.name(a.Parent, a.Name) {
		t.inode(node, what)
	}
}

// name and inode report whether the kernel had it.
func (t *teller) name(parent catalog.ID, name string) bool {
	return t.told("name", t.kernel.EntryNotify(uint64(parent), name))
}

func (t *teller) inode(node catalog.ID, what int64) bool {
	return t.told("attributes", t.kernel.InodeNotify(uint64(node), what, 0))
}

func (t *teller) told(what string, s fuse.Status) bool {
	switch s {
	case fuse.OK, fuse.ENOENT, fuse.ENOTDIR:
	case fuse.ENODEV, fuse.EBADF: // unmounted
	default:
		t.log.Warn("the kernel could not be told of a change", "of", what, "status", s)
	}
	return s == fuse.OK
}
