package fs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hanwen/go-fuse/v2/posixtest"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// posixCases are those of go-fuse's cases that need no writing; on a mount that can be
// written to all are run: TestPosixWriting.
var posixCases = []string{"ReadDirConsistency"}

// Why the others cannot run on a read-only tree. What they check of reading is
// checked by the tests named.
const (
	writes = "its subject is writing, creating, renaming or removing"
	locks  = "creates the file that it locks; flock of a handle: TestCleanHandles"
)

var posixExcluded = map[string]string{
	"AppendWrite":                writes,
	"DirSeek":                    "creates the folder first; its reading part: TestPosixDirSeek",
	"DirectIO":                   "writes with O_DIRECT; reading so: TestIOUring, TestFioVerifies",
	"Fallocate":                  writes,
	"FallocateKeepSize":          writes,
	"FcntlFlockLocksFile":        locks,
	"FcntlFlockSetLk":            locks,
	"FdLeak":                     "creates the file first; its reading part: TestOpenClosesContents",
	"FileBasic":                  "creates the file first; its reading part: TestMountShowsTree",
	"FileLarge":                  "creates the file first; its reading part: TestPosixFileLarge",
	"FstatDeleted":               writes,
	"Link":                       writes,
	"LinkUnlinkRename":           writes,
	"LseekEnxioCheck":            "creates the file first; its reading part: TestPosixLseek",
	"LseekHoleSeeksToEOF":        "creates the file first; its reading part: TestPosixLseek",
	"MkdirRmdir":                 writes,
	"NlinkZero":                  writes,
	"OpenAt":                     writes,
	"OpenSymlinkRace":            writes,
	"ParallelFileOpen":           "opens for writing; parallel reading: TestParallelReaders",
	"ReadDirBasic":               "creates the files one by one; listing while names appear: TestNoStaleNames",
	"RenameOpenDir":              writes,
	"RenameOverwriteDestExist":   writes,
	"RenameOverwriteDestNoExist": writes,
	"SetattrSymlink":             writes,
	"SymlinkReadlink":            writes,
	"Tmpfile":                    writes,
	"TruncateFile":               writes,
	"TruncateNoFile":             writes,
	"XAttr":                      "sets the attribute first; its reading part: TestMountXattrs",
	"XAttrLarge":                 writes,
}

func TestPosix(t *testing.T) {
	w := newWorld(t, Options{})
	w.fillFolder(w.folder(catalog.Root, "dir"), 300)
	dir := filepath.Join(w.mount(MountOptions{}), "dir")
	for _, name := range posixCases {
		test := posixtest.All[name]
		if test == nil {
			t.Errorf("go-fuse has no case %s any more", name)
			continue
		}
		t.Run(name, func(t *testing.T) { test(t, dir) })
	}
}

// Every case of go-fuse is run or has a reason not to.
func TestPosixListsAreComplete(t *testing.T) {
	known := map[string]bool{}
	for _, name := range posixCases {
		known[name] = true
	}
	for name, reason := range posixExcluded {
		if posixtest.All[name] == nil || known[name] || reason == "" {
			t.Errorf("%s is excluded in vain", name)
		}
		known[name] = true
	}
	for name := range posixtest.All {
		if !known[name] {
			t.Errorf("go-fuse has a new case %s: run it or say why not", name)
		}
	}
}

// dirents reads one buffer of names.
func dirents(t *testing.T, fd int, size int) (entries []fuse.DirEntry) {
	t.Helper()
	buf := make([]byte, size)
	n, err := unix.ReadDirent(fd, buf)
	if err != nil {
		t.Fatal(err)
	}
	for todo := buf[:n]; len(todo) > 0; {
		var e fuse.DirEntry
		todo = todo[e.Parse(todo):]
		entries = append(entries, e)
	}
	return entries
}

// A program can go back to any name of a listing (xfstests generic/257).
func TestPosixDirSeek(t *testing.T) {
	w := newWorld(t, Options{})
	w.fillFolder(w.folder(catalog.Root, "dir"), 168)
	fd, err := unix.Open(filepath.Join(w.mount(MountOptions{}), "dir"), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var all []fuse.DirEntry
	for page := dirents(t, fd, 4096); len(page) > 0; page = dirents(t, fd, 4096) {
		all = append(all, page...)
	}
	if len(all) != 170 {
		t.Fatalf("got %d names, want 170", len(all))
	}
	for i := len(all) - 1; i > 0; i-- {
		if _, err := unix.Seek(fd, int64(all[i-1].Off), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[i], dirents(t, fd, 4096)[0]); diff != "" {
			t.Fatalf("name %d: %s", i, diff)
		}
	}
}

func TestPosixFileLarge(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(128<<10+123, 1)
	w.file(catalog.Root, "file", content)
	f, err := os.Open(filepath.Join(w.mount(MountOptions{}), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, len(content)+1000)
	if n, err := io.ReadFull(f, buf); err != io.ErrUnexpectedEOF || !bytes.Equal(buf[:n], content) {
		t.Errorf("past the end: %d bytes, %v", n, err)
	}
	off := 4096 + 7
	buf = make([]byte, 64<<10+5)
	if n, err := f.ReadAt(buf, int64(off)); err != nil || !bytes.Equal(buf, content[off:off+len(buf)]) {
		t.Errorf("in the middle: %d bytes, %v", n, err)
	}
}

func TestPosixLseek(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "file", pattern(7168, 1))
	fd, err := unix.Open(filepath.Join(w.mount(MountOptions{}), "file"), unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, c := range []struct {
		off    int64
		whence int
		want   int64
		err    error
	}{
		{3584, unix.SEEK_HOLE, 7168, nil},
		{3584, unix.SEEK_DATA, 3584, nil},
		{7168, unix.SEEK_DATA, 0, unix.ENXIO},
		{7169, unix.SEEK_DATA, 0, unix.ENXIO},
		{7169, unix.SEEK_HOLE, 0, unix.ENXIO},
	} {
		got, err := unix.Seek(fd, c.off, c.whence)
		if err != c.err || err == nil && got != c.want {
			t.Errorf("%s: got %d, %v", fmt.Sprintf("%+v", c), got, err)
		}
	}
}
