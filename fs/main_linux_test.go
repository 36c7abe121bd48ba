package fs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// helperVar makes the test binary do one thing on a mount, as another process would.
const helperVar = "LOCKERFS_FS_TEST_HELPER"

func TestMain(m *testing.M) {
	if verb := os.Getenv(helperVar); verb != "" {
		if err := helper(verb, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func helper(verb string, args []string) error {
	switch verb {
	case "mmap":
		return helperMmap(args[0])
	case "mount":
		return helperMount(args[0])
	case "plain":
		return helperPlain(args[0])
	case "plain-user":
		return helperPlainUser(args[0], args[1])
	}
	return fmt.Errorf("no helper %q", verb)
}

// helperMmap prints the SHA-256 of a file read through a mapping, back to front.
func helperMmap(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	for off := len(p) - 1; off >= 0; off -= 4096 {
		_ = p[off]
	}
	fmt.Printf("%x\n", sha256.Sum256(p))
	return unix.Munmap(p)
}

// self gives the test binary as a helper.
func self(verb string, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(path, args...)
	c.Env = append(os.Environ(), helperVar+"="+verb)
	return c, nil
}

func command(t *testing.T, verb string, args ...string) *exec.Cmd {
	t.Helper()
	c, err := self(verb, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tool gives a command, or fails the test when it is not installed.
func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s: %v", name, err)
	}
	return exec.Command(path, args...)
}

// mount mounts the world's file system in a temporary folder.
func (w *world) mount(opts MountOptions) string {
	dir, _ := w.mounted(opts)
	return dir
}

func (w *world) mounted(opts MountOptions) (string, *Mounted) {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "mnt")
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if opts.Locker == "" {
		opts.Locker = "test"
	}
	m, err := Mount(context.Background(), dir, w.fs, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := m.Unmount(); err != nil {
			w.t.Errorf("unmount: %v", err)
			unix.Unmount(dir, unix.MNT_DETACH)
			m.Wait()
		}
	})
	// The test uses the mount from the process that serves it, which only tests do.
	if err := m.server.WaitMount(); err != nil {
		w.t.Fatal(err)
	}
	return dir, m
}
