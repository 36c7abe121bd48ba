package pending_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// killed gives what the process of d would find after kill -9: the state folder as it is.
func (d *drive) killed() *drive {
	d.t.Helper()
	for {
		dir := d.t.TempDir()
		err := os.CopyFS(dir, os.DirFS(d.dir))
		if err == nil {
			return plug(d.t, dir, d.name, d.store)
		}
		// An uploader that runs removes what is not needed any more: that was no moment.
		if !errors.Is(err, fs.ErrNotExist) || d.t.Context().Err() != nil {
			d.t.Fatal(err)
		}
	}
}

// uploaded brings all bytes to the store, and commits nothing.
func (d *drive) uploaded() {
	d.t.Helper()
	away := errors.New("no commits today")
	u := pending.NewUploader(d.overlay, d.store, func(context.Context) (*pending.Committer, error) { return nil, away }, nil)
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	running, end := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		u.Run(running)
	}()
	if err := u.Sync(ctx, false); !errors.Is(err, away) {
		d.t.Errorf("sync: %v", err)
	}
	end()
	<-over
}

// edit opens a file for writing as the kernel does.
func (d *drive) edit(path string) *pending.File {
	d.t.Helper()
	for range 2 {
		f, err := d.overlay.Edit(d.t.Context(), d.at(path).Version.ID, false)
		if !errors.Is(err, pending.ErrMoved) {
			d.must(err)
			return f
		}
	}
	d.t.Fatalf("%s moves all the time", path)
	return nil
}

// TestKilledWhileWritingOverUploaded: bytes that were written over what is in the store
// already, and never synced, may be lost or not; but what this device shows is what it
// commits.
func TestKilledWhileWritingOverUploaded(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "first", store)
	d.write("x.flac", "one one one")
	d.uploaded()
	f := d.edit("x.flac")
	_, err := f.WriteAt([]byte("TWO"), 0)
	d.must(err)
	d = d.killed()
	before := d.tree()
	d.sync()
	if after := d.tree(); !slices.Equal(before, after) {
		t.Errorf("shown after the crash: %q, committed: %q", before, after)
	}
	e := d.at("x.flac")
	sum := sha256.Sum256([]byte(d.read(e.Attr())))
	if got := hex.EncodeToString(sum[:]); got != e.Version.SHA256.String() {
		t.Errorf("the version says %s, its bytes are %s", e.Version.SHA256, got)
	}
	if n := len(d.log()); n != 1 {
		t.Errorf("%d commits", n)
	}
}

// TestKilledBetweenTwoSyncs: a sync whose bytes another handle's has made safe already does
// not return before they are recorded.
func TestKilledBetweenTwoSyncs(t *testing.T) {
	d := plug(t, t.TempDir(), "first", newStore(t))
	d.write("x.flac", "old old old")
	one, two := d.edit("x.flac"), d.edit("x.flac")
	_, err := two.WriteAt([]byte("new new new and longer"), 0)
	d.must(err)
	d.must(one.SyncBytes())
	d.must(two.Sync(t.Context()))
	d.killed().shows("x.flac=new new new and longer")
}

// TestKilledAfterTruncate: a size that was set by the name is safe, also while a handle is
// open: the kernel tells late that one was closed.
func TestKilledAfterTruncate(t *testing.T) {
	d := plug(t, t.TempDir(), "first", newStore(t))
	d.write("x.flac", "old old old")
	d.edit("x.flac")
	size := int64(3)
	_, err := d.overlay.Set(t.Context(), d.at("x.flac").Version.ID, pending.Setting{Size: &size})
	d.must(err)
	d.killed().shows("x.flac=old")
}

// TestKilledAfterAnOvertakenSync: what was recorded last is not replaced by what a slower sync
// found before it.
func TestKilledAfterAnOvertakenSync(t *testing.T) {
	d := plug(t, t.TempDir(), "first", newStore(t))
	d.write("x.flac", "old old old")
	f := d.edit("x.flac")
	_, err := f.WriteAt([]byte("new"), 0)
	d.must(err)
	size := int64(5)
	d.must(f.Overtaken(func() {
		_, err := d.overlay.Set(t.Context(), d.at("x.flac").Version.ID, pending.Setting{Size: &size})
		d.must(err)
	}))
	d.killed().shows("x.flac=new o")
}

// TestKilledAfterUpload: what is in the store before a crash is not sent again after it.
func TestKilledAfterUpload(t *testing.T) {
	store := newStore(t)
	d := plug(t, t.TempDir(), "first", store)
	d.write("x.flac", "one one one")
	d.uploaded()
	d = d.killed()
	d.sync()
	d.shows("x.flac=one one one")
	page, err := store.List(t.Context(), "Music/", "", 100)
	if err != nil || len(page.Objects) != 1 {
		t.Errorf("%d objects, %v: %+v", len(page.Objects), err, page.Objects)
	}
}

// TestKilledWithACommitUnderWay: what programs do while a commit is on its way comes after
// it, whether or not that has arrived when the process is killed.
func TestKilledWithACommitUnderWay(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		t.Run(fmt.Sprintf("arrives=%t", arrives), func(t *testing.T) {
			store := newStore(t)
			faulty := remotetest.NewFaulty(store)
			d := plug(t, t.TempDir(), "first", faulty)
			d.mkdir("A")
			for _, name := range []string{"A/s", "A/u", "A/x", "A/y", "A/z"} {
				d.write(name, "old "+name)
			}
			d.sync()
			d.write("A/y", "one")
			d.remove("A/z")
			d.mkdir("G")
			d.mkdir("N")
			d.rename("A/x", "N/x")
			for _, name := range []string{"N/f", "h", "k", "s"} {
				d.write(name, "one "+name)
			}
			hold := faulty.Hold
			if arrives {
				hold = faulty.HoldAnswer
			}
			d.rename("s", "A/s")
			over := d.underWay(hold(remotetest.Put, ".lockerfs/log/"))
			d.rename("N/x", "A/x")
			d.write("N/f", "two")
			d.write("A/y", "two")
			d.mkdir("M")
			d.remove("G")
			d.remove("h")
			d.rename("k", "A/k")
			d.rename("A/u", "A/s")
			want := []string{"A/", "A/k=one k", "A/s=old A/u", "A/x=old A/x", "A/y=two", "M/", "N/", "N/f=two"}
			d.shows(slices.Clone(want)...)
			d.store = store
			next := d.killed()
			over()
			next.shows(slices.Clone(want)...)
			next.write("A/y", "three")
			next.rename("M", "L")
			want = []string{"A/", "A/k=one k", "A/s=old A/u", "A/x=old A/x", "A/y=three", "L/", "N/", "N/f=two"}
			next.shows(slices.Clone(want)...)
			next.sync()
			next.shows(slices.Clone(want)...)
			if w := next.uploader.Waiting(t.Context()); len(w.Quarantined)+len(w.Conflicts) > 0 {
				t.Errorf("after the crash: %+v", w)
			}
			plug(t, t.TempDir(), "other", store).shows(want...)
		})
	}
}

// underWay begins to bring changes to the store, until a commit comes to a gate. The
// function it gives ends that.
func (d *drive) underWay(gate *remotetest.Gate) (over func()) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.t.Context()), 20*time.Second)
	var work sync.WaitGroup
	work.Go(func() { d.uploader.Run(ctx) })
	work.Go(func() { d.uploader.Sync(ctx, true) })
	select {
	case <-gate.Reached():
	case <-ctx.Done():
		d.t.Fatal("no commit came")
	}
	return func() {
		cancel()
		work.Wait()
	}
}
