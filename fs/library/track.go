package library

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

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
		title: tidy(info.Title), credit: tidy(info.Artist), artist: firstArtist(tidy(info.Artist), info.Artists),
		album: tidy(info.Album), albumArtist: tidy(info.AlbumArtist),
		disc: sane(info.Disc), discs: sane(info.DiscTotal), number: sane(info.Track),
	}
	g := guessFile(stem)
	if s.Held {
		g.artist = "" // the locker's names tell no artist: they may be what a layout made
	}
	if t.untitled = t.title == ""; t.untitled {
		t.title = g.title
		if t.artist == "" {
			t.credit, t.artist = g.artist, g.artist
		} else if g.artist != "" && Fold(g.artist) != Fold(t.artist) {
			t.title = g.artist + " - " + g.title
		}
		g.sure = true
	}
	if t.number == 0 && (g.sure || Fold(g.title) == Fold(t.title)) {
		t.number, t.position = g.track, g.position
		if t.disc == 0 {
			t.disc = g.disc
		}
	}
	if disc, ok := DiscFolder(path.Base(path.Dir(s.Path))); ok && t.disc == 0 && path.Dir(rel) != "." {
		t.disc = disc
	}
	return t
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

// release is the MusicBrainz id of the release the track is from, or "".
func (t *track) release() string { return strings.ToLower(tidy(t.info.ReleaseID)) }

// agreed gives the one value that all tracks have which have any, in the spelling that
// most have, or "".
func agreed(tracks []*track, value func(*track) string) string {
	folded := ""
	for _, t := range tracks {
		switch v := Fold(value(t)); {
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
	best := ""
	for _, t := range tracks {
		v := value(t)
		if v == "" {
			continue
		}
		if count[v]++; best == "" || cmp.Or(cmp.Compare(count[v], count[best]), cmp.Compare(best, v)) > 0 {
			best = v
		}
	}
	return best
}

// lead gives the artist whom all tracks name first, as in "A & B" and "A, C", or "".
func lead(tracks []*track) string {
	var names []string
	seen := map[string]bool{}
	short := ""
	for _, t := range tracks {
		name := t.artist
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		names = append(names, Fold(name))
		if short == "" || cmp.Or(cmp.Compare(len(name), len(short)), cmp.Compare(name, short)) < 0 {
			short = name
		}
	}
	for range 8 {
		if len(short) > MaxName || short == "" {
			break
		}
		folded := Fold(short)
		if !slices.ContainsFunc(names, func(name string) bool { return !leads(folded, name) }) {
			return short
		}
		short = short[:lastJoint(short)]
	}
	return ""
}

// leads tells whether a folded name is that of first, alone or with others after it.
func leads(first, name string) bool {
	rest, ok := strings.CutPrefix(name, first)
	if !ok || rest == "" {
		return ok
	}
	return slices.ContainsFunc(joints(), func(j string) bool { return strings.HasPrefix(rest, j) })
}

// lastJoint is where a name is cut before the last of several artists; 0 if there is one.
func lastJoint(name string) int {
	at := 0
	for _, j := range joints() {
		at = max(at, strings.LastIndex(name, j))
	}
	return at
}

// joints stand between the names of artists, often within one name too.
func joints() []string {
	return []string{" & ", ", ", "; ", " and ", " + ", " x ", " vs. ", " vs ", " with ", " / ", "/"}
}
