package library

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// ErrLayout is the error of a layout that cannot be read.
var ErrLayout = errors.New("this layout cannot be used")

// Layout says how automatic filing makes the paths of audio files: the name of a preset
// or a template. A nil *Layout is the default, "plain".
//
// # Presets
//
//	plain      Artist/Album/03 Title        Various Artists/Album/03 Artist - Title
//	year       Artist/Album (1997)/03 Title
//	classical  Composer/Album/03 Title      as plain, where an album has several or none
//	keep       folders and names as they are, beginning with the imported folder itself
//
// plain, year and classical put the disc before the number, 2-03 Title, where an album
// has more than one disc. classical never tears an album apart: recitals and other
// albums of several composers stand with their artist.
//
// # Templates
//
// A template is a path. "/" separates its parts, the folders and the name of the file;
// the extension is added to it.
//
//	{albumartist}/{album}/{disc-}{track} {title}
//	{sort(albumartist)}/{[year] }{album}/{track - }{title}
//	{composer|albumartist}/{album}/{if disc}Disc {disc}{end}/{track} {title}
//	{if compilation}Compilations{else}{albumartist}{end}/{album}/{track} {title}
//
// What stands in braces is the value of a field. The text before and after the field's
// name, within the braces, is printed only with a value: "{[year] }" prints "[1997] " or
// nothing. It must not begin with a letter, so that the name can be told.
//
//	layout    = part { "/" part }
//	part      = { text | "{{" | "}}" | value | condition }
//	value     = "{" [ before ] choice [ after ] "}"
//	condition = "{if " choice "}" part [ "{else}" part ] "{end}"
//	choice    = term { "|" term }                        the first that has a value
//	term      = field | function "(" term [ "," digits ] ")"
//
// Fields of the album: albumartist, album, their sort names albumartistsort and
// albumsort, year (of the release), originalyear, date, originaldate, composer, genre,
// codec, discs (their number, if there are several), tracks, compilation (which has a
// value for albums of various artists), sampler (for those of one, such as a label or a
// DJ, with tracks by others).
//
// Fields of the track: title, titlesort, artist, artistsort, artists (all of them), track
// (two digits or more, as the album needs; A1 for a side of a record), disc (only where
// the album has several). In the folder of the album and above it, a field has the value
// of the whole album, so that an album stays together: what most tracks say, for composer
// what all of them agree on, and for artist the album's.
//
// Functions: first (of several values), sort (the sort name, or "Beatles, The" made of
// "The Beatles"), year (of a date), pad(track, 3) (to so many digits), lower, upper.
//
// No value makes a folder: a "/" in a title becomes "_", and so does what a system
// cannot hold. A part whose fields are all empty says so, as in "Unknown Genre", so that
// no file changes its depth; only a folder that is nothing but a condition without else
// is left out when that is not met. A layout must name the album in a folder.
type Layout struct {
	text  string
	keep  bool
	parts []part
	album int // which part is the album's folder
}

// The presets that are templates end in this name of a file.
const plainName = "{if track}{disc-}{track} {end}{if compilation|sampler}{artist - }{end}{title}"

// preset gives the template of a preset, "" for keep.
func preset(name string) (template string, ok bool) {
	switch name {
	case "plain":
		return "{albumartist}/{album}/" + plainName, true
	case "year":
		return "{albumartist}/{album}{ (year)}/" + plainName, true
	case "classical":
		return "{composer|albumartist}/{album}/" + plainName, true
	case "keep":
		return "", true
	}
	return "", false
}

// ParseLayout reads a layout: the name of a preset ("plain", "year", "classical",
// "keep") or a template. An error is ErrLayout with the place, counted in characters
// from 1, and what was expected there.
func ParseLayout(text string) (*Layout, error) {
	template, ok := preset(text)
	switch {
	case ok && template == "":
		return &Layout{text: text, keep: true}, nil
	case !ok && !strings.ContainsAny(text, "/{}"):
		return nil, fmt.Errorf("%w: %q is neither plain, year, classical, keep nor a template", ErrLayout, shorten(text))
	case !ok:
		template = text
	}
	p := parser{in: template}
	l, err := p.layout()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLayout, err)
	}
	l.text = text
	return l, nil
}

// String gives what the layout was parsed from.
func (l *Layout) String() string {
	if l == nil || l.text == "" {
		return "plain"
	}
	return l.text
}

// Keep tells whether the layout leaves folders and names as they are.
func (l *Layout) Keep() bool { return l != nil && l.keep }

// orPlain gives the layout, or the default for none.
func (l *Layout) orPlain() (*Layout, error) {
	if l != nil && (l.keep || len(l.parts) > 0) {
		return l, nil
	}
	return ParseLayout("plain")
}

// folders gives the folders that an album stands in: those above its own, and its own as
// the layout wants it. undated is the same without years, by which albums of one name
// are found again.
func (l *Layout) folders(a *album) (above []string, own, undated string) {
	s := scope{album: a}
	for _, p := range l.parts[:l.album] {
		if name, ok := p.folder(&s); ok {
			above = append(above, name)
		}
	}
	p := l.parts[l.album]
	own, _ = p.folder(&s)
	if undated = own; p.prints(dated) {
		s.undated = true
		undated, _ = p.folder(&s)
	}
	return above, own, undated
}

// below gives the path of a track below its album's folder.
func (l *Layout) below(s *scope) []string {
	var out []string
	last := len(l.parts) - 1
	for _, p := range l.parts[l.album+1 : last] {
		if name, ok := p.folder(s); ok {
			out = append(out, name)
		}
	}
	text, _ := l.parts[last].print(s)
	if text == "" {
		text, _ = SplitExt(path.Base(s.track.Path))
	}
	return append(out, CleanFile(text, s.track.ext))
}
