package remote

import (
	"net/url"
	"strings"
)

// EscapeMetadata writes a metadata value in the bytes that survive an HTTP header
// on every server: printable ASCII stays as it is, everything else becomes %XX of
// its UTF-8 bytes (RFC 3986), as does the percent sign itself. Spaces are escaped
// only where proxies and signatures trim or fold them: at the ends and in a row.
// A leading "=?" is escaped because some servers read it as an RFC 2047 word.
// Any tool that decodes URLs can read the result.
func EscapeMetadata(value string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; plainAt(value, i) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func plainAt(s string, i int) bool {
	switch c := s[i]; {
	case c == ' ':
		return i > 0 && i < len(s)-1 && s[i-1] != ' '
	case c == '=':
		return i == len(s)-1 || s[i+1] != '?'
	default:
		return c > ' ' && c < 0x7f && c != '%'
	}
}

// UnescapeMetadata is the inverse of [EscapeMetadata]. A value that another tool
// wrote and that is no valid escape is given as it is, repaired to valid UTF-8.
func UnescapeMetadata(value string) string {
	plain, err := url.PathUnescape(value)
	if err != nil {
		plain = value
	}
	return strings.ToValidUTF8(plain, "\uFFFD")
}
