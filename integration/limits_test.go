package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// TestManyStreams: 64 programs read at once through a cache that holds a quarter of it. All
// bytes are right, the daemon stays small, the cache within its limit at every look, and
// nothing is left open afterwards, nor after a thousand files were opened and closed.
func TestManyStreams(t *testing.T) {
	const streams, cacheLimit, memory = 64, 16 << 20, 256 << 20
	source := t.TempDir()
	want := map[string]string{}
	for i := range streams {
		name := fmt.Sprintf("%02d.wav", i)
		content := sha256.Sum256(randomWAV(t, filepath.Join(source, name), byte(i)))
		want[name] = hex.EncodeToString(content[:])
	}
	d := newLocker(t, folder(t))
	d.run("import", "--layout", "keep", source)
	d.mount("--cache-size", strconv.Itoa(cacheLimit))
	dir := filepath.Join(d.mnt, filepath.Base(source))
	settled := d.descriptors()

	looked, stop := make(chan error, 1), make(chan struct{})
	go func() { looked <- within(d.dir+"/cache/objects", cacheLimit, stop) }()
	var g errgroup.Group
	for name, hash := range want {
		g.Go(func() error {
			if got := sum(t, filepath.Join(dir, name)); got != hash {
				return fmt.Errorf("%s is %s, want %s", name, got, hash)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	close(stop)
	if err := <-looked; err != nil {
		t.Error(err)
	}
	for i := range 1000 {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("%02d.wav", i%streams)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(make([]byte, 4096), int64(i)*512); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if peak := d.peak(); peak > memory {
		t.Errorf("the daemon took %d MiB", peak>>20)
	}
	// The cache keeps up to 256 data files open, which is no leak.
	eventually(t, 20*time.Second, "the descriptors to be closed", func() bool { return d.descriptors() <= settled+streams+8 })
	d.unmount()
}

// within looks again and again, until stop, whether files below a folder take no more than
// limit bytes on the disk.
func within(dir string, limit int64, stop <-chan struct{}) error {
	for {
		taken, err := diskUse(dir)
		if err != nil || taken > limit {
			return fmt.Errorf("the cache takes %d bytes of %d: %v", taken, limit, err)
		}
		select {
		case <-stop:
			return nil
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// diskUse is what the files below a folder take on the disk, in bytes.
func diskUse(dir string) (taken int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // it was removed meanwhile
		}
		if info, err := e.Info(); err == nil {
			taken += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	return taken, err
}

// descriptors counts what the daemon has open.
func (d *device) descriptors() int {
	d.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.daemon.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	return len(open)
}

// peak is the most memory that the daemon has taken, in bytes.
func (d *device) peak() int64 { return d.memory("VmHWM:") }

// memory is a figure of the daemon's memory, by its name in proc(5), in bytes.
func (d *device) memory(name string) int64 {
	d.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.daemon.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				d.t.Fatal(err)
			}
			return n << 10
		}
	}
	d.t.Fatal("no ", name)
	return 0
}
