package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestListedAhead: whatever was listed and changed before, a listing is what the file holds
// now.
func TestListedAhead(t *testing.T) {
	dir := newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		x := bound(rt, dir)
		if err := x.MarkSynced(rt.Context()); err != nil {
			rt.Fatal(err)
		}
		folders, next := []ID{Root}, 1
		list := func(folder ID, limit int) {
			got, err := x.Children(rt.Context(), folder, "", limit)
			if err != nil {
				rt.Fatal(err)
			}
			want, err := x.query(rt.Context(), x.stmts.children, int64(folder), "", limit)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("folder %s: %s", folder, diff)
			}
			for _, a := range got { // listed folders are kept in memory
				if kept, err := x.Node(rt.Context(), a.Node); err != nil || kept != a {
					rt.Fatalf("node %s: %+v, %v, listed as %+v", a.Node, kept, err, a)
				}
			}
		}
		one := func() ID { return rapid.SampledFrom(folders).Draw(rt, "folder") }
		rt.Repeat(map[string]func(*rapid.T){
			"folder": func(*rapid.T) {
				id := tid(next)
				next++
				good(rt, x, dirOp(id, one(), fmt.Sprint("d", next)))
				folders = append(folders, id)
			},
			"file": func(*rapid.T) {
				good(rt, x, fileOp(tid(next), one(), fmt.Sprint("f", next), "x"))
				next++
			},
			"move": func(*rapid.T) {
				// Into itself counts as empty; the file decides.
				commit(rt, x, Op{Verb: Move, At: 300, ID: one(), Parent: one(), Name: fmt.Sprint("m", next)})
				next++
			},
			"list": func(*rapid.T) { list(one(), rapid.SampledFrom([]int{2, 64, 1000}).Draw(rt, "limit")) },
			"walk": func(*rapid.T) {
				for _, folder := range folders {
					list(folder, 100)
				}
			},
		})
	})
}

// TestListAheadReads: the folders of a listed folder are listed without a further query,
// each once, and none that may have been cut off.
func TestListAheadReads(t *testing.T) {
	x := newIndex(t)
	ops := []Op{dirOp(tid(1), Root, "artist"), dirOp(tid(2), tid(1), "1"), dirOp(tid(3), tid(1), "2"), dirOp(tid(4), tid(1), "3")}
	for i := range aheadRows {
		ops = append(ops, fileOp(tid(10+i), tid(2+i%2), fmt.Sprintf("%04d", i), "x"))
	}
	ops = append(ops, fileOp(tid(9), tid(4), "last", "x"))
	good(t, x, ops...)
	if err := x.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Children(t.Context(), tid(1), "", 100); err != nil {
		t.Fatal(err)
	}
	generation := x.hot.generation.Load()
	for folder, want := range map[ID]bool{tid(2): true, tid(3): false, tid(4): false} {
		if list, ok := x.ahead.take(folder, generation); ok != want || ok && len(list) != aheadRows/2 {
			t.Errorf("folder %s: %d entries, %v", folder, len(list), ok)
		}
	}
	if _, ok := x.ahead.take(tid(2), generation); ok {
		t.Error("given twice")
	}
}

// TestListAheadPlan: SQLite goes through the folders in order and sorts nothing.
func TestListAheadPlan(t *testing.T) {
	x := newIndex(t)
	rows, err := x.read.Query("EXPLAIN QUERY PLAN "+grandchildrenQuery, int64(Root), 10)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan += detail + "\n"
	}
	if rows.Err() != nil || strings.Count(plan, "SEARCH") != 2 || strings.Contains(plan, "TEMP") {
		t.Errorf("%v, plan:\n%s", rows.Err(), plan)
	}
}
