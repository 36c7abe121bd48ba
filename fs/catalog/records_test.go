package catalog

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// adopted is a version in a foreign object.
func adopted(id ID, key, etag string) *Version {
	return &Version{ID: id, Size: int64(len(key)), Object: Ref{Key: key, ETag: etag, Foreign: true}}
}

func adoptOp(id, parent ID, name, key, etag string) Op {
	op := fileOp(id, parent, name, "x")
	op.Entry.Version = adopted(id+1000, key, etag)
	return op
}

// recordOp draws an operation about few entries and few objects, so that they meet.
func recordOp(rt *rapid.T, next int) Op {
	id := tid(rapid.IntRange(0, 5).Draw(rt, "id"))
	key := rapid.SampledFrom([]string{"k1", "k2", "Music/k3.000000000000.flac"}).Draw(rt, "key")
	etag := rapid.SampledFrom([]string{"e1", "e2"}).Draw(rt, "etag")
	version := adopted(tid(1000+next), key, etag)
	if rapid.Bool().Draw(rt, "ours") {
		version.Object.Foreign, version.SHA256 = false, Hash{1}
	}
	switch rapid.IntRange(0, 7).Draw(rt, "verb") {
	case 0, 1:
		op := fileOp(id, Root, fmt.Sprint("n", rapid.IntRange(0, 3).Draw(rt, "name")), "x")
		op.Entry.Version = version
		return op
	case 2:
		return Op{Verb: Replace, At: int64(next), ID: id, MTime: ptr(int64(next)), Version: version}
	case 3:
		return Op{Verb: Remove, At: int64(next), ID: id}
	case 4:
		return Op{Verb: Condemn, At: int64(next), Keys: []string{key}, Adopted: []Ref{{Key: "k2", ETag: etag}}}
	case 5:
		return Op{Verb: Expire, At: int64(next), Before: int64(max(1, next-rapid.IntRange(0, 9).Draw(rt, "ago")))}
	case 6:
		return Op{Verb: Configure, At: int64(next), Settings: &Settings{Own: rapid.Bool().Draw(rt, "own"), Watches: []Watch{{Prefix: key, Layout: "keys", Every: int64(next)}}}}
	}
	version.ID = 0 // filled in by the caller: that of the present content
	version.Tags, version.Pack = &tag.Info{Title: fmt.Sprint("t", next)}, fmt.Sprint("p", next)
	return Op{Verb: Describe, At: int64(next), ID: id, Version: version}
}

// TestRecordsAreOneFunction runs random operations over the index and over a tree in
// memory, and then over a checkpoint of the index: all hold the same.
func TestRecordsAreOneFunction(t *testing.T) {
	x, y := newIndex(t), newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		bound(rt, x)
		mem := newMemTree()
		for next := 1; next <= rapid.IntRange(1, 25).Draw(rt, "commits"); next++ {
			op := recordOp(rt, next)
			if op.Verb == Describe {
				if e, ok, _ := mem.Entry(op.ID); ok && e.Version != nil && rapid.IntRange(0, 9).Draw(rt, "sound") > 0 {
					op.Version.ID, op.Version.Size = e.Version.ID, e.Version.Size
					op.Version.Object.Key, op.Version.Object.Foreign = e.Version.Object.Key, e.Version.Object.Foreign
					op.Version.Object.Missing = e.Version.Object.Foreign && next%2 == 0
				}
			}
			done := commit(rt, x, op)
			before := mem.clone()
			_, err := Apply(mem, &Commit{Header: Header{N: int64(next)}, Ops: []Op{op}})
			if err != nil {
				mem = before
			}
			if (done.Invalid != nil) != errors.Is(err, ErrInvalid) || errors.Is(done.Invalid, ErrCondemned) != errors.Is(err, ErrCondemned) {
				rt.Fatalf("%+v: index says %v, memory says %v", op, done.Invalid, err)
			}
		}
		agree(rt, mem, x)
		store := remotetest.NewMemory()
		if _, err := x.Checkpoint(rt.Context(), store); err != nil {
			rt.Fatal(err)
		}
		page, err := store.List(rt.Context(), manifestPrefix, "", 1)
		if err != nil {
			rt.Fatal(err)
		}
		if err := y.load(rt.Context(), store, Format{Locker: "locker", Epoch: testEpoch}, page.Objects[0].Key); err != nil {
			rt.Fatal(err)
		}
		agree(rt, mem, y)
		for _, table := range []string{"entry", "content", "past", "condemned", "ignored"} {
			if diff := cmp.Diff(rowsOf(rt, x, table), rowsOf(rt, y, table)); diff != "" {
				rt.Fatalf("%s by a checkpoint:\n%s", table, diff)
			}
		}
	})
}

// agree holds the index against the model.
func agree(t prover, mem *memTree, x *Index) {
	t.Helper()
	for n := range 6 {
		want, found, _ := mem.Entry(tid(n))
		got, err := x.Entry(t.Context(), tid(n))
		if found != (err == nil) || found && cmp.Diff(want, got) != "" {
			t.Fatalf("entry %d: memory %+v %v, index %+v %v", n, want, found, got, err)
		}
		if !found {
			continue
		}
		if v, err := x.Version(t.Context(), want.Version.ID); err != nil || cmp.Diff(want.Version, v) != "" {
			t.Fatalf("version of entry %d: memory %+v, index %+v %v", n, want.Version, v, err)
		}
	}
	for _, key := range []string{"k1", "k2", "Music/k3.000000000000.flac"} {
		want, _ := mem.Refers(key)
		if got, err := x.Refers(t.Context(), key); err != nil || got != want {
			t.Fatalf("refers to %s: %v %v, want %v", key, got, err, want)
		}
		n, found, err := x.Condemned(t.Context(), key)
		if err != nil || n != mem.condemned[Ref{Key: key}] || found != (n > 0) {
			t.Fatalf("condemned %s: %d %v %v, want %d", key, n, found, err, mem.condemned[Ref{Key: key}])
		}
		for _, etag := range []string{"e1", "e2"} {
			_, want := mem.ignored[Ref{Key: key, ETag: etag}]
			if got, err := x.Ignored(t.Context(), key, etag); err != nil || got != want {
				t.Fatalf("ignored %s %s: %v %v, want %v", key, etag, got, err, want)
			}
		}
		present := 0
		for _, e := range mem.entries {
			if e.Version != nil && e.Version.Object.Key == key {
				present++
			}
		}
		if list, err := x.ByKey(t.Context(), key); err != nil || len(list) != present {
			t.Fatalf("by key %s: %v %v, want %d", key, list, err, present)
		}
	}
	if got, err := x.Settings(t.Context()); err != nil || cmp.Diff(mem.settings, got) != "" {
		t.Fatalf("settings: %+v %v, want %+v", got, err, mem.settings)
	}
	if rows := rowsOf(t, x, "past"); len(rows) != len(mem.past) {
		t.Fatalf("%d are past, want %d", len(rows), len(mem.past))
	}
}

// rowsOf gives a table as text, in the order of its columns.
func rowsOf(t prover, x *Index, table string) []string {
	t.Helper()
	from := "SELECT * FROM " + table
	switch table { // rows have other numbers in each index
	case "entry":
		from = "SELECT parent, name, id, node, kind, mode, mtime, size, xattrs FROM entry"
	case "content":
		from = "SELECT e.node, c.digest, c.key, c.foreign_key, c.body FROM content c JOIN entry e ON e.row = c.row"
	}
	rows, err := x.read.QueryContext(t.Context(), from+" ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for rows.Next() {
		values, dest := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%q", values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRecordOps: what each operation takes and refuses.
func TestRecordOps(t *testing.T) {
	ours := version(tid(2)+1000, "x")
	described := func(change func(*Version)) Op {
		v := *ours
		change(&v)
		return Op{Verb: Describe, ID: tid(2), Version: &v}
	}
	foreign := func(change func(*Version)) Op {
		v := *adopted(tid(7)+1000, "shop/a.flac", "e1")
		change(&v)
		return Op{Verb: Describe, ID: tid(7), Version: &v}
	}
	configure := func(w Watch) Op { return Op{Verb: Configure, Settings: &Settings{Watches: []Watch{w}}} }
	x := newIndex(t)
	good(t, x, append(base(), adoptOp(tid(7), Root, "a", "shop/a.flac", "e1"))...)
	for _, c := range []struct {
		name string
		op   Op
		ok   bool
	}{
		{"tags", described(func(v *Version) { v.Tags, v.Pack = &tag.Info{Title: "new"}, "p" }), true},
		{"no hash keeps it", described(func(v *Version) { v.SHA256 = Hash{} }), true},
		{"another hash", described(func(v *Version) { v.SHA256 = Hash{1} }), false},
		{"another version", described(func(v *Version) { v.ID++ }), false},
		{"another size", described(func(v *Version) { v.Size++ }), false},
		{"another key", described(func(v *Version) { v.Object.Key = "k" }), false},
		{"another ETag of ours", described(func(v *Version) { v.Object.ETag = "e9" }), false},
		{"ours missing", described(func(v *Version) { v.Object.Missing = true }), false},
		{"ours made foreign", described(func(v *Version) { v.Object.Foreign = true }), false},
		{"a folder", Op{Verb: Describe, ID: tid(1), Version: ours}, false},
		{"nothing said", Op{Verb: Describe, ID: tid(2)}, false},
		{"of nothing", Op{Verb: Describe, ID: tid(99), Version: ours}, false},
		{"much tags", described(func(v *Version) { v.Tags = &tag.Info{Title: strings.Repeat("x", MaxTags)} }), false},
		{"a hash, an ETag", foreign(func(v *Version) { v.SHA256, v.Object.ETag = Hash{1}, "e2" }), true},
		{"missing", foreign(func(v *Version) { v.Object.Missing = true }), true},
		{"no ETag", foreign(func(v *Version) { v.Object.ETag = "" }), false},
		{"made ours", foreign(func(v *Version) { v.Object.Foreign, v.SHA256 = false, Hash{1} }), false},
		{"condemn nothing", Op{Verb: Condemn}, false},
		{"condemn a record", Op{Verb: Condemn, Keys: []string{".lockerfs/log/1"}}, false},
		{"condemn outside", Op{Verb: Condemn, Keys: []string{"../x"}}, false},
		{"condemn many", Op{Verb: Condemn, Keys: make([]string, MaxKeys+1)}, false},
		{"condemn adopted without ETag", Op{Verb: Condemn, Adopted: []Ref{{Key: "a"}}}, false},
		{"expire nothing", Op{Verb: Expire}, false},
		{"expire negative", Op{Verb: Expire, Before: -1}, false},
		{"configure nothing", Op{Verb: Configure}, false},
		{"watch", configure(Watch{Prefix: "shop/", Every: 30, Layout: "tags", Under: "A/B", Include: []string{"*.flac"}}), true},
		{"watch all", configure(Watch{Layout: "keys"}), true},
		{"watch ours", configure(Watch{Prefix: ".lockerfs/log", Layout: "keys"}), false},
		{"watch below", configure(Watch{Prefix: "/a", Layout: "keys"}), false},
		{"watch oddly", configure(Watch{Layout: "mirror"}), false},
		{"watch back in time", configure(Watch{Layout: "keys", Every: -1}), false},
		{"under dots", configure(Watch{Layout: "keys", Under: "a/../b"}), false},
		{"under reserved", configure(Watch{Layout: "keys", Under: ".lockerfs/x"}), false},
		{"a broken glob", configure(Watch{Layout: "keys", Exclude: []string{"["}}), false},
		{"many watches", Op{Verb: Configure, Settings: &Settings{Watches: make([]Watch, maxWatches+1)}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := x.try(t.Context(), func(st *txState) error {
				_, err := Apply(st, &Commit{Header: Header{N: 2}, Ops: []Op{c.op}})
				if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrInvalid) {
					t.Errorf("got %v", err)
				}
				e, _, err := st.Entry(tid(2))
				if err == nil && e.Version.SHA256 != ours.SHA256 {
					t.Errorf("its hash is %s now", e.Version.SHA256)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDescribedIsSeen: what was described is seen at once by who had read it before, is
// searched for by its new words, and its node stays; but an adopted object matches nothing.
func TestDescribedIsSeen(t *testing.T) {
	x := newIndex(t)
	good(t, x, adoptOp(tid(7), Root, "a", "shop/a.flac", "e1"))
	node := tid(7) + 1000
	for range 3 {
		if v, err := x.Version(t.Context(), node); err != nil || v.Tags != nil {
			t.Fatal(v, err)
		}
		x.hot.versions.Wait()
	}
	v := *adopted(node, "shop/a.flac", "e2")
	v.Tags, v.SHA256 = &tag.Info{Title: "Wonderwall"}, Hash{1}
	done := good(t, x, Op{Verb: Describe, ID: tid(7), Version: &v})
	if got, err := x.Version(t.Context(), node); err != nil || cmp.Diff(&v, got) != "" {
		t.Errorf("seen: %+v %v", got, err)
	}
	if len(done.Changes) > 0 {
		t.Errorf("names changed: %+v", done.Changes)
	}
	if err := x.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := search(t, x, "wonderwall"); len(got) != 1 {
		t.Errorf("found %v", got)
	}
	if got, ok, err := x.Match(t.Context(), Hash{1}, v.Size); err != nil || ok {
		t.Errorf("matched %+v, which its owner may delete: %v", got, err)
	}
}

// TestRebaseRefusesCondemned: who wrote an operation learns that its object was given up.
func TestRebaseRefusesCondemned(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	good(t, x, Op{Verb: Condemn, Keys: []string{version(0, "gone").Object.Key}, Adopted: []Ref{{Key: "shop/a.flac", ETag: "e1"}}})
	ops, conflicts, err := x.Rebase(t.Context(), []Op{
		fileOp(tid(10), Root, "new", "gone"),
		{Verb: Replace, ID: tid(2), MTime: ptr(int64(1)), Version: version(tid(11), "gone")},
		adoptOp(tid(12), Root, "a", "shop/a.flac", "e1"),
		adoptOp(tid(13), Root, "b", "shop/a.flac", "e2"), // its key has got other content
		fileOp(tid(14), Root, "other", "other"),
	})
	if err != nil || len(ops) != 2 || len(conflicts) != 3 {
		t.Fatalf("%d operations, %+v, %v", len(ops), conflicts, err)
	}
	for _, c := range conflicts {
		if !errors.Is(c.Err, ErrCondemned) || !c.Dropped {
			t.Errorf("%+v", c)
		}
	}
	if done := commit(t, x, fileOp(tid(10), Root, "new", "gone")); !errors.Is(done.Invalid, ErrCondemned) {
		t.Errorf("taken: %v", done.Invalid)
	}
	// What is in use cannot be given up.
	good(t, x, Op{Verb: Condemn, Keys: []string{version(0, "x").Object.Key}}, Op{Verb: Remove, ID: tid(2)})
	good(t, x, Op{Verb: Condemn, Keys: []string{version(0, "x").Object.Key}})
	good(t, x, fileOp(tid(20), Root, "again", "x"))
}

// TestForeignPages: adopted objects come in the order of their keys, none twice, none left
// out, however small the pages.
func TestForeignPages(t *testing.T) {
	x := newIndex(t)
	ops := []Op{fileOp(tid(50), Root, "ours", "ours")}
	var want []string
	for i, key := range []string{"a", "shop/A", "shop/Z", "shop/a", "shop/a", "shop/a", "shop/ä", "shop0", "z"} {
		ops = append(ops, adoptOp(tid(i), Root, fmt.Sprint("n", i), key, "e"))
		if strings.HasPrefix(key, "shop/") {
			want = append(want, key)
		}
	}
	good(t, x, ops...)
	for limit := range 6 {
		var got []string
		for after := ""; ; {
			list, err := x.Foreign(t.Context(), "shop/", after, limit+1)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			for _, e := range list {
				after = e.Version.Object.Key
				got = append(got, after)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d:\n%s", limit+1, diff)
		}
	}
}

// TestSegmentsOfRecords: a new condemned object changes one segment of a large checkpoint.
func TestSegmentsOfRecords(t *testing.T) {
	x := newIndex(t)
	var keys []string
	for i := range MaxKeys {
		keys = append(keys, fmt.Sprint("Music/", i))
	}
	good(t, x, Op{Verb: Condemn, Keys: keys})
	store := remotetest.NewMemory()
	segments := func() int {
		t.Helper()
		if _, err := x.Checkpoint(t.Context(), store); err != nil {
			t.Fatal(err)
		}
		page, err := store.List(t.Context(), segmentPrefix, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Objects)
	}
	before := segments()
	good(t, x, Op{Verb: Condemn, Keys: []string{"Music/one more"}})
	if after := segments(); before < 2 || after != before+1 {
		t.Errorf("%d segments, then %d", before, after)
	}
}
