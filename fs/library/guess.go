package library

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// leadingNumber reads the digits a text begins with, at most four.
func leadingNumber(s string) (n int, rest string) {
	i := 0
	for i < len(s) && i < 4 && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '9' {
		return 0, s
	}
	return n, s[i:]
}

// fileGuess is what the name of a file tells.
type fileGuess struct {
	disc, track   int
	position      string // in place of a number: A1 on a record, 00 for a hidden track
	artist, title string
	// sure means that the number stands apart from the title by more than a space.
	sure bool
}

// guessFile reads "03 - Title", "03. Title", "03 Title", "1-03 Title", "03 - Artist -
// Title", "Artist - Title", "Artist - 03 - Title" and "A1 - Title", and in the folder of
// a scene release "03-artist-title".
func guessFile(stem string, in scene) fileGuess {
	if number, artist, title, ok := in.file(stem); ok {
		if words(artist) == words(in.artist) && artist == strings.ToLower(artist) {
			artist = in.artist // which may have capitals
		}
		g := fileGuess{artist: artist, title: title, sure: true}
		if g.track, _ = leadingNumber(number); g.track == 0 {
			g.position = number
		}
		return g
	}
	if s, err := url.PathUnescape(stem); err == nil && strings.Contains(stem, "%20") && utf8.ValidString(s) {
		stem = s // as browsers once saved it
	}
	g := fileGuess{title: spaced(stem)}
	g.readNumber()
	artist, title, ok := strings.Cut(g.title, " - ")
	if !ok || strings.TrimSpace(title) == "" || strings.Trim(artist, "0123456789 ") == "" {
		return g
	}
	g.artist, g.title = strings.TrimSpace(artist), strings.TrimSpace(title)
	if after := (fileGuess{title: g.title}); g.track == 0 && g.position == "" {
		if after.readNumber(); after.sure && strings.Contains(g.title, " - ") {
			after.artist = g.artist
			return after
		}
	}
	return g
}

// readNumber takes the number from before the title, if there is one.
func (g *fileGuess) readNumber() {
	s, side, disc := g.title, "", 0
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'H' && s[1] > '0' && s[1] <= '9' {
		side, s = s[:1], s[1:]
	}
	n, rest := leadingNumber(s)
	digits := len(s) - len(rest)
	if digits == 1 && side == "" && len(rest) > 2 && (rest[0] == '-' || rest[0] == '.') {
		if m, after := leadingNumber(rest[1:]); len(rest)-1-len(after) == 2 {
			disc, n, rest, digits = n, m, after, 2
		}
	}
	title := strings.TrimLeft(rest, " -.")
	apart := rest[:len(rest)-len(title)]
	sure := strings.ContainsAny(apart, "-.")
	switch {
	case title == "" || apart == "" || n > 999 || !sure && digits != 2 && side == "":
		return
	case side != "":
		g.position = fmt.Sprint(side, n)
	case n > 0:
		g.track = n
	case digits == 2:
		g.position = "00"
	default:
		return
	}
	g.disc, g.title, g.sure = disc, title, sure
}

// folderGuess is what the names of folders tell.
type folderGuess struct{ artist, album string }

// guessFolder reads artist and album from the last two folders of an album's path:
// "Artist/2004 - Album", "Artist - Album (2004)", "[2004] Album [FLAC]", and from the name
// of a scene release. A folder whose name says nothing about what is in it is neither.
func guessFolder(root string) (artist, album string) {
	name := path.Base(root)
	if root == "." || root == "" || anyFolder(name) {
		return "", ""
	}
	if s, ok := sceneFolder(name); ok {
		return s.artist, s.album
	}
	album, artist = undate(name), guessArtist(path.Dir(root))
	a, b, ok := strings.Cut(album, " - ")
	if a = strings.TrimSpace(a); !ok || strings.Trim(a, "0123456789") == "" {
		return artist, album
	}
	return a, undate(b)
}

// guessArtist gives the artist whose folder an album is in, or "". A folder "2004 -
// Album" is no artist's, but in that of one.
func guessArtist(dir string) string {
	if name := path.Base(dir); strings.ContainsAny(name[:1], "([0123456789") && undate(name) != name {
		dir = path.Dir(dir)
	}
	name := path.Base(dir)
	if dir == "." || dir == "/" || anyFolder(name) && !various(name) {
		return ""
	}
	return name
}

// undate takes a year and notes in brackets away from an album's name, unless nothing
// would remain: 1984 and "(What's the Story)" are names.
func undate(s string) string {
	s = strings.TrimSpace(s)
	short := s
	for {
		open := strings.LastIndexAny(short, "([")
		if open <= 0 || !strings.HasSuffix(short, ")") && !strings.HasSuffix(short, "]") {
			break
		}
		inside := short[open+1 : len(short)-1]
		if n, rest := leadingNumber(inside); short[open] == '(' && (n < 1000 || rest != "") {
			break // "(Live)" is part of the name; "[FLAC]" is not
		}
		short = strings.TrimSpace(short[:open])
	}
	bare := strings.TrimLeft(short, "([")
	if n, rest := leadingNumber(bare); n >= 1000 && n <= 2999 {
		after := strings.TrimLeft(rest, ")] -._")
		apart := rest[:len(rest)-len(after)]
		if after != "" && strings.ContainsAny(apart, ")]-.") {
			short = after
		}
	}
	if short == "" {
		return s
	}
	return short
}

// anyFolder tells whether a folder's name says nothing about what is in it.
func anyFolder(name string) bool {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "music", "musik", "musique", "my music", "itunes", "itunes media", "itunes music", "audio", "mp3", "mp3s", "flac",
		"songs", "tracks", "download", "downloads", "desktop", "incoming", "import", "tmp", "temp", "unsorted", "misc", "new folder",
		"media", "library", "home", "unknown artist", "unknown album", "singles", "albums", "eps", "eps & singles", "discography",
		"scene", "rips", "cds", "vinyl", "lossless", "live", "concerts", "bootlegs", "compilations", "soundtracks", "mixtapes", "dj", "classical",
		"podcasts", "audiobooks", "tones", "ringtones", "bandcamp", "amazon mp3", "napster", "beatport", "old downloads", "backup", "phone", "favourites", "favorites":
		return true
	}
	return false
}
