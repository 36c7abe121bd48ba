package fs

import (
	"fmt"
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

func (w *world) openDir(t failer, node uint64) uint64 {
	t.Helper()
	var out fuse.OpenOut
	if s := w.fs.OpenDir(nil, &fuse.OpenIn{InHeader: header(node)}, &out); s != fuse.OK {
		t.Fatalf("opendir: %v", s)
	}
	return out.Fh
}

// page reads one answer of at most size bytes from offset off.
func (w *world) page(t failer, fh, off uint64, size int) []fuse.DirEntry {
	t.Helper()
	list := fuse.NewDirEntryList(make([]byte, size), off)
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{Fh: fh, Offset: off}, list); s != fuse.OK {
		t.Fatalf("readdir at %d: %v", off, s)
	}
	entries, err := fuse.ParseDirEntries(list.Bytes())
	if err != nil {
		t.Fatalf("%v", err)
	}
	return entries
}

func (w *world) list(t failer, fh uint64, size int) (all []fuse.DirEntry) {
	t.Helper()
	for off := uint64(0); ; {
		page := w.page(t, fh, off, size)
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
	fh := w.openDir(t, uint64(dir))
	want := []fuse.DirEntry{
		{Name: ".", Ino: uint64(dir), Mode: fuse.S_IFDIR, Off: 1},
		{Name: "..", Ino: 1, Mode: fuse.S_IFDIR, Off: 2},
		{Name: "a", Ino: uint64(file), Mode: fuse.S_IFREG, Off: 3},
		{Name: "b", Ino: uint64(sub), Mode: fuse.S_IFDIR, Off: 4},
	}
	if diff := cmp.Diff(want, w.list(t, fh, 4096)); diff != "" {
		t.Error(diff)
	}
	root := w.list(t, w.openDir(t, 1), 4096)
	if root[1].Name != ".." || root[1].Ino != 1 {
		t.Errorf("above the root: %+v", root[1])
	}
	var out fuse.OpenOut
	if s := w.fs.OpenDir(nil, &fuse.OpenIn{InHeader: header(w.node("dir/a"))}, &out); s != fuse.Status(syscall.ENOTDIR) {
		t.Errorf("opendir of a file: got %v, want ENOTDIR", s)
	}
	w.fs.ReleaseDir(&fuse.ReleaseIn{Fh: fh})
	list := fuse.NewDirEntryList(make([]byte, 4096), 0)
	if s := w.fs.ReadDir(nil, &fuse.ReadIn{Fh: fh}, list); s != fuse.EBADF {
		t.Errorf("after release: got %v, want EBADF", s)
	}
}

func TestReadDirPages(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	const n = 3*pageSize + 1
	w.fillFolder(dir, n)
	fh := w.openDir(t, uint64(dir))
	all := w.list(t, fh, 4096)
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
		got := w.page(rt, fh, off, size)
		if len(got) == 0 {
			rt.Fatalf("nothing at %d", i)
		}
		if diff := cmp.Diff(all[i:i+len(got)], got); diff != "" {
			rt.Fatalf("%s", diff)
		}
	})
	if got := w.page(t, fh, 1<<40, 4096); len(got) != 0 {
		t.Errorf("far past the end: %v", got)
	}
}

// A listing under way keeps its offsets while the folder changes; a rewind shows
// the folder as it is.
func TestReadDirWhileChanging(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 5)
	fh := w.openDir(t, uint64(dir))
	first := w.page(t, fh, 0, 200)
	w.file(dir, "000000 new", nil)
	rest := w.page(t, fh, first[len(first)-1].Off, 4096)
	if diff := cmp.Diff([]string{".", "..", "000000", "000001", "000002", "000003", "000004"}, names(append(first, rest...))); diff != "" {
		t.Error(diff)
	}
	again := names(w.list(t, fh, 4096))
	if diff := cmp.Diff([]string{".", "..", "000000", "000000 new", "000001", "000002", "000003", "000004"}, again); diff != "" {
		t.Errorf("rewound: %s", diff)
	}
}

func (w *world) pagePlus(t failer, fh, off uint64) ([]fuse.DirEntry, []fuse.EntryOut) {
	t.Helper()
	list := fuse.NewDirEntryList(make([]byte, 1024), off)
	if s := w.fs.ReadDirPlus(nil, &fuse.ReadIn{Fh: fh, Offset: off}, list); s != fuse.OK {
		t.Fatalf("readdirplus: %v", s)
	}
	entries, outs, err := fuse.ParseDirLookupEntries(list.Bytes())
	if err != nil {
		t.Fatalf("%v", err)
	}
	return entries, outs
}

// What a handle read before a change was announced must not enter the kernel's
// cache afterwards.
func TestReadDirPlusStaleNamesHaveNoNode(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 20)
	fh := w.openDir(t, uint64(dir))
	entries, outs := w.pagePlus(t, fh, 0)
	for i, out := range outs {
		if i < dots && out.NodeId != 0 {
			t.Errorf("%q has node %d", entries[i].Name, out.NodeId)
		}
		if i >= dots && (out.NodeId == 0 || out.Ino != entries[i].Ino) {
			t.Errorf("%q has node %d, inode %d and %d", entries[i].Name, out.NodeId, out.Ino, entries[i].Ino)
		}
	}
	w.fs.Changed(nil)
	entries, outs = w.pagePlus(t, fh, entries[len(entries)-1].Off)
	if len(outs) == 0 {
		t.Fatal("nothing left to list")
	}
	for i, out := range outs {
		if out.NodeId != 0 {
			t.Errorf("%q was read before the change and has node %d", entries[i].Name, out.NodeId)
		}
	}
	if _, outs = w.pagePlus(t, fh, 0); outs[dots].NodeId == 0 {
		t.Error("rewound: no node")
	}
}
