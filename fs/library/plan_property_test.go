package library_test

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// layouts are those for which planning is held to its properties.
func layouts() []string {
	return []string{
		"plain", "year", "classical", "keep",
		"{albumartist}/{album}/{disc-}{track} {title}",
		"{sort(albumartist)}/{[year] }{album}/{track - }{title}",
		"{genre}/{albumartist}/{album} [{codec}]/{pad(track,3)} {title}",
		"{albumartist}/{album}/{if disc}Disc {disc}{end}/{track} {title}",
		"{if compilation}Compilations{else}{lower(albumartist)}{end}/{album}/{title} - {track}",
		"{albumartist} - {album}/{if track}{track}. {end}{artist - }{title}",
		"Music/{if compilation}VA{end}/{first(artists)}/{album}{ (originalyear)}/{upper(title)}",
	}
}

// collection draws sources from few names, so that they meet, and from hostile ones.
func collection(t *rapid.T, label string) []library.Source {
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"A", "a", "Ä", "A\u0308", "B", "B (2)", "A (1990)", "", "con", "..", "CD1", "Disc 2", "2004 - X", "a/b", "A feat. B", "A & B", "Various Artists", "straße", "STRASSE", "The A", "B’", "B'", "A (Disc 2)", "B’s"}),
		rapid.SampledFrom([]string{"A", "B", "T"}),
		rapid.StringN(0, 6, -1),
		rapid.Just(strings.Repeat("ö", 130)),
	)
	folder := rapid.SampledFrom([]string{"in", "In", "a", "CD1", "cd 2", "B CD1", "B (CD 2)", "Side A", "Scans", "a-b-1990-C", "X - Y", "1999", "A\u0308", "Various Artists", "Unknown Artist", "B (2)"})
	name := rapid.SampledFrom([]string{"01 T", "1-02 t", "t", "01-a_b-c", "T", "cover", "A - B - C", "03. u", "Ä", "A\u0308", "A1 - T", "00 - B", "01 T (2)"})
	ext := rapid.SampledFrom([]string{".mp3", ".MP3", ".flac", ".mp3", ".flac", ".jpg", ".cue", ".m3u8", ".lrc", "", ". x"})
	seen := map[string]bool{}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) library.Source {
		dirs := rapid.SliceOfN(folder, 0, 4).Draw(t, "dirs")
		s := library.Source{Path: path.Join(append(dirs, name.Draw(t, "name")+ext.Draw(t, "ext"))...)}
		for seen[s.Path] {
			s.Path = "x" + s.Path
		}
		seen[s.Path] = true
		s.ID = label + " " + s.Path
		if tag.Audio(s.Path) && rapid.IntRange(0, 4).Draw(t, "tags") > 0 {
			s.Info = &tag.Info{
				Title: word.Draw(t, "title"), Artist: word.Draw(t, "artist"), Album: word.Draw(t, "album"), AlbumArtist: word.Draw(t, "albumartist"),
				Track: rapid.IntRange(0, 3).Draw(t, "track"), Disc: rapid.IntRange(0, 2).Draw(t, "disc"), Compilation: rapid.IntRange(0, 5).Draw(t, "compilation") == 5,
				Year:      rapid.SampledFrom([]int{0, 0, 1990, 1991}).Draw(t, "year"),
				ReleaseID: rapid.SampledFrom([]string{"", "", "", "r1", "r2"}).Draw(t, "release"),
				Genre:     rapid.SampledFrom([]string{"", "Rock", "Pop"}).Draw(t, "genre"), Composer: rapid.SampledFrom([]string{"", "Bach", "Händel"}).Draw(t, "composer"),
				Date:       rapid.SampledFrom([]string{"", "", "1990", "1990-05-21", "1990-05-22", "1991-05-21"}).Draw(t, "date"),
				TrackTotal: rapid.SampledFrom([]int{0, 0, 9, 120}).Draw(t, "tracks"), DiscTotal: rapid.IntRange(0, 2).Draw(t, "discs"),
			}
		}
		return s
	}), 0, 25).Draw(t, label)
}

func drawLayout(t *rapid.T) *library.Layout {
	l, err := library.ParseLayout(rapid.SampledFrom(layouts()).Draw(t, "layout"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func place(t rapid.TB, l *library.Layout, existing library.Existing, sources []library.Source) map[string]string {
	t.Helper()
	placed, err := library.Plan(l, sources, existing)
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

// TestPlanProperties holds that paths are possible and distinct, and that the order of
// the sources does not matter.
func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources, l := collection(t, "sources"), drawLayout(t)
		for i := range sources {
			sources[i].ID = rapid.SampledFrom([]string{"", "1", "2", "3", sources[i].ID}).Draw(t, "id")
		}
		there := locker{"A/B/01 T.mp3": "1", "B": "2", "Various Artists/x": "3", "ä/b/cover.jpg": "1", "Music": "2"}
		if rapid.Bool().Draw(t, "empty locker") {
			there = locker{}
		}
		first := place(t, l, there, sources)
		checkPlacements(t, there, sources, first)

		shuffled := rapid.Permutation(sources).Draw(t, "shuffled")
		if diff := cmp.Diff(first, place(t, l, there, shuffled)); diff != "" {
			t.Fatalf("in another order (-first +second):\n%s", diff)
		}
	})
}

// TestPlanAgain holds that what was imported and is imported again lands on itself, also
// when more was imported since.
func TestPlanAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayout(t)
		one, two := collection(t, "one"), collection(t, "two")
		first := place(t, l, shelf{}, one)
		filled := shelf{}.with(one, first)
		if diff := cmp.Diff(first, place(t, l, filled, one)); diff != "" {
			t.Fatalf("the second time under %s (-first +second):\n%s%s", l, diff, show(one))
		}
		second := place(t, l, filled, two)
		for i := range two {
			if _, there := filled[second[two[i].Path]]; there {
				t.Fatalf("%q goes to %q, where another is", two[i].Path, second[two[i].Path])
			}
		}
		full := filled.with(two, second)
		if diff := cmp.Diff(second, place(t, l, full, two)); diff != "" {
			t.Fatalf("more, the second time under %s (-first +second):\n%s%s\nafter%s", l, diff, show(two), show(one))
		}
	})
}

// TestPlanHeld holds that what stands where a plan put it is planned to stand there, as
// a whole and folder by folder.
func TestPlanHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayout(t)
		before, sources := shelf{}, collection(t, "sources")
		if rapid.Bool().Draw(t, "more before") {
			more := collection(t, "before")
			t.Log("before:", show(more))
			before = before.with(more, place(t, l, before, more))
		}
		placed := place(t, l, before, sources)
		t.Log("sources:", show(sources))
		full := before.with(sources, placed)
		held, rest := full.held(func(p string) bool { _, there := before[p]; return !there })
		checkStays(t, l, held, rest)
		if len(before) > 0 {
			return
		}
		for dir := range full.albumFolders() {
			if len(path.Base(dir)) > library.MaxPart-20 {
				continue // names cut to make room for a year are told apart only beside each other
			}
			held, rest := full.held(func(p string) bool { return strings.HasPrefix(p, dir+"/") })
			checkStays(t, l, held, rest)
		}
	})
}

// albumFolders gives the folders that can be filed anew by themselves: not those that
// are part of an album.
func (l shelf) albumFolders() map[string]bool {
	files, dirs := map[string]bool{}, map[string]bool{}
	for p := range l {
		files[path.Dir(p)] = true
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	for dir := range dirs {
		_, disc := library.DiscFolder(path.Base(dir))
		for above := path.Dir(dir); above != "." || disc; above = path.Dir(above) {
			if files[above] || disc {
				delete(dirs, dir)
				break
			}
		}
	}
	return dirs
}

func checkStays(t rapid.TB, l *library.Layout, held []library.Source, rest shelf) {
	t.Helper()
	want := map[string]string{}
	for _, s := range held {
		want[s.Path] = s.Path
	}
	if diff := cmp.Diff(want, place(t, l, rest, held)); diff != "" {
		t.Fatalf("filed anew under %s (-is +goes to):\n%s%s", l, diff, show(held))
	}
}

// TestPlanNeverMerges holds that no folder has tracks of two releases of one name.
func TestPlanNeverMerges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayout(t)
		if l.String() == "keep" {
			return
		}
		there := shelf{}
		for n := range rapid.IntRange(1, 3).Draw(t, "imports") {
			sources := collection(t, fmt.Sprint(n))
			for i := range sources {
				if strings.HasSuffix(sources[i].Path, ".cue") || strings.HasSuffix(sources[i].Path, ".m3u8") {
					sources[i].Path += "x" // what they name stays together, whatever it is
				}
			}
			there = there.with(sources, place(t, l, there, sources))
		}
		type album struct{ dir, title string }
		seen := map[album]string{}
		for p, s := range there {
			if s.Info == nil || s.Info.ReleaseID == "" || library.Fold(s.Info.Album) == "" {
				continue
			}
			k := album{path.Dir(p), library.Fold(s.Info.Album)}
			if id, ok := seen[k]; ok && id != s.Info.ReleaseID {
				t.Fatalf("%q has %q and %q", p, id, s.Info.ReleaseID)
			}
			seen[k] = s.Info.ReleaseID
		}
	})
}

// checkPlacements holds that each path is valid, that none is another, but for tracks of
// one content, a folder of another or one in the locker, case ignored, and that one folder
// has one spelling.
func checkPlacements(t *rapid.T, l locker, sources []library.Source, placed map[string]string) {
	t.Helper()
	if wrong := badPlacements(l, sources, placed); wrong != "" {
		t.Fatal(wrong)
	}
}

func badPlacements(l locker, sources []library.Source, placed map[string]string) string {
	spelling := map[string]string{} // of folders
	files, placedAs := map[string]string{}, map[string]bool{}
	add := func(p string, file bool) string {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if other, ok := spelling[library.Fold(dir)]; ok && other != dir {
				return fmt.Sprintf("folders %q and %q", dir, other)
			}
			spelling[library.Fold(dir)] = dir
		}
		if other, ok := files[library.Fold(p)]; ok && file {
			return fmt.Sprintf("files %q and %q", p, other)
		}
		files[library.Fold(p)] = p
		return ""
	}
	for p := range l {
		add(p, false)
	}
	for _, s := range sources {
		p := placed[s.Path]
		for part := range strings.SplitSeq(p, "/") {
			if err := library.ValidName(part); err != nil {
				return fmt.Sprintf("%q goes to %q: %v", s.Path, p, err)
			}
		}
		if root, _, _ := strings.Cut(p, "/"); root == ".lockerfs" {
			return fmt.Sprintf("%q goes to %q", s.Path, p)
		}
		if id, there := l[p]; there && id == s.ID {
			continue // onto itself
		}
		titled := s.ID != "" && s.Info != nil && s.Info.Title != ""
		before, there := placedAs[p+s.ID]
		double := there && (titled || before)
		if wrong := add(p, !double); wrong != "" {
			return wrong
		}
		placedAs[p+s.ID] = titled || before
	}
	for key, p := range files {
		if dir, ok := spelling[key]; ok {
			return fmt.Sprintf("%q is a file and %q a folder", p, dir)
		}
	}
	return ""
}

// show tells what sources are, for a test that fails.
func show(sources []library.Source) string {
	var b strings.Builder
	for _, s := range sources {
		info, _ := json.Marshal(s.Info)
		fmt.Fprintf(&b, "\n%q %s", s.Path, info)
	}
	return b.String()
}
