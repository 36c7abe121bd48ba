package library

import (
	"encoding/hex"
	"strings"
)

const (
	// keyRoot is the folder of our objects in a bucket.
	keyRoot = "Music"
	// maxKey is the longest key in bytes; the contract of stores says the same.
	maxKey = 900
	// keySuffix is the room for a dot, 12 hexadecimal digits, and one byte to spare.
	keySuffix = 14
)

// keyHint gives the readable key for a file at a path in the locker: Music/ and the
// path's parts, each clean and of at most 200 bytes, of at most 886 bytes in all. A path
// too deep for that loses folders before its name.
func keyHint(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		parts = []string{"_"}
	}
	name := CleanFile(SplitExt(parts[len(parts)-1]))
	key, room := keyRoot, maxKey-keySuffix-len("/")-len(name)
	for _, part := range parts[:len(parts)-1] {
		part = CleanPart(part)
		if len(key)+len("/")+len(part) > room {
			break
		}
		key += "/" + part
	}
	return key + "/" + name
}

// ObjectKey gives the key of a new object: the file's path in the locker below Music/, as
// far as it fits into 900 bytes, with the random bytes in hexadecimal before the
// extension, as in
//
//	Music/Artist/Album/01 Title.0a1b2c3d4e5f.flac
//
// so that no two objects ever have the same key and none is ever written again. It is a
// hint for people who look into the bucket: renaming the file does not change it.
func ObjectKey(path string, random [6]byte) string {
	stem, ext := SplitExt(keyHint(path))
	return stem + "." + hex.EncodeToString(random[:]) + ext
}
