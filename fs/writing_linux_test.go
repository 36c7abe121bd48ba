package fs

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/posixtest"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// under gives an overlay the versions of a world.
type under struct{ *memory }

func (u under) Open(ctx context.Context, v *catalog.Version) (pending.Content, error) {
	return u.memory.Open(ctx, v)
}
func (u under) Fetch(*catalog.Version)        {}
func (u under) Keep(*catalog.Version, string) {}

// writable gives a world whose tree can be changed.
func writable(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, Options{})
	overlay, err := pending.Open(pending.Options{Dir: t.TempDir(), Index: w.index, Versions: under{w.bytes}, Device: "test",
		Changed: func(c []catalog.Change) { w.fs.Changed(c) },
		Log:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := overlay.Close(); err != nil {
			t.Error(err)
		}
	})
	opts := w.fs.opts
	opts.Writer = overlay
	w.fs = New(overlay, w.bytes, w.index, opts)
	return w
}

// posixImpossible are the cases of go-fuse that a drive like this cannot pass.
var posixImpossible = map[string]string{
	"Link":                "there are no hard links: EPERM, as on exFAT",
	"LinkUnlinkRename":    "there are no hard links",
	"SymlinkReadlink":     "there are no symbolic links",
	"SetattrSymlink":      "there are no symbolic links",
	"OpenSymlinkRace":     "there are no symbolic links",
	"FcntlFlockLocksFile": "locks are the kernel's own: those of one process never exclude each other (fcntl(2)); two processes: TestLocks",
}

// A lock of one process keeps others out, however it is taken.
func TestLocks(t *testing.T) {
	w := writable(t)
	path := filepath.Join(w.mount(MountOptions{}), "locked")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `import fcntl, os, sys
def take(how, fd):
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB) if how == "flock" else fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
for how in ("flock", "posix"):
    fd = os.open(sys.argv[1], os.O_RDWR)
    take(how, fd)
    child = os.fork()
    if child == 0:
        other = os.open(sys.argv[1], os.O_RDWR)
        try:
            take(how, other)
        except OSError:
            os._exit(7)
        os._exit(0)
    print(how, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.close(fd)
`
	out, err := exec.Command("python3", "-c", script, path).CombinedOutput()
	if got, want := string(out), "flock 7\nposix 7\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestPosixWriting(t *testing.T) {
	for name, test := range posixtest.All {
		if posixImpossible[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := writable(t)
			test(t, w.mount(MountOptions{}))
		})
	}
}

// What a drive like this has not, and names that cannot be stored, are refused with the
// right number, and nothing is there afterwards.
func TestWritingIsRefused(t *testing.T) {
	w := writable(t)
	dir := w.mount(MountOptions{})
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	touch := func(name string) error { return os.WriteFile(dir+"/"+name, nil, 0o600) }
	for what, c := range map[string]struct {
		got  error
		want unix.Errno
	}{
		"link":             {os.Link(at("f"), at("l")), unix.EPERM},
		"symlink":          {os.Symlink("f", at("s")), unix.EPERM},
		"fifo":             {unix.Mkfifo(at("p"), 0o600), unix.EPERM},
		"long name":        {touch(strings.Repeat("n", 256)), unix.ENAMETOOLONG},
		"name of no UTF-8": {touch("caf\xe9"), unix.EILSEQ},
		"reserved name":    {os.Mkdir(at(".lockerfs"), 0o700), unix.EINVAL},
		"foreign xattr":    {unix.Setxattr(at("f"), "trusted.x", []byte("y"), 0), unix.EOPNOTSUPP},
		"our own xattr":    {unix.Setxattr(at("f"), "user.lockerfs.key", []byte("y"), 0), unix.EPERM},
		"folder into itself": {func() error {
			return errors.Join(os.MkdirAll(at("d/e"), 0o700), unix.Rename(at("d"), at("d/e/d")))
		}(), unix.EINVAL},
		"file over a folder": {unix.Rename(at("f"), at("d")), unix.EISDIR},
		"folder over a file": {unix.Rename(at("d"), at("f")), unix.ENOTDIR},
		"full folder":        {unix.Rmdir(at("d")), unix.ENOTEMPTY},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", what, c.got, c.want)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("there are %v, %v", names, err)
	}
}

// All files have one owner; naming it again is no error.
func TestChownIsRefused(t *testing.T) {
	w := writable(t)
	path := filepath.Join(w.mount(MountOptions{}), "f")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, os.Getuid(), os.Getgid()); err != nil {
		t.Errorf("to the owner: %v", err)
	}
	if err := os.Chown(path, 12345, -1); !errors.Is(err, unix.EPERM) {
		t.Errorf("to another: %v", err)
	}
}

// What is free is what the disk has that written files are kept on, less its floor.
func TestFreeIsWhatCanBeWritten(t *testing.T) {
	w := writable(t)
	var mounted, disk unix.Statfs_t
	if err := errors.Join(unix.Statfs(w.mount(MountOptions{}), &mounted), unix.Statfs(t.TempDir(), &disk)); err != nil {
		t.Fatal(err)
	}
	if free, most := int64(mounted.Bavail)*mounted.Bsize, int64(disk.Bavail)*disk.Bsize; free <= 0 || free > most {
		t.Errorf("%d bytes are free, the disk has %d", free, most)
	}
}
