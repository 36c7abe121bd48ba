package integration

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
)

// golden compares a text with testdata/NAME.golden, or writes that with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(s string) []string { return strings.Split(s, "\n") }
	if diff := gocmp.Diff(lines(string(want)), lines(got)); diff != "" {
		t.Errorf("%s (-want +got); go test ./integration -run %s -update writes it anew:\n%s", file, t.Name(), diff)
	}
}

// drawn shows what an import made of the folder music, for people: each folder of the
// locker with where most of it comes from, each file with its source where that is
// another folder or another name, then what the report says.
func drawn(music string, from map[string][]string, said report) string {
	var out strings.Builder
	fmt.Fprintf(&out, "imported %d, matched %d, present %d, of these %d companions\n", said.Imported, said.Matched, said.Present, said.Companions)
	folders := map[string][]string{}
	for file := range from {
		folders[path.Dir(file)] = append(folders[path.Dir(file)], file)
	}
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		home := commonHome(folders[dir], from)
		fmt.Fprintf(&out, "\n%s/ ← %s/\n", shown(dir), shown(home))
		for _, file := range slices.Sorted(slices.Values(folders[dir])) {
			fmt.Fprintf(&out, "\t%s%s\n", shown(path.Base(file)), origin(path.Base(file), home, from[file]))
		}
	}
	notes := func(title string, list []note) {
		fmt.Fprintf(&out, "\n%s: %d\n", title, len(list))
		for _, n := range list {
			what := strings.ReplaceAll(n.What, music+"/", "")
			fmt.Fprintf(&out, "\t%s: %s\n", shown(strings.TrimPrefix(n.File, music+"/")), shown(what))
		}
	}
	notes("renamed", said.Renamed)
	damaged := slices.Clone(said.Damaged)
	for i := range damaged {
		damaged[i].What = sizes.ReplaceAllString(damaged[i].What, "N")
	}
	notes("taken in, but damaged", damaged)
	notes("left out", said.Skipped)
	notes("not music", said.NotAudio)
	notes("failed", said.Failed)
	return out.String()
}

// sizes are numbers of bytes, which depend on the encoders.
var sizes = regexp.MustCompile(`\b[0-9]{2,}\b`)

// commonHome is the folder that most of the files' sources are in.
func commonHome(files []string, from map[string][]string) string {
	count := map[string]int{}
	for _, file := range files {
		for _, source := range from[file] {
			count[path.Dir(source)]++
		}
	}
	return slices.MinFunc(slices.Collect(maps.Keys(count)), func(a, b string) int {
		return cmp.Or(-cmp.Compare(count[a], count[b]), cmp.Compare(a, b))
	})
}

// origin says where a file comes from, as far as its own name and home do not.
func origin(name, home string, sources []string) string {
	if len(sources) == 1 && sources[0] == path.Join(home, name) {
		return ""
	}
	var all []string
	for _, s := range sources {
		if path.Dir(s) == home {
			s = path.Base(s)
		}
		all = append(all, shown(s))
	}
	return " ← " + strings.Join(all, " and ")
}

// shown makes visible what a reader of a text would not see: bytes that are no UTF-8,
// combining marks, controls, and space at the ends.
func shown(s string) string {
	var out strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case unicode.Is(unicode.Mn, r) && !unicode.In(r, unicode.Thai), !unicode.IsPrint(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		case r == ' ' && (i == 0 || i == len(s)-1):
			out.WriteString("␠")
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
