package tag_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// What is allowed and rare, or forbidden and common.

func be64(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// mp4With makes a file of tracks, in a movie of three seconds.
func mp4With(tracks ...[]byte) []byte {
	mvhd := atom("mvhd", zeros(12), be32(1000), be32(3000), zeros(80))
	return cat(ftyp(), atom("moov", mvhd, slices.Concat(tracks...)), atom("mdat", zeros(1000)))
}

// mp4Track makes a track of a handler, a media header, one sample entry and more boxes.
func mp4Track(handler string, mdhd, entry []byte, more ...[]byte) []byte {
	return atom("trak", slices.Concat(more...), atom("mdia", mdhd, atom("hdlr", zeros(8), handler, zeros(13)), atom("minf", atom("stbl", atom("stsd", zeros(4), be32(1), entry)))))
}

func soundEntry(kind string, channels, rate int, more ...[]byte) []byte {
	return atom(kind, zeros(6), be16(1), zeros(8), be16(channels), be16(16), zeros(4), be16(rate), zeros(2), slices.Concat(more...))
}

func TestMP4Edges(t *testing.T) {
	mdhd := atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4))
	long := atom("mdhd", 1, zeros(3), zeros(16), be32(48000), be64(96000), zeros(4))
	unknown := atom("mdhd", zeros(12), be32(44100), be32(-1), zeros(4))
	aac := soundEntry("mp4a", 2, 44100)
	cookie := atom("alac", zeros(4), zeros(9), 6, zeros(10), be32(96000))
	elst := func(units, from int) []byte {
		return atom("edts", atom("elst", zeros(4), be32(1), be32(units), be32(from), be32(1<<16)))
	}
	long1 := atom("edts", atom("elst", 1, zeros(3), be32(1), be64(1500), be64(1024), be32(1<<16)))
	video := mp4Track("vide", atom("mdhd", zeros(12), be32(90000), be32(900000), zeros(4)), atom("avc1", zeros(78)))
	for name, tt := range map[string]struct {
		file     []byte
		codec    string
		rate     int
		channels int
		length   time.Duration
	}{
		"64-bit times":             {mp4With(mp4Track("soun", long, aac)), "aac", 44100, 2, 2 * time.Second},
		"length only in the movie": {mp4With(mp4Track("soun", unknown, aac)), "aac", 44100, 2, 3 * time.Second},
		"ALAC beyond 65 kHz":       {mp4With(mp4Track("soun", mdhd, soundEntry("alac", 2, 0, cookie))), "alac", 96000, 6, 2 * time.Second},
		"edit that cuts the delay": {mp4With(mp4Track("soun", mdhd, aac, elst(1950, 1024))), "aac", 44100, 2, 1950 * time.Millisecond},
		"edit in 64 bits":          {mp4With(mp4Track("soun", mdhd, aac, long1)), "aac", 44100, 2, 1500 * time.Millisecond},
		"empty edit":               {mp4With(mp4Track("soun", mdhd, aac, elst(1000, -1))), "aac", 44100, 2, 2 * time.Second},
		"a video track first":      {mp4With(video, mp4Track("soun", mdhd, aac)), "aac", 44100, 2, 2 * time.Second},
		"two tracks of sound":      {mp4With(mp4Track("soun", mdhd, aac), mp4Track("soun", long, soundEntry("Opus", 1, 48000))), "aac", 44100, 2, 2 * time.Second},
		"a codec nobody knows":     {mp4With(mp4Track("soun", mdhd, soundEntry("xyz ", 1, 8000))), "xyz", 8000, 1, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.m4a")
			wantSound(t, in, "m4a", tt.codec, tt.rate, tt.channels, tt.length, tag.Span{Offset: int64(len(tt.file) - 1000), Length: 1000})
		})
	}
}

func TestMP4Lists(t *testing.T) {
	quick := atom("moov", atom("udta", atom("meta", atom("hdlr", zeros(8), "mdir", zeros(13)), atom("ilst", atom("\xa9nam", datum(1, "T"))))))
	for name, tt := range map[string]struct {
		moov []byte
		want tag.Info
	}{
		"QuickTime's meta has no version": {quick, tag.Info{Title: "T"}},
		"text of type 0":                  {moov(atom("\xa9nam", datum(0, "Tï"))), tag.Info{Title: "Tï"}},
		"short numbers":                   {moov(atom("trkn", datum(0, be16(0), be16(3))), atom("disk", datum(0, 0)), atom("cpil", datum(21, be32(1)))), tag.Info{Track: 3, Compilation: true}},
		"number 0 is none":                {moov(atom("trkn", datum(0, be16(0), be16(0), be16(9)))), tag.Info{TrackTotal: 9}},
		"empty values":                    {moov(atom("\xa9nam", datum(1)), atom("\xa9ART"), atom("gnre", datum(0, 1)), freeform("ARTISTS")), tag.Info{}},
		"genre in words and by number":    {moov(atom("gnre", datum(0, be16(18))), atom("\xa9gen", datum(1, "Noise"))), tag.Info{Genre: "Rock; Noise"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantTags(t, read(t, cat(ftyp(), tt.moov, atom("mdat", zeros(9))), "a.m4a"), tt.want)
		})
	}
	for name, b := range map[string][]byte{
		"box smaller than its header": cat(ftyp(), be32(4), "moov", zeros(50)),
		"child larger than its box":   cat(ftyp(), atom("moov", be32(99), "udta"), atom("mdat", zeros(200))),
		"size of 64 bits, all set":    cat(ftyp(), be32(1), "moov", be64(-1), zeros(50)),
	} {
		if _, err := checked(t, b, "a.m4a"); !errors.Is(err, tag.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOggEdges(t *testing.T) {
	headers := func(perPage int, comments ...string) []byte {
		return ogg(7, perPage, 0, cat("OpusHead", 1, 2, le16(312), le32(44100), zeros(3)), cat("OpusTags", vorbisComment(comments...)))
	}
	sound := ogg(7, 255, 96312, zeros(300))
	unended := ogg(7, 255, -1, zeros(200))
	second := cat(ogg(8, 255, 0, cat("OpusHead", 1, 2, le16(0), le32(44100), zeros(3)), cat("OpusTags", vorbisComment("TITLE=Second"))), ogg(8, 255, 48000, zeros(99)))
	for name, tt := range map[string]struct {
		file   []byte
		length time.Duration
	}{
		"plain":                             {cat(headers(255, "TITLE=T"), sound), 2 * time.Second},
		"last page without an end":          {cat(headers(255, "TITLE=T"), sound, unended), 2 * time.Second},
		"comments over hundreds of pages":   {cat(headers(1, "X="+strings.Repeat("x", 70000), "TITLE=T"), sound), 2 * time.Second},
		"chained, no sound in the first":    {cat(headers(255, "TITLE=T"), second, bytes.Repeat(ogg(8, 255, 48000, zeros(60000)), 3)), time.Second},
		"chained, little in the second":     {cat(headers(255, "TITLE=T"), sound, second), 3 * time.Second},
		"bytes that are no page at the end": {cat(headers(255, "TITLE=T"), sound, "OggS and more"), 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := checked(t, tt.file, "a.opus")
			if err != nil || in.Title != "T" || in.Duration != tt.length {
				t.Errorf("title %q, duration %v, error %v", in.Title, in.Duration, err)
			}
		})
	}
	old := read(t, vorbis("TITLE=T", "COVERART=AAAA"), "a.ogg")
	if len(old.Pictures) != 1 || !old.Pictures[0].Encoded || old.Pictures[0].Span.Length != 4 {
		t.Errorf("the old way of covers: %+v", old.Pictures)
	}
	broken := ogg(7, 255, 96312, cat("OpusHead", 1, 2, le16(312), le32(44100), zeros(3)), cat("OpusTags", le32(4), "test", le32(2), le32(7), "TITLE=T", le32(9999)), zeros(300))
	if in, err := checked(t, broken, "a.opus"); !errors.Is(err, tag.ErrBroken) || in.Title != "T" || in.Duration != 2*time.Second {
		t.Errorf("broken comments: title %q, %v, error %v", in.Title, in.Duration, err)
	}
}

func TestRIFFEdges(t *testing.T) {
	data := riffChunk("data", zeros(1000))
	format := func(kind int, more ...any) []byte {
		return riffChunk("fmt ", le16(kind), le16(1), le32(8000), le32(1000), le16(1), le16(8), cat(more...))
	}
	list := func(content ...any) []byte { return riffChunk("LIST", cat(content...)) }
	for name, tt := range map[string]struct {
		file  []byte
		codec string
		title string
	}{
		"extensible":             {wave(format(0xFFFE, le16(22), zeros(6), le16(1), zeros(14)), data), "pcm", ""},
		"MP3 inside":             {wave(format(0x55), data), "mp3", ""},
		"another codec":          {wave(format(0x11), data), "wave-0011", ""},
		"a list of other things": {wave(format(1), list("adtl", riffChunk("INAM", "no")), data), "pcm", ""},
		"sizes in a list lie":    {wave(format(1), list("INFO", "INAM", le32(-1), "T"), data), "pcm", "T"},
		"rubbish at the end":     {cat(wave(format(1), data), zeros(40)), "pcm", ""},
		"two data chunks":        {wave(format(1), data, riffChunk("data", zeros(9))), "pcm", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.wav")
			if in.Codec != tt.codec || in.Title != tt.title || in.Payload.Length != 1000 || in.Duration != time.Second {
				t.Errorf("codec %s, title %q, payload %+v, %v", in.Codec, in.Title, in.Payload, in.Duration)
			}
		})
	}
}

func TestAPEEdges(t *testing.T) {
	cover := cat("cover.JPG", 0, image())
	field := func(name string, flags int, value []byte) []byte {
		return cat(le32(len(value)), le32(flags), name, 0, value)
	}
	tail := func(count, size int, flags uint32, body []byte) []byte {
		return cat(body, "APETAGEX", le32(2000), le32(size), le32(count), binary.LittleEndian.AppendUint32(nil, flags), zeros(8))
	}
	body := cat(field("Cover Art (Front)", 2, cover), field("Binary", 2, zeros(9)), field("Title", 0, []byte("T")))
	b := cat(mpeg(3), tail(3, len(body)+32, 0, body))
	in := read(t, b, "a.mp3")
	wantTags(t, in, tag.Info{Title: "T"})
	wantPicture(t, b, in, 3, "image/jpeg")
	if diff := cmp.Diff(tag.Span{Offset: 0, Length: 3 * 417}, in.Payload); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	for name, lie := range map[string][]byte{
		"size beyond the file":     tail(1, 1<<30, 0, field("Title", 0, []byte("T"))),
		"size below the footer":    tail(1, 3, 0, field("Title", 0, []byte("T"))),
		"value beyond the tag":     tail(1, 32+15, 0, cat(le32(1<<30), le32(0), "Title", 0, "T")),
		"more fields than it has":  tail(1<<30, 32, 0, nil),
		"a name that does not end": tail(1, 32+300, 0, cat(le32(1), le32(0), bytes.Repeat([]byte("x"), 292))),
	} {
		if in, err := checked(t, cat(mpeg(3), lie), "a.mp3"); err != nil || in.Title != "" {
			t.Errorf("%s: title %q, error %v", name, in.Title, err)
		}
	}
}

func TestGaplessMP3(t *testing.T) {
	note := frame("COMM", 0, "eng", "iTunSMPB\x00 00000000 00000840 000001CA 0000000000001000 00000000")
	in := read(t, cat(id3(3, 0, note), mpeg(5)), "a.mp3")
	if in.Delay != 0x840 || in.Padding != 0x1CA || in.Duration != 0x1000*time.Second/44100 {
		t.Errorf("delay %d, padding %d, %v", in.Delay, in.Padding, in.Duration)
	}
	wrong := frame("COMM", 0, "eng", "iTunSMPB\x00 00000000 00000840 000001CA 0000000F00001000 00000000")
	if in := read(t, cat(id3(3, 0, wrong), mpeg(5)), "a.mp3"); in.Delay != 0 || in.Duration > time.Second {
		t.Errorf("a note that is wrong: delay %d, %v", in.Delay, in.Duration)
	}
}

func TestID3v22Names(t *testing.T) {
	text := func(id, value string) []byte { return frame2(id, 0, value) }
	b := id3(2, 0,
		text("TT2", "T"), text("TP1", "A"), text("TP2", "AA"), text("TAL", "Al"), text("TCM", "Co"), text("TCO", "(17)"), text("TRK", "3/9"), text("TPA", "1/2"),
		text("TYE", "2004"), text("TDA", "1705"), text("TOR", "1969"), text("TCP", "1"), text("TST", "ts"), text("TSP", "as"), text("TSA", "als"), text("TS2", "aas"),
		text("TXX", "MusicBrainz Album Id\x00r"), frame2("UFI", "http://musicbrainz.org\x00c"), text("COM", "eng\x00words"),
	)
	wantTags(t, read(t, cat(b, mpeg(3)), "a.mp3"), tag.Info{
		Title: "T", Artist: "A", AlbumArtist: "AA", Album: "Al", Composer: "Co", Genre: "Rock", Track: 3, TrackTotal: 9, Disc: 1, DiscTotal: 2,
		Date: "2004-05-17", Year: 2004, OriginalDate: "1969", Compilation: true, TitleSort: "ts", ArtistSort: "as", AlbumSort: "als", AlbumArtistSort: "aas",
		ReleaseID: "r", RecordingID: "c",
	})
}

// TestFieldNames holds that the names other programs give to fields are understood.
func TestFieldNames(t *testing.T) {
	for comment, want := range map[string]tag.Info{
		"ALBUM_ARTIST=x":                 {AlbumArtist: "x"},
		"ALBUM_ARTISTS=x":                {AlbumArtist: "x"},
		"YEAR=1999":                      {Date: "1999", Year: 1999},
		"ORIGINALYEAR=1969":              {OriginalDate: "1969"},
		"TRACK=3":                        {Track: 3},
		"TRACKCOUNT=9":                   {TrackTotal: 9},
		"DISC=2":                         {Disc: 2},
		"TOTALDISCS=2":                   {DiscTotal: 2},
		"ITUNESCOMPILATION=true":         {Compilation: true},
		"MusicBrainz/Album Id=r":         {ReleaseID: "r"},
		"MusicBrainz/Release Track Id=t": {TrackID: "t"},
		"MUSICBRAINZ TRACK ID=c":         {RecordingID: "c"},
		"REPLAYGAIN_ALBUM_GAIN=+1.5 dB":  {Gain: &tag.Gain{Album: 1.5}},
		"COMMENT=something else":         {},
		"=no name":                       {},
	} {
		wantTags(t, read(t, flac(comment), "a.flac"), want)
	}
}

func TestCodecNames(t *testing.T) {
	mdhd := atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4))
	for kind, want := range map[string]string{"mp4a": "aac", "alac": "alac", "fLaC": "flac", "Opus": "opus", ".mp3": "mp3", "sowt": "pcm", "ac-3": "ac3", "samr": "samr"} {
		if in := read(t, mp4With(mp4Track("soun", mdhd, soundEntry(kind, 2, 44100))), "a.m4a"); in.Codec != want {
			t.Errorf("%s is %s, want %s", kind, in.Codec, want)
		}
	}
	for kind, want := range map[string]string{"NONE": "pcm", "sowt": "pcm", "MAC3": "MAC3"} {
		body := cat("AIFC", aiffChunk("COMM", be16(1), be32(44100), be16(16), 0x40, 0x0E, 0xAC, 0x44, zeros(6), kind), aiffChunk("SSND", zeros(99)))
		if in := read(t, cat("FORM", be32(len(body)), body), "a.aifc"); in.Codec != want || in.Duration != time.Second {
			t.Errorf("%s is %s of %v, want %s", kind, in.Codec, in.Duration, want)
		}
	}
}

func TestFragmentLength(t *testing.T) {
	mdhd := atom("mdhd", zeros(12), be32(44100), be32(0), zeros(4))
	for name, mehd := range map[string][]byte{"32 bits": atom("mehd", zeros(4), be32(5000)), "64 bits": atom("mehd", 1, zeros(3), be64(5000))} {
		mvhd := atom("mvhd", zeros(12), be32(1000), be32(0), zeros(80))
		b := cat(ftyp(), atom("moov", mvhd, mp4Track("soun", mdhd, soundEntry("mp4a", 2, 44100)), atom("mvex", mehd)), atom("moof", zeros(9)), atom("mdat", zeros(99)))
		if in := read(t, b, "a.m4a"); in.Duration != 5*time.Second {
			t.Errorf("%s: %v", name, in.Duration)
		}
	}
}

// TestOddPictures holds that what a picture frame lacks does no harm to the rest.
func TestOddPictures(t *testing.T) {
	title := frame("TIT2", 0, "T")
	for name, tt := range map[string]struct {
		frame []byte
		mime  string
		count int
	}{
		"type of its own":       {frame("APIC", 0, "IMAGE/PNG\x00", 0, 0, image()), "image/png", 1},
		"only letters":          {frame("APIC", 0, "PNG\x00", 0, 0, image()), "image/png", 1},
		"a name without end":    {frame("APIC", 0, strings.Repeat("x", 90)), "", 0},
		"a description without": {frame("APIC", 0, "image/png\x00", 3, strings.Repeat("x", 90)), "", 0},
		"almost nothing":        {frame("APIC", 0, 0), "", 0},
		"compressed":            {cat("APIC", be32(9), 0, 0x80, zeros(9)), "", 1},
	} {
		in := read(t, cat(id3(3, 0, tt.frame, title), mpeg(3)), "a.mp3")
		if in.Title != "T" || len(in.Pictures) != tt.count || tt.count > 0 && in.Pictures[0].MIME != tt.mime {
			t.Errorf("%s: title %q, pictures %+v", name, in.Title, in.Pictures)
		}
	}
	many := bytes.Repeat(frame("APIC", 0, "image/png\x00", 3, 0, 1), 200)
	if in := read(t, cat(id3(3, 0, many, title), mpeg(3)), "a.mp3"); len(in.Pictures) != 64 || in.Title != "T" {
		t.Errorf("of 200 pictures %d are kept; title %q", len(in.Pictures), in.Title)
	}
}
