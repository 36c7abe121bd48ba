package fs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// TestWatcher: it hears of every handle, in order, by which thread, and what was read.
func TestWatcher(t *testing.T) {
	d := &diary{}
	w := newWorld(t, Options{Watcher: d})
	w.file(catalog.Root, "a", make([]byte, 300_000))
	dir := w.mount(MountOptions{})
	want := ""
	for i := range 2 {
		if b, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || len(b) != 300_000 {
			t.Fatal(len(b), err)
		}
		if want != "" {
			want += ", "
		}
		want += fmt.Sprintf("%d opened 300000, %[1]d closed, %[1]d ended", i+1)
		eventually(t, want, func() bool { return d.read() == want }) // the kernel tells of the end later
	}
	if d.asked != 300_000 || d.waiting != 0 {
		t.Errorf("read up to %d, %d without an answer", d.asked, d.waiting)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range d.threads {
		if !slices.ContainsFunc(tasks, func(e os.DirEntry) bool { return e.Name() == fmt.Sprint(thread) }) {
			t.Errorf("thread %d is none of this process %d", thread, unix.Getpid())
		}
	}
}
