package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func TestPrintTree(t *testing.T) {
	p := newPlacements()
	defer p.close()
	for _, x := range []intake.Placed{
		{Path: "B/Second/01 x.flac", Action: intake.Present},
		{Path: "B-side/One/01 a\x1b.flac", Action: intake.Upload},
		{Path: "A/First/02 b.flac", Action: intake.Match},
		{Path: "A/First/01 a.flac", Action: intake.Upload, Source: "/b"},
		{Path: "A/First/Scans/cover.png", Action: intake.Upload},
		{Path: "A/First/01 a.flac", Action: intake.Present, Source: "/a twin"},
		{Path: "A/Later/01 c.flac", Action: intake.Update},
		{Path: "loose.mp3", Action: intake.Upload},
	} {
		p.add(x)
	}
	var got bytes.Buffer
	if err := printTree(&got, p.each); err != nil {
		t.Fatal(err)
	}
	want := `         /
         ├── A/
         │   ├── First/
upload   │   │   ├── 01 a.flac
match    │   │   ├── 02 b.flac
         │   │   └── Scans/
upload   │   │       └── cover.png
         │   └── Later/
update   │       └── 01 c.flac
         ├── B/
         │   └── Second/
present  │       └── 01 x.flac
         ├── B-side/
         │   └── One/
upload   │       └── 01 a?.flac
upload   └── loose.mp3
`
	if diff := gocmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPrintTreeOfNothing(t *testing.T) {
	var got bytes.Buffer
	if err := printTree(&got, newPlacements().each); err != nil || got.Len() > 0 {
		t.Errorf("got %q, %v", got.String(), err)
	}
}

// Whatever the paths, the tree shows each once, below its folders and in order; and
// what went to disk on the way makes no difference.
func TestTreeIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`[a-c][ -.!]?`)
		paths := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(append(rapid.SliceOfN(part, 0, 4).Draw(t, "folders"), rapid.StringMatching(`[x-z]{1,2}`).Draw(t, "name")), "/")
		}), 0, 40).Draw(t, "paths")
		p := &placements{most: rapid.IntRange(1, 50).Draw(t, "most")}
		defer p.close()
		for i, path := range paths {
			p.add(intake.Placed{Path: path, Action: intake.Upload, Source: fmt.Sprint(i), Size: int64(i)})
		}
		var b bytes.Buffer
		if err := printTree(&b, p.each); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(paths)
		slices.SortFunc(want, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
		if diff := gocmp.Diff(slices.Compact(want), readTree(t, b.String())); diff != "" {
			t.Fatal(diff)
		}
	})
}

// readTree gives the files of a drawn tree, and fails where a branch is wrong.
func readTree(t *rapid.T, text string) []string {
	files, open := []string{}, []bool{}
	var at []string
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if i == 0 {
			continue
		}
		mark, rest := strings.TrimSpace(line[:8]), []rune(line[9:])
		depth := 0
		for ; string(rest[:4]) != "├── " && string(rest[:4]) != "└── "; rest = rest[4:] {
			if want := open[depth]; string(rest[:4]) != map[bool]string{true: "│   ", false: "    "}[want] {
				t.Fatalf("line %d: the branch at depth %d: %q in\n%s", i, depth, string(rest), text)
			}
			depth++
		}
		if depth > len(at) || depth < len(open) && !open[depth] {
			t.Fatalf("line %d hangs on nothing in\n%s", i, text)
		}
		open = append(open[:depth], string(rest[:4]) == "├── ")
		name, folder := strings.CutSuffix(string(rest[4:]), "/")
		at = append(at[:depth], name)
		if (mark == "") != folder {
			t.Fatalf("line %d: marked %q in\n%s", i, mark, text)
		}
		if !folder {
			files = append(files, strings.Join(at, "/"))
			at = at[:depth]
		}
	}
	if slices.Contains(open, true) {
		t.Fatalf("a branch leads nowhere in\n%s", text)
	}
	return files
}

// Much of it goes to disk, and comes back in order, twice, and leaves nothing.
func TestPlacementsOnDisk(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	p := &placements{most: 100}
	const many = 1234
	for i := range many {
		p.add(intake.Placed{Path: fmt.Sprintf("%02d/%04d.mp3", i%17, many-i), Action: intake.Match, Source: "/ü", Size: int64(i)})
	}
	if len(p.runs) < many/100 || len(p.here) >= 100 {
		t.Errorf("%d files in memory and %d runs", len(p.here), len(p.runs))
	}
	for range 2 {
		var all []intake.Placed
		if err := p.each(func(x intake.Placed) error { all = append(all, x); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(all) != many || !slices.IsSortedFunc(all, func(a, b intake.Placed) int { return cmp.Compare(a.Path, b.Path) }) {
			t.Fatalf("got %d, want %d in order", len(all), many)
		}
		if x := all[0]; x.Action != intake.Match || x.Source != "/ü" || x.Size == 0 {
			t.Errorf("got %+v", x)
		}
	}
	p.close()
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A full disk is an error, and not a tree with holes.
func TestPlacementsFail(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere/at/all")
	p := &placements{most: 2}
	defer p.close()
	for range 5 {
		p.add(intake.Placed{Path: "x"})
	}
	if err := printTree(&bytes.Buffer{}, p.each); err == nil {
		t.Error("no error")
	}
}

func BenchmarkTree(b *testing.B) {
	p := newPlacements()
	defer p.close()
	for i := range 1_000_000 {
		p.add(intake.Placed{Path: fmt.Sprintf("Artist %d/Album %d/%02d Title.flac", i/120, i/12, i%12), Action: intake.Upload, Source: "/somewhere/on/this/machine/that/is/long.flac"})
	}
	for b.Loop() {
		if err := printTree(&bytes.Buffer{}, p.each); err != nil {
			b.Fatal(err)
		}
	}
}
