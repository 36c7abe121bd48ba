package tag

import (
	"bytes"

	"golang.org/x/text/encoding/unicode"
)

// The text encodings of ID3v2 (https://id3.org/id3v2.4.0-structure, section 4).
const (
	encLatin1 = iota
	encUTF16
	encUTF16BE
	encUTF8
)

// decodeText decodes one value in an ID3v2 encoding. Its terminator is gone.
func (p *parser) decodeText(enc byte, b []byte) string {
	switch enc {
	case encUTF16:
		return utf16Text(b, unicode.LittleEndian, unicode.UseBOM)
	case encUTF16BE:
		return utf16Text(b, unicode.BigEndian, unicode.UseBOM)
	case encUTF8:
		return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	}
	return p.latin1(b)
}

func utf16Text(b []byte, order unicode.Endianness, bom unicode.BOMPolicy) string {
	b = b[:len(b)&^1]
	s, err := unicode.UTF16(order, bom).NewDecoder().Bytes(b)
	if err != nil {
		return ""
	}
	return string(s)
}

// splitText cuts b at the terminators of its encoding: the values of a frame that
// holds several. What follows the last terminator is a value of its own.
func splitText(enc byte, b []byte) [][]byte {
	var out [][]byte
	for len(out) < maxValues {
		head, rest, found := cutText(enc, b)
		out = append(out, head)
		if !found {
			break
		}
		b = rest
	}
	return out
}

// cutText cuts b at its first terminator: one NUL, or an aligned pair in UTF-16.
func cutText(enc byte, b []byte) (head, rest []byte, found bool) {
	if enc != encUTF16 && enc != encUTF16BE {
		return bytes.Cut(b, []byte{0})
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:], true
		}
	}
	return b, nil, false
}
