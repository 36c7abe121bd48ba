package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// printTree draws the tree that a dry run would make, what would be done with each
// file before it. each gives the files in the order of comparePaths, as often as it is
// called; memory grows with the folders only.
func printTree(w io.Writer, each func(func(intake.Placed) error) error) error {
	t := tree{last: map[string]string{}, out: bufio.NewWriter(w)}
	if err := each(t.notice); err != nil {
		return err
	}
	if len(t.last) == 0 {
		return nil
	}
	t.line("", "", "/")
	t.path, t.parts = "", nil
	if err := each(t.draw); err != nil {
		return err
	}
	return t.out.Flush()
}

// tree is drawn in two passes: which branch of a folder is its last is known at the end
// of the first.
type tree struct {
	out *bufio.Writer
	// last is the last name in each folder.
	last map[string]string
	// path is the file before, in parts.
	path  string
	parts []string
}

// step goes on to a path, and gives how many parts it has in common with the one before.
// ok is false for the same path again: two sources may have one place.
func (t *tree) step(path string) (common int, ok bool) {
	if path == t.path {
		return 0, false
	}
	before := t.parts
	t.path, t.parts = path, strings.Split(path, "/")
	for common < min(len(before), len(t.parts))-1 && before[common] == t.parts[common] {
		common++
	}
	return common, true
}

func (t *tree) notice(x intake.Placed) error {
	common, ok := t.step(x.Path)
	if !ok {
		return nil
	}
	for i := common; i < len(t.parts); i++ {
		t.last[strings.Join(t.parts[:i], "/")] = t.parts[i]
	}
	return nil
}

func (t *tree) draw(x intake.Placed) error {
	common, ok := t.step(x.Path)
	if !ok {
		return nil
	}
	for i := common; i < len(t.parts); i++ {
		branch := "├── "
		if t.isLast(i) {
			branch = "└── "
		}
		if i == len(t.parts)-1 {
			t.line(string(x.Action), t.stem(i)+branch, t.parts[i])
		} else {
			t.line("", t.stem(i)+branch, t.parts[i]+"/")
		}
	}
	return nil
}

// stem draws the branches that go on beside the part i of the path.
func (t *tree) stem(i int) string {
	var b strings.Builder
	for above := range i {
		if t.isLast(above) {
			b.WriteString("    ")
		} else {
			b.WriteString("│   ")
		}
	}
	return b.String()
}

func (t *tree) isLast(i int) bool {
	return t.last[strings.Join(t.parts[:i], "/")] == t.parts[i]
}

// line writes one; an error stays with the writer and comes with Flush.
func (t *tree) line(mark, branches, name string) {
	fmt.Fprintf(t.out, "%-8s %s%s\n", mark, branches, printable(name))
}
