package fs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// diary writes down what it is told.
type diary struct {
	mu      sync.Mutex // guards the fields below
	entries []string
	threads []uint32
	asked   int64
	waiting int
}

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
}

func (d *diary) Opened(handle uint64, thread uint32, v *catalog.Version) {
	d.write("%d opened %d", handle, v.Size)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.threads = append(d.threads, thread)
}

func (d *diary) Asked(_ uint64, off, n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = max(d.asked, off+n)
	d.waiting++
}

func (d *diary) Answered(uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
}

func (d *diary) Closed(handle uint64) { d.write("%d closed", handle) }
func (d *diary) Ended(handle uint64)  { d.write("%d ended", handle) }

func (d *diary) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.entries, ", ")
}

// TestWatcher: it hears of every handle, in order, by which thread, and what was read.
func TestWatcher(t *testing.T) {
	d := &diary{}
	w := newWorld(t, Options{Watcher: d})
	w.file(catalog.Root, "a", make([]byte, 300_000))
	dir := w.mount(MountOptions{})
	for range 2 {
		if b, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || len(b) != 300_000 {
			t.Fatal(len(b), err)
		}
	}
	const want = "1 opened 300000, 1 closed, 1 ended, 2 opened 300000, 2 closed, 2 ended"
	eventually(t, "the ends", func() bool { return d.read() == want })
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
