package tag_test

import "sync/atomic"

// exception is where another program and we say different things of a field, for a
// reason. The test fails for one that no variant needs.
type exception struct {
	oracle, field, files string // regular expressions, of the whole
	reason               string
	used                 *atomic.Bool
}

// exceptions lists all of them.
func exceptions() []exception {
	e := func(oracle, field, files, reason string) exception {
		return exception{oracle, field, files, reason, &atomic.Bool{}}
	}
	return []exception{
		e("dhowden", "refused", `.*\.(wav|aiff|aif|aifc|oga|spx|wv|tta|wma|mka|webm|ape|mpc|tak|dff|aac)`, "it knows no such container"),
		e("dhowden", "refused", `ape-.*\.mp3`, "it knows no APEv2"),
		e("dhowden", "title|artist|album", `(ape-.*\.mp3|.*\.(wv|ape|mpc|tak))`, "it knows no APEv2, so it takes ID3v1, undecoded"),
		e("dhowden", "artist", `.*-(latin|wide|right)-.*`, "it puts several values into one, or takes the last"),
		e("dhowden", "artist", `.*-own\.(flac|opus)`, "it puts several values into one, or takes the last"),
		e("dhowden", "composer", `.*-own\.(flac|ogg|opus)`, "without a composer it takes the artist of Vorbis comments"),
		e("ffmpeg", "artist", `.*-(latin|wide|right)-.*\.(mp3|aiff|dsf|m4a|m4b|wma|wv|mpc)`, "of several values it keeps the first"),
		e("ffmpeg", "title|artist|album|date", `.*-0-2-1024-0\.(mp3|wv|mpc)`, "it lets ID3v1 win over APEv2"),
		e("ffmpeg", "track_peak|album_peak", `.*-full-.*|.*-lame-peak\.mp3`, "it prints peaks in a unit that is not the one it keeps them in"),
		e("ffmpeg", "rate", `.*\.(dsf|dff)`, "it counts the bytes of DSD, not the bits"),
		e("ffmpeg", "duration", `a-.*\.mpc`, "it plays the 1386 samples of Musepack that its header says are not to be played"),
		e("mutagen", "artist", `(ascii|latin1|japanese)\.wma`, "it lists the value of two lists twice"),
		e("mutagen", "duration", `.*[+](dash|frag_keyframe.*)\.m4a`, "it does not look into fragments"),
		e("mutagen", "duration", `mono-.*\.mp3|.*-lame-8k\.mp3`, "it counts what ffmpeg and LAME say is to be dropped at low sample rates"),
		e("mutagen", "duration", `.*-vbr-no-header\.mp3`, "it takes the bit rate of the first frame for that of all"),
		e("mutagen", "refused", `.*-always\.wav`, "it knows no RF64"),
		e("mutagen", "refused", `odd-front\.wav|mute-front\.(ape|mpc)`, "it takes it for an MP3"),
		e("mutagen", "refused", `.*-id3\.aac`, "it takes it for an MP3"),

		e("dhowden", "refused", `odd-ape-(front|binary|russian)\.mp3`, "it knows no APEv2"),
		e("dhowden", "refused", `odd-appended\.mp3`, "it knows no ID3v2 at the end"),
		e("dhowden", "refused", `sound-a\.mp2`, "there are none"),
		e("dhowden", "refused", `odd-utf16\.m4a`, "it knows no UTF-16 in MP4"),
		e("dhowden", "artist", `odd-(two-data\.m4a|same-twice\.flac|values-nul\.mp3)`, "it puts several values into one, or takes the last"),
		e("dhowden", "genre", `odd-genre-.*\.mp3`, "it knows neither brackets nor several values"),
		e("dhowden", "composer", `odd-(artists|same-twice)\.flac`, "without a composer it takes the artist of Vorbis comments"),
		e("dhowden", "year", `odd-date-digits\.flac`, "it takes 20040506 for a time in some other form"),
		e("dhowden", "title", `odd-front\.flac`, "it reads only the ID3v2 before FLAC"),
		e("dhowden", "title", `odd-ape-v1\.mp3`, "it knows no APEv2, so it takes ID3v1"),
		e("dhowden", "title", `odd-(compressed|unsync-v24)\.mp3`, "it knows no flags of frames"),
		e("dhowden|mutagen|ffmpeg", "title|artist|album", `odd-(v1|v2|utf16)-(russian|koi8|kanji)\.mp3`, "Windows-1251, KOI8-R or Shift-JIS: by its letter it is Latin-1"),
		e("dhowden|mutagen|ffmpeg", "title", `odd-twice\.mp3`, "UTF-8 made UTF-8 once more: by its letter it is that"),
		e("dhowden|mutagen|ffmpeg", "artist", `odd-utf8-as-latin1\.mp3`, "UTF-8 that is marked as Latin-1: by its letter it is that"),

		e("ffmpeg", "artist", `odd-(two-data\.m4a|values-nul\.mp3)`, "of several values it keeps the first"),
		e("ffmpeg", "genre", `odd-genre-(number|refined)\.mp3`, "of several values it keeps the first"),
		e("ffmpeg", "genre", `odd-genre-remix\.mp3`, "it does not know these two"),
		e("ffmpeg|mutagen", "artist", `odd-same-twice\.flac`, "a name that is there twice is one artist"),
		e("ffmpeg", "title", `odd-(list-id3|id3-list)\.wav`, "it lets LIST INFO win over ID3v2, which says in which encoding it is"),
		e("ffmpeg|mutagen", "title", `odd-ape-v1\.mp3`, "it lets ID3v1 win over APEv2, or knows none in an MP3"),
		e("ffmpeg", "track_peak", `odd-names-case\.mp3`, "it prints peaks in a unit that is not the one it keeps them in"),
		e("ffmpeg|mutagen", "date", `odd-date-zero\.mp3`, "0000 says that the date is not known"),
		e("ffmpeg", "title", `odd-unsync-v23\.mp3`, "it takes the sizes of frames for those before unsynchronisation is undone"),
		e("ffmpeg", "duration", `sound-8000\.m4a`, "it plays the rest of the last frame, which the edit list leaves out: 108 ms at 8 kHz"),
		e("ffmpeg", "codec", `sound-adpcm.*`, "we keep the number or name that the container has for what is hardly ever met"),

		e("mutagen", "duration", `odd-chain\.ogg`, "it knows no chains"),
		e("mutagen", "duration", `sound-(sidx|fragments|fragments-alac)\.m4a`, "it does not look into fragments"),
		e("mutagen", "duration", `sound-(8000|22050)\.(mp3|m4a)`, "it counts what the encoder says is to be dropped"),
		e("mutagen", "duration", `sound-joined\.mp3`, "it believes the header of the first part"),
		e("mutagen", "duration", `sound-(adpcm_.*|libmp3lame)\.(wav|aif)`, "it takes blocks or bytes for samples"),
		e("mutagen", "channels", `sound-mono\.m4a`, "it takes the field of the sample entry, not what AAC says"),
		e("mutagen", "channels", `sound-5\.1\.wv`, "it takes those of the first block, which is one of three"),
		e("mutagen", "tracktotal", `odd-totals\.flac`, "a field of its own outranks the number behind the stroke"),
		e("mutagen", "genre", `odd-genre-brackets\.mp3`, "(17)(Rock) says the same twice"),
		e("mutagen", "pictures", `odd-large.*`, "we hash no picture beyond 16 MiB"),
	}
}
