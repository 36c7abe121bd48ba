package catalog

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const hour = int64(time.Hour)

func removeOp(id ID, at int64) Op { return Op{Verb: Remove, ID: id, At: at} }

func replaceOp(id, fresh ID, content string, at int64) Op {
	return Op{Verb: Replace, ID: id, At: at, MTime: ptr(at), Version: version(fresh, content)}
}

// told gives a history in short.
func told(t testing.TB, x *Index, path string) []string {
	t.Helper()
	list, more, err := x.History(t.Context(), path, 100)
	if err != nil || more {
		t.Fatal(more, err)
	}
	var lines []string
	for _, s := range list {
		line := fmt.Sprintf("%s %s @%d", s.Path, s.Fate, s.N)
		if s.Now != "" {
			line += " now " + s.Now
		}
		lines = append(lines, line)
	}
	return lines
}

// restored restores, commits that, and gives what came back.
func restored(t testing.TB, x *Index, path string, as int64) Restoration {
	t.Helper()
	r, err := x.Restore(t.Context(), path, as, 1000*hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Conflicts) > 0 {
		t.Fatalf("conflicts: %+v", r.Conflicts)
	}
	if len(r.Ops) > 0 {
		good(t, x, r.Ops...)
	}
	return r
}

// album makes Artist/Album with two files and a folder of scans: commit 1.
func album(t testing.TB) *Index {
	t.Helper()
	x := newIndex(t)
	good(t, x, dirOp(tid(1), Root, "Artist"), dirOp(tid(2), tid(1), "Album"), dirOp(tid(3), tid(2), "Scans"),
		fileOp(tid(4), tid(2), "1", "one"), fileOp(tid(5), tid(2), "2", "two"), fileOp(tid(6), tid(3), "front", "front"))
	return x
}

// without removes the album from the bottom, one commit each: commits 2 to 7.
func without(t testing.TB, x *Index, begin int64) {
	t.Helper()
	for i, n := range []int{4, 6, 3, 5, 2, 1} {
		good(t, x, removeOp(tid(n), begin+int64(i)))
	}
}

const wholeAlbum = "Artist/ Artist/Album/ Artist/Album/1=one Artist/Album/2=two Artist/Album/Scans/ Artist/Album/Scans/front=front"

func TestHistoryOfAFile(t *testing.T) {
	x := album(t)
	good(t, x, replaceOp(tid(4), tid(40), "uno", 300))
	good(t, x, Op{Verb: Move, ID: tid(4), Parent: tid(1), Name: "moved", At: 301})
	good(t, x, replaceOp(tid(4), tid(41), "eins", 302))
	if diff := cmp.Diff([]string{"Artist/moved present @0", "Artist/moved replaced @4", "Artist/moved replaced @2"}, told(t, x, "/Artist/moved/")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Artist/Album/1 replaced @2 now Artist/moved"}, told(t, x, "Artist/Album/1")); diff != "" {
		t.Error(diff)
	}
	good(t, x, removeOp(tid(4), 303))
	if diff := cmp.Diff([]string{"Artist/moved removed @5", "Artist/moved replaced @4"}, told(t, x, "Artist/moved")); diff != "" {
		t.Error(diff)
	}
	list, more, err := x.History(t.Context(), "Artist/moved", 1)
	if err != nil || !more || len(list) != 1 {
		t.Fatalf("got %d, more %v, %v", len(list), more, err)
	}
	want := Stood{Path: "Artist/moved", Kind: File, ID: tid(4), Version: tid(41), Size: 4, SHA256: version(1, "eins").SHA256, MTime: 302, Fate: Removed, N: 5, At: 303, Last: 4}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Error(diff)
	}
}

func TestHistoryOfAFolder(t *testing.T) {
	x := album(t)
	without(t, x, 300)
	want := []string{"Artist/Album removed @6", "Artist/Album/2 removed @5", "Artist/Album/Scans removed @4", "Artist/Album/Scans/front removed @3", "Artist/Album/1 removed @2"}
	if diff := cmp.Diff(want, told(t, x, "Artist/Album")); diff != "" {
		t.Error(diff)
	}
	list, _, err := x.History(t.Context(), "Artist/Album", 3)
	if err != nil || list[0].Last != 1 || list[1].Last != 4 || list[2].Last != 2 {
		t.Errorf("last stood: %+v, %v", list, err)
	}
	// Another folder of the name does not hide what was in the first.
	good(t, x, dirOp(tid(8), Root, "Artist"), dirOp(tid(9), tid(8), "Album"), fileOp(tid(10), tid(9), "1", "another"))
	if diff := cmp.Diff(append([]string{"Artist/Album present @0"}, want...), told(t, x, "Artist/Album")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Artist/Album/1 present @0", "Artist/Album/1 removed @2"}, told(t, x, "Artist/Album/1")); diff != "" {
		t.Error(diff)
	}
	if got := told(t, x, ""); len(got) != 7 || got[0] != " present @0" || got[1] != "Artist removed @7" {
		t.Errorf("of the root: %q", got)
	}
	for _, path := range []string{"Artist/Album/3", "Album", "Artist/Album/1/x", "..", strings.Repeat("a/", 1000)} {
		if _, _, err := x.History(t.Context(), path, 10); !errors.Is(err, ErrNotFound) {
			t.Errorf("%.20q: %v", path, err)
		}
	}
}

func TestRestoreAFile(t *testing.T) {
	x := album(t)
	good(t, x, replaceOp(tid(4), tid(40), "uno", 300))
	before, err := x.Version(t.Context(), tid(4)+1000)
	if err != nil {
		t.Fatal(err)
	}
	r := restored(t, x, "Artist/Album/1", 1)
	if diff := cmp.Diff([]Back{{Path: "Artist/Album/1", Kind: File, Size: 3, Replaces: true}}, r.Back); diff != "" {
		t.Error(diff)
	}
	e, err := x.Resolve(t.Context(), "Artist/Album/1")
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != tid(4) || e.MTime != 50 || e.Version.ID == before.ID {
		t.Errorf("got %+v", e)
	}
	e.Version.ID = before.ID
	if diff := cmp.Diff(before, e.Version); diff != "" {
		t.Error(diff)
	}
	for _, as := range []int64{1, 3} { // it is so already
		if r := restored(t, x, "Artist/Album/1", as); len(r.Ops) > 0 {
			t.Errorf("@%d: %+v", as, r.Ops)
		}
	}
	if restored(t, x, "Artist/Album/1", 2); !strings.Contains(flat(dump(t, x)), "Album/1=uno") {
		t.Error(flat(dump(t, x)))
	}
	good(t, x, removeOp(tid(4), 400))
	if restored(t, x, "Artist/Album/1", AtRemoval); !strings.Contains(flat(dump(t, x)), "Album/1=uno") {
		t.Error(flat(dump(t, x)))
	}
	for path, want := range map[string]error{"Artist/Album/1": ErrStands, "": ErrStands, "Artist": ErrStands, "Artist/Album/3": ErrNotFound, "x/y": ErrNotFound} {
		if _, err := x.Restore(t.Context(), path, AtRemoval, 1); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", path, err, want)
		}
	}
}

// What was moved away stays there; what it was before comes back as a file of its own.
func TestRestoreWhatWasMoved(t *testing.T) {
	x := album(t)
	good(t, x, replaceOp(tid(4), tid(40), "uno", 300))
	good(t, x, Op{Verb: Move, ID: tid(4), Parent: tid(1), Name: "moved", At: 301})
	if _, err := x.Restore(t.Context(), "Artist/Album/1", AtRemoval, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("it was not removed: %v", err)
	}
	restored(t, x, "Artist/Album/1", 1)
	if got := flat(dump(t, x)); got != wholeAlbum+" Artist/moved=uno" {
		t.Error(got)
	}
	restored(t, x, "Artist/moved", 1)
	if got := flat(dump(t, x)); got != wholeAlbum+" Artist/moved=one" {
		t.Error(got)
	}
}

func TestRestoreAFolder(t *testing.T) {
	for _, c := range []struct {
		name, path string
		as         int64
		then       func(t *testing.T, x *Index)
		want       string
		earlier    int
	}{
		{"as it was when it was removed", "Artist", AtRemoval, nil, wholeAlbum, 0},
		{"the folders above it too", "Artist/Album", AtRemoval, nil, wholeAlbum, 0},
		{"a file of it", "Artist/Album/Scans/front", AtRemoval, nil, "Artist/ Artist/Album/ Artist/Album/Scans/ Artist/Album/Scans/front=front", 0},
		{"as of a commit", "Artist", 1, nil, wholeAlbum, 0},
		{"as of a commit in between", "Artist/Album", 4, nil, "Artist/ Artist/Album/ Artist/Album/2=two", 0},
		{"into one that took its place", "Artist/Album", 1, func(t *testing.T, x *Index) {
			good(t, x, dirOp(tid(8), Root, "Artist"), dirOp(tid(9), tid(8), "Album"), fileOp(tid(10), tid(9), "1", "new"), fileOp(tid(11), tid(9), "2", "two"))
		}, "Artist/ Artist/Album/ Artist/Album/1 (2)=one Artist/Album/1=new Artist/Album/2=two Artist/Album/Scans/ Artist/Album/Scans/front=front", 0},
		{"beside a file that took its name", "Artist/Album/Scans", 1, func(t *testing.T, x *Index) {
			good(t, x, fileOp(tid(8), Root, "Artist", "else"))
		}, "Artist (2)/ Artist (2)/Album/ Artist (2)/Album/Scans/ Artist (2)/Album/Scans/front=front Artist=else", 0},
		{"of two with one name the last", "Artist/Album", AtRemoval, func(t *testing.T, x *Index) {
			good(t, x, dirOp(tid(8), Root, "Artist"), dirOp(tid(9), tid(8), "Album"), fileOp(tid(10), tid(9), "9", "new"))
			good(t, x, removeOp(tid(10), 400), removeOp(tid(9), 400))
		}, "Artist/ Artist/Album/ Artist/Album/9=new", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := album(t)
			without(t, x, 300)
			if c.then != nil {
				c.then(t, x)
			}
			r := restored(t, x, c.path, c.as)
			if got := flat(dump(t, x)); got != c.want || r.Earlier != c.earlier {
				t.Errorf("got %s, earlier %d\nwant %s, %d", got, r.Earlier, c.want, c.earlier)
			}
			if c.as != AtRemoval && !strings.Contains(c.want, "Artist (2)") {
				if again := restored(t, x, c.path, c.as); len(again.Ops) > 0 {
					t.Errorf("done again: %+v", again.Back)
				}
			}
		})
	}
}

// What was removed long before its folder stays away; of a slow removal all comes back.
func TestRestoreInOneGo(t *testing.T) {
	x := album(t)
	good(t, x, removeOp(tid(4), 0))
	at := 10 * hour
	for _, n := range []int{6, 3, 5, 2} {
		good(t, x, removeOp(tid(n), at))
		at += hour - 1
	}
	r := restored(t, x, "Artist/Album", AtRemoval)
	want := strings.Replace(wholeAlbum, "Artist/Album/1=one ", "", 1)
	if got := flat(dump(t, x)); got != want || r.Earlier != 1 {
		t.Errorf("got %s, earlier %d", got, r.Earlier)
	}
	if restored(t, x, "Artist/Album", 1); flat(dump(t, x)) != wholeAlbum {
		t.Error(flat(dump(t, x)))
	}
}

// A folder that stands gets back what was removed from it and the versions its files had.
func TestRestoreFillsUp(t *testing.T) {
	x := album(t)
	good(t, x, replaceOp(tid(5), tid(50), "zwei", 300), removeOp(tid(4), 301), removeOp(tid(6), 302))
	good(t, x, fileOp(tid(12), tid(2), "3", "three"), fileOp(tid(13), tid(2), "1", "other"))
	r := restored(t, x, "", 1)
	want := []string{"Artist/Album/1 (2)", "Artist/Album/2", "Artist/Album/Scans/front"}
	var got []string
	for _, b := range r.Back {
		if got = append(got, b.Path); b.Wanted != "" && b.Wanted != "Artist/Album/1" || b.Replaces != (b.Path == "Artist/Album/2") {
			t.Errorf("%+v", b)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := flat(dump(t, x)), strings.Replace(wholeAlbum, "1=one", "1 (2)=one Artist/Album/1=other", 1); got != strings.Replace(want, "2=two", "2=two Artist/Album/3=three", 1) {
		t.Error(got)
	}
}

// A checkpoint may hold anything, also folders that were in themselves.
func TestRestoreBounds(t *testing.T) {
	x := album(t)
	err := x.update(t.Context(), func(st *txState) error {
		for i, e := range []Entry{{ID: tid(20), Parent: tid(21), Name: "a"}, {ID: tid(21), Parent: tid(20), Name: "a"}, {ID: tid(22), Parent: Root, Name: "a"},
			{ID: tid(23), Parent: tid(22), Name: "a"}, {ID: tid(20), Parent: tid(22), Name: "a"}} {
			e.Kind = Dir
			if err := st.Keep(e, 100-int64(i), 1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := x.History(t.Context(), "a", 10); err != nil {
		t.Error(err)
	}
	if _, _, err := x.History(t.Context(), strings.Repeat("a/", 100), 10); err != nil && !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for _, as := range []int64{1, AtRemoval} {
		if r, err := x.Restore(t.Context(), "a", as, 1); err != nil || len(r.Back) == 0 || len(r.Back) > 10 {
			t.Errorf("@%d: %d come back, %v", as, len(r.Back), err)
		}
	}
}

// An index of before there was a history finds the past of a folder as fast.
func TestHistoryInAnOlderIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	x := openTestIndex(t, path)
	if _, err := x.write.Exec("DROP INDEX past_parent"); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	var name string
	row := openTestIndex(t, path).read.QueryRow("SELECT name FROM sqlite_master WHERE name = 'past_parent'")
	if err := row.Scan(&name); err != nil {
		t.Error(err)
	}
}

// More than fits is refused, and nothing is done by halves.
func TestRestoreIsBounded(t *testing.T) {
	x := album(t)
	without(t, x, 300)
	for _, c := range []struct{ rows, bytes int }{{3, maxRestoredBytes}, {maxRestored, 1000}} {
		err := x.try(t.Context(), func(st *txState) error {
			r := restorer{tree: st, as: AtRemoval, at: 1, rows: c.rows, bytes: c.bytes, seen: map[ID]bool{}}
			return r.restore([]string{"Artist"})
		})
		if !errors.Is(err, ErrMany) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
