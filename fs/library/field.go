package library

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is a name in a layout that stands for what is known of a track or an album.
type field string

// albumFields have one value for a whole album, trackFields one for each track.
const (
	albumFields = "albumartist albumartistsort album albumsort artist artistsort artists year originalyear date originaldate composer genre codec discs tracks compilation sampler"
	trackFields = "title titlesort track disc"
	functions   = "first sort year pad lower upper"
)

func among(words, word string) bool { return slices.Contains(strings.Fields(words), word) }

func known(f field) bool        { return among(albumFields, string(f)) || ofTrack(f) }
func ofTrack(f field) bool      { return among(trackFields, string(f)) }
func function(name string) bool { return among(functions, name) }
func namesAlbum(f field) bool   { return f == "album" || f == "albumsort" }
func dated(f field) bool        { return among("year originalyear date originaldate", string(f)) }
func anyField(field) bool       { return true }
func vocabulary() string {
	return fmt.Sprintf("the fields %s %s and the functions %s", albumFields, trackFields, functions)
}

// unknown is the name of a folder that would be named by the field and has no value.
func (f field) unknown() string {
	switch name := strings.TrimSuffix(string(f), "sort"); name {
	case "albumartist", "artists":
		return unknownArtist
	case "originalyear", "date", "originaldate":
		return "Unknown Year"
	case "disc":
		return "1" // it has no number only where it is the one
	default:
		return "Unknown " + strings.ToUpper(name[:1]) + name[1:]
	}
}

// scope is what a layout is printed for: an album, or one of its tracks.
type scope struct {
	album *album
	track *track // nil in the album's folder and above
	// discs is how many the album has, digits how many its track numbers have.
	discs, digits int
	undated       bool // years have no value
	// disc and number, if not nil, stand for those of the track as they are written.
	disc, number *string
}

// values gives what a field says; none when nothing is known.
func (s *scope) values(f field) []string {
	if s.undated && dated(f) {
		return nil
	}
	switch f {
	case "album":
		return one(s.album.title)
	case "albumartist":
		return one(s.album.artist)
	case "albumartistsort":
		return one(s.album.says("albumartistsort"))
	case "compilation":
		if s.album.various {
			return one("Compilation")
		}
		return nil
	case "sampler":
		if s.album.sampler() {
			return one("Sampler")
		}
		return nil
	case "discs":
		if s.discs > 1 {
			return one(strconv.Itoa(s.discs))
		}
		return nil
	}
	if s.track != nil {
		return s.ofTrack(f)
	}
	return one(s.album.says(f))
}

// ofTrack gives what a field says of the track, or what it says of the album.
func (s *scope) ofTrack(f field) []string {
	t := s.track
	switch f {
	case "title":
		return one(t.title)
	case "track":
		return one(s.numberText())
	case "disc":
		return one(s.discText())
	case "artist":
		if s.album.various && various(t.credit) {
			return nil
		}
		return one(t.credit)
	case "artists":
		if len(t.info.Artists) > 0 {
			return t.info.Artists
		}
		return one(t.credit)
	}
	if v := t.says(f); v != "" {
		return one(v)
	}
	if f == "titlesort" {
		return one(sortName(t.title))
	}
	return one(s.album.says(f))
}

func one(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

func (s *scope) numberText() string {
	switch {
	case s.number != nil:
		return *s.number
	case s.track.number > 0:
		return fmt.Sprintf("%0*d", max(s.digits, 2), s.track.number)
	}
	return s.track.position
}

func (s *scope) discText() string {
	switch {
	case s.disc != nil:
		return *s.disc
	case s.discs > 1 && s.track.disc > 0:
		return fmt.Sprintf("%0*d", len(strconv.Itoa(s.discs)), s.track.disc)
	}
	return ""
}

// values gives those of a term.
func (t *term) values(s *scope) []string {
	if t.inner == nil {
		return s.values(t.field)
	}
	if sorted := t.inner.field + "sort"; t.call == "sort" && t.inner.inner == nil && known(sorted) {
		return s.values(sorted)
	}
	in := t.inner.values(s)
	if t.call == "first" {
		in = in[:min(len(in), 1)]
	}
	out := make([]string, 0, len(in))
	for _, v := range in {
		if v = t.apply(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// apply calls the term's function with one value.
func (t *term) apply(v string) string {
	switch t.call {
	case "first":
		v, _, _ = strings.Cut(v, "; ")
		return v
	case "sort":
		return sortName(v)
	case "year":
		return yearOf(v)
	case "lower":
		return strings.ToLower(v)
	case "upper":
		return strings.ToUpper(v)
	}
	// pad: exactly so many digits, if it is a number
	if v == "" || strings.Trim(v, "0123456789") != "" {
		return v
	}
	v = strings.TrimLeft(v, "0")
	return strings.Repeat("0", max(t.digits-len(v), 0)) + v
}

// sortName puts the article of a name behind it, as in "Beatles, The".
func sortName(name string) string {
	article, rest, ok := strings.Cut(name, " ")
	if rest = strings.TrimSpace(rest); !ok || rest == "" {
		return name
	}
	switch strings.ToLower(article) {
	case "the", "a", "an":
		return rest + ", " + article
	}
	return name
}

// yearOf finds the first four digits in a row.
func yearOf(date string) string {
	run := 0
	for i := 0; i <= len(date); i++ {
		if i < len(date) && date[i] >= '0' && date[i] <= '9' {
			run++
			continue
		}
		if run == 4 {
			return date[i-4 : i]
		}
		run = 0
	}
	return ""
}
