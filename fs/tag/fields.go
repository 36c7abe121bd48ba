package tag

import (
	"strconv"
	"strings"
	"unicode/utf8"
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
	trackGain       = "REPLAYGAIN_TRACK_GAIN"
	trackPeak       = "REPLAYGAIN_TRACK_PEAK"
	albumGain       = "REPLAYGAIN_ALBUM_GAIN"
	albumPeak       = "REPLAYGAIN_ALBUM_PEAK"
	gapless         = "ITUNSMPB"
	dayMonth        = "TDAT" // DDMM of a date that is only a year: ID3v2.3
)

// Limits of what is kept of a file's fields; real tags are far below.
const (
	maxValue  = 4 << 10 // bytes of one value; the rest is cut off
	maxValues = 64      // of one field
)

// canonical gives the field for a free name (Vorbis comment, TXXX, APEv2, iTunes
// freeform), or "" when the field is not kept. Programs disagree on the names.
func canonical(name string) string {
	switch name = strings.ToUpper(strings.TrimSpace(name)); name {
	case title, artist, artists, album, albumArtist, albumArtists, titleSort, artistSort, albumSort, albumArtistSort,
		composer, genre, date, originalDate, trackNumber, trackTotal, discNumber, discTotal, compilation,
		releaseID, trackID, recordingID, trackGain, trackPeak, albumGain, albumPeak, gapless:
		return name
	case "ALBUM ARTIST", "ALBUM_ARTIST":
		return albumArtist
	case "ALBUM_ARTISTS":
		return albumArtists
	case "YEAR":
		return date
	case "ORIGINALYEAR", "ORIGINAL YEAR":
		return originalDate
	case "TRACK":
		return trackNumber
	case "TOTALTRACKS", "TRACKCOUNT":
		return trackTotal
	case "DISC", "DISK":
		return discNumber
	case "TOTALDISCS", "DISCCOUNT":
		return discTotal
	case "ITUNESCOMPILATION":
		return compilation
	case "MUSICBRAINZ ALBUM ID", "MUSICBRAINZ/ALBUM ID":
		return releaseID
	case "MUSICBRAINZ RELEASE TRACK ID", "MUSICBRAINZ/RELEASE TRACK ID":
		return trackID
	case "MUSICBRAINZ TRACK ID", "MUSICBRAINZ/TRACK ID":
		return recordingID
	}
	return ""
}

// fields holds the values found, in the order of the file.
type fields map[string][]string

// add appends a value to a field of the vocabulary; an unknown field or an empty
// value is dropped.
func (f fields) add(key, value string) {
	value = clean(value)
	if key == "" || value == "" || len(f[key]) >= maxValues {
		return
	}
	f[key] = append(f[key], value)
}

// lend fills the fields that f does not have from a tag of lower rank.
func (f fields) lend(from fields) {
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
	in.Title = f.first(title)
	in.Artist, in.Artists = f.names(artist, artists)
	in.Album = f.first(album)
	in.AlbumArtist, in.AlbumArtists = f.names(albumArtist, albumArtists)
	in.TitleSort, in.ArtistSort = f.first(titleSort), f.first(artistSort)
	in.AlbumSort, in.AlbumArtistSort = f.first(albumSort), f.first(albumArtistSort)
	in.Composer = strings.Join(f[composer], "; ")
	in.Genre = strings.Join(f[genre], "; ")
	in.Track, in.TrackTotal = f.numbers(trackNumber, trackTotal)
	in.Disc, in.DiscTotal = f.numbers(discNumber, discTotal)
	in.Compilation = isTrue(f.first(compilation))
	in.Date, in.OriginalDate = f.first(date), f.first(originalDate)
	if d := f.first(dayMonth); len(in.Date) == 4 && len(d) == 4 && count(d) > 0 {
		in.Date += "-" + d[2:] + "-" + d[:2]
	}
	in.Year = year(in.Date)
	in.ReleaseID, in.TrackID, in.RecordingID = f.first(releaseID), f.first(trackID), f.first(recordingID)
	gain := Gain{
		Track: decibel(f.first(trackGain)), TrackPeak: decibel(f.first(trackPeak)),
		Album: decibel(f.first(albumGain)), AlbumPeak: decibel(f.first(albumPeak)),
	}
	if gain != (Gain{}) {
		in.Gain = &gain
	}
}

// numbers reads "3", "03", "3/12" and a total of its own.
func (f fields) numbers(key, totalKey string) (number, total int) {
	n, t, _ := strings.Cut(f.first(key), "/")
	if own := f.first(totalKey); own != "" {
		t = own
	}
	return count(n), count(t)
}

// count reads a small positive number; anything else is 0, for a track "A1" of a
// record has no number to sort by.
func count(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 99999 {
		return 0
	}
	return n
}

// year finds the first four digits in a row, as dates come as 2004, 2004-05-17,
// 17.05.2004 and 2004-05-17T08:00:00Z.
func year(s string) int {
	run := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] >= '0' && s[i] <= '9' {
			run++
			continue
		}
		if run == 4 {
			return count(s[i-4 : i])
		}
		run = 0
	}
	return 0
}

func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "1", "true", "yes":
		return true
	}
	return false
}

// decibel reads "-7.03 dB" and "0.988"; what is out of all proportion is unknown.
func decibel(s string) float64 {
	if n := len(s) - 2; n > 0 && strings.EqualFold(s[n:], "dB") {
		s = s[:n]
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v != v || v < -200 || v > 200 {
		return 0
	}
	return v
}

// clean makes a value valid UTF-8, without NUL and surrounding space, and bounded.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	s = strings.TrimSpace(s)
	if len(s) <= maxValue {
		return s
	}
	cut := maxValue
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimSpace(s[:cut])
}
