package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIndexAnswers(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	ctx := t.Context()
	if a, err := x.Child(ctx, Root, "A"); err != nil || a.ID != tid(1) || a.Node != tid(1) || a.Kind != Dir {
		t.Errorf("Child: %+v, %v", a, err)
	}
	if _, err := x.Child(ctx, Root, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Child of no name: %v", err)
	}
	if a, err := x.Node(ctx, tid(2)+1000); err != nil || a.ID != tid(2) || a.Size != 1 {
		t.Errorf("Node of a version: %+v, %v", a, err)
	}
	if _, err := x.Node(ctx, tid(2)); !errors.Is(err, ErrNotFound) {
		t.Errorf("a file's entry id answers as a node: %v", err)
	}
	e, err := x.Resolve(ctx, "/A//x")
	if err != nil || e.Version.Tags.Title != "x" {
		t.Errorf("Resolve: %+v, %v", e, err)
	}
	if p, err := x.Path(ctx, e.ID); err != nil || p != "A/x" {
		t.Errorf("Path: %q, %v", p, err)
	}
	if v, ok, err := x.Match(ctx, e.Version.SHA256, 1); err != nil || !ok || v.ID != e.Version.ID {
		t.Errorf("Match: %+v, %v, %v", v, ok, err)
	}
	if _, ok, err := x.Match(ctx, e.Version.SHA256, 2); err != nil || ok {
		t.Errorf("Match of another size: %v, %v", ok, err)
	}
	if got, err := x.Totals(ctx); err != nil || got.Folders != 3 || got.Files != 2 || got.Bytes != 2 || got.Broken != nil {
		t.Errorf("Totals: %+v, %v", got, err)
	}
}

func TestNamesAreLookedUpComposed(t *testing.T) {
	x := newIndex(t)
	good(t, x, dirOp(tid(1), Root, "Bj\u00f6rk"))
	if a, err := x.Child(t.Context(), Root, "Bjo\u0308rk"); err != nil || a.ID != tid(1) {
		t.Errorf("decomposed name: %+v, %v", a, err)
	}
	if _, err := x.Child(t.Context(), Root, "bj\u00f6rk"); !errors.Is(err, ErrNotFound) {
		t.Errorf("case was folded: %v", err)
	}
}

// TestOldNodesAnswer: a handle on a version outlives the version's replacement and
// the file's removal.
func TestOldNodesAnswer(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	old := tid(2) + 1000
	good(t, x, Op{Verb: Replace, At: 1, ID: tid(2), MTime: ptr(int64(7)), Version: version(tid(9), "newer")})
	good(t, x, Op{Verb: Remove, At: 2, ID: tid(3)})
	for node, want := range map[ID]string{old: "x", tid(9): "newer", tid(3) + 1000: "y"} {
		v, err := x.Version(t.Context(), node)
		if err != nil || v.Tags.Title != want {
			t.Errorf("Version(%s): %+v, %v; want %s", node, v, err, want)
		}
		if a, err := x.Node(t.Context(), node); err != nil || a.Node != node || a.Size != int64(len(want)) {
			t.Errorf("Node(%s): %+v, %v", node, a, err)
		}
	}
}

func TestChangesNameWhatTheKernelKnows(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	done := good(t, x, Op{Verb: Replace, At: 1, ID: tid(2), MTime: ptr(int64(7)), Version: version(tid(9), "n")},
		Op{Verb: Move, At: 2, ID: tid(3), Parent: tid(5), Name: "z"}, Op{Verb: Remove, At: 3, ID: tid(4)})
	want := []Change{{tid(1), "x", tid(2) + 1000}, {tid(1), "y", tid(3) + 1000}, {tid(5), "z", 0}, {tid(1), "B", tid(4)}}
	if diff := cmp.Diff(want, done.Changes); diff != "" {
		t.Error(diff)
	}
}

func TestIndexSurvivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	x := openTestIndex(t, path)
	good(t, bound(t, x), base()...)
	if err := x.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := dump(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = openTestIndex(t, path)
	if diff := cmp.Diff(want, dump(t, x)); diff != "" || x.Applied() != 1 || !x.Synced() {
		t.Errorf("applied %d, synced %v, tree:\n%s", x.Applied(), x.Synced(), diff)
	}
}

func TestDamagedIndexIsSetAside(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"not a database": func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("garbage ", 2000)), 0o600) },
		"torn": func(p string) error {
			os.Remove(p + "-wal")
			f, err := os.OpenFile(p, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt(make([]byte, 3000), 60)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "index.db")
			x := openTestIndex(t, path)
			good(t, bound(t, x), base()...)
			x.Close()
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			x = openTestIndex(t, path)
			if x.Applied() != 0 || x.Synced() || len(dump(t, x)) != 0 {
				t.Errorf("a damaged index answers: applied %d, %v", x.Applied(), dump(t, x))
			}
			aside, err := filepath.Glob(path + ".aside-*")
			if err != nil || len(aside) == 0 {
				t.Errorf("nothing was set aside: %v", err)
			}
		})
	}
}

func TestApplyWantsTheNextCommit(t *testing.T) {
	x := newIndex(t)
	c := Commit{Header: Header{N: 2, ID: "x", Epoch: testEpoch}}
	body, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Apply(t.Context(), 2, body); !errors.Is(err, ErrCorrupt) || x.Applied() != 0 {
		t.Errorf("commit 2 after 0: %v", err)
	}
}

func TestNewerCommitStops(t *testing.T) {
	x := newIndex(t)
	body, err := pack([]byte(`{"lockerfs":9,"n":1,"id":"a","epoch":"epoch"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Apply(t.Context(), 1, body); !errors.Is(err, ErrNewer) || x.Applied() != 0 {
		t.Errorf("got %v, applied %d", err, x.Applied())
	}
}
