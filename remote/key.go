package remote

import (
	"strings"
	"unicode/utf8"
)

// MaxKey is the longest key in bytes: S3's 1,024 less room for a locker's prefix.
const MaxKey = 900

// MaxKeyPart is the longest part of a key between slashes, in bytes: what a store
// that keeps objects as files (remote/dir, versitygw) can name.
const MaxKeyPart = 255

// ValidKey tells whether every store takes key as it is: not empty, at most MaxKey
// bytes of UTF-8 without control characters, and parts that no file-backed store
// would clean away or fold together (none empty, none "." or "..").
func ValidKey(key string) bool {
	if key == "" || len(key) > MaxKey || !utf8.ValidString(key) {
		return false
	}
	for _, r := range key {
		if r < 0x20 || r == 0x7f {
			return false
		}
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." || len(part) > MaxKeyPart {
			return false
		}
	}
	return true
}
