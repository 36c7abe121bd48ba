package fs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// soon is how long a change may take to show. The kernel keeps names for a week,
// so what shows within it was told.
const soon = 2 * time.Second

func shows(t *testing.T, what string, cond func() bool) {
	t.Helper()
	began := time.Now()
	for !cond() {
		if time.Since(began) > soon {
			t.Fatalf("not seen after %v: %s", soon, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func mtime(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().UnixNano()
}

func TestNewNameShows(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.file(dir, "old", nil)
	mnt := filepath.Join(w.mount(MountOptions{}), "dir")
	if exists(filepath.Join(mnt, "new")) {
		t.Fatal("there before it was made")
	}
	before := mtime(t, mnt)
	handle, err := os.Open(mnt)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	if list, err := handle.Readdirnames(-1); err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}

	w.file(dir, "new", pattern(10, 1))
	shows(t, "a name that was known to be missing", func() bool { return exists(filepath.Join(mnt, "new")) })
	if after := mtime(t, mnt); after <= before {
		t.Errorf("the folder's time was %d and is %d", before, after)
	}
	if _, err := handle.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	list, err := handle.Readdirnames(-1)
	if diff := cmp.Diff([]string{"new", "old"}, list); err != nil || diff != "" {
		t.Errorf("a rewound handle: %v %s", err, diff)
	}
}

// The kernel keeps a listing, and asks for it anew after a change from elsewhere, also of names
// that it never looked up, and after one of its own.
func TestKernelKeepsListings(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.fillFolder(dir, 3*pageSize)
	tree := &listings{Tree: w.index}
	w.fs.tree = tree
	mnt := filepath.Join(w.mount(MountOptions{}), "dir")
	list := func() (count int, asked bool) {
		t.Helper()
		before := tree.n.Load()
		names, err := os.ReadDir(mnt)
		if err != nil {
			t.Fatal(err)
		}
		return len(names), tree.n.Load() != before
	}
	if n, asked := list(); n != 3*pageSize || !asked {
		t.Fatalf("%d names, asked for: %v", n, asked)
	}
	if n, asked := list(); n != 3*pageSize || asked {
		t.Errorf("%d names, asked for again: %v", n, asked)
	}
	handle, err := os.Open(mnt)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	w.file(dir, "never looked up", nil)
	shows(t, "a new name in a rewound listing", func() bool {
		_, err := handle.Seek(0, io.SeekStart)
		names, failed := handle.Readdirnames(-1)
		return errors.Join(err, failed) == nil && len(names) == 3*pageSize+1
	})
	if n, _ := list(); n != 3*pageSize+1 {
		t.Errorf("%d names", n)
	}
	a, err := w.index.Child(t.Context(), dir, "000000")
	if err != nil {
		t.Fatal(err)
	}
	w.change(catalog.Op{Verb: catalog.Remove, ID: a.ID})
	shows(t, "a removal in a listing", func() bool { n, _ := list(); return n == 3*pageSize })
}

// A folder that is told of as new may hold other things, though it is the same.
func TestFolderToldAsNew(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.file(dir, "old", nil)
	mnt := filepath.Join(w.mount(MountOptions{}), "dir")
	names := func() int {
		list, err := os.ReadDir(mnt)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if exists(filepath.Join(mnt, "new")) || names() != 1 {
		t.Fatal("there before it was made")
	}
	_, create := w.fileOp(dir, "new", nil)
	w.commit(create) // as a catalog that is read anew: nobody is told what is in it
	w.fs.Changed([]catalog.Change{{Parent: catalog.Root, Name: "dir"}})
	shows(t, "what the folder has now", func() bool { return exists(filepath.Join(mnt, "new")) && names() == 2 })
}

// Nothing of the new name is in the kernel, but the folder's old time is.
func TestFolderTimeShows(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	mnt := filepath.Join(w.mount(MountOptions{}), "dir")
	before := mtime(t, mnt)
	w.file(dir, "never looked up", nil)
	shows(t, "the folder's time", func() bool { return mtime(t, mnt) > before })
}

func TestRemovedAndMovedNamesShow(t *testing.T) {
	w := newWorld(t, Options{})
	from, to := w.folder(catalog.Root, "from"), w.folder(catalog.Root, "to")
	gone := w.file(from, "gone", nil)
	album := w.folder(from, "album")
	w.file(album, "song", pattern(10, 1))
	mnt := w.mount(MountOptions{})
	for _, name := range []string{"from/gone", "from/album/song"} {
		if !exists(filepath.Join(mnt, name)) {
			t.Fatal(name)
		}
	}
	if exists(filepath.Join(mnt, "to/album")) {
		t.Fatal("there before it was moved")
	}
	w.change(catalog.Op{Verb: catalog.Remove, ID: gone})
	shows(t, "a removal", func() bool { return !exists(filepath.Join(mnt, "from/gone")) })
	w.change(catalog.Op{Verb: catalog.Move, ID: album, Parent: to, Name: "album"})
	shows(t, "a move", func() bool {
		return exists(filepath.Join(mnt, "to/album/song")) && !exists(filepath.Join(mnt, "from/album"))
	})
}

func TestNewModeShows(t *testing.T) {
	w := newWorld(t, Options{})
	file := w.file(catalog.Root, "song", nil)
	dir := w.folder(catalog.Root, "dir")
	mnt := w.mount(MountOptions{})
	perm := func(name string) os.FileMode {
		info, err := os.Lstat(filepath.Join(mnt, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if perm("song") != 0o644 || perm("dir") != 0o755 {
		t.Fatal("modes differ from the start")
	}
	mode := uint32(0o700)
	w.change(catalog.Op{Verb: catalog.Set, ID: file, Mode: &mode}, catalog.Op{Verb: catalog.Set, ID: dir, Mode: &mode})
	shows(t, "new modes", func() bool { return perm("song") == 0o700 && perm("dir") == 0o700 })
}

// An open handle keeps reading the version it opened, also what it has not read
// yet; whoever opens now gets the new version under the same inode number.
func TestReplacedWhileOpen(t *testing.T) {
	w := newWorld(t, Options{})
	old, now := pattern(1<<20, 1), pattern(1<<20+4096, 2)
	file := w.file(catalog.Root, "song", old)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	f, err := os.Open(song)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	half := make([]byte, 1<<19)
	if _, err := io.ReadFull(f, half); err != nil {
		t.Fatal(err)
	}
	w.change(w.replaceOp(file, now))
	shows(t, "the new version", func() bool {
		got, err := os.ReadFile(song)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Equal(got, now)
	})
	rest, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(append(half, rest...), old) {
		t.Errorf("the old handle: %v, %d bytes, not the old version", err, len(half)+len(rest))
	}
	var was, is unix.Stat_t
	if err := errors.Join(unix.Fstat(int(f.Fd()), &was), unix.Stat(song, &is)); err != nil {
		t.Fatal(err)
	}
	if was.Ino != is.Ino || was.Ino != uint64(file) || was.Size != 1<<20 || is.Size != 1<<20+4096 {
		t.Errorf("old handle: inode %d size %d; name: inode %d size %d", was.Ino, was.Size, is.Ino, is.Size)
	}
}

// A new mode or time does not cost the pages that the kernel has. It may drop them by itself
// when memory is short, so once of three times is enough.
func TestNewTimeKeepsPages(t *testing.T) {
	w := newWorld(t, Options{Timeout: time.Second})
	file := w.file(catalog.Root, "song", pattern(1<<20, 1))
	song := filepath.Join(w.mount(MountOptions{}), "song")
	for round := range 3 {
		if _, err := os.ReadFile(song); err != nil {
			t.Fatal(err)
		}
		later := int64(epoch + 5e9*(round+1))
		w.change(catalog.Op{Verb: catalog.Set, ID: file, MTime: &later})
		shows(t, "the new time", func() bool { return mtime(t, song) == later })
		w.bytes.stall(w.node("song"), true) // any request for bytes would hang
		got, err := os.ReadFile(song)
		w.bytes.stall(w.node("song"), false)
		if err == nil && bytes.Equal(got, pattern(1<<20, 1)) {
			return
		}
		t.Logf("got %v, %d bytes", err, len(got))
	}
	t.Error("the pages were dropped each time")
}

// Changes race with lookups and listings; when they end, the kernel must know what
// the tree knows. Without the rules of the package comment this fails.
func TestNoStaleNames(t *testing.T) {
	w := newWorld(t, Options{})
	folders := []catalog.ID{w.folder(catalog.Root, "0"), w.folder(catalog.Root, "1")}
	mnt := w.mount(MountOptions{})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	defer readers.Wait()
	defer close(stop)
	for r := range 4 {
		readers.Go(func() { browse(mnt, r, stop) })
	}
	rng := rand.New(rand.NewPCG(1, 2))
	files := map[catalog.ID]bool{}
	deadline := time.Now().Add(4 * time.Second)
	rounds := 0
	for ; time.Now().Before(deadline); rounds++ {
		for range 20 {
			w.change(w.randomOp(rng, folders, files))
		}
		for i, folder := range folders {
			shows(t, fmt.Sprintf("round %d: folder %d as it is", rounds, i), func() bool {
				return w.agrees(filepath.Join(mnt, fmt.Sprint(i)), folder)
			})
		}
	}
	t.Logf("%d rounds of 20 changes", rounds)
}

// universe is how many names a folder of TestNoStaleNames can have.
const universe = 12

func (w *world) randomOp(rng *rand.Rand, folders []catalog.ID, files map[catalog.ID]bool) catalog.Op {
	w.t.Helper()
	folder := folders[rng.IntN(len(folders))]
	name := fmt.Sprintf("name %d", rng.IntN(universe))
	a, err := w.index.Child(w.t.Context(), folder, name)
	if errors.Is(err, catalog.ErrNotFound) {
		all := slices.Sorted(maps.Keys(files))
		if len(all) > 0 && rng.IntN(2) == 0 {
			return catalog.Op{Verb: catalog.Move, ID: all[rng.IntN(len(all))], Parent: folder, Name: name}
		}
		id, op := w.fileOp(folder, name, pattern(rng.IntN(9), 1))
		files[id] = true
		return op
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if rng.IntN(3) == 0 {
		delete(files, a.ID)
		return catalog.Op{Verb: catalog.Remove, ID: a.ID}
	}
	return w.replaceOp(a.ID, pattern(rng.IntN(1000), 1))
}

// browse is a program that looks at everything again and again.
func browse(mnt string, how int, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		dir := filepath.Join(mnt, fmt.Sprint(i%2))
		if how%2 == 0 {
			os.ReadDir(dir)
		}
		os.Lstat(dir)
		os.Lstat(filepath.Join(dir, fmt.Sprintf("name %d", i%universe)))
	}
}

// agrees compares what the kernel says of a folder with the tree: every possible
// name, the listing and the folder's own time.
func (w *world) agrees(dir string, folder catalog.ID) bool {
	w.t.Helper()
	list, err := w.index.Children(w.t.Context(), folder, "", 2*universe)
	if err != nil {
		w.t.Fatal(err)
	}
	want := map[string]int64{}
	for _, a := range list {
		want[a.Name] = a.Size
	}
	got := map[string]int64{}
	for i := range universe {
		name := fmt.Sprintf("name %d", i)
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			got[name] = info.Size()
		}
	}
	listed, err := os.ReadDir(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.index.Node(w.t.Context(), folder)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range listed {
		if _, ok := want[e.Name()]; !ok {
			return false
		}
	}
	return maps.Equal(want, got) && len(listed) == len(want) && mtime(w.t, dir) == a.MTime
}
