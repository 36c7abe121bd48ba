package catalog

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOlderSchema: an index of another schema gives way to one read from the store,
// with all that it had, and is kept beside it.
func TestOlderSchema(t *testing.T) {
	store, _ := begin(t)
	path := filepath.Join(t.TempDir(), "index.db")
	f := NewFollower(NewLog(store, true), openTestIndex(t, path), discard(), nil)
	if err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	push(t, f, base()...)
	push(t, f, Op{Verb: Move, ID: tid(2), Parent: tid(5), Name: "x"})
	want := dump(t, f.Index())
	for _, q := range []string{"DROP TABLE search", "DROP TABLE search_row", "DROP TABLE search_stale", "PRAGMA user_version = 1"} {
		if _, err := f.Index().write.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Index().Close(); err != nil {
		t.Fatal(err)
	}

	f = NewFollower(NewLog(store, true), openTestIndex(t, path), discard(), nil)
	if f.Index().Applied() != 0 || f.Index().Synced() {
		t.Errorf("the older index is used: applied %d", f.Index().Applied())
	}
	if err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, dump(t, f.Index())); diff != "" || f.Index().Applied() != 2 {
		t.Errorf("applied %d, tree:\n%s", f.Index().Applied(), diff)
	}
	if got := search(t, f.Index(), "c x"); len(got) != 1 || got[0] != "C/x" {
		t.Errorf("search finds %v", got)
	}
	if aside, err := filepath.Glob(path + ".aside-*"); err != nil || len(aside) == 0 {
		t.Errorf("nothing was set aside: %v", err)
	}
}
