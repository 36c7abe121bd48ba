package fs

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// listener is a kernel that writes down what it is told.
type listener struct {
	mu      sync.Mutex // guards the fields below
	told    []string
	nodes   map[uint64]bool // those it has
	names   map[string]bool
	folders map[uint64]bool // what may have a listing
	hold    chan struct{}   // telling waits until it is closed
}

func (l *listener) EntryNotify(parent uint64, name string) fuse.Status {
	return l.tell(func() bool { return l.names[name] }, "name %d %s", parent, name)
}

func (l *listener) InodeNotify(node uint64, off, length int64) fuse.Status {
	if off >= 0 && node > uint64(catalog.Root) && !l.folders[node] {
		panic("bytes of a version never change")
	}
	what := "node"
	if off >= 0 {
		what = "list"
	}
	return l.tell(func() bool { return l.nodes[node] }, "%s %d", what, node)
}

func (l *listener) tell(has func() bool, format string, args ...any) fuse.Status {
	if l.hold != nil {
		<-l.hold
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, fmt.Sprintf(format, args...))
	if has() {
		return fuse.OK
	}
	return fuse.ENOENT
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.told...)
}

func (l *listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = nil
}

// listening gives the world a kernel that has been answered.
func (w *world) listening(l *listener) {
	w.t.Helper()
	w.fs.attach(l)
	w.fs.answering.Store(true)
	w.t.Cleanup(w.fs.detach)
}

func (w *world) expectTold(l *listener, want ...string) {
	w.t.Helper()
	sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	eventually(w.t, "told "+fmt.Sprint(want), func() bool { return len(l.heard()) >= len(want) })
	if diff := cmp.Diff(want, l.heard(), sorted); diff != "" {
		w.t.Error(diff)
	}
	l.forget()
}

func TestTelling(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	other := w.folder(catalog.Root, "other")
	l := &listener{nodes: map[uint64]bool{1: true, uint64(dir): true, uint64(other): true}, names: map[string]bool{},
		folders: map[uint64]bool{uint64(dir): true, uint64(other): true}}
	w.listening(l)
	name := func(parent catalog.ID, n string) string { return fmt.Sprintf("name %d %s", parent, n) }
	node := func(n uint64) string { return fmt.Sprintf("node %d", n) }
	list := func(n catalog.ID) string { return fmt.Sprintf("list %d", n) }

	file := w.file(dir, "song", nil)
	w.expectTold(l, name(dir, "song"), list(dir))

	v1 := w.node("dir/song")
	l.nodes[v1] = true
	w.change(w.replaceOp(file, pattern(10, 1)))
	w.expectTold(l, name(dir, "song"), node(v1), list(dir))

	v2 := w.node("dir/song")
	l.nodes[v2] = true
	mode := uint32(0o600)
	w.change(catalog.Op{Verb: catalog.Set, ID: file, Mode: &mode})
	w.expectTold(l, node(v2))

	w.change(catalog.Op{Verb: catalog.Move, ID: file, Parent: other, Name: "tune"})
	w.expectTold(l, name(dir, "song"), node(v2), name(other, "tune"), list(dir), list(other))

	w.change(catalog.Op{Verb: catalog.Remove, ID: file})
	w.expectTold(l, name(other, "tune"), node(v2), list(other))

	w.change(catalog.Op{Verb: catalog.Set, ID: dir, Mode: &mode})
	w.expectTold(l, node(uint64(dir))) // its name stands: what lies below stays known
}

// A folder that the kernel does not have may be on its way to it with old
// attributes, in a lookup that telling of its name waits for.
func TestTellingOfUnknownFolder(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	l := &listener{nodes: map[uint64]bool{}, names: map[string]bool{}, folders: map[uint64]bool{uint64(dir): true}}
	w.listening(l)
	w.file(dir, "a", nil)
	w.expectTold(l, fmt.Sprintf("name %d a", dir), fmt.Sprintf("list %d", dir), "name 1 dir")
	l.names["dir"] = true
	w.file(dir, "b", nil)
	w.expectTold(l, fmt.Sprintf("name %d b", dir), fmt.Sprintf("list %d", dir), "name 1 dir", fmt.Sprintf("list %d", dir))
}

func TestChangedDoesNotWaitForTelling(t *testing.T) {
	w := newWorld(t, Options{})
	l := &listener{hold: make(chan struct{})}
	w.listening(l)
	release := sync.OnceFunc(func() { close(l.hold) })
	t.Cleanup(release)
	for range queued {
		w.fs.Changed([]catalog.Change{{Parent: catalog.Root, Name: "x"}})
	}
	// Now it waits for room, and goes on when there is.
	blocked := make(chan struct{})
	go func() {
		defer close(blocked)
		w.fs.Changed(make([]catalog.Change, 4*batch))
	}()
	select {
	case <-blocked:
		t.Fatal("the queue has no bound")
	case <-time.After(20 * time.Millisecond):
	}
	if out, s := w.lookup(1, "x"); s != fuse.OK || out.NodeId != 0 {
		t.Errorf("a request while the queue is full: %v", s)
	}
	release()
	<-blocked
}

func TestChangedEndsWithMount(t *testing.T) {
	w := newWorld(t, Options{})
	l := &listener{hold: make(chan struct{})}
	w.listening(l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.fs.Changed(make([]catalog.Change, 2*queued*batch))
	}()
	time.AfterFunc(20*time.Millisecond, func() { close(l.hold) })
	w.fs.detach()
	<-done
	w.fs.Changed(make([]catalog.Change, 2*queued*batch)) // with nobody to tell
}

// Before anything was answered the kernel knows nothing, and a first sync must not
// wait for it.
func TestNothingToldBeforeAnswers(t *testing.T) {
	w := newWorld(t, Options{})
	l := &listener{}
	w.listening(l)
	w.fs.answering.Store(false)
	w.fs.Changed(make([]catalog.Change, 2*queued*batch))
	if len(l.heard()) != 0 || len(w.fs.teller.Load().queue) != 0 {
		t.Error("told of changes that every answer will contain")
	}
	w.lookup(1, "x")
	w.folder(catalog.Root, "dir")
	eventually(t, "told after an answer", func() bool { return len(l.heard()) > 0 })
}
