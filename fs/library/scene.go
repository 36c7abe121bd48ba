package library

import "strings"

// scene is what the name of a release of the scene tells, Artist-Album_Name-2CD-2002-GRP.
// Its names have underscores for spaces.
type scene struct {
	artist, album, group string
}

func sceneFolder(name string) (s scene, ok bool) {
	fields := strings.Split(name, "-")
	last := len(fields) - 1
	if last < 3 || strings.Contains(name, " ") {
		return s, false
	}
	if n, rest := leadingNumber(fields[last-1]); n < 1900 || n > 2999 || rest != "" {
		return s, false
	}
	about := fields[:last-1]
	for len(about) > 2 && among("cd 2cd 3cd 4cd 5cd 6cd cds cdm cdep cdr ep lp web vinyl mcd advance promo retail bootleg flac dvda sacd", strings.ToLower(about[len(about)-1])) {
		about = about[:len(about)-1]
	}
	if len(about) != 2 || about[0] == "" || about[1] == "" || fields[last] == "" {
		return s, false
	}
	return scene{spaced(about[0]), spaced(about[1]), fields[last]}, true
}

// file reads NN-artist-title and NN-artist-title-grp; the zero scene is that of a folder
// which is none.
func (s scene) file(stem string) (number, artist, title string, ok bool) {
	if s.group == "" && !strings.Contains(stem, "_") || strings.Contains(stem, " ") {
		return "", "", "", false
	}
	fields := strings.Split(stem, "-")
	if last := len(fields) - 1; s.group != "" && last > 2 && strings.EqualFold(fields[last], s.group) {
		fields = fields[:last]
	}
	if len(fields) < 3 || fields[0] == "" || len(fields[0]) > 3 || fields[1] == "" || !s.isNumber(fields[0]) {
		return "", "", "", false
	}
	title = spaced(strings.Join(fields[2:], "-"))
	return strings.ToUpper(fields[0]), spaced(fields[1]), title, title != ""
}

// isNumber tells whether a field is a track's number, or its place on a record: 03, a, b1.
func (s scene) isNumber(field string) bool {
	if c := field[0] | 0x20; c >= 'a' && c <= 'h' {
		return strings.Trim(field[1:], "0123456789") == "" && (len(field) > 1 || s.group != "")
	}
	return len(field) > 1 && strings.Trim(field, "0123456789") == ""
}

func spaced(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "_", " ")) }
