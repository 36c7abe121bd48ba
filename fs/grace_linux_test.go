package fs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// TestCopiesOfADescriptor: while copies are closed, a reader gets every byte. (A mapping
// must not be touched by the process that answers for it; integration does that.)
func TestCopiesOfADescriptor(t *testing.T) {
	w := newWorld(t, Options{Log: quiet(), Watcher: &diary{}})
	w.fs.contents = &packedContents{memory: w.bytes, head: 64 << 10}
	const files = 60
	content := make([][]byte, files)
	for i := range files {
		content[i] = pattern(400_000, i+1)
		w.file(catalog.Root, fmt.Sprint(i), content[i])
	}
	dir := w.mount(MountOptions{})
	for i := range files {
		f, err := os.Open(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		var readers sync.WaitGroup
		for range 3 {
			copied, err := unix.Dup(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			readers.Go(func() {
				_, _ = unix.Pread(copied, make([]byte, 100_000), 50_000)
				unix.Close(copied)
			})
		}
		readers.Go(func() {
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, content[i]) {
				t.Errorf("file %d: %d bytes, %v", i, len(got), err)
			}
		})
		readers.Wait()
		f.Close()
	}
}
