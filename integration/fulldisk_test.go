package integration

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestStagingDiskFills: the disk that written files are kept on fills up in the middle of a
// copy. The program is told, the disk keeps its floor, what was acknowledged is safe, and
// once there is room again everything goes on.
func TestStagingDiskFills(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=1h", "LOCKERFS_DRAIN=10ms")
	d := newLocker(t, at)
	small := filepath.Join(d.dir, "state")
	if err := os.MkdirAll(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d.mount()
	content := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{1}).Read(content)
	fits := filepath.Join(d.mnt, "fits")
	if err := os.WriteFile(fits, content, 0o644); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(d.mnt, "large")
	f, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for err == nil && written < 100 {
		_, err = f.Write(content)
		written++
	}
	f.Close()
	if !errors.Is(err, syscall.ENOSPC) || written < 8 {
		t.Fatalf("after %d MiB: %v, want ENOSPC", written, err)
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(small, &disk); err != nil {
		t.Fatal(err)
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < 16<<20 {
		t.Errorf("only %d bytes of the disk are left", free)
	}
	if got, err := os.ReadFile(fits); err != nil || !bytes.Equal(got, content) {
		t.Errorf("what was there before: %d bytes, %v", len(got), err)
	}
	// Names still change, and what is deleted gives its room back.
	if err := errors.Join(os.Remove(large), os.Rename(fits, fits+"2")); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "room to be there again", func() bool {
		f, err := os.Create(large)
		if err != nil {
			return false
		}
		_, err = f.Write(content)
		return errors.Join(err, f.Close()) == nil
	})
	d.unmount()
	d.run("sync")
	d.mount()
	for _, name := range []string{"fits2", "large"} {
		f, err := os.Open(filepath.Join(d.mnt, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		f.Close()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	d.unmount()
}
