package tag

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// Text in ISO 8859-1 often is none. Where its bytes are UTF-8 beyond ASCII they were
// meant to be: no text in Latin-1 looks like that by chance. Russian and Japanese of old
// programs are known by signs that no other text has; one text of a file that has them
// speaks for the short ones beside it, for one program wrote them all. Chinese and Korean
// have no such signs, for their bytes are the same. The bytes 0x80 to 0x9f, unused in
// Latin-1, are read as Windows-1252, which is what wrote them.

// charset is an encoding of programs that knew but one.
type charset struct {
	decode func([]byte) string
	// sure means that the decoded text, in this encoding, has signs that text in no other
	// has; may, that it can be text at all.
	sure, may func(string) bool
}

func charsets() []charset {
	return []charset{
		{decoder(charmap.Windows1251), isRussian, isCyrillic},
		{decoder(charmap.KOI8R), isRussian, isCyrillic},
		{shiftJIS, hasKana, isJapanese},
	}
}

func decoder(e encoding.Encoding) func([]byte) string {
	return func(b []byte) string {
		s, err := e.NewDecoder().Bytes(b)
		if err != nil {
			return "\uFFFD"
		}
		return string(s)
	}
}

// latin1 reads bytes that claim to be Latin-1, or to be UTF-8 and are not, and remembers
// them where that may be wrong.
func (p *parser) latin1(b []byte) string {
	const most = 256
	if utf8.Valid(b) {
		return string(b)
	}
	s := decoder(charmap.Windows1252)(b)
	if p.latin == nil {
		p.latin = map[string][]byte{}
	}
	if key := clean(s); len(p.latin) < most && len(b) <= maxValue {
		p.latin[key] = bytes.Clone(b)
	}
	return s
}

// reread decides about the texts that were read as Latin-1, all together. Programs that
// write Unicode have often read a tag so before, and then that is what they wrote.
func (f fields) reread(latin map[string][]byte) {
	was := map[string][]byte{}
	for _, values := range f {
		for _, v := range values {
			if b, ok := western(v); ok {
				was[v] = b
			}
		}
	}
	maps.Copy(was, latin)
	in := spoken(slices.Collect(maps.Values(was)))
	if len(in) == 0 {
		return
	}
	for _, values := range f {
		for i, v := range values {
			if b, ok := was[v]; !ok {
				continue
			} else if s, ok := told(b, in); ok {
				values[i] = clean(s)
			}
		}
	}
}

// western gives the bytes of a text in Latin-1 or Windows-1252, if it fits there and not
// into ASCII.
func western(s string) (b []byte, ok bool) {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return nil, false
	}
	for _, r := range s {
		c, windows := charmap.Windows1252.EncodeRune(r)
		switch {
		case r < 0x100:
			b = append(b, byte(r))
		case windows:
			b = append(b, c)
		default:
			return nil, false
		}
	}
	return b, true
}

// legacy decodes bytes that claim to be ISO 8859-1, knowing all such texts of the file.
func legacy(b []byte, all [][]byte) string {
	if s, ok := told(b, spoken(append(slices.Clone(all), b))); ok {
		return s
	}
	return decoder(charmap.Windows1252)(b)
}

// read decodes b, and tells whether it may be or surely is in the charset.
func (c charset) read(b []byte) (s string, may, sure bool) {
	s = c.decode(b)
	may = c.may(s)
	return s, may, may && c.sure(s)
}

// spoken gives the charsets that some text is surely in.
func spoken(texts [][]byte) []charset {
	return slices.DeleteFunc(charsets(), func(c charset) bool {
		return !slices.ContainsFunc(texts, func(b []byte) bool { _, _, sure := c.read(b); return sure })
	})
}

// told decodes bytes that are in one of these charsets: surely, or else likely.
func told(b []byte, in []charset) (text string, ok bool) {
	for _, c := range in {
		s, may, sure := c.read(b)
		if sure {
			return s, true
		}
		if may && !ok {
			text, ok = s, true
		}
	}
	return text, ok
}

// Decode gives the text of a name from before UTF-8, whose encoding nothing tells, by the
// signs that tags in such encodings are known by; beside are names that were made by the
// same hand. Valid UTF-8 it gives as it is.
func Decode(name string, beside ...string) string {
	if utf8.ValidString(name) {
		return name
	}
	var all [][]byte
	for _, other := range beside {
		if !utf8.ValidString(other) {
			all = append(all, []byte(other))
		}
	}
	return legacy([]byte(name), all)
}

// isCyrillic tells whether all letters are Cyrillic, or at least those of each word.
func isCyrillic(s string) bool {
	latin, cyrillic := false, false
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic = true
		case r < utf8.RuneSelf && unicode.IsLetter(r):
			latin = true
		case r < utf8.RuneSelf, strings.ContainsRune("…‘’“”–—«»№\u00a0", r):
			latin, cyrillic = false, false
		default:
			return false
		}
		if latin && cyrillic {
			return false
		}
	}
	return true
}

// isRussian tells whether Cyrillic text is Russian beyond doubt. Its words are of letters
// beyond ASCII alone, which no Western word of some length is; small letters follow at
// most one capital, which Windows-1251 and KOI8-R have each the other way round and two
// bytes of a Chinese or Korean character have in no order; there are capitals, which
// Hebrew has not; and a third are vowels, which they are not in Greek, whose accents are
// capitals here.
func isRussian(s string) bool {
	letters, vowel, word, capital, sure := 0, 0, 0, false, false
	for _, r := range s {
		if !unicode.Is(unicode.Cyrillic, r) {
			word, capital = 0, false
			continue
		}
		if strings.ContainsRune("ЂЃѓђЉЊЌЋЏљњќћџЎўЈҐЄЇІіґєјЅѕї", r) || unicode.IsUpper(r) && word > 0 {
			return false
		}
		word++
		letters++
		if strings.ContainsRune("АЕИОУЫЭЮЯЁаеиоуыэюяё", r) {
			vowel++
		}
		capital = capital || unicode.IsUpper(r)
		sure = sure || capital && word >= 4
	}
	return sure && letters >= 5 && vowel*3 >= letters && vowel*3 <= letters*2
}

func shiftJIS(b []byte) string {
	s := decoder(japanese.ShiftJIS)(b)
	if len(b) > 0 && b[len(b)-1] >= utf8.RuneSelf {
		s = strings.TrimSuffix(s, "\uFFFD") // ID3v1 cuts characters in half
	}
	return s
}

// isJapanese leaves out what Latin-1 looks like in Shift-JIS: kana of half width.
func isJapanese(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r >= 0xFF61 && r <= 0xFF9F || r >= 0xE000 && r <= 0xF8FF
	})
}

// hasKana tells whether kana are a quarter of a text, and no fewer than two: in
// Shift-JIS their first byte is 0x82 or 0x83, two quotation marks of Windows-1252 that
// hardly occur even once.
func hasKana(s string) bool {
	kana := 0
	for _, r := range s {
		if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
			kana++
		}
	}
	return kana >= 2 && kana*4 >= utf8.RuneCountInString(s)
}

// undouble undoes UTF-8 that was taken for Latin-1 or Windows-1252 and made UTF-8 again:
// "Ð\u009cÐ¸Ñ\u0080". Of two such characters or more that cannot be by chance.
func undouble(s string) string {
	b, ok := western(s)
	if !ok {
		return s
	}
	once := string(b)
	beyond := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return -1
		}
		return r
	}, once)
	if !utf8.ValidString(once) || utf8.RuneCountInString(beyond) < 2 {
		return s
	}
	return once
}
