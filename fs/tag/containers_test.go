package tag_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// wantSound compares what a container says of the sound.
func wantSound(t *testing.T, in tag.Info, container, codec string, rate, channels int, length time.Duration, payload tag.Span) {
	t.Helper()
	if in.Container != container || in.Codec != codec || in.SampleRate != rate || in.Channels != channels {
		t.Errorf("got %s/%s %d Hz × %d, want %s/%s %d Hz × %d", in.Container, in.Codec, in.SampleRate, in.Channels, container, codec, rate, channels)
	}
	if in.Duration != length {
		t.Errorf("duration %v, want %v", in.Duration, length)
	}
	if in.Payload != payload {
		t.Errorf("payload %+v, want %+v", in.Payload, payload)
	}
}

func TestFLAC(t *testing.T) {
	comments := []string{"title=T", "ARTIST=A", "Artist=B", "ALBUM ARTIST=AA", "TRACKNUMBER=3", "TOTALTRACKS=12", "DISCNUMBER=1/2", "DATE=2004-05-17", "COMPILATION=1", "nonsense", "MUSICBRAINZ_TRACKID=c"}
	want := tag.Info{Title: "T", Artist: "A; B", Artists: []string{"A", "B"}, AlbumArtist: "AA", Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2, Date: "2004-05-17", Year: 2004, Compilation: true, RecordingID: "c"}
	file := flac(comments...)
	sound := int64(len(file) - 5002)
	stray := id3(3, 0, frame("TIT2", 0, "Stray"), frame("TCOM", 0, "Co"))

	t.Run("plain", func(t *testing.T) {
		in := read(t, file, "a.flac")
		wantTags(t, in, want)
		wantPicture(t, file, in, 3, "image/jpeg")
		wantSound(t, in, "flac", "flac", 44100, 2, 2*time.Second, tag.Span{Offset: sound, Length: 5002})
	})
	t.Run("between ID3v2 and ID3v1", func(t *testing.T) {
		b := cat(stray, file, id3v1("Ti", "Ar", 9))
		in := read(t, b, "a.flac")
		want := want
		want.Composer, want.Album, want.Genre = "Co", "Album", "Rock"
		wantTags(t, in, want)
		wantPicture(t, b, in, 3, "image/jpeg")
		wantSound(t, in, "flac", "flac", 44100, 2, 2*time.Second, tag.Span{Offset: sound + int64(len(stray)), Length: 5002})
	})
}

func TestOgg(t *testing.T) {
	comments := []string{"TITLE=T", "ARTIST=A", "ALBUM=" + strings.Repeat("long ", 500), "TRACKNUMBER=3/12", pictureComment(), "DATE=1999"}
	want := tag.Info{Title: "T", Artist: "A", Album: strings.TrimSpace(strings.Repeat("long ", 500)), Track: 3, TrackTotal: 12, Date: "1999", Year: 1999}
	other := ogg(99, 255, 5, []byte("fishead\x00"))
	flacHead := cat("\x7fFLAC", 1, 0, be16(1), "fLaC", flacBlock(0, false, streamInfo(48000, 1, 96000)))
	oggFLAC := ogg(7, 255, 96000, flacHead, flacBlock(4, false, vorbisComment(comments...)), flacBlock(1, true, zeros(10)), zeros(300))
	tests := map[string]struct {
		file     []byte
		codec    string
		rate     int
		channels int
		sound    int // bytes at the end
	}{
		"Vorbis":                {vorbis(comments...), "vorbis", 44100, 2, 27 + 3 + 700},
		"Opus":                  {opus(comments...), "opus", 48000, 2, 27 + 2 + 300},
		"FLAC":                  {oggFLAC, "flac", 48000, 1, 27 + 2 + 300},
		"another stream before": {cat(other, opus(comments...)), "opus", 48000, 2, 27 + 2 + 300},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.ogg")
			wantTags(t, in, want)
			wantSound(t, in, "ogg", tt.codec, tt.rate, tt.channels, 2*time.Second, tag.Span{Offset: int64(len(tt.file) - tt.sound), Length: int64(tt.sound)})
			if len(in.Pictures) != 1 || in.Pictures[0].Type != 3 || in.Pictures[0].MIME != "image/png" || !in.Pictures[0].Encoded {
				t.Errorf("pictures %+v, want one PNG that is encoded", in.Pictures)
			}
		})
	}
}

func TestMP4(t *testing.T) {
	list := moov(
		atom("\xa9nam", datum(1, "T")), atom("\xa9ART", datum(1, "A"), datum(1, "B")), atom("aART", datum(1, "AA")), atom("\xa9alb", datum(2, "\x00A\x00\xef")),
		atom("trkn", datum(0, be16(0), be16(3), be16(12), be16(0))), atom("disk", datum(0, be16(0), be16(1), be16(2))), atom("cpil", datum(21, 1)),
		atom("gnre", datum(0, be16(18))), atom("\xa9day", datum(1, "2004-05-17T07:00:00Z")), atom("soar", datum(1, "S")),
		freeform("MusicBrainz Album Id", "r"), freeform("ARTISTS", "A", "B"), freeform("unknown", "x"), atom("covr", datum(13, image())),
	)
	want := tag.Info{
		Title: "T", Artist: "A; B", Artists: []string{"A", "B"}, AlbumArtist: "AA", Album: "Aï", Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2,
		Compilation: true, Genre: "Rock", Date: "2004-05-17T07:00:00Z", Year: 2004, ArtistSort: "S", ReleaseID: "r",
	}
	data := atom("mdat", zeros(5000))
	long := cat(be32(1), "mdat", binary.BigEndian.AppendUint64(nil, 5016), zeros(5000))
	for name, tt := range map[string]struct {
		file []byte
		at   int // of the payload
	}{
		"moov first":      {cat(ftyp(), list, atom("free", zeros(99)), data), 16 + len(list) + 107 + 8},
		"moov last":       {cat(ftyp(), data, list), 16 + 8},
		"64-bit mdat":     {cat(ftyp(), long, list), 16 + 16},
		"mdat to the end": {cat(ftyp(), list, be32(0), "mdat", zeros(5000)), 16 + len(list) + 8},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.m4a")
			wantTags(t, in, want)
			wantPicture(t, tt.file, in, 3, "image/jpeg")
			wantSound(t, in, "m4a", "aac", 44100, 2, 2*time.Second, tag.Span{Offset: int64(tt.at), Length: 5000})
		})
	}
	t.Run("gapless by iTunes", func(t *testing.T) {
		in := read(t, cat(ftyp(), moov(freeform("iTunSMPB", " 00000000 00000840 000001CA 00000000000152EE 00000000")), data), "a.m4a")
		if in.Delay != 0x840 || in.Padding != 0x1CA || in.Duration != time.Duration(0x152EE)*time.Second/44100 {
			t.Errorf("delay %d, padding %d, %v", in.Delay, in.Padding, in.Duration)
		}
	})
}

func TestWAVE(t *testing.T) {
	info := riffChunk("LIST", "INFO", riffChunk("INAM", "T\xef\x00"), riffChunk("IART", "Artist"), riffChunk("IPRD", "Al"), riffChunk("ICRD", "1999"))
	tagged := riffChunk("id3 ", id3(4, 0, frame("TIT2", 3, "From ID3"), frame("APIC", 3, "image/jpeg\x00", 3, 0, image())))
	data := riffChunk("data", zeros(352800))
	plain := tag.Info{Title: "Tï", Artist: "Artist", Album: "Al", Date: "1999", Year: 1999}
	both := plain
	both.Title = "From ID3"
	ds64 := riffChunk("ds64", zeros(8), binary.LittleEndian.AppendUint64(nil, 352800), zeros(12))
	rf64 := cat("RF64", le32(-1), "WAVE", ds64, wavFormat(), "data", le32(-1), zeros(352800), tagged)
	for name, tt := range map[string]struct {
		file []byte
		want tag.Info
		at   int
	}{
		"tags before":      {wave(wavFormat(), info, data), plain, 12 + 24 + len(info) + 8},
		"tags after":       {wave(wavFormat(), data, info), plain, 12 + 24 + 8},
		"ID3 outranks":     {wave(wavFormat(), data, info, tagged), both, 12 + 24 + 8},
		"RF64":             {rf64, tag.Info{Title: "From ID3"}, 12 + len(ds64) + 24 + 8},
		"size left open":   {cat("RIFF", le32(-1), "WAVE", wavFormat(), info, "data", le32(-1), zeros(352800)), plain, 12 + 24 + len(info) + 8},
		"odd chunk before": {wave(wavFormat(), riffChunk("junk", "x"), data), tag.Info{}, 12 + 24 + 10 + 8},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.wav")
			wantTags(t, in, tt.want)
			wantSound(t, in, "wav", "pcm", 44100, 2, 2*time.Second, tag.Span{Offset: int64(tt.at), Length: 352800})
			if strings.HasPrefix(tt.want.Title, "From") {
				wantPicture(t, tt.file, in, 3, "image/jpeg")
			}
		})
	}
}

func TestAIFF(t *testing.T) {
	comm := aiffChunk("COMM", be16(2), be32(88200), be16(16), 0x40, 0x0E, 0xAC, 0x44, zeros(6))
	body := cat("AIFF", comm, aiffChunk("NAME", "Name"), aiffChunk("AUTH", "Author"), aiffChunk("SSND", zeros(8+352800)), aiffChunk("ID3 ", id3(3, 0, frame("TIT2", 0, "T"))))
	b := cat("FORM", be32(len(body)), body)
	in := read(t, b, "a.aiff")
	wantTags(t, in, tag.Info{Title: "T", Artist: "Author"})
	wantSound(t, in, "aiff", "pcm", 44100, 2, 2*time.Second, tag.Span{Offset: 12 + 26 + 12 + 14 + 8, Length: 352808})
}
