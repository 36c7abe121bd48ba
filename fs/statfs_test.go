package fs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// slowSpace counts only when it is let.
type slowSpace struct {
	calls atomic.Int32
	let   chan error
}

func (s *slowSpace) Totals(context.Context) (catalog.Totals, error) {
	s.calls.Add(1)
	return catalog.Totals{Folders: 2, Files: 3, Bytes: 10_000}, <-s.let
}

func (w *world) statfs() fuse.StatfsOut {
	w.t.Helper()
	var out fuse.StatfsOut
	if s := w.fs.StatFs(nil, new(fuse.InHeader), &out); s != fuse.OK {
		w.t.Fatal(s)
	}
	return out
}

func TestStatFs(t *testing.T) {
	w := newWorld(t, Options{Free: 1 << 30})
	space := &slowSpace{let: make(chan error)}
	w.fs.usage.space = space
	out := w.statfs() // while the count hangs
	if out.NameLen != 255 || out.Bfree != 1<<18 || out.Bavail != 1<<18 || out.Blocks != 1<<18 {
		t.Errorf("uncounted: %+v", out)
	}
	w.statfs()
	space.let <- nil
	w.fs.usage.wait()
	out = w.statfs()
	if got, want := out.Blocks-out.Bfree, uint64(3); got != want {
		t.Errorf("used blocks: got %d, want %d", got, want)
	}
	if got, want := out.Files-out.Ffree, uint64(5); got != want {
		t.Errorf("used nodes: got %d, want %d", got, want)
	}
	if got := space.calls.Load(); got != 1 {
		t.Errorf("counted %d times for one state of the tree", got)
	}
	w.fs.Changed(nil)
	if out := w.statfs(); out.Blocks-out.Bfree != 3 {
		t.Error("a recount forgets the last count")
	}
	space.let <- errors.New("disk")
	w.fs.usage.wait()
	if out := w.statfs(); out.Blocks-out.Bfree != 3 {
		t.Error("a failed count forgets the last one")
	}
	space.let <- nil
	w.fs.usage.wait()
	if got := space.calls.Load(); got != 3 {
		t.Errorf("counted %d times, want 3: a failed count is tried again", got)
	}
}

func TestStatFsUnsynced(t *testing.T) {
	w := emptyWorld(t, Options{})
	space := &slowSpace{}
	w.fs.usage.space = space
	if out := w.statfs(); out.NameLen != 255 || out.Bfree == 0 {
		t.Errorf("got %+v", out)
	}
	if space.calls.Load() != 0 {
		t.Error("counted a tree that is not whole")
	}
}
