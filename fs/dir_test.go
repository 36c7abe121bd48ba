package fs

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hanwen/go-fuse/v2/fuse"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// failer is what helpers need of both kinds of test: go test's and rapid's.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// page reads one answer of at most size bytes from offset off.
func (w *world) page(t failer, node, off uint64, size int) []fuse.DirEntry {
	t.Helper()
	list := fuse.NewDirEntryList(make([]byte, size), off)
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{InHeader: header(node), Offset: off, Size: uint32(size)}, list); s != fuse.OK {
		t.Fatalf("readdir at %d: %v", off, s)
	}
	entries, err := fuse.ParseDirEntries(list.Bytes())
	if err != nil {
		t.Fatalf("%v", err)
	}
	return entries
}

func (w *world) list(t failer, node uint64, size int) (all []fuse.DirEntry) {
	t.Helper()
	for off := uint64(0); ; {
		page := w.page(t, node, off, size)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		off = all[len(all)-1].Off
	}
}

func names(entries []fuse.DirEntry) (n []string) {
	for _, e := range entries {
		n = append(n, e.Name)
	}
	return n
}

// fillFolder adds n empty files, in commits of bounded size.
func (w *world) fillFolder(parent catalog.ID, n int) {
	w.t.Helper()
	var ops []catalog.Op
	for i := range n {
		_, op := w.fileOp(parent, fmt.Sprintf("%06d", i), nil)
		ops = append(ops, op)
		if len(ops) == 5000 || i == n-1 {
			w.change(ops...)
			ops = nil
		}
	}
}

func TestReadDir(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	sub := w.folder(dir, "b")
	file := w.file(dir, "a", nil)
	want := []fuse.DirEntry{
		{Name: ".", Ino: uint64(dir), Mode: fuse.S_IFDIR, Off: 1},
		{Name: "..", Ino: 1, Mode: fuse.S_IFDIR, Off: 2},
		{Name: "a", Ino: uint64(file), Mode: fuse.S_IFREG, Off: uint64(file)},
		{Name: "b", Ino: uint64(sub), Mode: fuse.S_IFDIR, Off: uint64(sub)},
	}
	if diff := cmp.Diff(want, w.list(t, uint64(dir), 4096)); diff != "" {
		t.Error(diff)
	}
	root := w.list(t, 1, 4096)
	if root[1].Name != ".." || root[1].Ino != 1 {
		t.Errorf("above the root: %+v", root[1])
	}
	for node, want := range map[uint64]fuse.Status{w.node("dir/a"): fuse.Status(syscall.ENOTDIR), 1 << 40: fuse.Status(syscall.ESTALE)} {
		list := fuse.NewDirEntryList(make([]byte, 4096), 0)
		if s := w.fs.ReadDir(nil, &fuse.ReadIn{InHeader: header(node)}, list); s != want {
			t.Errorf("listing of what is no folder: got %v, want %v", s, want)
		}
	}
}

func TestReadDirPages(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	const n = 3*pageSize + 1
	w.fillFolder(dir, n)
	all := w.list(t, uint64(dir), 4096)
	if len(all) != n+2 {
		t.Fatalf("got %d entries, want %d", len(all), n+2)
	}
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(all)-1).Draw(rt, "entry")
		off := uint64(0)
		if i > 0 {
			off = all[i-1].Off
		}
		size := rapid.IntRange(64, 8192).Draw(rt, "size")
		got := w.page(rt, uint64(dir), off, size)
		if len(got) == 0 {
			rt.Fatalf("nothing at %d", i)
		}
		if diff := cmp.Diff(all[i:i+len(got)], got); diff != "" {
			rt.Fatalf("%s", diff)
		}
	})
}

// A listing under way goes on where it was while the folder changes, also when the entry that
// it was at is gone or has another name; a rewind shows the folder as it is.
func TestReadDirWhileChanging(t *testing.T) {
	for what, forget := range map[string]bool{"from memory": false, "from the tree": true} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, Options{})
			dir := w.folder(catalog.Root, "dir")
			w.fillFolder(dir, 5)
			goOn := func(first []fuse.DirEntry) []string {
				if forget {
					w.fs.places = places{}
				}
				return names(w.page(t, uint64(dir), first[len(first)-1].Off, 4096))
			}
			first := w.page(t, uint64(dir), 0, 120) // up to 000000
			last := catalog.ID(first[len(first)-1].Ino)
			w.file(dir, "000000 new", nil)
			if diff := cmp.Diff([]string{"000000 new", "000001", "000002", "000003", "000004"}, goOn(first)); diff != "" {
				t.Error(diff)
			}
			w.change(catalog.Op{Verb: catalog.Remove, ID: last})
			if diff := cmp.Diff([]string{"000000 new", "000001", "000002", "000003", "000004"}, goOn(first)); diff != "" {
				t.Errorf("its place was removed: %s", diff)
			}
			again := names(w.list(t, uint64(dir), 4096))
			if diff := cmp.Diff([]string{".", "..", "000000 new", "000001", "000002", "000003", "000004"}, again); diff != "" {
				t.Errorf("rewound: %s", diff)
			}
		})
	}
}

// Where a listing went on is known by name: an entry that gets a name at the end meanwhile
// takes nothing with it.
func TestReadDirPlaceRenamed(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 5)
	first := w.page(t, uint64(dir), 0, 120)
	last := first[len(first)-1]
	w.change(catalog.Op{Verb: catalog.Move, ID: catalog.ID(last.Ino), Parent: dir, Name: "zzz"})
	rest := names(w.page(t, uint64(dir), last.Off, 4096))
	if diff := cmp.Diff([]string{"000001", "000002", "000003", "000004", "zzz"}, rest); diff != "" {
		t.Error(diff)
	}
}

// That a folder has ended is asked of the tree no more than once, unless something changed.
func TestReadDirEnd(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 5)
	tree := &listings{Tree: w.index}
	w.fs.tree = tree
	all := w.page(t, uint64(dir), 0, 4096)
	end := all[len(all)-1].Off
	if rest := w.page(t, uint64(dir), end, 4096); len(rest) != 0 || tree.n.Load() != 1 {
		t.Errorf("%d more, %d listings", len(rest), tree.n.Load())
	}
	w.file(dir, "later", nil)
	if rest := w.page(t, uint64(dir), end, 4096); len(rest) != 1 {
		t.Errorf("after a change: %v", rest)
	}
}

// listings counts listings.
type listings struct {
	Tree
	n atomic.Int64
}

func (l *listings) Children(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Attr, error) {
	l.n.Add(1)
	return l.Tree.Children(ctx, parent, after, limit)
}

func (w *world) pagePlus(t failer, node, off uint64) ([]fuse.DirEntry, []fuse.EntryOut) {
	t.Helper()
	list := fuse.NewDirEntryList(make([]byte, 1024), off)
	if s := w.fs.ReadDirPlus(nil, &fuse.ReadIn{InHeader: header(node), Offset: off, Size: 1024}, list); s != fuse.OK {
		t.Fatalf("readdirplus: %v", s)
	}
	entries, outs, err := fuse.ParseDirLookupEntries(list.Bytes())
	if err != nil {
		t.Fatalf("%v", err)
	}
	return entries, outs
}

// What was read before a change must not enter the kernel's cache afterwards: an answer is read
// from the tree while it is given.
func TestReadDirPlusIsReadAnew(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 20)
	entries, outs := w.pagePlus(t, uint64(dir), 0)
	for i, out := range outs {
		if i < dots && out.NodeId != 0 {
			t.Errorf("%q has node %d", entries[i].Name, out.NodeId)
		}
		if i >= dots && (out.NodeId == 0 || out.Ino != entries[i].Ino) {
			t.Errorf("%q has node %d, inode %d and %d", entries[i].Name, out.NodeId, out.Ino, entries[i].Ino)
		}
	}
	for i := range 20 { // without a word: programs here change names too
		a, err := w.index.Child(t.Context(), dir, fmt.Sprintf("%06d", i))
		if err != nil {
			t.Fatal(err)
		}
		w.commit(w.replaceOp(a.ID, pattern(10, 1)))
	}
	entries, outs = w.pagePlus(t, uint64(dir), entries[len(entries)-1].Off)
	if len(outs) == 0 {
		t.Fatal("nothing left to list")
	}
	for i, out := range outs {
		if out.Size != 10 {
			t.Errorf("%q is as it was before the change", entries[i].Name)
		}
	}
}
