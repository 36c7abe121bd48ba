package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestRebase(t *testing.T) {
	for _, c := range []struct {
		name      string
		ops       []Op
		want      string
		conflicts []Conflict
	}{
		{"nothing in the way", []Op{dirOp(tid(10), Root, "D"), fileOp(tid(11), tid(10), "z", "z")},
			"A/ A/B/ A/x=x A/y=y C/ D/ D/z=z", nil},
		{"the folder is there", []Op{dirOp(tid(10), Root, "A"), fileOp(tid(11), tid(10), "z", "z")},
			"A/ A/B/ A/x=x A/y=y A/z=z C/", nil},
		{"folders in folders are there", []Op{dirOp(tid(10), Root, "A"), dirOp(tid(11), tid(10), "B"), fileOp(tid(12), tid(11), "z", "z")},
			"A/ A/B/ A/B/z=z A/x=x A/y=y C/", nil},
		{"the same file is there", []Op{fileOp(tid(11), tid(1), "x", "x")}, "A/ A/B/ A/x=x A/y=y C/", nil},
		{"other content is there", []Op{fileOp(tid(11), tid(1), "x", "other"), fileOp(tid(12), tid(1), "x", "third")},
			"A/ A/B/ A/x (2)=other A/x (3)=third A/x=x A/y=y C/",
			[]Conflict{{Name: "x", What: "name taken by other content, kept as x (2)"}, {Name: "x", What: "name taken by other content, kept as x (3)"}}},
		{"a folder has the name", []Op{fileOp(tid(11), tid(1), "B", "b")}, "A/ A/B (2)=b A/B/ A/x=x A/y=y C/",
			[]Conflict{{Name: "B", What: "name taken by other content, kept as B (2)"}}},
		{"a file has the folder's name", []Op{dirOp(tid(11), tid(1), "x"), fileOp(tid(12), tid(11), "z", "z")},
			"A/ A/B/ A/x (2)/ A/x (2)/z=z A/x=x A/y=y C/", []Conflict{{Name: "x", What: "name taken by other content, kept as x (2)"}}},
		{"the folder is gone", []Op{fileOp(tid(11), tid(77), "z", "z"), fileOp(tid(12), tid(77), "q", "q")},
			"A/ A/B/ A/x=x A/y=y C/ Conflicts/ Conflicts/q=q Conflicts/z=z",
			[]Conflict{{Name: "z", What: "its folder was removed, kept in Conflicts"}, {Name: "q", What: "its folder was removed, kept in Conflicts"}}},
		{"committed already", []Op{dirOp(tid(1), Root, "A"), fileOp(tid(2), tid(1), "x", "x")}, "A/ A/B/ A/x=x A/y=y C/", nil},
		{"no longer possible", []Op{{Verb: Remove, ID: tid(77)}, {Verb: Move, ID: tid(2), Parent: tid(77), Name: "q"}, fileOp(tid(11), tid(5), "z", "z")},
			"A/ A/B/ A/x=x A/y=y C/ C/z=z",
			[]Conflict{{Name: tid(77).String(), What: "remove is not possible"}, {Name: "q", What: "move is not possible"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newIndex(t)
			good(t, x, base()...)
			ops, conflicts, err := x.Rebase(t.Context(), c.ops)
			if err != nil {
				t.Fatal(err)
			}
			if len(ops) > 0 {
				good(t, x, ops...)
			}
			if got := flat(dump(t, x)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for i, c := range conflicts {
				conflicts[i].What, _, _ = strings.Cut(c.What, ":")
			}
			if diff := cmp.Diff(c.conflicts, conflicts, cmpopts.IgnoreFields(Conflict{}, "ID", "Dropped")); diff != "" {
				t.Error(diff)
			}
			again, _, err := x.Rebase(t.Context(), c.ops)
			if err != nil {
				t.Fatal(err)
			}
			for _, op := range again {
				if op.Verb == Create && op.Entry.Kind == Dir {
					t.Errorf("rebased again it creates folder %s", op.Entry.Name)
				}
			}
		})
	}
}

// TestRebasedAlwaysApplies: whatever was planned, on whatever tree, the result is a
// valid commit that keeps every file's content somewhere.
func TestRebasedAlwaysApplies(t *testing.T) {
	x := newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SampledFrom([]string{"A", "B", "C", "x", "y", "Conflicts"})
		ids := []ID{Root, tid(1), tid(2), tid(4), tid(5), tid(77)}
		var ops []Op
		contents := map[string]bool{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "ops") {
			parent, name, id := rapid.SampledFrom(ids).Draw(rt, "parent"), names.Draw(rt, "name"), tid(200+i)
			if rapid.Bool().Draw(rt, "folder") {
				ops = append(ops, dirOp(id, parent, name))
				ids = append(ids, id)
				continue
			}
			content := fmt.Sprint("c", rapid.IntRange(0, 5).Draw(rt, "content"))
			contents[content] = true
			ops = append(ops, fileOp(id, parent, name, content))
		}
		err := x.try(t.Context(), func(st *txState) error {
			if _, err := Apply(st, &Commit{Ops: base()}); err != nil {
				return err
			}
			var rebased []Op
			err := st.attempt(func() (err error) {
				if rebased, _, err = rebase(st, ops); err != nil {
					rt.Fatal(err)
				}
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				return err
			}
			if _, err := Apply(st, &Commit{Ops: rebased}); err != nil {
				return err
			}
			return st.forget(contents)
		})
		if err != nil {
			rt.Fatal(err)
		}
		if len(contents) > 0 {
			rt.Fatalf("lost %v", contents)
		}
	})
}

var errUndo = errors.New("undo")

// forget removes from contents what the tree holds.
func (s *txState) forget(contents map[string]bool) error {
	rows, err := s.tx.QueryContext(s.ctx, "SELECT body FROM content")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var v Version
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &v); err != nil {
			return err
		}
		delete(contents, v.Tags.Title)
	}
	return rows.Err()
}
