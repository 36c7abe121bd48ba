package library

import (
	"cmp"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// track is an audio file with what is known of it.
type track struct {
	file
	info        *tag.Info // never nil
	ext         string
	title       string
	credit      string // the artist as the file displays it
	artist      string // the first artist, without guests
	album       string
	albumArtist string
	disc, discs int
	number      int
	position    string // in place of a number: A1 on a record, 00 for a hidden track
	// untitled: no tag gives the title; stray: none gives the album, of this track or
	// of those it stands with.
	untitled, stray bool
	guessed         bool   // the artist is from the file's name
	named           string // the artist as the file's name has it
	folder          folderGuess
	// stands is where a held file stays below its album's folder; nil when the layout
	// makes its name.
	stands []string
}

// newTrack takes what the tags say, and from the names what concerns the file alone.
func newTrack(s Source, index int, rel string) *track {
	info := s.Info
	if info == nil {
		info = &tag.Info{}
	}
	stem, ext := SplitExt(path.Base(s.Path))
	t := &track{
		file: file{Source: s, index: index, rel: rel}, info: info, ext: ext,
		title: soundless(tidy(info.Title)), credit: told(info.Artist), artist: told(firstArtist(tidy(info.Artist), info.Artists)),
		album: told(info.Album), albumArtist: told(info.AlbumArtist),
		disc: sane(info.Disc), discs: sane(info.DiscTotal), number: sane(info.Track),
	}
	in, _ := sceneFolder(path.Base(path.Dir(s.Path)))
	g := guessFile(soundless(stem), in)
	if s.Held {
		g.artist = "" // the locker's names tell no artist: they may be what a layout made
	}
	t.guess(g)
	t.guessTaped(stem)
	t.guessDisc()
	return t
}

// guess takes from the file's name what the tags do not say.
func (t *track) guess(g fileGuess) {
	t.named = g.artist
	if t.untitled = t.title == ""; t.untitled {
		t.title = g.title
		if t.artist == "" {
			t.artist, t.guessed = capital(g.artist), g.artist != ""
			t.credit = t.artist
		} else if g.artist != "" && alike(g.artist) != alike(t.artist) {
			t.title = g.artist + " - " + g.title
		}
		g.sure = true
	} else {
		t.title = uncut(t.title, g.title)
	}
	if t.number == 0 && (g.sure || words(g.title) == words(t.title)) {
		t.number, t.position = g.track, g.position
		if t.disc == 0 {
			t.disc = g.disc
		}
	}
}

// guessTaped takes disc and track of a concert from the file's name, where that has no
// title to tell.
func (t *track) guessTaped(stem string) {
	disc, number, ok := taped(stem)
	if !ok || t.untitled || t.number > 0 && t.number != number {
		return
	}
	t.disc, t.number = cmp.Or(t.disc, disc), number
}

// guessDisc takes the disc from the end of the album's title, which tells that there are
// several, or from the folder. The side of a record is none where the track's position
// tells it.
func (t *track) guessDisc() {
	if title, disc, ok := trailingDisc(t.album); ok {
		t.album, t.disc = title, cmp.Or(t.disc, disc)
		t.discs = max(t.discs, 2)
	}
	disc, ok := DiscFolder(path.Base(path.Dir(t.Path)))
	if ok && t.disc == 0 && path.Dir(t.rel) != "." && strings.Trim(t.position, "0123456789") == "" {
		t.disc = disc
	}
}

// told gives what a tag says, and nothing for what programs write when they do not know.
func told(s string) string {
	s = tidy(s)
	name := strings.ToLower(strings.Trim(s, "<>[]()"))
	switch {
	case name == "unknown", name == "unknown artist", name == "unknown album", name == "unknown title":
		return ""
	case strings.HasPrefix(name, "www."), strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		return "" // where it was downloaded
	}
	return s
}

// albumTitle gives an album's title as a tag tells it, without the disc behind it.
func albumTitle(s string) string {
	s, _, _ = trailingDisc(told(s))
	return s
}

// soundless cuts the extensions of audio off a title that is the name of a file.
func soundless(title string) string {
	for range 2 {
		if stem, _ := SplitExt(title); stem != title && tag.Audio(title) {
			title = stem
		}
	}
	return title
}

// uncut gives a title whole that ID3v1 has cut at 30 characters, if the file's name goes on
// from there.
func uncut(title, name string) string {
	if utf8.RuneCountInString(title) != 30 {
		return title
	}
	have := words(title)
	if !strings.HasPrefix(words(name), have) {
		return title
	}
	for i := range name {
		if words(name[:i]) != have {
			continue
		}
		first, _ := utf8.DecodeRuneInString(strings.TrimPrefix(name[i:], " "))
		if readable(first) {
			return title + name[i:]
		}
		break
	}
	return title
}

// capital gives a name of small letters alone the capitals that it most likely has.
func capital(name string) string {
	if name != strings.ToLower(name) {
		return name
	}
	before := ' '
	return strings.Map(func(r rune) rune {
		first := before == ' ' || before == '-'
		if before = r; first {
			return unicode.ToUpper(r)
		}
		return r
	}, name)
}

// tidy takes away from a tag's text what is no part of a name: spaces and control
// characters around it, and what no name has room for.
func tidy(s string) string {
	return strings.TrimFunc(cut(s, maxText), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// sane gives a number of a tag if it can be one of a track or a disc, else 0.
func sane(n int) int {
	if n < 0 || n > 99999 {
		return 0
	}
	return n
}

// firstArtist gives the artist to file by: the first of several, without guests.
func firstArtist(credit string, single []string) string {
	if len(single) > 0 {
		credit = tidy(single[0])
	}
	for _, guest := range []string{" feat. ", " feat ", " ft. ", " featuring ", " (feat. ", " (ft. ", " [feat. "} {
		for i := 1; i+len(guest) <= len(credit); i++ {
			if strings.EqualFold(credit[i:i+len(guest)], guest) {
				credit = credit[:i]
			}
		}
	}
	return strings.TrimSpace(credit)
}

// says gives what the track's tags say for a field, or "".
func (t *track) says(f field) string {
	in := t.info
	switch f {
	case "titlesort":
		return tidy(in.TitleSort)
	case "artist", "artists":
		return t.credit
	case "artistsort":
		return cmp.Or(tidy(in.ArtistSort), sortName(t.credit))
	case "albumsort":
		return tidy(in.AlbumSort)
	case "year":
		return number(in.Year)
	case "originalyear":
		return yearOf(in.OriginalDate)
	case "date":
		return tidy(in.Date)
	case "originaldate":
		return tidy(in.OriginalDate)
	case "composer":
		return tidy(in.Composer)
	case "genre":
		return tidy(in.Genre)
	case "codec":
		return tidy(in.Codec)
	case "tracks":
		return number(in.TrackTotal)
	}
	return ""
}

func number(n int) string {
	if n = sane(n); n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// year is that of the release the track is from, or 0.
func (t *track) year() int { return sane(t.info.Year) }

// day is that of the release, as 1995-05-21, or "". The first of January is what programs
// write that know the year only.
func (t *track) day() string {
	day := cut(tidy(t.info.Date), len(time.DateOnly))
	if _, err := time.Parse(time.DateOnly, day); err != nil || strings.HasSuffix(day, "-01-01") || value(day[:4]) != t.year() {
		return ""
	}
	return day
}

// toldAlbum is the title of its album, if a tag tells it.
func (t *track) toldAlbum() string {
	if t.stray {
		return ""
	}
	return t.album
}

// release is the MusicBrainz id of the release the track is from, or "".
func (t *track) release() string { return strings.ToLower(tidy(t.info.ReleaseID)) }

// agreed gives the one value that all tracks have which have any, in the spelling that
// most have, or "".
func agreed(tracks []*track, value func(*track) string) string {
	folded := ""
	for _, t := range tracks {
		switch v := alike(value(t)); {
		case v == "" || v == folded:
		case folded == "":
			folded = v
		default:
			return ""
		}
	}
	if folded == "" {
		return ""
	}
	return commonest(tracks, value)
}

// commonest gives the value that most tracks have of those which have any; of several
// the first in order.
func commonest(tracks []*track, value func(*track) string) string {
	count := map[string]int{}
	for _, t := range tracks {
		if v := value(t); v != "" {
			count[v]++
		}
	}
	return often(count)
}
