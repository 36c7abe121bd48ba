package fs

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// The kernel reads a file that is here whole by itself, and never other bytes than
// those of the version that was opened.
func TestPassthrough(t *testing.T) {
	w := newWorld(t, Options{})
	old, now := pattern(3<<20+17, 1), pattern(2<<20, 2)
	file := w.file(catalog.Root, "song", old)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	w.bytes.complete(t, w.node("song"))
	f, err := os.Open(song)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, old) {
		t.Fatalf("%d bytes, %v: not the file", len(got), err)
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, len(old), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	if !bytes.Equal(mapped, old) {
		t.Error("the mapping is not the file")
	}
	if got := w.fs.Passthrough(); w.bytes.readCount() != 0 || got.Open != 1 || got.Failed != 0 {
		t.Errorf("%d reads came here, %+v", w.bytes.readCount(), got)
	}

	w.change(w.replaceOp(file, now))
	shows(t, "the new version", func() bool {
		got, err := os.ReadFile(song)
		return err == nil && bytes.Equal(got, now)
	})
	w.bytes.complete(t, w.node("song"))
	if got, err := os.ReadFile(song); err != nil || !bytes.Equal(got, now) {
		t.Errorf("the new version, whole: %d bytes, %v", len(got), err)
	}
	again := make([]byte, len(old))
	if _, err := f.ReadAt(again, 0); err != nil || !bytes.Equal(again, old) || !bytes.Equal(mapped, old) {
		t.Errorf("the old handle or mapping changed: %v", err)
	}
}

// A handle that was opened before the file was whole stays as it is, and those opened
// beside it work; when all are closed, the kernel takes over.
func TestPassthroughAfterCached(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(1<<20, 1)
	w.file(catalog.Root, "song", content)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	read := func() {
		t.Helper()
		if got, err := os.ReadFile(song); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v: not the file", len(got), err)
		}
	}
	f, err := os.Open(song)
	if err != nil {
		t.Fatal(err)
	}
	read()
	w.bytes.complete(t, w.node("song"))
	read()
	if got := w.fs.Passthrough(); got.Opened != 0 {
		t.Errorf("mixed: %+v", got)
	}
	f.Close()
	eventually(t, "the kernel reads by itself", func() bool {
		read()
		return w.fs.Passthrough().Opened > 0
	})
}

// Without the right, everything works, and it is said why.
func TestPassthroughSwitchedOff(t *testing.T) {
	w := newWorld(t, Options{NoPassthrough: true})
	content := pattern(1<<20, 1)
	w.file(catalog.Root, "song", content)
	song := filepath.Join(w.mount(MountOptions{}), "song")
	w.bytes.complete(t, w.node("song"))
	if got, err := os.ReadFile(song); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got := w.fs.Passthrough(); got.Off == "" || got.Opened != 0 {
		t.Errorf("%+v", got)
	}
}

// A thousand opens and closes leave no descriptor behind, and no handle.
func TestPassthroughLeavesNothing(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100_000, 1))
	song := filepath.Join(w.mount(MountOptions{}), "song")
	w.bytes.complete(t, w.node("song"))
	before := descriptors(t)
	for range 1000 {
		f, err := os.Open(song)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(make([]byte, 100), 99_950); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		f.Close()
	}
	eventually(t, "all released", func() bool {
		opened, closed := w.bytes.balance()
		return w.fs.Passthrough().Open == 0 && opened == closed
	})
	if after := descriptors(t); after > before+2 {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
