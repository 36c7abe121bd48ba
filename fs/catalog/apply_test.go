package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// base is the tree that TestApply's operations meet: a folder A with files x and y,
// an empty folder B in A, a folder C.
func base() []Op {
	return []Op{dirOp(tid(1), Root, "A"), fileOp(tid(2), tid(1), "x", "x"), fileOp(tid(3), tid(1), "y", "y"),
		dirOp(tid(4), tid(1), "B"), dirOp(tid(5), Root, "C")}
}

func TestApply(t *testing.T) {
	replace := Op{Verb: Replace, At: 300, ID: tid(2), MTime: ptr(int64(299)), Version: version(tid(9), "new")}
	for _, c := range []struct {
		name string
		op   Op
		want string // the tree's paths, or "" where the commit is invalid
	}{
		{"create folder", dirOp(tid(6), tid(4), "D"), "A/ A/B/ A/B/D/ A/x=x A/y=y C/"},
		{"create file", fileOp(tid(6), tid(5), "z", "z"), "A/ A/B/ A/x=x A/y=y C/ C/z=z"},
		{"create twice", dirOp(tid(1), Root, "Z"), ""},
		{"create on a version's id", dirOp(tid(2)+1000, Root, "Z"), ""},
		{"create under nothing", dirOp(tid(6), tid(77), "D"), ""},
		{"create under a file", dirOp(tid(6), tid(2), "D"), ""},
		{"create on a name", dirOp(tid(6), Root, "A"), ""},
		{"create reserved", dirOp(tid(6), Root, ".lockerfs"), ""},
		{"create not reserved deeper", dirOp(tid(6), tid(4), ".lockerfs"), "A/ A/B/ A/B/.lockerfs/ A/x=x A/y=y C/"},
		{"create dots", dirOp(tid(6), Root, ".."), ""},
		{"create slash", dirOp(tid(6), Root, "a/b"), ""},
		{"create long", dirOp(tid(6), Root, strings.Repeat("é", 128)), ""},
		{"create decomposed", dirOp(tid(6), Root, "e\u0301"), ""},
		{"create small id", dirOp(5, Root, "D"), ""},
		{"create huge id", dirOp(1<<63|tid(6), Root, "D"), ""},
		{"create nothing", Op{Verb: Create}, ""},
		{"replace", replace, "A/ A/B/ A/x=new A/y=y C/"},
		{"replace a folder", Op{Verb: Replace, ID: tid(1), MTime: ptr(int64(1)), Version: version(tid(9), "n")}, ""},
		{"replace by nothing", Op{Verb: Replace, ID: tid(2), MTime: ptr(int64(1))}, ""},
		{"replace by itself", Op{Verb: Replace, ID: tid(2), MTime: ptr(int64(1)), Version: version(tid(2)+1000, "x")}, ""},
		{"move file", Op{Verb: Move, ID: tid(2), Parent: tid(5), Name: "q"}, "A/ A/B/ A/y=y C/ C/q=x"},
		{"move folder", Op{Verb: Move, ID: tid(1), Parent: tid(5), Name: "A"}, "C/ C/A/ C/A/B/ C/A/x=x C/A/y=y"},
		{"move case only", Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: "X"}, "A/ A/B/ A/X=x A/y=y C/"},
		{"move under itself", Op{Verb: Move, ID: tid(1), Parent: tid(4), Name: "A"}, ""},
		{"move into itself", Op{Verb: Move, ID: tid(1), Parent: tid(1), Name: "A"}, ""},
		{"move onto a name", Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: "y"}, ""},
		{"move over a file", Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: "y", Over: tid(3)}, "A/ A/B/ A/y=x C/"},
		{"move over another", Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: "y", Over: tid(4)}, ""},
		{"move over itself", Op{Verb: Move, ID: tid(2), Parent: tid(1), Name: "x", Over: tid(2)}, ""},
		{"move folder over empty", Op{Verb: Move, ID: tid(5), Parent: tid(1), Name: "B", Over: tid(4)}, "A/ A/B/ A/x=x A/y=y"},
		{"move folder over full", Op{Verb: Move, ID: tid(5), Parent: Root, Name: "A", Over: tid(1)}, ""},
		{"move the root", Op{Verb: Move, ID: Root, Parent: tid(1), Name: "r"}, ""},
		{"move to a file", Op{Verb: Move, ID: tid(2), Parent: tid(3), Name: "r"}, ""},
		{"remove file", Op{Verb: Remove, ID: tid(2)}, "A/ A/B/ A/y=y C/"},
		{"remove empty folder", Op{Verb: Remove, ID: tid(5)}, "A/ A/B/ A/x=x A/y=y"},
		{"remove full folder", Op{Verb: Remove, ID: tid(1)}, ""},
		{"remove the root", Op{Verb: Remove, ID: Root}, ""},
		{"remove nothing", Op{Verb: Remove, ID: tid(99)}, ""},
		{"set mode", Op{Verb: Set, ID: tid(2), Mode: ptr(uint32(0o600))}, "A/ A/B/ A/x=x A/y=y C/"},
		{"set root", Op{Verb: Set, ID: Root, MTime: ptr(int64(9))}, "A/ A/B/ A/x=x A/y=y C/"},
		{"set setuid", Op{Verb: Set, ID: tid(2), Mode: ptr(uint32(0o4755))}, ""},
		{"set other xattr", Op{Verb: Set, ID: tid(2), Xattrs: map[string][]byte{"security.x": nil}}, ""},
		{"set much xattr", Op{Verb: Set, ID: tid(2), Xattrs: map[string][]byte{"user.x": make([]byte, 4096)}}, ""},
		{"unknown verb", Op{Verb: "explode", ID: tid(2)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newIndex(t)
			good(t, x, base()...)
			before := dump(t, x)
			done := commit(t, x, dirOp(tid(50), Root, "First"), c.op)
			got := dump(t, x)
			if c.want == "" {
				if !errors.Is(done.Invalid, ErrInvalid) {
					t.Errorf("taken: %s", flat(got))
				}
				if diff := cmp.Diff(before, got); diff != "" {
					t.Errorf("an invalid commit changed the tree:\n%s", diff)
				}
				return
			}
			delete(got, "First/")
			if done.Invalid != nil || flat(got) != c.want {
				t.Errorf("got %q (%v), want %q", flat(got), done.Invalid, c.want)
			}
		})
	}
}

// flat gives a dump on one line.
func flat(tree map[string]string) string {
	var lines []string
	for path, content := range tree {
		if content != "" {
			path += "=" + content
		}
		lines = append(lines, path)
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// FolderTimes: a folder's time changes when its list of names does, else never.
func TestFolderTimes(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	mtime := func(id ID) int64 {
		t.Helper()
		e, err := x.Entry(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return e.MTime
	}
	a, c := mtime(tid(1)), mtime(tid(5))
	good(t, x, Op{Verb: Replace, At: 900, ID: tid(2), MTime: ptr(int64(1)), Version: version(tid(9), "n")},
		Op{Verb: Set, At: 901, ID: tid(3), Mode: ptr(uint32(0o600))})
	if got := mtime(tid(1)); got != a {
		t.Errorf("replace and set moved the folder's time: %d, was %d", got, a)
	}
	good(t, x, Op{Verb: Move, At: 1000, ID: tid(2), Parent: tid(5), Name: "x"})
	if ga, gc := mtime(tid(1)), mtime(tid(5)); ga != 1000 || gc != 1000 {
		t.Errorf("after a move: %d and %d, want 1000 (were %d, %d)", ga, gc, a, c)
	}
	// A device whose clock is behind still moves the time forward.
	good(t, x, Op{Verb: Remove, At: 10, ID: tid(2)})
	if got := mtime(tid(5)); got != 1001 {
		t.Errorf("after a removal in the past: %d, want 1001", got)
	}
}

// TestApplyIsOneFunction runs random operations over the index and over a tree in
// memory: both take the same commits and hold the same tree.
func TestApplyIsOneFunction(t *testing.T) {
	x := newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		bound(rt, x)
		mem := newMemTree()
		next := 0
		id := rapid.Custom(func(rt *rapid.T) ID { return tid(rapid.IntRange(0, 12).Draw(rt, "id")) })
		parent := rapid.OneOf(rapid.Just(Root), id)
		name := rapid.SampledFrom([]string{"a", "b", "c", "A"})
		for range rapid.IntRange(1, 25).Draw(rt, "commits") {
			next++
			var op Op
			switch rapid.IntRange(0, 4).Draw(rt, "verb") {
			case 0:
				op = dirOp(id.Draw(rt, "new"), parent.Draw(rt, "parent"), name.Draw(rt, "name"))
			case 1:
				op = fileOp(id.Draw(rt, "new"), parent.Draw(rt, "parent"), name.Draw(rt, "name"), fmt.Sprint("c", next))
			case 2:
				op = Op{Verb: Move, At: int64(next), ID: id.Draw(rt, "id"), Parent: parent.Draw(rt, "to"), Name: name.Draw(rt, "name")}
				if rapid.Bool().Draw(rt, "over?") {
					op.Over = id.Draw(rt, "over")
				}
			case 3:
				op = Op{Verb: Remove, At: int64(next), ID: id.Draw(rt, "id")}
			case 4:
				op = Op{Verb: Replace, At: int64(next), ID: id.Draw(rt, "id"), MTime: ptr(int64(next)), Version: version(tid(1000+next), fmt.Sprint("r", next))}
			}
			done := commit(t, x, op)
			before := mem.clone()
			_, err := Apply(mem, &Commit{Ops: []Op{op}})
			if err != nil {
				mem = before // undone by whoever applies
			}
			if (done.Invalid != nil) != errors.Is(err, ErrInvalid) {
				rt.Fatalf("%+v: index says %v, memory says %v", op, done.Invalid, err)
			}
		}
		for n := range 13 {
			want, found, _ := mem.Entry(tid(n))
			got, err := x.Entry(t.Context(), tid(n))
			if found != (err == nil) || found && cmp.Diff(want, got) != "" {
				rt.Fatalf("entry %d: memory %+v %v, index %+v %v", n, want, found, got, err)
			}
		}
	})
}
