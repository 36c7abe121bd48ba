package fs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func TestMountPointRefused(t *testing.T) {
	w := newWorld(t, Options{})
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	full := filepath.Join(dir, "full")
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.MkdirAll(filepath.Join(full, "x"), 0o755), os.Symlink(full, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, full, link, filepath.Join(dir, "missing"), filepath.Join(dir, "missing/too")} {
		_, err := Mount(t.Context(), path, w.fs, MountOptions{})
		if !errors.Is(err, ErrMountPoint) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want ErrMountPoint in one line", path, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Mount(ended, dir, w.fs, MountOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: got %v", err)
	}
}

func TestMountTwice(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.mount(MountOptions{})
	if _, err := Mount(t.Context(), t.TempDir(), w.fs, MountOptions{}); !errors.Is(err, ErrMounted) {
		t.Errorf("one file system at two places: got %v, want ErrMounted", err)
	}
	again := newWorld(t, Options{})
	if _, err := Mount(t.Context(), dir, again.fs, MountOptions{}); !errors.Is(err, ErrMounted) {
		t.Errorf("got %v, want ErrMounted", err)
	}
	if err := ClearDead(dir); !errors.Is(err, ErrMounted) {
		t.Errorf("clearing a live mount: got %v, want ErrMounted", err)
	}
}

func TestMountIsNamed(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.mount(MountOptions{Locker: "my, \\ music", ReadOnly: true})
	list, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		if !strings.Contains(line, " "+dir+" ") {
			continue
		}
		for _, want := range []string{" ro,", " - fuse.lockerfs lockerfs:my,", "default_permissions"} {
			if !strings.Contains(line, want) {
				t.Errorf("%q lacks %q", line, want)
			}
		}
		return
	}
	t.Error("not in the list of mounts")
}

func TestUnmountBusyAndAgain(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100, 1))
	dir, m := w.mounted(MountOptions{})
	f, err := os.Open(filepath.Join(dir, "song"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Unmount(); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 0); err != nil {
		t.Errorf("after a refused unmount: %v", err)
	}
	f.Close()
	eventually(t, "unmounted", func() bool { return m.Unmount() == nil })
	if err := m.Unmount(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := Unmount(dir); !errors.Is(err, ErrNotMounted) {
		t.Errorf("unmounting nothing: got %v, want ErrNotMounted", err)
	}
	if opened, closed := w.bytes.balance(); opened != closed {
		t.Errorf("opened %d, closed %d", opened, closed)
	}
}

// The same file system can be mounted again, and its inode numbers are the same.
func TestRemountKeepsInodes(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	for _, name := range []string{"a", "b", "c"} {
		w.file(dir, name, pattern(100, 1))
	}
	inodes := func() map[string]uint64 {
		at, m := w.mounted(MountOptions{})
		got := map[string]uint64{}
		for _, name := range []string{"", "dir", "dir/a", "dir/b", "dir/c"} {
			var st unix.Stat_t
			if err := unix.Stat(filepath.Join(at, name), &st); err != nil {
				t.Fatal(err)
			}
			got[name] = st.Ino
		}
		if err := m.Unmount(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := inodes(), inodes()
	for name, ino := range first {
		if ino != second[name] || ino == 0 {
			t.Errorf("%q: inode %d, then %d", name, ino, second[name])
		}
	}
	if first["dir"] != uint64(dir) || first[""] != 1 {
		t.Errorf("got %v, want the entries' ids", first)
	}
}

// doomedMount gives a mount whose daemon is another process, which is to die.
func doomedMount(t *testing.T) (dir string, daemon *exec.Cmd) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "mnt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	daemon = command(t, "mount", dir)
	daemon.Env = append(daemon.Env, "TMPDIR="+t.TempDir()) // it will not clean up
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	return dir, daemon
}

func TestDeadMount(t *testing.T) {
	dir, daemon := doomedMount(t)
	daemon.Process.Kill()
	daemon.Wait()
	w := newWorld(t, Options{})
	if _, err := Mount(t.Context(), dir, w.fs, MountOptions{}); !errors.Is(err, ErrDeadMount) {
		t.Fatalf("got %v, want ErrDeadMount", err)
	}
	if err := ClearDead(dir); err != nil {
		t.Fatal(err)
	}
	m, err := Mount(t.Context(), dir, w.fs, MountOptions{})
	if err != nil {
		t.Fatalf("after clearing: %v", err)
	}
	if err := m.Unmount(); err != nil {
		t.Error(err)
	}
}

// helperMount mounts an empty tree on dir, says so and stays.
func helperMount(dir string) error {
	return withIndex(func(ctx context.Context, f *FS) error {
		m, err := Mount(ctx, dir, f, MountOptions{Locker: "helper"})
		if err != nil {
			return err
		}
		os.Stdout.WriteString("mounted\n")
		m.Wait()
		return nil
	})
}

func withIndex(use func(context.Context, *FS) error) error {
	ctx := context.Background()
	tmp, err := os.MkdirTemp("", "helper")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	index, err := catalog.OpenIndex(ctx, filepath.Join(tmp, "index"), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer index.Close()
	if err := index.MarkSynced(ctx); err != nil {
		return err
	}
	return use(ctx, New(index, &memory{}, index, Options{}))
}

// plainUser is who TestPlainUser becomes.
const plainUser = 65534

// helperPlain becomes a plain user and mounts on dir in every way that works or
// does not. It starts as root in its own mount namespace, where it puts a device
// with the usual rights in place of this machine's.
func helperPlain(dir string) error {
	own := filepath.Join(os.TempDir(), "fuse")
	err := errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mknod(own, unix.S_IFCHR, int(unix.Mkdev(10, 229))), // Documentation/admin-guide/devices.txt
		unix.Mount(own, device, "", unix.MS_BIND, ""))
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	for _, mode := range []uint32{0o600, 0o666} {
		if err := unix.Chmod(device, mode); err != nil {
			return err
		}
		c, err := self("plain-user", dir)
		if err != nil {
			return err
		}
		c.Args = append(c.Args, fmt.Sprintf("%o", mode))
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: plainUser, Gid: plainUser}}
		out, err := c.CombinedOutput()
		os.Stdout.Write(out)
		if err != nil {
			return fmt.Errorf("device %o: %w", mode, err)
		}
	}
	return nil
}

// helperPlainUser is the plain user, with a device of the given mode.
func helperPlainUser(dir, mode string) error {
	return withIndex(func(ctx context.Context, f *FS) error {
		m, err := Mount(ctx, dir, f, MountOptions{Locker: "plain", ReadOnly: true})
		if mode == "600" {
			return expect(err, ErrNoFUSE)
		}
		if err != nil {
			return err
		}
		if err := useAsPlainUser(dir, m); err != nil {
			return errors.Join(err, m.Unmount())
		}
		if err := m.Unmount(); err != nil {
			return err
		}
		_, err = Mount(ctx, dir, f, MountOptions{AllowOther: true})
		return expect(err, ErrAllowOther)
	})
}

func expect(got, want error) error {
	if !errors.Is(got, want) {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}

// useAsPlainUser checks that the mount is the user's, and in use while a process has
// its working folder there.
func useAsPlainUser(dir string, m *Mounted) error {
	out, err := exec.Command("stat", "-c", "%u %a", dir).CombinedOutput()
	if got, want := string(out), fmt.Sprintf("%d 755\n", plainUser); err != nil || got != want {
		return fmt.Errorf("owner and mode: %v, got %q, want %q", err, got, want)
	}
	sleeper := exec.Command("sleep", "60")
	sleeper.Dir = dir
	if err := sleeper.Start(); err != nil {
		return err
	}
	err = m.Unmount()
	sleeper.Process.Kill()
	sleeper.Wait()
	return expect(err, ErrBusy)
}

// A plain user mounts through fusermount3.
func TestPlainUser(t *testing.T) {
	tool(t, "fusermount3")
	dir := t.TempDir()
	mnt, bin, tmp := filepath.Join(dir, "mnt"), filepath.Join(dir, "helper"), filepath.Join(dir, "tmp")
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Mkdir(mnt, 0o755), os.Mkdir(tmp, 0o777), os.Chmod(tmp, 0o777),
		os.Chown(mnt, plainUser, plainUser), os.WriteFile(bin, binary, 0o755))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, bin, mnt)
	c.Env = append(os.Environ(), helperVar+"=plain", "TMPDIR="+tmp)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestNoFusermount(t *testing.T) {
	if fusermount() == "" {
		t.Fatal("this test needs fusermount3")
	}
	t.Setenv("PATH", t.TempDir())
	// The fallback in /bin is found without a PATH, as services often have none.
	if fusermount() == "" {
		t.Error("not found in /bin")
	}
}

func TestOtherAllowed(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "fuse.conf")
	if otherAllowed(conf) {
		t.Error("allowed by a file that is not there")
	}
	for text, want := range map[string]bool{
		"":                                   false,
		"#user_allow_other\n":                false,
		"mount_max = 10\nuser_allow_other\n": true,
		"  user_allow_other":                 true,
		"user_allow_others\n":                false,
	} {
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := otherAllowed(conf); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestParseMount(t *testing.T) {
	for _, c := range []struct {
		line, place, kind string
		ok                bool
	}{
		{`36 35 98:0 / /home/a\040b\134c rw,noatime shared:1 - fuse.lockerfs lockerfs:x rw,user_id=0`, `/home/a b\c`, "fuse.lockerfs", true},
		{`36 35 98:0 / / rw - ext4 /dev/root rw`, "/", "ext4", true},
		{`36 35 98:0 / / rw ext4`, "", "", false},
		{``, "", "", false},
	} {
		place, kind, ok := parseMount(c.line)
		if place != c.place || kind != c.kind || ok != c.ok {
			t.Errorf("%q: got %q, %q, %v", c.line, place, kind, ok)
		}
	}
}
