package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
)

// refile works out a refiling, does it as one commit, and gives it.
func refile(t testing.TB, x *Index, places ...Place) Refiling {
	t.Helper()
	r, err := x.Refile(t.Context(), places, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ops) > 0 {
		good(t, x, r.Ops...)
	}
	return r
}

func TestRefile(t *testing.T) {
	for _, c := range []struct {
		name   string
		places []Place
		want   string
		ops    int
	}{
		{"as it is", []Place{{tid(2), "A/x"}, {tid(1), "/A/"}}, "A/ A/B/ A/x=x A/y=y C/", 0},
		{"into folders that are made", []Place{{tid(2), "D/E/x"}}, "A/ A/B/ A/y=y C/ D/ D/E/ D/E/x=x", 3},
		{"a folder is emptied", []Place{{tid(2), "C/x"}, {tid(3), "C/y"}, {tid(4), "C/B"}}, "C/ C/B/ C/x=x C/y=y", 4},
		{"a whole folder", []Place{{tid(1), "C/A"}}, "C/ C/A/ C/A/B/ C/A/x=x C/A/y=y", 1},
		{"a swap", []Place{{tid(2), "A/y"}, {tid(3), "A/x"}}, "A/ A/B/ A/x=y A/y=x C/", 3},
		{"a chain", []Place{{tid(2), "A/y"}, {tid(3), "A/z"}}, "A/ A/B/ A/y=x A/z=y C/", 2},
		{"a chain that ends at one that stays", []Place{{tid(2), "A/y"}, {tid(3), "A/B"}}, "A/ A/B (2)=y A/B/ A/y=x C/", 2},
		{"both want one name", []Place{{tid(2), "z"}, {tid(3), "z"}}, "A/ A/B/ C/ z (2)=y z=x", 2},
		{"a taken name", []Place{{tid(2), "A/y"}}, "A/ A/B/ A/y (2)=x A/y=y C/", 1},
		{"folders swap", []Place{{tid(1), "C"}, {tid(5), "A"}}, "A/ C/ C/B/ C/x=x C/y=y", 3},
		{"a folder and one in it swap", []Place{{tid(1), "Z/B"}, {tid(4), "A"}}, "A/ C/ Z/ Z/B/ Z/B/x=x Z/B/y=y", 3},
		{"a decomposed path", []Place{{tid(2), "e\u0301"}}, "A/ A/B/ A/y=y C/ é=x", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newIndex(t)
			good(t, x, base()...)
			r := refile(t, x, c.places...)
			if got := flat(dump(t, x)); got != c.want || len(r.Ops) != c.ops || len(r.Conflicts) > 0 {
				t.Errorf("got %s with %d operations, conflicts %v\nwant %s with %d", got, len(r.Ops), r.Conflicts, c.want, c.ops)
			}
			if again := refile(t, x, c.places...); len(again.Ops) > 0 {
				t.Errorf("done again: %+v", again.Ops)
			}
		})
	}
}

func TestRefileSaysWhatItDoes(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	good(t, x, Op{Verb: Remove, ID: tid(4)}, dirOp(tid(6), tid(1), "D"), fileOp(tid(7), tid(6), "deep", "deep"))
	r := refile(t, x, Place{tid(2), "C/y"}, Place{tid(3), "C/y"}, Place{tid(7), "C/z"})
	if diff := cmp.Diff([]Refiled{{tid(2), "A/x", "C/y"}, {tid(3), "A/y", "C/y (2)"}, {tid(7), "A/D/deep", "C/z"}}, r.Moves); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"A/D", "A"}, r.Removed); diff != "" {
		t.Error(diff)
	}
}

func TestRefileRefuses(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	good(t, x, fileOp(tid(8), Root, "z", "z"))
	for _, p := range []Place{{tid(77), "q"}, {Root, "q"}, {tid(2), "A/../q"}, {tid(2), ""}, {tid(2), ".lockerfs"}, {tid(1), "A/B/A"},
		{tid(3), "A/x/y"}, {tid(3), "A/y/y"}, {tid(5), "a\x00b"}, {tid(5), strings.Repeat("d/", maxDepth+1) + "C"}, {tid(2), "C/\xff"}, {tid(2), ".lockerfs/x"}} {
		r := refile(t, x, p, Place{tid(8), "z"}, Place{tid(8), "zz"})
		if len(r.Conflicts) != 2 || len(r.Moves) > 0 {
			t.Errorf("%v: conflicts %+v, moves %v", p, r.Conflicts, r.Moves)
		}
		for _, c := range r.Conflicts {
			if !c.Dropped || c.What == "" || strings.Contains(c.What, "commit") {
				t.Errorf("%v: %+v", p, c)
			}
		}
		if got := flat(dump(t, x)); got != "A/ A/B/ A/x=x A/y=y C/ z=z" {
			t.Fatalf("%v: got %s", p, got)
		}
	}
}

// TestRefileProperties: whatever is asked for, the operations are one valid commit that
// loses nothing, puts every entry at its place or at a number of it, says so, and has
// nothing left to do when asked again, unless something was refused or has gone.
func TestRefileProperties(t *testing.T) {
	x := newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		bound(rt, x)
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "a (2)"})
		folders := []ID{Root}
		var all []ID
		for i := range rapid.IntRange(1, 12).Draw(rt, "entries") {
			id, parent, n := tid(i), rapid.SampledFrom(folders).Draw(rt, "parent"), name.Draw(rt, "name")
			op := fileOp(id, parent, n, fmt.Sprint("c", i))
			if rapid.IntRange(0, 2).Draw(rt, "folder") == 0 {
				op = dirOp(id, parent, n)
			}
			if done := commit(t, x, op); done.Invalid != nil {
				continue
			}
			if all = append(all, id); op.Entry.Kind == Dir {
				folders = append(folders, id)
			}
		}
		var places []Place
		for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom(append([]ID{tid(99)}, all...)), func(id ID) ID { return id }).Draw(rt, "ids") {
			parts := rapid.SliceOfN(name, 1, 3).Draw(rt, "path")
			places = append(places, Place{id, strings.Join(parts, "/")})
		}
		before := dump(t, x)
		r := refile(t, x, places...)
		after := dump(t, x)
		if diff := cmp.Diff(contents(before), contents(after)); diff != "" {
			rt.Fatalf("contents: %s", diff)
		}
		checkRefiled(rt, x, places, r)
		for _, p := range r.Removed {
			if _, there := before[p+"/"]; !there {
				rt.Fatalf("removed %q, which was not there: %v", p, before)
			}
		}
	})
}

// contents lists what the files of a dumped tree hold.
func contents(tree map[string]string) []string {
	var list []string
	for _, content := range tree {
		if content != "" {
			list = append(list, content)
		}
	}
	slices.Sort(list)
	return list
}

// checkRefiled checks where entries stand against what was asked for and said. Where
// folders move as well as what is in them, paths say little.
func checkRefiled(rt *rapid.T, x *Index, places []Place, r Refiling) {
	for _, p := range places {
		if e, err := x.Entry(rt.Context(), p.ID); err == nil && e.Kind == Dir {
			return
		}
	}
	refused := map[string]bool{}
	for _, c := range r.Conflicts {
		refused[c.ID.String()+c.Name] = true
	}
	said := map[ID]string{}
	for _, m := range r.Moves {
		said[m.ID] = m.To
	}
	for _, p := range places {
		if refused[p.ID.String()+p.Path] {
			continue
		}
		got, err := x.Path(rt.Context(), p.ID)
		if err != nil {
			rt.Fatal(err)
		}
		if to, moved := said[p.ID]; moved && to != got {
			rt.Fatalf("said %q, stands at %q", to, got)
		}
		if !numbered(p.Path, got) {
			rt.Fatalf("asked for %q, stands at %q", p.Path, got)
		}
	}
	again, err := x.Refile(rt.Context(), places, 2000)
	if err != nil || len(r.Conflicts)+len(r.Removed) == 0 && len(again.Ops) > 0 {
		rt.Fatalf("again: %+v, %v", again.Ops, err)
	}
}

// numbered tells whether got is the path, or the path with a number.
func numbered(path, got string) bool {
	if path == got {
		return true
	}
	for n := 2; n < 20; n++ {
		if library.Numbered(path, n) == got {
			return true
		}
	}
	return false
}

// TestRefileAfterOthers: what another device does between planning and committing costs
// names, never files.
func TestRefileAfterOthers(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	r, err := x.Refile(t.Context(), []Place{{tid(2), "A/y"}, {tid(3), "A/x"}}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	good(t, x, Op{Verb: Move, ID: tid(2), Parent: tid(5), Name: "x"}, fileOp(tid(8), tid(1), "x", "new"))
	ops, conflicts, err := x.Rebase(t.Context(), r.Ops)
	if err != nil || len(conflicts) == 0 {
		t.Fatalf("%v, %v", conflicts, err)
	}
	good(t, x, ops...)
	if got := flat(dump(t, x)); got != "A/ A/B/ A/x (4)=y A/x=new A/y=x C/" {
		t.Errorf("got %s", got)
	}
}

func TestRefileOfMany(t *testing.T) {
	x := newIndex(t)
	const many = maxChain + 200
	ops := []Op{dirOp(tid(0), Root, "A")}
	for i := 1; i <= many; i++ {
		ops = append(ops, fileOp(tid(i), tid(0), fmt.Sprint(i), fmt.Sprint("c", i)))
	}
	good(t, x, ops...)
	var places []Place
	for i := 1; i <= many; i++ {
		places = append(places, Place{tid(i), fmt.Sprintf("A/%d", i%many+1)}) // all in one circle
	}
	r := refile(t, x, places...)
	if len(r.Conflicts) > 0 || len(r.Moves) != many || len(r.Ops) > many+many/maxChain+1 {
		t.Errorf("%d moves, %d operations, conflicts %v", len(r.Moves), len(r.Ops), r.Conflicts)
	}
	for i := 1; i <= many; i++ {
		if a, err := x.Child(t.Context(), tid(0), fmt.Sprint(i%many+1)); err != nil || a.ID != tid(i) {
			t.Fatalf("%d: %+v, %v", i, a, err)
		}
	}
}

func TestWalk(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	good(t, x, fileOp(tid(6), tid(4), "z", "z"), fileOp(tid(7), tid(1), "B.x", "bx"), dirOp(tid(8), Root, "AA"))
	walk := func(from ID) (got []string, err error) {
		err = x.Walk(t.Context(), from, func(path string, e Entry) error {
			if e.Kind == File {
				path += "=" + e.Version.Tags.Title
			}
			if got = append(got, path); e.Name == "stop" {
				return errUndo
			}
			return nil
		})
		return got, err
	}
	for from, want := range map[ID]string{Root: "A A/B A/B/z=z A/B.x=bx A/x=x A/y=y AA C", tid(1): "A/B A/B/z=z A/B.x=bx A/x=x A/y=y", tid(5): ""} {
		if got, err := walk(from); err != nil || strings.Join(got, " ") != want {
			t.Errorf("below %s: %v, %v; want %s", from, got, err, want)
		}
	}
	for _, none := range []ID{tid(2), tid(77)} {
		if _, err := walk(none); !errors.Is(err, ErrNotFound) {
			t.Errorf("below %s: %v", none, err)
		}
	}
	good(t, x, fileOp(tid(9), tid(1), "stop", "s"))
	if got, err := walk(tid(1)); !errors.Is(err, errUndo) || len(got) != 4 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestWalkSeesOneCommit: what is committed while it goes on does not show in it.
func TestWalkSeesOneCommit(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	var got []string
	err := x.Walk(t.Context(), Root, func(path string, e Entry) error {
		if got = append(got, path); len(got) == 1 {
			good(t, x, Op{Verb: Move, ID: tid(2), Parent: tid(5), Name: "x"}, Op{Verb: Remove, ID: tid(3)})
		}
		return nil
	})
	if err != nil || strings.Join(got, " ") != "A A/B A/x A/y C" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWalkIsBounded(t *testing.T) {
	x := newIndex(t)
	var ops []Op
	for i, parent := 0, Root; i < maxDepth+20; i, parent = i+1, tid(i) {
		ops = append(ops, dirOp(tid(i), parent, "d"))
	}
	good(t, x, ops...)
	n := 0
	err := x.Walk(t.Context(), Root, func(path string, e Entry) error {
		if n++; n < maxDepth-1 {
			return nil
		}
		got, err := x.Path(t.Context(), e.ID)
		if got != path {
			t.Errorf("the deepest has the path %.20s, and %.20s", path, got)
		}
		return err
	})
	if err != nil || n != maxDepth-1 {
		t.Errorf("%d levels, %v", n, err)
	}
}
