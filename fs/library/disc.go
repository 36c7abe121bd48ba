package library

import "strings"

// DiscFolder tells whether a folder has the name of one disc of an album, and which:
// CD1, CD 01, Disc 2, Disk_3, Disc 1 - Bonus, Side A, or a name that ends so, as in
// "Sandinista! CD1" and "Schwarz (CD 1)".
func DiscFolder(name string) (disc int, ok bool) {
	if disc, after, ok := leadingDisc(name); ok && (after == "" || strings.ContainsAny(after[:1], " -_.:([")) {
		return disc, true
	}
	_, disc, ok = trailingDisc(name)
	return disc, ok
}

func discWords() []string { return []string{"cd", "disc", "disk", "side", "seite"} }

// leadingDisc reads the disc that a name begins with, and gives what follows.
func leadingDisc(name string) (disc int, rest string, ok bool) {
	for _, word := range discWords() {
		if len(name) < len(word) || !strings.EqualFold(name[:len(word)], word) {
			continue
		}
		rest := strings.TrimLeft(name[len(word):], " _-#.")
		side := word == "side" || word == "seite"
		n, after := leadingNumber(rest)
		if side && n == 0 && rest != "" && len(rest) < len(name)-len(word) {
			if c := rest[0] | 0x20; c >= 'a' && c <= 'h' {
				n, after = int(c-'a')+1, rest[1:]
			}
		}
		if n > 0 && n < 100 {
			return n, after, true
		}
	}
	return 0, "", false
}

// trailingDisc cuts the disc off a name that ends in one, as in "Album (Disc 2)",
// "Album [CD 2]", "Album, Disc 2" and "Album CD2".
func trailingDisc(name string) (rest string, disc int, ok bool) {
	closed := strings.TrimRight(name, ")] ")
	for _, word := range discWords() {
		at := strings.LastIndex(strings.ToLower(closed), word)
		if at <= 0 || len(strings.ToLower(closed)) != len(closed) || !strings.ContainsAny(closed[at-1:at], " _-([") {
			continue
		}
		disc, after, found := leadingDisc(closed[at:])
		rest := strings.TrimRight(closed[:at], " _-,:;([")
		if found && after == "" && rest != "" && strings.Count(name[len(closed):], ")")+strings.Count(name[len(closed):], "]") <= 1 {
			return rest, disc, true
		}
	}
	return name, 0, false
}
