package catalog

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
)

// life makes random changes of an index, without moves: what it was after each commit.
type life struct {
	x    *Index
	next int
	was  []map[string]string // by commit
}

// step commits one change, if what was drawn is possible.
func (l *life) step(t testing.TB, rt *rapid.T) {
	id := func() ID { l.next++; return tid(l.next) }
	folder := rapid.SampledFrom([]string{"", "a", "a/b", "c"}).Draw(rt, "folder")
	name := rapid.SampledFrom([]string{"a", "b", "c", "x", "y"}).Draw(rt, "name")
	up, err := l.x.Resolve(t.Context(), folder)
	if err != nil || up.Kind != Dir {
		return
	}
	e, err := l.x.Resolve(t.Context(), join(folder, name))
	content := fmt.Sprint("content", l.next)
	var op Op
	switch {
	case err != nil && name < "x":
		op = dirOp(id(), up.ID, name)
	case err != nil:
		op = fileOp(id(), up.ID, name, content)
	case e.Kind == File && rapid.Bool().Draw(rt, "replace"):
		op = replaceOp(e.ID, id(), content, int64(l.next))
	default:
		op = removeOp(e.ID, int64(l.next))
	}
	if commit(rt, l.x, op).Invalid == nil { // a folder that is not empty stays
		l.was = append(l.was, dump(t, l.x))
	} else {
		l.was = append(l.was, l.was[len(l.was)-1])
	}
}

// Whatever stood after a commit stands again after it was restored, at its place or beside
// what has taken that; nothing else is gone; and doing it again changes nothing.
func TestRestoreProperty(t *testing.T) {
	x := newIndex(t)
	rapid.Check(t, func(rt *rapid.T) {
		bound(rt, x)
		l := life{x: x, was: []map[string]string{{}}}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			l.step(t, rt)
		}
		as := rapid.IntRange(0, len(l.was)-1).Draw(rt, "as")
		before := l.was[len(l.was)-1]
		r, err := x.Restore(t.Context(), "", int64(as), 1000*hour)
		if err != nil || len(r.Conflicts) > 0 {
			rt.Fatal(r.Conflicts, err)
		}
		good(rt, x, r.Ops...)
		now, replaced := dump(t, x), map[string]bool{}
		for _, b := range r.Back {
			replaced[b.Path] = b.Replaces
		}
		for path, content := range l.was[as] {
			if !stands(now, path, content) {
				rt.Fatalf("%s=%s of commit %d did not come back: %v", path, content, as, now)
			}
		}
		for path, content := range before {
			if got, ok := now[path]; !ok || got != content && !replaced[path] {
				rt.Fatalf("%s=%s is %q now", path, content, got)
			}
		}
		if again, err := x.Restore(t.Context(), "", int64(as), 1000*hour); err != nil || len(again.Ops) > 0 {
			rt.Fatalf("done again: %+v, %v", again.Back, err)
		}
	})
}

// stands tells whether a path, or one that was numbered in its stead, has the content.
func stands(tree map[string]string, path, content string) bool {
	for there, has := range tree {
		if has == content && unnumbered(there) == unnumbered(path) {
			return true
		}
	}
	return false
}

func unnumbered(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		for n := 2; n < 10; n++ {
			for _, name := range []string{"a", "b", "c", "x", "y"} {
				if part == library.Numbered(name, n) {
					parts[i] = name
				}
			}
		}
	}
	return strings.Join(parts, "/")
}
