package fs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func TestMountShowsTree(t *testing.T) {
	w := newWorld(t, Options{})
	artist := w.folder(catalog.Root, "Björk")
	album := w.folder(artist, "Homogenic")
	want := map[string]string{".": "folder", "Björk": "folder", "Björk/Homogenic": "folder"}
	for i, size := range []int{0, 1, 4096, 131072, 300_001} {
		name := fmt.Sprintf("%02d Title.flac", i)
		content := pattern(size, i)
		w.file(album, name, content)
		want["Björk/Homogenic/"+name] = fmt.Sprintf("%d %x", size, sha256.Sum256(content))
	}
	dir := w.mount(MountOptions{ReadOnly: true})
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			got[path] = "folder"
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		got[path] = fmt.Sprintf("%d %x", info.Size(), sha256.Sum256(content))
		if mtime := info.ModTime().UnixNano(); mtime != epoch {
			t.Errorf("%s: time %d, want %d", path, mtime, int64(epoch))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParallelReaders(t *testing.T) {
	w := newWorld(t, Options{})
	var want [4][32]byte
	for i := range want {
		content := pattern(3<<20+i, i)
		want[i] = sha256.Sum256(content)
		w.file(catalog.Root, fmt.Sprint(i), content)
	}
	dir := w.mount(MountOptions{})
	var readers sync.WaitGroup
	for r := range 16 {
		readers.Go(func() {
			i := r % len(want)
			got, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)))
			if err != nil || sha256.Sum256(got) != want[i] {
				t.Errorf("reader %d: %v, %d bytes, wrong hash", r, err, len(got))
			}
		})
	}
	readers.Wait()
}

func TestMmapReader(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(1<<20+77, 1)
	w.file(catalog.Root, "song", content)
	out, err := command(t, "mmap", filepath.Join(w.mount(MountOptions{}), "song")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got, want := strings.TrimSpace(string(out)), fmt.Sprintf("%x", sha256.Sum256(content)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// largeFolder is a tree with one folder whose names are in memory: committing as
// many takes minutes with the race detector.
type largeFolder struct {
	Tree
	id   catalog.ID
	list []catalog.Attr
}

func (l *largeFolder) Children(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Attr, error) {
	if parent != l.id {
		return l.Tree.Children(ctx, parent, after, limit)
	}
	from, found := slices.BinarySearchFunc(l.list, after, func(a catalog.Attr, name string) int { return strings.Compare(a.Name, name) })
	if found {
		from++
	}
	return l.list[from:min(from+limit, len(l.list))], nil
}

func TestLargeFolder(t *testing.T) {
	w := newWorld(t, Options{})
	large := &largeFolder{Tree: w.index, id: w.folder(catalog.Root, "big")}
	const n = 50_000
	for i := range n {
		large.list = append(large.list, catalog.Attr{ID: catalog.NewID(), Node: catalog.NewID(), Parent: large.id,
			Name: fmt.Sprintf("%06d", i), Kind: catalog.File})
	}
	w.fs.tree = large
	dir := w.mount(MountOptions{})
	began := time.Now()
	list, err := os.ReadDir(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d names in %v", len(list), time.Since(began))
	if len(list) != n {
		t.Fatalf("got %d names, want %d", len(list), n)
	}
	for i, e := range list {
		if want := fmt.Sprintf("%06d", i); e.Name() != want {
			t.Fatalf("name %d is %q, want %q", i, e.Name(), want)
		}
	}
}

func TestMountStatfs(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(3<<20, 1))
	dir := w.mount(MountOptions{})
	var st unix.Statfs_t
	eventually(t, "3 MiB used", func() bool {
		if err := unix.Statfs(dir, &st); err != nil {
			t.Fatal(err)
		}
		return (st.Blocks-st.Bfree)*uint64(st.Frsize) == 3<<20
	})
	if st.Namelen != 255 || st.Bavail*uint64(st.Bsize) != defaultFree {
		t.Errorf("got %+v", st)
	}
	out, err := tool(t, "df", "--output=fstype,source", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "fuse.lockerfs lockerfs:test") {
		t.Errorf("df: %v, %s", err, out)
	}
}

func TestMountXattrs(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(100, 1)
	w.file(catalog.Root, "song", content)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	out, err := tool(t, "getfattr", "--only-values", "-n", "user.lockerfs.sha256", song).Output()
	if want := fmt.Sprintf("%x", sha256.Sum256(content)); err != nil || string(out) != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
	if n, err := unix.Listxattr(song, nil); err != nil || n == 0 {
		t.Errorf("size of the list: %d, %v", n, err)
	}
	if _, err := unix.Getxattr(song, "user.lockerfs.sha256", make([]byte, 3)); err != unix.ERANGE {
		t.Errorf("short buffer: got %v, want ERANGE", err)
	}
	if _, err := unix.Getxattr(song, "user.none", make([]byte, 3)); err != unix.ENODATA {
		t.Errorf("no such attribute: got %v, want ENODATA", err)
	}
	if err := tool(t, "cp", "-a", song, t.TempDir()).Run(); err != nil {
		t.Errorf("cp -a: %v", err)
	}
}

// changes are all the ways to change a tree: the folder dir holds the file song and
// the folder sub.
func changes(dir string) map[string]func() error {
	at := func(name string) string { return filepath.Join(dir, name) }
	open := func(name string, flags int) func() error {
		return func() error {
			fd, err := unix.Open(at(name), flags, 0o644)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}
	}
	return map[string]func() error{
		"create":           open("new", unix.O_CREAT|unix.O_WRONLY),
		"open for writing": open("song", unix.O_WRONLY),
		"open for both":    open("song", unix.O_RDWR),
		"append":           open("song", unix.O_WRONLY|unix.O_APPEND),
		"open truncating":  open("song", unix.O_RDONLY|unix.O_TRUNC),
		"nameless file":    open("sub", unix.O_TMPFILE|unix.O_RDWR),
		"truncate":         func() error { return unix.Truncate(at("song"), 0) },
		"mkdir":            func() error { return unix.Mkdir(at("new"), 0o755) },
		"mknod":            func() error { return unix.Mknod(at("new"), unix.S_IFREG|0o644, 0) },
		"fifo":             func() error { return unix.Mkfifo(at("new"), 0o644) },
		"symlink":          func() error { return unix.Symlink("song", at("new")) },
		"link":             func() error { return unix.Link(at("song"), at("new")) },
		"unlink":           func() error { return unix.Unlink(at("song")) },
		"rmdir":            func() error { return unix.Rmdir(at("sub")) },
		"rename":           func() error { return unix.Rename(at("song"), at("new")) },
		"exchange": func() error {
			return unix.Renameat2(unix.AT_FDCWD, at("song"), unix.AT_FDCWD, at("sub"), unix.RENAME_EXCHANGE)
		},
		"chmod":       func() error { return unix.Chmod(at("song"), 0o600) },
		"chown":       func() error { return unix.Chown(at("song"), 1, 1) },
		"utimes":      func() error { return os.Chtimes(at("song"), time.Now(), time.Now()) },
		"setxattr":    func() error { return unix.Setxattr(at("song"), "user.x", []byte("y"), 0) },
		"removexattr": func() error { return unix.Removexattr(at("song"), "user.lockerfs.key") },
	}
}

func TestEveryChangeIsEROFS(t *testing.T) {
	for _, readOnly := range []bool{true, false} {
		t.Run(fmt.Sprintf("ro=%v", readOnly), func(t *testing.T) {
			w := newWorld(t, Options{})
			w.file(catalog.Root, "song", pattern(100, 1))
			w.folder(catalog.Root, "sub")
			dir := w.mount(MountOptions{ReadOnly: readOnly})
			for what, change := range changes(dir) {
				if err := change(); !errors.Is(err, unix.EROFS) {
					t.Errorf("%s: got %v, want EROFS", what, err)
				}
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
				t.Errorf("afterwards: %v, %v", list, err)
			}
		})
	}
}

// Another user reads a shared mount as far as the bits allow.
func TestOtherUser(t *testing.T) {
	w := newWorld(t, Options{Umask: 0o027, Owner: &Owner{UID: 0, GID: plainUser}})
	w.file(catalog.Root, "song", []byte("music"))
	for _, allow := range []bool{true, false} {
		dir, m := w.mounted(MountOptions{AllowOther: allow})
		if err := openParents(dir); err != nil {
			t.Fatal(err)
		}
		c := tool(t, "cat", filepath.Join(dir, "song"))
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: plainUser, Gid: plainUser}}
		out, err := c.CombinedOutput()
		if got := err == nil && string(out) == "music"; got != allow {
			t.Errorf("allow_other %v: got %q, %v", allow, out, err)
		}
		if err := m.Unmount(); err != nil {
			t.Fatal(err)
		}
	}
}

// openParents lets others pass through the folders of a test.
func openParents(dir string) error {
	for dir = filepath.Dir(dir); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func TestCleanHandles(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100, 1))
	dir := w.mount(MountOptions{})
	f, err := os.Open(filepath.Join(dir, "song"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		t.Errorf("fsync: %v", err)
	}
	if _, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS); err != unix.ENOTTY {
		t.Errorf("ioctl: got %v, want ENOTTY", err)
	}
	if off, err := f.Seek(10, unix.SEEK_HOLE); err != nil || off != 100 {
		t.Errorf("hole at %d, %v; want 100", off, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
		t.Errorf("flock: %v", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		t.Errorf("fsync of a folder: %v", err)
	}
}

func TestOpenClosesContents(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100, 1))
	dir := w.mount(MountOptions{})
	for range 1000 {
		if _, err := os.ReadFile(filepath.Join(dir, "song")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all contents closed", func() bool {
		opened, closed := w.bytes.balance()
		return opened == 1000 && closed == 1000
	})
}

func TestStalledReadEnds(t *testing.T) {
	w := newWorld(t, Options{Timeout: time.Second})
	w.file(catalog.Root, "song", pattern(1<<20, 1))
	w.bytes.stall(w.node("song"), true)
	dir := w.mount(MountOptions{})
	began := time.Now()
	_, err := os.ReadFile(filepath.Join(dir, "song"))
	if !errors.Is(err, unix.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
	took := time.Since(began)
	// The kernel asks twice, and the second time it must not take as long.
	if took < time.Second || took > 1700*time.Millisecond {
		t.Errorf("took %v, want little more than 1 s", took)
	}
	t.Logf("EIO after %v", took)
	w.bytes.stall(w.node("song"), false)
	if got, err := os.ReadFile(filepath.Join(dir, "song")); err != nil || !bytes.Equal(got, pattern(1<<20, 1)) {
		t.Errorf("afterwards: %v", err)
	}
}

// A reader that is told to end does so while its bytes are still missing. Through
// the page cache the kernel lets only a signal that kills do that (cat dies of
// SIGINT, dd catches it), and tells us nothing; past the cache it interrupts us.
func TestInterruptedReader(t *testing.T) {
	w := newWorld(t, Options{Timeout: 5 * time.Second})
	w.file(catalog.Root, "song", pattern(1<<20, 1))
	w.bytes.stall(w.node("song"), true)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	for _, args := range [][]string{{"cat", song}, {"dd", "if=" + song, "of=/dev/null", "bs=64k", "iflag=direct"}} {
		reader := tool(t, args[0], args[1:]...)
		waiting, _ := w.bytes.waiters()
		if err := reader.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the reader waits", func() bool { now, _ := w.bytes.waiters(); return now > waiting })
		began := time.Now()
		reader.Process.Signal(os.Interrupt)
		err := reader.Wait()
		if took := time.Since(began); err == nil || took > time.Second {
			t.Errorf("%s: ended with %v after %v", args[0], err, took)
		}
	}
	if _, interrupted := w.bytes.waiters(); interrupted != 1 {
		t.Errorf("%d reads were interrupted, want the one past the cache", interrupted)
	}
}

// Files that wait for the network do not hold up those that are here.
func TestStalledReadersLeaveOthersAlone(t *testing.T) {
	w := newWorld(t, Options{Timeout: 5 * time.Second})
	for i := range 40 {
		name := fmt.Sprintf("stalled %d", i)
		w.file(catalog.Root, name, pattern(1<<20, 1))
		w.bytes.stall(w.node(name), true)
	}
	content := pattern(1<<20, 2)
	w.file(catalog.Root, "here", content)
	dir := w.mount(MountOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var readers []*exec.Cmd
	for i := range 40 {
		c := exec.CommandContext(ctx, "cat", filepath.Join(dir, fmt.Sprintf("stalled %d", i)))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		readers = append(readers, c)
	}
	eventually(t, "all readers have opened", func() bool { opened, _ := w.bytes.balance(); return opened == 40 })
	began := time.Now()
	got, err := os.ReadFile(filepath.Join(dir, "here"))
	took := time.Since(began)
	if err != nil || !bytes.Equal(got, content) || took > time.Second {
		t.Errorf("%v, %d bytes after %v", err, len(got), took)
	}
	cancel()
	for _, c := range readers {
		c.Wait()
	}
}

// A request that panics is an error to one program and nothing to the others.
func TestPanicIsEIO(t *testing.T) {
	w := newWorld(t, Options{Log: quiet()})
	w.file(catalog.Root, "song", pattern(10, 1))
	w.fs.contents = panicking{}
	dir := w.mount(MountOptions{})
	if _, err := os.ReadFile(filepath.Join(dir, "song")); !errors.Is(err, unix.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
	if _, err := os.ReadDir(dir); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

type panicking struct{ Contents }

func (panicking) Open(context.Context, *catalog.Version) (Content, error) { panic("on purpose") }
