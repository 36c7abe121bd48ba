package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDemoKilled: after a `make demo` that was killed the next one mounts in its place, and
// what was copied in is there.
func TestDemoKilled(t *testing.T) {
	t.Parallel()
	need(t, "bash", "ffmpeg", "fusermount3")
	folder := t.TempDir()
	copied := filepath.Join(folder, "Music", "copied.flac")
	t.Cleanup(func() {
		for _, pid := range processesIn(t, folder) {
			unix.Kill(pid, unix.SIGKILL)
		}
		unix.Unmount(filepath.Join(folder, "Music"), unix.MNT_DETACH)
	})
	demo := func(end syscall.Signal, use func()) {
		said, err := os.Create(filepath.Join(t.TempDir(), "said"))
		if err != nil {
			t.Fatal(err)
		}
		defer said.Close()
		c := exec.Command("bash", "scripts/demo.sh")
		c.Env = append(os.Environ(), "LOCKERFS="+built.lockerfs, "DEMO_HOME="+folder)
		c.Stdout, c.Stderr = said, said
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		defer unix.Kill(-c.Process.Pid, end)
		eventually(t, time.Minute, "the demo's mount", func() bool { return bytes.Contains(readFile(said.Name()), []byte("Mounted at")) })
		use()
	}
	content := bytes.Repeat([]byte("sound"), 20_000)
	demo(syscall.SIGKILL, func() {
		if err := os.WriteFile(copied, content, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	demo(syscall.SIGINT, func() {
		if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}
