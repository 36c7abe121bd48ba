package tag

import "strings"

// second marks a name that is not the vocabulary's own: what is under it counts only
// where the same tag has nothing under the field's own name.
const second = "~"

// canonical gives the field for a free name (Vorbis comment, TXXX, APEv2, iTunes
// freeform, ASF), or "" when the field is not kept. Programs disagree on the names: one that
// is not the field's own has the mark of second before it.
func canonical(name string) string {
	name = strings.ToUpper(strings.TrimSpace(name))
	switch name {
	case title, artist, artists, album, albumArtist, albumArtists, titleSort, artistSort, albumSort, albumArtistSort,
		composer, composerSort, genre, date, originalDate, trackNumber, trackTotal, discNumber, discTotal, compilation,
		releaseID, trackID, recordingID, groupID, artistID, albumArtistID,
		trackGain, trackPeak, albumGain, albumPeak, r128Track, r128Album, gapless:
		return name
	}
	if own := ownName(name); own != "" {
		return second + own
	}
	return ""
}

// ownName gives the field for another program's name for it, in capitals.
func ownName(name string) string {
	switch name {
	case "ALBUM ARTIST", "ALBUM_ARTIST":
		return albumArtist
	case "ALBUM_ARTISTS":
		return albumArtists
	case "YEAR":
		return date
	case "ORIGINALYEAR", "ORIGINAL YEAR", "ORIGINAL_YEAR":
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
	}
	// As Picard names them in ID3v2 and MP4, and in ASF.
	switch strings.ReplaceAll(name, "MUSICBRAINZ/", "MUSICBRAINZ ") {
	case "MUSICBRAINZ ALBUM ID":
		return releaseID
	case "MUSICBRAINZ RELEASE TRACK ID":
		return trackID
	case "MUSICBRAINZ TRACK ID":
		return recordingID
	case "MUSICBRAINZ RELEASE GROUP ID":
		return groupID
	case "MUSICBRAINZ ARTIST ID":
		return artistID
	case "MUSICBRAINZ ALBUM ARTIST ID":
		return albumArtistID
	}
	return ""
}
