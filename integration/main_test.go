package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// built is where TestMain puts the binary and the music; both are read-only after.
var built struct{ dir, lockerfs, music string }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lockerfs-integration-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Another user's player must reach the mounts below.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	built.dir, built.lockerfs, built.music = dir, filepath.Join(dir, "lockerfs"), filepath.Join(dir, "music")
	build := exec.Command("go", "build", "-o", built.lockerfs, "../cmd/lockerfs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building lockerfs: %v\n%s", err, out)
		return 1
	}
	if err := makeMusic(built.music); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// device is one state folder of one locker, driven through the command line.
type device struct {
	t      *testing.T
	at     place
	dir    string // holds state and cache
	mnt    string
	daemon *exec.Cmd
	out    *bytes.Buffer // what the daemon said
}

// newDevice gives a device for the locker at a place.
func newDevice(t *testing.T, at place) *device {
	t.Helper()
	dir, err := os.MkdirTemp(built.dir, "device-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, at: at, dir: dir, mnt: filepath.Join(dir, "mnt")}
	if err := os.Mkdir(d.mnt, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.kill()
		unix.Unmount(d.mnt, unix.MNT_DETACH)
		os.RemoveAll(dir)
	})
	return d
}

// newLocker makes a locker at a place and gives a device of it.
func newLocker(t *testing.T, at place) *device {
	t.Helper()
	d := newDevice(t, at)
	d.run("init", at.url)
	return d
}

// command gives a command of the device, ready to start.
func (d *device) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, built.lockerfs, args...)
	c.Env = append(os.Environ(), "LOCKERFS_STORE="+d.at.url, "LOCKERFS_STATE="+d.dir+"/state", "LOCKERFS_CACHE="+d.dir+"/cache",
		"LOCKERFS_POLL=200ms", "XDG_CONFIG_HOME="+d.dir+"/config", "XDG_DATA_HOME="+d.dir+"/data", "XDG_RUNTIME_DIR="+d.dir+"/run", "HOME="+d.dir)
	c.Env = append(c.Env, d.at.env...)
	return c
}

// run runs a command that must succeed, and gives what it printed.
func (d *device) run(args ...string) string {
	d.t.Helper()
	out, err := d.try(args...)
	if err != nil {
		d.t.Fatalf("lockerfs %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// answer runs a command that must succeed, and gives what it answers: its output
// without what it tells meanwhile.
func (d *device) answer(args ...string) []byte {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	c := d.command(ctx, args...)
	var told bytes.Buffer
	c.Stderr = &told
	out, err := c.Output()
	if err != nil {
		d.t.Fatalf("lockerfs %s: %v\n%s%s", strings.Join(args, " "), err, out, told.Bytes())
	}
	return out
}

// try runs a command to its end.
func (d *device) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	out, err := d.command(ctx, args...).CombinedOutput()
	return string(out), err
}

// mount starts the daemon and waits until the mount is there.
func (d *device) mount(args ...string) {
	d.t.Helper()
	d.out = new(bytes.Buffer)
	d.daemon = d.command(context.Background(), append([]string{"mount", d.mnt}, args...)...)
	d.daemon.Stdout, d.daemon.Stderr = d.out, d.out
	if err := d.daemon.Start(); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, 20*time.Second, "the mount to appear", func() bool { return mounted(d.mnt) })
}

// unmount ends the daemon as Ctrl-C does; it must end well and leave no mount.
func (d *device) unmount() {
	d.t.Helper()
	if err := d.daemon.Process.Signal(os.Interrupt); err != nil {
		d.t.Fatal(err)
	}
	if err := d.daemon.Wait(); err != nil {
		d.t.Fatalf("the daemon ended with %v\n%s", err, d.out)
	}
	d.daemon = nil
	if mounted(d.mnt) {
		d.t.Fatal("the mount outlived its daemon")
	}
}

// kill ends the daemon with SIGKILL, if it runs.
func (d *device) kill() {
	if d.daemon == nil {
		return
	}
	d.daemon.Process.Kill()
	d.daemon.Wait()
	d.daemon = nil
}

// mounted tells whether a lockerfs mount is at dir, without touching it.
func mounted(dir string) bool {
	b, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && bytes.Contains(b, []byte(" "+dir+" ")) && bytes.Contains(b, []byte("fuse.lockerfs"))
}

// eventually waits until ok, looking again and again.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", limit, what)
		}
	}
}

// need fails the test when a program is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing: run `make setup`", p)
		}
	}
}
