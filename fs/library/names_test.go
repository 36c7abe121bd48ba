package library_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/library"
)

func TestCleanPart(t *testing.T) {
	long := strings.Repeat("ü", 150)
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Sinnerman", "Sinnerman"},
		{"refused by Windows", `a<b>c:d"e/f\g|h?i*j`, "a_b_c_d_e_f_g_h_i_j"},
		{"controls", "a\x00b\x1bc\x7f", "a_b_c_"},
		{"space of all kinds", " a\t b\u00a0\u2003c\n", "a b c"},
		{"hidden", ".hidden", "_hidden"},
		{"three dots", "...And Justice for All", "_..And Justice for All"},
		{"dot at the end", "Vol.", "Vol_"},
		{"only dots", "..", "__"},
		{"nothing", "", "_"},
		{"only space", " \t ", "_"},
		{"decomposed", "Bjo\u0308rk", "Björk"},
		{"not UTF-8", "Bj\xf6rk", "Bj_rk"},
		{"turned around", "abc\u202egpj.exe", "abcgpj.exe"},
		{"no character", "a\uffffb", "a_b"},
		{"device", "nul", "nul_"},
		{"device with extension", "Com1.txt", "Com1_.txt"},
		{"device with space", "aux .flac", "aux_ .flac"},
		{"device in a superscript", "LPT²", "LPT²_"},
		{"no device", "Connie", "Connie"},
		{"no device either", "COM", "COM"},
		{"cut on a rune", long, strings.Repeat("ü", 100)},
		{"cut before a space", strings.Repeat("a", 199) + " b", strings.Repeat("a", 199)},
		{"an option", "--help", "_-help"},
		{"unseen", "Odd\u00ad Na\u200emes\u2063\u061c", "Odd Names"},
		{"joined", "क\u200dष", "क\u200dष"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := library.CleanPart(tt.in); got != tt.want {
				t.Errorf("CleanPart(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCleanFile(t *testing.T) {
	for _, tt := range []struct{ stem, ext, want string }{
		{"01 Title", ".flac", "01 Title.flac"},
		{"D.T.", ".mp3", "D.T..mp3"},
		{"", ".mp3", "_.mp3"},
		{".", ".mp3", "_.mp3"},
		{"nul", ".mp3", "nul_.mp3"},
		{"Vol", ". 2", "Vol. 2"},
		{"README", "", "README"},
		{strings.Repeat("é", 200), ".opus", strings.Repeat("é", 97) + ".opus"},
	} {
		if got := library.CleanFile(tt.stem, tt.ext); got != tt.want {
			t.Errorf("CleanFile(%q, %q) = %q, want %q", tt.stem, tt.ext, got, tt.want)
		}
	}
}

func TestSplitExt(t *testing.T) {
	for _, tt := range []struct{ name, stem, ext string }{
		{"a.flac", "a", ".flac"}, {"a.b.MP3", "a.b", ".MP3"}, {"01. Intro", "01. Intro", ""},
		{".hidden", ".hidden", ""}, {"a.", "a.", ""}, {"a.toolongforone", "a.toolongforone", ""}, {"", "", ""},
	} {
		if stem, ext := library.SplitExt(tt.name); stem != tt.stem || ext != tt.ext {
			t.Errorf("SplitExt(%q) = %q, %q, want %q, %q", tt.name, stem, ext, tt.stem, tt.ext)
		}
	}
}

func TestValidName(t *testing.T) {
	for _, tt := range []struct {
		name string
		want error
	}{
		{"01 Title.flac", nil}, {"con", nil}, {"a\nb", nil}, {"...", nil}, {strings.Repeat("a", 255), nil},
		{"", library.ErrNameInvalid}, {".", library.ErrNameInvalid}, {"..", library.ErrNameInvalid},
		{"a/b", library.ErrNameInvalid}, {"a\x00", library.ErrNameInvalid},
		{strings.Repeat("a", 256), library.ErrNameTooLong}, {strings.Repeat("ü", 128), library.ErrNameTooLong},
		{"Bj\xf6rk", library.ErrNameEncoding}, {"Bjo\u0308rk", library.ErrNameEncoding},
	} {
		if got := library.ValidName(tt.name); !errors.Is(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("ValidName(%q) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"Abbey Road", "ABBEY ROAD", "abbey road"},
		{"Björk", "BJÖRK", "Bjo\u0308rk"},
		{"Straße", "STRASSE", "straße"},
		{"ΣΊΣΥΦΟΣ", "Σίσυφος"},
		{"\u13a0\u13f5", "\uab70\u13fd"},
	} {
		for _, name := range same[1:] {
			if got, want := library.Fold(name), library.Fold(same[0]); got != want {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q", name, got, same[0], want)
			}
		}
	}
	if library.Fold("Bjork") == library.Fold("Björk") {
		t.Error("Fold takes ö for o")
	}
}

// checkClean tells what is wrong with a name that cleaning made.
func checkClean(name string) string {
	switch {
	case library.ValidName(name) != nil:
		return library.ValidName(name).Error()
	case len(name) > library.MaxPart:
		return "too long"
	case strings.ContainsAny(name, "<>:\"/\\|?*"):
		return "character that Windows refuses"
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.TrimSpace(name) != name:
		return "dot or space at an end"
	case !utf8.ValidString(name) || !norm.NFC.IsNormalString(name):
		return "encoding"
	}
	return ""
}

func TestCleanProperties(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"con", "Nul.", ". .", "a\u0301\u200b\u0301", "\u1100\u200b\u1161", "LPT1 .x"}))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text") + text.Draw(t, "more")
		got := library.CleanPart(s)
		if wrong := checkClean(got); wrong != "" {
			t.Fatalf("CleanPart(%q) = %q: %s", s, got, wrong)
		}
		if again := library.CleanPart(got); again != got {
			t.Fatalf("CleanPart(%q) = %q, and again %q", s, got, again)
		}
		if name := library.CleanFile(s, ".flac"); !strings.HasSuffix(name, ".flac") || checkClean(name) != "" {
			t.Fatalf("CleanFile(%q) = %q: %s", s, name, checkClean(name))
		}
		if once, twice := library.Fold(s), library.Fold(library.Fold(s)); utf8.ValidString(s) && once != twice {
			t.Fatalf("Fold(%q) = %q, and again %q", s, once, twice)
		}
	})
}

func FuzzCleanPart(f *testing.F) {
	for _, s := range []string{"", ".", "AC/DC", "Bjo\u0308rk", "nul.txt", "a\xff", strings.Repeat("ü", 200), "com¹ .", "\u202e.\u200b."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := library.CleanPart(s)
		if wrong := checkClean(got); wrong != "" {
			t.Fatalf("CleanPart(%q) = %q: %s", s, got, wrong)
		}
		if again := library.CleanPart(got); again != got {
			t.Fatalf("CleanPart(%q) = %q, and again %q", s, got, again)
		}
	})
}
