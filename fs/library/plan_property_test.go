package library_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// collection draws sources from few names, so that they meet, and from hostile ones.
func collection(t *rapid.T) []library.Source {
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"A", "a", "Ä", "A\u0308", "B", "B (2)", "", "con", "..", "CD1", "Disc 2", "2004 - X", "a/b", "Various Artists", "straße", "STRASSE"}),
		rapid.StringN(0, 6, -1),
		rapid.Just(strings.Repeat("ö", 130)),
	)
	folder := rapid.SampledFrom([]string{"in", "In", "a", "CD1", "cd 2", "Scans", "X - Y", "1999", "A\u0308"})
	name := rapid.SampledFrom([]string{"01 T", "1-02 t", "t", "T", "cover", "A - B - C", "03. u", "Ä", "A\u0308"})
	ext := rapid.SampledFrom([]string{".mp3", ".MP3", ".flac", ".jpg", ".cue", ".m3u8", "", ". x"})
	seen := map[string]bool{}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) library.Source {
		dirs := rapid.SliceOfN(folder, 0, 4).Draw(t, "dirs")
		s := library.Source{Path: path.Join(append(dirs, name.Draw(t, "name")+ext.Draw(t, "ext"))...)}
		for seen[s.Path] {
			s.Path += "x"
		}
		seen[s.Path] = true
		s.ID = rapid.SampledFrom([]string{"", "1", "2", "3", s.Path}).Draw(t, "id")
		if tag.Audio(s.Path) && rapid.Bool().Draw(t, "tags") {
			s.Info = &tag.Info{
				Title: word.Draw(t, "title"), Artist: word.Draw(t, "artist"), Album: word.Draw(t, "album"), AlbumArtist: word.Draw(t, "albumartist"),
				Track: rapid.IntRange(0, 3).Draw(t, "track"), Disc: rapid.IntRange(0, 2).Draw(t, "disc"), Compilation: rapid.Bool().Draw(t, "compilation"),
			}
		}
		return s
	}), 0, 30).Draw(t, "sources")
}

func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := collection(t)
		l := locker{"A/B/01 T.mp3": "1", "B": "2", "Various Artists/x": "3", "ä/b/cover.jpg": "1"}
		if rapid.Bool().Draw(t, "empty locker") {
			l = locker{}
		}
		first := place(t, l, sources)
		checkPlacements(t, l, sources, first)

		shuffled := rapid.Permutation(sources).Draw(t, "shuffled")
		if diff := cmp.Diff(first, place(t, l, shuffled)); diff != "" {
			t.Fatalf("in another order (-first +second):\n%s", diff)
		}
	})
}

// TestPlanAgain holds that what was imported and is imported again lands on itself.
func TestPlanAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := collection(t)
		for i := range sources {
			sources[i].ID = fmt.Sprintf("id %s", sources[i].Path)
		}
		first := place(t, locker{}, sources)
		filled := locker{}
		for _, s := range sources {
			filled[first[s.Path]] = s.ID
		}
		if diff := cmp.Diff(first, place(t, filled, sources)); diff != "" {
			t.Fatalf("the second time (-first +second):\n%s", diff)
		}
	})
}

func place(t *rapid.T, l locker, sources []library.Source) map[string]string {
	t.Helper()
	placed, err := library.Plan(nil, sources, l)
	if err != nil || len(placed) != len(sources) {
		t.Fatalf("Plan of %d sources gave %d placements and %v", len(sources), len(placed), err)
	}
	out := map[string]string{}
	for i, p := range placed {
		if p.Source != i {
			t.Fatalf("placement %d is of source %d", i, p.Source)
		}
		out[sources[i].Path] = p.Path
	}
	return out
}

// checkPlacements holds that each path is valid, that none is another, a folder of
// another or one in the locker, case ignored, and that one folder has one spelling.
func checkPlacements(t *rapid.T, l locker, sources []library.Source, placed map[string]string) {
	t.Helper()
	spelling := map[string]string{} // of folders
	files := map[string]string{}
	add := func(p string, file bool) {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if other, ok := spelling[library.Fold(dir)]; ok && other != dir {
				t.Fatalf("folders %q and %q", dir, other)
			}
			spelling[library.Fold(dir)] = dir
		}
		if other, ok := files[library.Fold(p)]; ok && file {
			t.Fatalf("files %q and %q", p, other)
		}
		files[library.Fold(p)] = p
	}
	for p := range l {
		add(p, false)
	}
	for _, s := range sources {
		p := placed[s.Path]
		for part := range strings.SplitSeq(p, "/") {
			if err := library.ValidName(part); err != nil {
				t.Fatalf("%q goes to %q: %v", s.Path, p, err)
			}
		}
		if id, there := l[p]; there && id == s.ID {
			continue // onto itself
		}
		add(p, true)
	}
	for key, p := range files {
		if dir, ok := spelling[key]; ok {
			t.Fatalf("%q is a file and %q a folder", p, dir)
		}
	}
}
