package fs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// holding is a tree that can hold back an answer which it has read already, so that
// a change overtakes it.
type holding struct {
	Tree
	mu   sync.Mutex // guards the fields below
	name string     // the answer to hold: a child's name, or "node <id>"
	read chan struct{}
	goOn chan struct{}
}

// hold holds the next answer for name: read is closed when it has been read, and it
// is given when goOn is closed.
func (h *holding) hold(name string) (read <-chan struct{}, goOn chan<- struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.name, h.read, h.goOn = name, make(chan struct{}), make(chan struct{})
	return h.read, h.goOn
}

func (h *holding) pass(name string) {
	h.mu.Lock()
	read, goOn, mine := h.read, h.goOn, h.name == name
	if mine {
		h.name = ""
	}
	h.mu.Unlock()
	if mine {
		close(read)
		<-goOn
	}
}

func (h *holding) Child(ctx context.Context, parent catalog.ID, name string) (catalog.Attr, error) {
	a, err := h.Tree.Child(ctx, parent, name)
	h.pass(name)
	return a, err
}

func (h *holding) Node(ctx context.Context, node catalog.ID) (catalog.Attr, error) {
	a, err := h.Tree.Node(ctx, node)
	h.pass(fmt.Sprintf("node %d", node))
	return a, err
}

// overtaken makes path be looked at, and change happen and be told while the answer
// about held is under way.
func (w *world) overtaken(path, held string, change catalog.Op) {
	w.t.Helper()
	tree := w.fs.tree.(*holding)
	read, goOn := tree.hold(held)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		os.Lstat(path)
	}()
	select {
	case <-read:
	case <-time.After(10 * time.Second):
		close(goOn)
		w.t.Fatalf("the kernel did not ask for %s", held)
	}
	w.change(change)
	// The teller has taken the change and now either waits for the answer, as it
	// should, or is done; nothing shows which.
	eventually(w.t, "the change is taken", func() bool { return len(w.fs.teller.Load().queue) == 0 })
	time.Sleep(50 * time.Millisecond)
	close(goOn)
	<-looked
}

func (w *world) mountHolding() string {
	w.t.Helper()
	h := &holding{Tree: w.index}
	w.fs.tree = h
	return w.mount(MountOptions{})
}

func TestLookupOvertakenByCreate(t *testing.T) {
	w := newWorld(t, Options{})
	mnt := w.mountHolding()
	_, create := w.fileOp(catalog.Root, "new", nil)
	w.overtaken(filepath.Join(mnt, "new"), "new", create)
	shows(t, "the new name", func() bool { return exists(filepath.Join(mnt, "new")) })
}

func TestLookupOvertakenByReplace(t *testing.T) {
	w := newWorld(t, Options{})
	file := w.file(catalog.Root, "song", nil)
	mnt := w.mountHolding()
	w.overtaken(filepath.Join(mnt, "song"), "song", w.replaceOp(file, pattern(10, 1)))
	shows(t, "the new version", func() bool {
		info, err := os.Lstat(filepath.Join(mnt, "song"))
		return err == nil && info.Size() == 10
	})
}

// The lookup brings a folder that the kernel does not have, with its old time.
func TestFolderLookupOvertaken(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	mnt := w.mountHolding()
	_, create := w.fileOp(dir, "new", nil)
	w.overtaken(filepath.Join(mnt, "dir"), "dir", create)
	w.showsTime(mnt, dir)
}

func TestGetAttrOvertaken(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	mnt := w.mountHolding()
	mtime(t, filepath.Join(mnt, "dir"))
	w.file(dir, "a", nil) // after which the kernel asks for attributes again
	eventually(t, "the change is taken", func() bool { return len(w.fs.teller.Load().queue) == 0 })
	time.Sleep(50 * time.Millisecond)
	_, create := w.fileOp(dir, "new", nil)
	w.overtaken(filepath.Join(mnt, "dir"), fmt.Sprintf("node %d", dir), create)
	w.showsTime(mnt, dir)
}

func (w *world) showsTime(mnt string, dir catalog.ID) {
	w.t.Helper()
	a, err := w.index.Node(context.Background(), dir)
	if err != nil {
		w.t.Fatal(err)
	}
	shows(w.t, "the folder's new time", func() bool { return mtime(w.t, filepath.Join(mnt, "dir")) == a.MTime })
}

// A listing goes on with names that it read before a change was told.
func TestListingOvertaken(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, pageSize)
	mnt := filepath.Join(w.mount(MountOptions{}), "dir")
	handle, err := os.Open(mnt)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	if _, err := handle.Readdirnames(1); err != nil {
		t.Fatal(err)
	}
	last := fmt.Sprintf("%06d", pageSize-1)
	a, err := w.index.Child(t.Context(), dir, last)
	if err != nil {
		t.Fatal(err)
	}
	isNew := func() bool {
		info, err := os.Lstat(filepath.Join(mnt, last))
		return err == nil && info.Size() == 10
	}
	if isNew() {
		t.Fatal("new before it was made")
	}
	w.change(w.replaceOp(a.ID, pattern(10, 1)))
	shows(t, "the new version", isNew)
	if rest, err := handle.Readdirnames(-1); err != nil || rest[len(rest)-1] != last {
		t.Fatalf("%d names, %v", len(rest), err)
	}
	if !isNew() {
		t.Error("the listing brought the old version back")
	}
}
