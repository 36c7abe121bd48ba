package fs

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hanwen/go-fuse/v2/posixtest"

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
