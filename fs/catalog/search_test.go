package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// newSearched is newIndex of a tree that is whole.
func newSearched(t testing.TB) *Index {
	t.Helper()
	x := newIndex(t)
	if err := x.MarkSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	return x
}

// trackOp creates a file with tags.
func trackOp(id, parent ID, name string, tags *tag.Info) Op {
	op := fileOp(id, parent, name, fmt.Sprint("c", id))
	op.Entry.Version.Tags = tags
	return op
}

// search gives the paths that a search finds.
func search(t testing.TB, x *Index, words string) []string {
	t.Helper()
	found, err := x.Search(t.Context(), words, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range found {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestSearchFinds(t *testing.T) {
	x := newSearched(t)
	good(t, x, dirOp(tid(1), Root, "AC_DC"), dirOp(tid(2), tid(1), "Back in Black"), dirOp(tid(3), Root, "Sigur Rós"),
		trackOp(tid(10), tid(2), "01 Hells Bells.mp3", &tag.Info{Title: "Hells Bells", Artist: "AC/DC", Album: "Back in Black", Year: 1980, Genre: "Hard Rock"}),
		trackOp(tid(11), tid(3), "Svefn-g-englar.flac", &tag.Info{Title: "Svefn-g-englar", Artist: "Sigur Rós", Composer: "Jón Þór Birgisson", Date: "1999-08-23"}),
		trackOp(tid(12), Root, "x1.mp3", &tag.Info{Title: "Who Knew", Artist: "P!nk", AlbumArtist: "Various Artists"}),
		trackOp(tid(13), Root, "x2.mp3", &tag.Info{Title: "Группа крови", Artist: "Кино", Album: "Ёлка"}),
		trackOp(tid(14), Root, "x3.mp3", &tag.Info{Title: "東京事変", Artist: "椎名林檎", ArtistSort: "Shiina, Ringo", Album: "ひかりtokyo"}),
		trackOp(tid(15), Root, "x4.mp3", &tag.Info{Title: "Ågot Øl", Artists: []string{"Mø", "Æther"}, Artist: "Mø; Æther"}),
		trackOp(tid(16), Root, "x5.mp3", &tag.Info{Title: "Losing My Religion", Artist: "R.E.M.", Album: "Don’t Panic l'Amour"}),
		trackOp(tid(17), Root, "x6.mp3", &tag.Info{Title: "Pardon My Freedom", Artist: "!!!", Album: "ＷＩＤＥ ﬁsh"}),
		trackOp(tid(18), Root, "x7.mp3", &tag.Info{Title: "จงรัก", Artist: "방탄소년단"}),
		trackOp(tid(19), Root, "x8.mp3", nil))
	for words, want := range map[string]string{
		"hells": "01 Hells", "HELLS bel": "01 Hells", "bells hells": "01 Hells", "bell hellsx": "", "ells": "",
		"ac/dc": "01 Hells", "acdc": "01 Hells", "AC-DC back": "01 Hells", "dc": "01 Hells", "hard rock 1980": "01 Hells", "198": "01 Hells",
		"back_in_black mp3": "01 Hells",
		"sigur ros":         "Svefn", "Sigur Rós": "Svefn", "SIGUR RO\u0301S": "Svefn", "svefn-g-englar": "Svefn", "englar": "Svefn", "svefngenglar": "Svefn",
		"jon thor": "Svefn", "flac": "Svefn", "1999": "Svefn",
		"p!nk": "x1", "pnk": "x1", "various": "x1",
		"кино": "x2", "КИНО группа": "x2", "елка": "x2", "ёлк": "x2",
		"東京": "x3", "京事": "x3", "変": "x3", "東変": "", "林檎 東京": "x3", "ringo": "x3", "ひかり": "x3", "かり tokyo": "x3", "がり": "",
		"agot ol": "x4", "mo": "x4", "aether": "x4", "ÅGOT": "x4",
		"r.e.m.": "x5", "rem": "x5", "dont": "x5", "don't": "x5", "amour": "x5", "l'amour": "x5", "lamour": "x5",
		"!!!": "x6", "!! pardon": "x6", "wide fish": "x6",
		"งรั": "x7", "방탄": "x7", "x8": "x8", "x8 mp3": "x8", "x8 x7": "",
		"": "", "  ": "", "%": "", "*": "", `"`: "", "main:hells": "", "hells OR pardon": "", "NOT hells": "", "hells*": "01 Hells", `"hells bells"`: "01 Hells",
		"hells\x00bells": "01 Hells", "\xff\xfehells": "01 Hells", "NEAR(hells bells)": "", "hells AND bells": "", "(hells": "01 Hells", "hel^ls": "",
	} {
		got := search(t, x, words)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestSearchSaysWhatItFound(t *testing.T) {
	x := newSearched(t)
	good(t, x, dirOp(tid(1), Root, "D"), trackOp(tid(2), tid(1), "f.mp3", &tag.Info{Title: "T", Artist: "A", Album: "B", Duration: time.Second}))
	got, err := x.Search(t.Context(), "f", 10)
	want := []Finding{{Path: "D/f.mp3", ID: tid(2), Artist: "A", Album: "B", Title: "T", Duration: time.Second}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestSearchOrder(t *testing.T) {
	x := newSearched(t)
	good(t, x, dirOp(tid(1), Root, "Go"), dirOp(tid(2), Root, "Go B"), dirOp(tid(3), Root, "Z"),
		trackOp(tid(10), tid(1), "a", nil), trackOp(tid(11), tid(2), "a", &tag.Info{Title: "Gold"}), trackOp(tid(12), tid(1), "b", &tag.Info{Title: "Gold", Genre: "go"}),
		trackOp(tid(13), tid(3), "b", &tag.Info{Title: "Go"}), trackOp(tid(14), tid(3), "a", &tag.Info{Album: "Going", Artist: "Go"}), trackOp(tid(15), tid(3), "gone", nil))
	want := []string{"Z/a", "Z/b", "Go/b", "Go B/a", "Go/a", "Z/gone"}
	if diff := cmp.Diff(want, search(t, x, "go")); diff != "" {
		t.Error(diff)
	}
	for limit := range len(want) + 2 {
		got, err := x.Search(t.Context(), "GO", limit)
		if err != nil || len(got) != min(limit, len(want)) {
			t.Errorf("limit %d: %v, %v", limit, got, err)
		}
		for i := range got {
			if got[i].Path != want[i] {
				t.Errorf("limit %d: %d is %s, want %s", limit, i, got[i].Path, want[i])
			}
		}
	}
	if got, err := x.Search(t.Context(), "go", -1); err != nil || len(got) > 0 {
		t.Errorf("limit -1: %v, %v", got, err)
	}
}

func TestSearchIsBounded(t *testing.T) {
	x := newSearched(t)
	good(t, x, trackOp(tid(1), Root, "a", &tag.Info{Title: strings.Repeat("long", 4000), Artist: strings.Repeat("w ", 9000), Album: strings.Repeat("ä", 200) + " zz"}))
	for _, words := range []string{strings.Repeat("a", maxText+1), strings.Repeat("a ", 4) + numbers(maxQuery+1)} {
		if _, err := x.Search(t.Context(), words, 10); !errors.Is(err, ErrQuery) {
			t.Errorf("%.20q…: %v", words, err)
		}
	}
	for _, words := range []string{strings.Repeat("long", 1000), "zz " + strings.Repeat("ä", 150), strings.Repeat("w ", 5000), strings.Repeat("a'", 8000)} {
		if _, err := x.Search(t.Context(), words, 10); err != nil {
			t.Errorf("%.20q…: %v", words, err)
		}
	}
	if got := search(t, x, strings.Repeat("long", 1000)); len(got) != 1 {
		t.Errorf("a long word: %v", got)
	}
	if got := search(t, x, "zz "+strings.Repeat("Ä", 150)); len(got) != 1 {
		t.Errorf("a long word that is cut: %v", got)
	}
	if _, err := newIndex(t).Search(t.Context(), "a", 1); !errors.Is(err, ErrUnsynced) {
		t.Errorf("before the tree is whole: %v", err)
	}
}

// numbers gives n different words.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i, " ")
	}
	return b.String()
}

// TestHostileWords: no text is syntax, a failure, or a word that is not one.
func TestHostileWords(t *testing.T) {
	x := newSearched(t)
	good(t, x, trackOp(tid(1), Root, "a", &tag.Info{Title: "a"}))
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(`"*^:(){}+-,'.a NEAROT東ー่́`)))).Draw(rt, "text")
		if _, err := x.Search(rt.Context(), text, 10); err != nil && !errors.Is(err, ErrQuery) {
			rt.Fatal(err)
		}
		check := func(w string) {
			if w == "" || !utf8.ValidString(w) || len(w) > maxWord || strings.ContainsFunc(w, func(r rune) bool { return r < utf8.RuneSelf && !wordRune(r) }) {
				rt.Fatalf("%q has the word %q", text, w)
			}
		}
		eachWord(text, check)
		words, _ := queryWords(text)
		for _, w := range words {
			check(w)
		}
		// What is searched for is found in itself, and folding is once for all.
		var in []string
		eachWord(text, func(w string) { in = append(in, w) })
		for _, w := range words {
			if !slices.ContainsFunc(in, func(have string) bool { return strings.HasPrefix(have, w) }) && len(text) < maxJoined {
				rt.Fatalf("%q: %q is not in %q", text, w, in)
			}
		}
	})
}
