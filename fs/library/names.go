// Package library decides where music stands in a locker: what a name may be, what
// path the tags of a file give it, and what its object is called in the bucket.
//
// It is pure: it knows tags and names, and asks about the locker only through
// [Existing]. It must never know catalogs, stores, files or the kernel.
package library

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxName is the longest name a locker may hold, in bytes: what Linux can name.
const MaxName = 255

// MaxPart is the longest name that automatic filing makes, in bytes. It leaves room
// for what others put behind it: a number, a temporary suffix, a sync tool's mark.
const MaxPart = 200

// Why a name cannot be in a locker.
var (
	ErrNameTooLong  = errors.New("name is longer than 255 bytes")
	ErrNameEncoding = errors.New("name is not UTF-8 in normal form C")
	ErrNameInvalid  = errors.New("name is not possible in a folder")
)

// ValidName tells whether a locker may hold a name at all: one to 255 bytes of UTF-8
// in NFC, without '/' and NUL, and neither "." nor "..". Names that only some systems
// refuse are valid: a person may have put them there.
func ValidName(name string) error {
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("%w: %q", ErrNameInvalid, shorten(name))
	case len(name) > MaxName:
		return fmt.Errorf("%w: %q", ErrNameTooLong, shorten(name))
	case !utf8.ValidString(name) || !norm.NFC.IsNormalString(name):
		return fmt.Errorf("%w: %q", ErrNameEncoding, name)
	}
	return nil
}

func shorten(s string) string {
	if len(s) > 80 {
		return cut(s, 80) + "…"
	}
	return s
}

// Fold gives a key that is equal for names that differ only by case or normal form.
// macOS and Windows cannot keep two such names in one folder.
func Fold(name string) string {
	ascii := true
	for i := 0; i < len(name) && ascii; i++ {
		ascii = name[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(name)
	}
	// A decomposed letter folds in more ways than its composed form, and folding can
	// leave something to compose.
	return norm.NFC.String(cases.Fold().String(strings.Map(cherokee, norm.NFD.String(name))))
}

// cherokee makes the small letters of Cherokee capital: x/text swaps the two cases
// where Unicode folds to the capitals (https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt).
func cherokee(r rune) rune {
	switch {
	case r >= 0xAB70 && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case r >= 0x13F8 && r <= 0x13FD:
		return r - 8
	}
	return r
}

// CleanPart makes any text a name that every system can hold, of at most MaxPart
// bytes, in NFC. Characters that Windows or macOS refuse become "_", and so do a dot
// at the start (which hides) and at the end (which Windows drops), and a "-" at the start
// (which programs take for an option). Runs of space
// become one. It gives "_" for text of which nothing remains, and leaves its own
// results as they are.
func CleanPart(s string) string { return clean(s, "") }

// CleanFile makes a file name of a stem and an extension (with its dot) as CleanPart
// does. Only the stem is cut; an extension that SplitExt would not find becomes part of it.
func CleanFile(stem, ext string) string {
	if cleanExt(ext) == "" {
		return clean(stem+ext, "")
	}
	return clean(stem, ext)
}

// SplitExt cuts a file name before its extension, which has one to eight ASCII
// letters or digits: in "Vol. 2" and "01. Intro" there is none.
func SplitExt(name string) (stem, ext string) {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || cleanExt(name[dot:]) == "" {
		return name, ""
	}
	return name[:dot], name[dot:]
}

// cleanExt gives an extension that can stand as it is, or "".
func cleanExt(ext string) string {
	if len(ext) < 2 || len(ext) > 9 || ext[0] != '.' {
		return ""
	}
	for _, c := range []byte(ext[1:]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return ext
}

func clean(s, ext string) string {
	if len(s) > 16*MaxName {
		s = s[:16*MaxName] // nothing beyond can matter
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, "_"))
	s = strings.Join(strings.FieldsFunc(strings.Map(cleanRune, s), func(r rune) bool { return r == ' ' }), " ")
	s = fit(norm.NFC.String(s), ext) // dropping runes can bring together what composes
	if n := deviceName(s + ext); n > 0 {
		s = fit(s[:n]+"_"+s[n:], ext)
	}
	return s + ext
}

// fit cuts the stem of a name so that it has at most MaxPart bytes with its extension,
// and makes its ends visible and lasting.
func fit(s, ext string) string {
	s = strings.Trim(cut(s, MaxPart-len(ext)), " ")
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") {
		s = "_" + s[1:]
	}
	if ext == "" && strings.HasSuffix(s, ".") {
		s = s[:len(s)-1] + "_"
	}
	if s == "" {
		return "_"
	}
	return s
}

// cleanRune maps a character to what may stand in a name; -1 drops it.
func cleanRune(r rune) rune {
	switch {
	case strings.ContainsRune(`<>:"/\|?*`, r):
		return '_'
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r):
		return '_'
	case r == 0x00AD, r == 0x061C, r == 0x180E, r == 0x200B, r == 0x200E, r == 0x200F, r == 0xFEFF,
		r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x2069:
		return -1 // unseen, or turning the text around
	case r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
		return '_' // no characters; a store's listing in XML cannot hold them
	}
	return r
}

// cut shortens s to at most n bytes without cutting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// deviceName gives the length of the stem of a name that Windows takes for a device,
// with any extension, or 0.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func deviceName(s string) int {
	stem, _, _ := strings.Cut(s, ".")
	stem = strings.TrimRight(stem, " ")
	switch upper := strings.ToUpper(stem); upper {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return len(stem)
	default:
		rest, ok := strings.CutPrefix(upper, "COM")
		if !ok {
			rest, ok = strings.CutPrefix(upper, "LPT")
		}
		if ok && utf8.RuneCountInString(rest) == 1 && strings.Contains("0123456789¹²³", rest) {
			return len(stem)
		}
	}
	return 0
}
