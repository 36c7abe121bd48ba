package library_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// shelf is a locker with its tags: what stands at each path.
type shelf map[string]library.Source

func (l shelf) Folder(dir string) (*library.Folder, error) {
	plain := locker{}
	for p, s := range l {
		plain[p] = s.ID
	}
	return plain.Folder(dir)
}

// Releases gives what the catalog knows: the tags of the audio in the folder itself.
func (l shelf) Releases(dir string) ([]library.Release, error) {
	var out []library.Release
	for p, s := range l {
		if d := path.Dir(p); d != dir && !(d == "." && dir == "") || !tag.Audio(p) {
			continue
		}
		r := library.ReleaseOf(s.Info)
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// with gives the locker with sources where they were placed.
func (l shelf) with(sources []library.Source, placed map[string]string) shelf {
	out := shelf{}
	for p, s := range l {
		out[p] = s
	}
	for _, s := range sources {
		out[placed[s.Path]] = s
	}
	return out
}

// held gives what stands at some paths as sources of an organize, and the rest.
func (l shelf) held(which func(p string) bool) (sources []library.Source, rest shelf) {
	rest = shelf{}
	for p, s := range l {
		if which(p) {
			sources = append(sources, library.Source{Path: p, Info: s.Info, ID: s.ID, Held: true})
		} else {
			rest[p] = s
		}
	}
	slices.SortFunc(sources, func(a, b library.Source) int { return strings.Compare(a.Path, b.Path) })
	return sources, rest
}

// layout parses one that is right.
func layout(t testing.TB, text string) *library.Layout {
	t.Helper()
	l, err := library.ParseLayout(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
