package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What search compares are words: letters and digits in a row, folded so that case,
// accents and the width of characters make no difference. A text is cut at spaces into
// chunks, and a chunk at all that is neither letter nor digit. Scripts that write no
// spaces are cut into pairs of characters, so that any part of a name can be found.
//
// A text has more words than it shows: AC/DC is ac, dc and acdc; L'amour is l, amour
// and lamour. What is searched for has as few as will do.

// Bounds of words, in bytes of UTF-8 and in words.
const (
	maxWord   = 64  // a word is cut to this, in a text and in what is searched for
	maxJoined = 24  // a longer chunk has no word for the whole of it
	maxWords  = 512 // of one file
	maxQuery  = 32  // of one search
	maxText   = 16 << 10
)

// ErrQuery: what is searched for is too long.
var ErrQuery = errors.New("too many words to search for")

// eachWord calls f for every word of a text. It may give the same word twice.
func eachWord(text string, f func(word string)) {
	for chunk := range strings.FieldsSeq(fold(text)) {
		plain := apostrophes.Replace(chunk)
		runs := wordRuns(plain)
		if len(runs) == 0 && !between(chunk) {
			f(symbols(chunk))
		}
		if joined, ok := joined(runs); ok {
			f(joined)
		}
		if plain != chunk {
			runs = append(runs, wordRuns(chunk)...)
		}
		for _, run := range runs {
			eachPair(run, true, f)
		}
	}
}

// joined gives the word for a whole chunk of several runs.
func joined(runs []string) (word string, ok bool) {
	word = strings.Join(runs, "")
	return word, len(runs) > 1 && len(word) <= maxJoined && !slices.ContainsFunc(runs, unspaced)
}

// queryWords gives the words that a file must have one beginning with each of, for a
// person who typed text.
func queryWords(text string) ([]string, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%d bytes: %w", len(text), ErrQuery)
	}
	var words, signs []string
	seen := map[string]bool{}
	add := func(w string) {
		if !seen[w] {
			seen[w], words = true, append(words, w)
		}
	}
	for chunk := range strings.FieldsSeq(fold(text)) {
		runs := wordRuns(apostrophes.Replace(chunk))
		if joined, ok := joined(runs); ok && len(runs) == utf8.RuneCountInString(joined) {
			runs = []string{joined} // R.E.M., which is not meant as three words
		}
		for _, run := range runs {
			eachPair(run, false, add)
		}
		if len(runs) == 0 && !between(chunk) {
			signs = append(signs, symbols(chunk))
		}
	}
	if len(words) == 0 { // a band may be called !!!
		words = signs
	}
	if len(words) > maxQuery {
		return nil, fmt.Errorf("%d words, at most %d: %w", len(words), maxQuery, ErrQuery)
	}
	return words, nil
}

// apostrophes does not include the ASCII one's relatives that fold has made spaces of.
var apostrophes = strings.NewReplacer("'", "", "’", "", "‘", "", "ʼ", "", "`", "", "′", "")

// wordRuns cuts a folded chunk into runs of letters and digits, and those where a
// script that writes no spaces meets another.
func wordRuns(chunk string) []string {
	var runs []string
	start, dense := -1, false
	for i, r := range chunk {
		in := wordRune(r)
		if start >= 0 && (!in || denseRune(r) != dense) {
			runs = append(runs, chunk[start:i])
			start = -1
		}
		if in && start < 0 {
			start, dense = i, denseRune(r)
		}
	}
	if start >= 0 {
		runs = append(runs, chunk[start:])
	}
	return runs
}

// eachPair gives a run as one word, or, when its script writes no spaces, as its pairs
// of characters. In a text the last character stands alone too, so that every one of
// them begins a word; in what is searched for only a single one does.
func eachPair(run string, inText bool, f func(string)) {
	if !unspaced(run) {
		f(cutWord(run))
		return
	}
	runes := []rune(run)
	for i := range len(runes) - 1 {
		f(string(runes[i : i+2]))
	}
	if inText || len(runes) == 1 {
		f(string(runes[len(runes)-1:]))
	}
}

func cutWord(w string) string {
	if len(w) <= maxWord {
		return w
	}
	n := maxWord
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

// between tells the signs that only stand between names.
func between(chunk string) bool { return strings.Contains("-–—&/|_~·•", chunk) }

// symbols is the word for a chunk without letters and digits. ASCII is moved out of
// the way, because there only letters and digits are part of a word.
func symbols(chunk string) string {
	return cutWord(strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return 0xF000 + r // private use
		}
		return r
	}, chunk))
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func unspaced(run string) bool {
	r, _ := utf8.DecodeRuneInString(run)
	return denseRune(r)
}

// denseRune tells the scripts that write words without spaces between them.
func denseRune(r rune) bool {
	return r >= 0x0E00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}

// fold gives text in small letters without accents.
func fold(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	if ascii(text) {
		return strings.ToLower(text)
	}
	text = norm.NFKD.String(strings.ToValidUTF8(text, " "))
	text = strings.Map(func(r rune) rune {
		if accent(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	return norm.NFC.String(letters.Replace(text))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// accent tells marks that people leave out: of Latin, Greek and Cyrillic letters, the
// points of Hebrew, the vowels of Arabic. In other scripts marks make another sound.
func accent(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r <= 0x36F, r >= 0x483 && r <= 0x487, r >= 0x591 && r <= 0x5C7, r >= 0x64B && r <= 0x65F, r == 0x670:
		return unicode.Is(unicode.M, r)
	}
	return false
}

// letters are those that decomposing leaves as they are, and people type otherwise.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "ħ", "h", "ı", "i", "ŧ", "t", "ŋ", "n",
	"æ", "ae", "œ", "oe", "ß", "ss", "þ", "th", "ς", "σ")
