package staging

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
)

// 5,000 files dropped in at once take few descriptors, and all their bytes are there.
func TestManyDrafts(t *testing.T) {
	const many = 5000
	var most atomic.Int64
	dir := t.TempDir()
	s := openStore(t, dir, func(_ *Options, tn *tune) {
		tn.open, tn.batch = 32, 64
		tn.sync = func(*os.File) error { // the disk is not what is tried here
			if n := openFiles(t); n > most.Load() {
				most.Store(n)
			}
			return nil
		}
	})
	records := make([]Record, many)
	drafts := make([]*Draft, many)
	before := openFiles(t)
	var g errgroup.Group
	g.SetLimit(8)
	for i := range many {
		g.Go(func() (err error) {
			if drafts[i], err = s.Create(nil, 0); err != nil {
				return err
			}
			_, err = drafts[i].WriteAt(noise(300, uint64(i)), 0)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, d := range drafts {
		records[i] = mustSync(t, d)
		d.Settle(records[i])
	}
	if n := most.Load() - before; runtime.GOOS == "linux" && n > 60 {
		t.Errorf("%d descriptors for a limit of 32 and 8 writers", n)
	}
	s.Close()
	s = openStore(t, dir, nil)
	for i, r := range records {
		d := reopen(t, s, r, nil)
		if got := content(t, d); !bytes.Equal(got, noise(300, uint64(i))) {
			t.Fatalf("draft %d differs", i)
		}
		if err := d.Discard(); err != nil {
			t.Fatal(err)
		}
	}
	if names := mustNames(t, s); len(names) != 0 {
		t.Errorf("%d files are left", len(names))
	}
}

// openFiles is how many descriptors this process has; 0 where that is not known.
func openFiles(t *testing.T) int64 {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Error(err)
	}
	return int64(len(entries))
}

// However a file is written, its extents are bounded. Without a base that needs nothing but
// the disk.
func TestExtentsAreBounded(t *testing.T) {
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) { tn.maxSpans = 100 })
	d := create(t, s, nil)
	wanted := make([]byte, 50_000)
	for i := range 2000 {
		off := i * 7919 % 49_999
		write(t, d, []byte{1, 2}[:1+i%2], int64(off))
		copy(wanted[off:], []byte{1, 2}[:1+i%2])
		if len(d.spans) > 100 || len(d.backed) > 101 {
			t.Fatalf("%d extents, %d that have their place", len(d.spans), len(d.backed))
		}
	}
	want(t, d, wanted[:d.Size()])
	if n := len(mustSync(t, d).Extents); n > 100 {
		t.Errorf("a record of %d extents", n)
	}
}

// Over a base, gaps are filled from it; when it fails the write does, and nothing is lost.
func TestExtentsOverAFailingBase(t *testing.T) {
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) { tn.maxSpans = 16 })
	base := &memBase{content: noise(100_000, 1)}
	d := create(t, s, base)
	wanted := bytes.Clone(base.content)
	base.fails.Store(true)
	var failed error
	for i := 0; failed == nil && i < 100; i++ {
		off := i * 1000
		if _, failed = d.WriteAt([]byte{0}, int64(off)); failed == nil {
			wanted[off] = 0
		}
	}
	if !errors.Is(failed, errBase) || len(d.spans) != 16 {
		t.Fatalf("%v with %d extents", failed, len(d.spans))
	}
	write(t, d, []byte{0}, 1001) // touches an extent: no more of them
	wanted[1001] = 0
	base.fails.Store(false)
	want(t, d, wanted)
	for off := 500; off < 100_000; off += 1000 {
		write(t, d, []byte{0}, int64(off))
		wanted[off] = 0
		if len(d.spans) > 16 {
			t.Fatalf("%d extents", len(d.spans))
		}
	}
	want(t, d, wanted)
}
