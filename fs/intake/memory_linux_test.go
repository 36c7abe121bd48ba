package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// weighing is a committer that forgets what it commits, and weighs what is held meanwhile.
type weighing struct {
	intake.Committer
	live []uint64 // bytes on the heap at each commit, after garbage was collected
}

func (w *weighing) Commit(context.Context, []catalog.Op) (pending.Committed, error) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.live = append(w.live, m.HeapAlloc)
	return pending.Committed{}, nil
}

// discarding is a store that takes all and keeps nothing.
type discarding struct{ intake.Store }

func (discarding) Put(_ context.Context, key string, body *io.SectionReader, _ remote.PutOptions) (remote.Object, error) {
	return remote.Object{Key: key, Size: body.Size(), ETag: key}, nil
}

// crowded is the disks of this machine, where the first reads wait for one another: from then
// on there are as many buffers as there will ever be, and not one more when as many files
// happen to be read at once for the first time near the end.
type crowded struct {
	intake.OSDisk
	missing *atomic.Int32 // readers
	all     chan struct{} // closed when none is missing
}

func (c crowded) Open(path string) (intake.OpenFile, error) {
	f, err := c.OSDisk.Open(path)
	return inCrowd{f, c}, err
}

type inCrowd struct {
	intake.OpenFile
	crowd crowded
}

func (f inCrowd) ReadAt(p []byte, off int64) (int, error) {
	if f.crowd.missing.Add(-1) == 0 {
		close(f.crowd.all)
	}
	select {
	case <-f.crowd.all:
		return f.OpenFile.ReadAt(p, off)
	case <-time.After(time.Minute):
		return 0, errors.New("fewer read at once than may")
	}
}

// TestMemoryIsFlat: what an import holds does not grow with the number of files. From one
// third of the files to the next it may grow by half a path for each. The paths are as long
// as Linux has them, so that this is more than what comes and goes: buffers above all, of
// which there are as many as were ever in use at once.
func TestMemoryIsFlat(t *testing.T) {
	files, batch := 5000, 100
	if testing.Short() {
		files, batch = 2000, 40
	}
	d, dir := newDevice(t, remotetest.NewMemory()), t.TempDir()
	for range 13 {
		dir = filepath.Join(dir, strings.Repeat("deep", 60))
	}
	path := ""
	for i := range files {
		artist, album, title := fmt.Sprint("Artist ", i/50), fmt.Sprint("Album ", i/10), fmt.Sprint("Song ", i)
		path = filepath.Join(dir, artist, album, title+".wav")
		waveOf(t, path, []byte(title), artist, album, title, fmt.Sprint(i%10+1))
	}
	scales := &weighing{Committer: d.importer.Commit}
	d.importer.Commit, d.importer.Store = scales, discarding{}
	d.importer.SetBatch(batch)
	readers := new(atomic.Int32)
	readers.Store(int32(intake.Readers()))
	d.importer.SetDisk(crowded{missing: readers, all: make(chan struct{})})
	if r := d.run(t, intake.Options{}, dir); r.Imported != int64(files) {
		t.Fatalf("%d of %d files imported", r.Imported, files)
	}
	third := len(scales.live) / 3
	if third < 10 {
		t.Fatalf("weighed %d times only", len(scales.live))
	}
	before, after := median(scales.live[third:2*third]), median(scales.live[2*third:])
	t.Logf("%d KB held, and later %d KB", before>>10, after>>10)
	if most := uint64(len(path) * files / 3 / 2); after > before+most {
		t.Errorf("%d KB are held in the second third, %d KB in the last; %d KB more is too much", before>>10, after>>10, most>>10)
	}
}

// median is what stands in the middle: what is on its way comes and goes.
func median(some []uint64) uint64 { return slices.Sorted(slices.Values(some))[len(some)/2] }
