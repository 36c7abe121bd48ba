package tag

import "time"

// Span is a range of a file's bytes.
type Span struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// End is the offset of the first byte after the span.
func (s Span) End() int64 { return s.Offset + s.Length }

// Picture tells where a picture lies, without its bytes.
type Picture struct {
	// Type is the ID3v2 picture type: 3 is the front cover, 0 other or unknown.
	Type int    `json:"type,omitempty"`
	MIME string `json:"mime,omitempty"`
	// Span covers the picture's bytes in the file.
	Span Span `json:"span"`
	// Encoded means that the bytes at Span are not the image as it is: it is
	// base64, unsynchronised, compressed or cut by page headers.
	Encoded bool `json:"encoded,omitempty"`
	// Hash is the SHA-256 of the decoded image in 64 hex digits, so that equal pictures
	// have equal hashes in whatever container. Only ReadPictures sets it, of pictures up
	// to 16 MiB and 24 MiB in one file; it is empty for others.
	Hash string `json:"hash,omitempty"`
}

// Gain is ReplayGain: gains in dB, peaks as a factor of full scale. Zero is unknown.
type Gain struct {
	Track     float64 `json:"track,omitempty"`
	TrackPeak float64 `json:"track_peak,omitempty"`
	Album     float64 `json:"album,omitempty"`
	AlbumPeak float64 `json:"album_peak,omitempty"`
}

// Info is what a file says about itself. The zero value of a field means that the
// file does not say. All text is valid UTF-8 without surrounding space, and bounded.
type Info struct {
	// Container is one of "mp3", "flac", "m4a", "ogg", "wav", "aiff", "aac", "dsf", "dff",
	// "wv", "ape", "mpc", "tta", "tak", "asf", "mka".
	Container string `json:"container,omitempty"`
	// Codec is one of "mp3", "mp2", "flac", "aac", "alac", "vorbis", "opus", "pcm", "dsd",
	// "wavpack", "ape", "musepack", "tta", "tak", "wmav1", "wmav2", "wmapro", "wmalossless", or
	// the container's own name for another.
	Codec string `json:"codec,omitempty"`

	Title  string `json:"title,omitempty"`
	Artist string `json:"artist,omitempty"` // for display: several values are joined with "; "
	Album  string `json:"album,omitempty"`
	// AlbumArtist is for display as Artist is.
	AlbumArtist string `json:"albumartist,omitempty"`
	// Artists and AlbumArtists hold the single names when there is more than one. A
	// value is never split at "/", "&" or "feat.", for those occur in names.
	Artists      []string `json:"artists,omitempty"`
	AlbumArtists []string `json:"albumartists,omitempty"`

	TitleSort       string `json:"titlesort,omitempty"`
	ArtistSort      string `json:"artistsort,omitempty"`
	AlbumSort       string `json:"albumsort,omitempty"`
	AlbumArtistSort string `json:"albumartistsort,omitempty"`
	Composer        string `json:"composer,omitempty"`
	ComposerSort    string `json:"composersort,omitempty"`
	Genre           string `json:"genre,omitempty"`

	Track       int  `json:"track,omitempty"`
	TrackTotal  int  `json:"tracktotal,omitempty"`
	Disc        int  `json:"disc,omitempty"`
	DiscTotal   int  `json:"disctotal,omitempty"`
	Compilation bool `json:"compilation,omitempty"`

	Year         int    `json:"year,omitempty"` // of Date
	Date         string `json:"date,omitempty"` // as written, usually 2004 or 2004-05-17
	OriginalDate string `json:"originaldate,omitempty"`

	// MusicBrainz ids of the release, of the track on that release, and of the recording.
	ReleaseID   string `json:"mb_release,omitempty"`
	TrackID     string `json:"mb_track,omitempty"`
	RecordingID string `json:"mb_recording,omitempty"`
	// MusicBrainz ids of the release group, and of the artists in the order of the file.
	ReleaseGroupID string   `json:"mb_releasegroup,omitempty"`
	ArtistIDs      []string `json:"mb_artists,omitempty"`
	AlbumArtistIDs []string `json:"mb_albumartists,omitempty"`

	// Duration is what a gapless player plays, in JSON as integer nanoseconds. For MPEG
	// audio of varying bit rate without a Xing or VBRI header and for ADTS it is an
	// estimate, unless ReadPictures could pass over all frames. It is unknown where too
	// many reads would be needed to know it: in Ogg of very many chained streams, in an
	// MP4 of very many fragments that nothing counts and that do not tell their time.
	Duration   time.Duration `json:"duration,omitempty"`
	SampleRate int           `json:"rate,omitempty"`     // in Hz
	Channels   int           `json:"channels,omitempty"` // 1 is mono
	BitRate    int           `json:"bitrate,omitempty"`  // average of the payload, in bit/s
	// Delay and Padding are the samples that a gapless player drops at the start
	// and the end of the decoded sound, where the file says them. For a codec that has
	// none (FLAC and others) or whose decoder counts them itself (Vorbis) they are 0.
	Delay   int   `json:"delay,omitempty"`
	Padding int   `json:"padding,omitempty"`
	Gain    *Gain `json:"gain,omitempty"`

	// Payload is where the sound lies, between the tags before and after it.
	Payload Span `json:"payload"`
	// Touch lists the ranges that tag readers read, in order, without overlap: the
	// head, the tail and what else the container needs. It covers small files whole.
	Touch    []Span    `json:"touch,omitempty"`
	Pictures []Picture `json:"pictures,omitempty"`
}
