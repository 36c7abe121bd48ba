package tag

import (
	"slices"
	"strings"
)

// The vocabulary of fields: the names of Vorbis comments as Picard, beets and
// mutagen write them.
const (
	title           = "TITLE"
	artist          = "ARTIST"
	artists         = "ARTISTS"
	album           = "ALBUM"
	albumArtist     = "ALBUMARTIST"
	albumArtists    = "ALBUMARTISTS"
	titleSort       = "TITLESORT"
	artistSort      = "ARTISTSORT"
	albumSort       = "ALBUMSORT"
	albumArtistSort = "ALBUMARTISTSORT"
	composer        = "COMPOSER"
	composerSort    = "COMPOSERSORT"
	genre           = "GENRE"
	date            = "DATE"
	originalDate    = "ORIGINALDATE"
	trackNumber     = "TRACKNUMBER"
	trackTotal      = "TRACKTOTAL"
	discNumber      = "DISCNUMBER"
	discTotal       = "DISCTOTAL"
	compilation     = "COMPILATION"
	releaseID       = "MUSICBRAINZ_ALBUMID"
	trackID         = "MUSICBRAINZ_RELEASETRACKID"
	recordingID     = "MUSICBRAINZ_TRACKID"
	groupID         = "MUSICBRAINZ_RELEASEGROUPID"
	artistID        = "MUSICBRAINZ_ARTISTID"
	albumArtistID   = "MUSICBRAINZ_ALBUMARTISTID"
	trackGain       = "REPLAYGAIN_TRACK_GAIN"
	trackPeak       = "REPLAYGAIN_TRACK_PEAK"
	albumGain       = "REPLAYGAIN_ALBUM_GAIN"
	albumPeak       = "REPLAYGAIN_ALBUM_PEAK"
	r128Track       = "R128_TRACK_GAIN" // of Opus (RFC 7845, section 5.2.1)
	r128Album       = "R128_ALBUM_GAIN"
	gapless         = "ITUNSMPB"
	dayMonth        = "TDAT" // DDMM of a date that is only a year: ID3v2.3
)

// Limits of what is kept of a file's fields; real tags are far below.
const (
	maxValue  = 4 << 10 // bytes of one value; the rest is cut off
	maxValues = 64      // of one field
)

// fields holds the values found, in the order of the file.
type fields map[string][]string

// add appends a value to a field of the vocabulary; an unknown field, an empty value
// and one that is there already are dropped.
func (f fields) add(key, value string) {
	value = clean(undouble(value))
	if key == "" || value == "" || len(f[key]) >= maxValues || slices.Contains(f[key], value) {
		return
	}
	f[key] = append(f[key], value)
}

// settle lets the values under a second name stand for a field that has none under its
// own: "ALBUM ARTIST" beside ALBUMARTIST, or YEAR beside DATE, is not a second value.
func (f fields) settle() {
	for key, values := range f {
		own, ok := strings.CutPrefix(key, second)
		if !ok {
			continue
		}
		if len(f[own]) == 0 {
			f[own] = values
		}
		delete(f, key)
	}
}

// lend fills the fields that f does not have from a tag of lower rank.
func (f fields) lend(from fields) {
	f.settle()
	from.settle()
	for key, values := range from {
		if len(f[key]) == 0 {
			f[key] = values
		}
	}
}

func (f fields) first(keys ...string) string {
	for _, key := range keys {
		if len(f[key]) > 0 {
			return f[key][0]
		}
	}
	return ""
}

// names gives the display form of a field and, if there are several, its single
// values; a list field such as ARTISTS is the better source of those.
func (f fields) names(key, list string) (string, []string) {
	display, single := strings.Join(f[key], "; "), f[list]
	if len(single) < 2 && len(f[key]) > 1 {
		single = f[key]
	}
	if display == "" {
		display = strings.Join(f[list], "; ")
	}
	if len(single) < 2 {
		return display, nil
	}
	return display, single
}

// fill sets what in says from the fields.
func (f fields) fill(in *Info) {
	f.settle()
	in.Title = f.first(title)
	in.Artist, in.Artists = f.names(artist, artists)
	in.Album = f.first(album)
	in.AlbumArtist, in.AlbumArtists = f.names(albumArtist, albumArtists)
	in.TitleSort, in.ArtistSort = f.first(titleSort), f.first(artistSort)
	in.AlbumSort, in.AlbumArtistSort = f.first(albumSort), f.first(albumArtistSort)
	in.Composer, in.ComposerSort = strings.Join(f[composer], "; "), f.first(composerSort)
	in.Genre = strings.Join(f[genre], "; ")
	in.Track, in.TrackTotal = f.numbers(trackNumber, trackTotal)
	in.Disc, in.DiscTotal = f.numbers(discNumber, discTotal)
	in.Compilation = isTrue(f.first(compilation))
	in.Date, in.OriginalDate = knownDate(f.first(date)), knownDate(f.first(originalDate))
	if d := f.first(dayMonth); len(in.Date) == 4 && len(d) == 4 && count(d) > 0 {
		in.Date += "-" + d[2:] + "-" + d[:2]
	}
	in.Year = year(in.Date)
	in.ReleaseID, in.TrackID, in.RecordingID = f.first(releaseID), f.first(trackID), f.first(recordingID)
	in.ReleaseGroupID = f.first(groupID)
	in.ArtistIDs, in.AlbumArtistIDs = uuids(f[artistID]), uuids(f[albumArtistID])
	in.Gain = f.gain()
}

// gain gives nil when nothing is known.
func (f fields) gain() *Gain {
	g := Gain{
		Track: decibel(f.first(trackGain)), TrackPeak: peak(f.first(trackPeak)),
		Album: decibel(f.first(albumGain)), AlbumPeak: peak(f.first(albumPeak)),
	}
	if g.Track == 0 {
		g.Track = r128(f.first(r128Track))
	}
	if g.Album == 0 {
		g.Album = r128(f.first(r128Album))
	}
	if g == (Gain{}) {
		return nil
	}
	return &g
}
