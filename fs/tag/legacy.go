package tag

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// legacy decodes bytes that claim to be ISO 8859-1. Where they are UTF-8 beyond
// ASCII they were meant to be: no text in Latin-1 looks like that by chance. Russian
// and Japanese of old programs are known by signs that no other text has; Chinese and
// Korean have none, for their bytes are the same. The bytes 0x80 to 0x9f, unused in
// Latin-1, are read as Windows-1252, which is what wrote them.
func legacy(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	if isCyrillic(b) {
		if s, err := charmap.Windows1251.NewDecoder().Bytes(b); err == nil {
			return string(s)
		}
	}
	if s, ok := shiftJIS(b); ok {
		return s
	}
	s, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	}
	return string(s)
}

// Kinds of bytes in Windows-1251.
const (
	cyrOther = iota // in no Russian text
	cyrSpace        // ASCII that is no letter, quotes and dashes
	cyrLatin
	cyrUpper
	cyrLower
)

func cyrKind(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		return cyrLatin
	case c < 0x80, strings.IndexByte("\x85\x91\x92\x93\x94\x96\x97\xab\xb9\xbb", c) >= 0:
		return cyrSpace
	case c >= 0xE0, c == 0xB8:
		return cyrLower
	case c >= 0xC0, c == 0xA8:
		return cyrUpper
	}
	return cyrOther
}

// isCyrillic tells whether a text is Russian in Windows-1251. Its words are of letters
// beyond ASCII alone, which no Western word of some length is; small letters follow at
// most one capital, which KOI8-R has the other way round and two bytes of a Chinese or
// Korean character have in no order; there are capitals, which Hebrew has not; and a
// third are vowels, which they are not in Greek, whose accents are capitals here.
func isCyrillic(b []byte) bool {
	const vowels = "\xc0\xc5\xc8\xce\xd3\xdb\xdd\xde\xdf\xe0\xe5\xe8\xee\xf3\xfb\xfd\xfe\xff\xa8\xb8"
	letters, vowel, latin, word, capital, sure := 0, 0, false, 0, false, false
	for _, c := range b {
		kind := cyrKind(c)
		if kind == cyrSpace {
			word, latin, capital = 0, false, false
			continue
		}
		if kind == cyrOther || kind == cyrUpper && word > 0 || kind != cyrLatin && latin || kind == cyrLatin && word > 0 && !latin {
			return false
		}
		if word++; kind == cyrLatin {
			latin = true
			continue
		}
		letters++
		if strings.IndexByte(vowels, c) >= 0 {
			vowel++
		}
		capital = capital || kind == cyrUpper
		sure = sure || capital && word >= 4
	}
	return sure && letters >= 5 && vowel*3 >= letters && vowel*3 <= letters*2
}

// shiftJIS decodes Japanese that has kana in it, of which the first byte is 0x82 or
// 0x83: two quotation marks of Windows-1252 that hardly occur even once.
func shiftJIS(b []byte) (string, bool) {
	kana := 0
	for i := 0; i+1 < len(b); i++ {
		switch c, next := b[i], b[i+1]; {
		case c == 0x82 && next >= 0x9F && next <= 0xF1, c == 0x83 && next >= 0x40 && next <= 0x96 && next != 0x7F:
			kana++
			i++
		case c >= 0x81 && c <= 0x9F, c >= 0xE0 && c <= 0xEA:
			i++
		}
	}
	if kana < 2 {
		return "", false
	}
	s, err := japanese.ShiftJIS.NewDecoder().Bytes(b)
	s = bytes.TrimSuffix(s, []byte("\uFFFD")) // ID3v1 cuts characters in half
	if err != nil || bytes.ContainsRune(s, utf8.RuneError) || kana*4 < utf8.RuneCount(s) {
		return "", false
	}
	return string(s), true
}
