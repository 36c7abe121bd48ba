package scale_test

import (
	"flag"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/integration/scale"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
)

// A person gives a million and looks at the times.
var (
	tracks = flag.Int("tracks", 5000, "how many tracks the collection has")
	keep   = flag.String("keep", "", "an empty folder for the store and the index, which stay there")
)

const (
	crowd   = 300
	commits = 20
)

// TestWrite: what is written can be read, and is all there; and what a checkpoint costs
// after one change.
func TestWrite(t *testing.T) {
	where := *keep
	if where == "" {
		where = t.TempDir()
	}
	s, err := dir.Create(filepath.Join(where, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := scale.NewCollection(*tracks, crowd)
	watch := stopwatch{t, time.Now()}
	if err := scale.Write(t.Context(), s, t.TempDir(), c, commits); err != nil {
		t.Fatal(err)
	}
	watch.lap("written")
	x, err := catalog.OpenIndex(t.Context(), filepath.Join(where, "index.db"), slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	f := catalog.NewFollower(catalog.NewLog(s, true), x, slog.Default(), nil)
	if err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	watch.lap("read")
	totals, err := x.Totals(t.Context())
	if err != nil || totals.Files != int64(*tracks+crowd) || totals.Files != int64(c.Tracks()) || totals.Folders != int64(c.Folders()) || totals.Invalid != 0 {
		t.Errorf("the index holds %+v, %v", totals, err)
	}
	if x.Applied() != 1+commits {
		t.Errorf("the index ends with commit %d", x.Applied())
	}
	watch.lap("counted")
	if _, err := x.Checkpoint(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	before := segments(t, s)
	watch.lap("a checkpoint")
	change(t, f)
	watch.lap("a commit")
	if _, err := x.Checkpoint(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	watch.lap("a checkpoint after one change")
	if more := segments(t, s) - before; more > 1 {
		t.Errorf("a checkpoint after one change wrote %d segments, %d were there", more, before)
	}
}

type stopwatch struct {
	t    *testing.T
	last time.Time
}

func (w *stopwatch) lap(what string) {
	w.t.Logf("%-30s %v", what, time.Since(w.last))
	w.last = time.Now()
}

// change commits another time of one file.
func change(t *testing.T, f *catalog.Follower) {
	t.Helper()
	x, ctx := f.Index(), t.Context()
	at := catalog.Root
	var a catalog.Attr
	for a.Kind != catalog.File {
		list, err := x.Children(ctx, at, "", 1)
		if err != nil || len(list) == 0 {
			t.Fatal(list, err)
		}
		a = list[0]
		at = a.ID
	}
	_, epoch, err := x.Bound(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mtime := time.Now().UnixNano()
	c := catalog.Commit{Header: catalog.Header{N: x.Applied() + 1, ID: catalog.NewCommitID(), Epoch: epoch},
		Ops: []catalog.Op{{Verb: catalog.Set, At: mtime, ID: a.ID, MTime: &mtime}}}
	body, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Log().Append(ctx, c.N, body); err != nil {
		t.Fatal(err)
	}
	if err := f.Poll(ctx); err != nil {
		t.Fatal(err)
	}
}

// segments counts the segments of all checkpoints.
func segments(t *testing.T, s remote.Lister) (n int) {
	t.Helper()
	for after := ""; ; {
		page, err := s.List(t.Context(), ".lockerfs/checkpoint/segment/", after, 0)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Objects)
		if after = page.Next; after == "" {
			return n
		}
	}
}
