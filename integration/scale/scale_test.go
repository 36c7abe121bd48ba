package scale_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/integration/scale"
	"github.com/lockerfs/lockerfs/remote/dir"
)

var tracks = flag.Int("tracks", 2000, "how many tracks the collection has")
var keep = flag.String("keep", "", "a folder for the store that stays")

// TestWrite: what is written can be read, and is all there.
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
	c := scale.NewCollection(*tracks, 300)
	start := time.Now()
	if err := scale.Write(t.Context(), s, t.TempDir(), c, 20); err != nil {
		t.Fatal(err)
	}
	t.Logf("written in %v", time.Since(start))
	x, err := catalog.OpenIndex(t.Context(), filepath.Join(where, "index.db"), slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	start = time.Now()
	if err := catalog.NewFollower(catalog.NewLog(s, true), x, slog.New(slog.NewTextHandler(os.Stderr, nil)), nil).Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("read in %v", time.Since(start))
	totals, err := x.Totals(context.Background())
	if err != nil || totals.Files != int64(*tracks+300) || totals.Files != int64(c.Tracks()) || totals.Folders != int64(c.Folders()) || totals.Invalid != 0 {
		t.Errorf("the index holds %+v, %v", totals, err)
	}
	if x.Applied() != 21 {
		t.Errorf("the index ends with commit %d", x.Applied())
	}
}
