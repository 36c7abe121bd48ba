package tag_test

import (
	"bytes"
	"compress/zlib"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

const (
	utf16LE = "\xff\xfeT\x00\xef\x00"
	utf16BE = "\xfe\xff\x00T\x00\xef"
)

func TestID3v2(t *testing.T) {
	var compressed bytes.Buffer
	z := zlib.NewWriter(&compressed)
	z.Write(cat(0, "T\xef"))
	z.Close()
	tests := map[string]struct {
		tag  []byte
		want tag.Info
	}{
		"Latin-1":                     {id3(3, 0, frame("TIT2", 0, "T\xef")), tag.Info{Title: "Tï"}},
		"Latin-1 that is UTF-8":       {id3(3, 0, frame("TIT2", 0, "Tï")), tag.Info{Title: "Tï"}},
		"Windows-1252":                {id3(3, 0, frame("TIT2", 0, "\x93T\x94")), tag.Info{Title: "“T”"}},
		"UTF-16, little end":          {id3(3, 0, frame("TIT2", 1, utf16LE, 0, 0)), tag.Info{Title: "Tï"}},
		"UTF-16, big end":             {id3(3, 0, frame("TIT2", 1, utf16BE)), tag.Info{Title: "Tï"}},
		"UTF-16BE":                    {id3(4, 0, frame("TIT2", 2, "\x00T\x00\xef")), tag.Info{Title: "Tï"}},
		"UTF-8":                       {id3(4, 0, frame("TIT2", 3, "Tï\x00")), tag.Info{Title: "Tï"}},
		"UTF-16 of odd length":        {id3(3, 0, frame("TIT2", 1, utf16LE, 0)), tag.Info{Title: "Tï"}},
		"several values":              {id3(4, 0, frame("TPE1", 3, "One\x00Two")), tag.Info{Artist: "One; Two", Artists: []string{"One", "Two"}}},
		"several in UTF-16":           {id3(4, 0, frame("TPE1", 1, utf16BE, 0, 0, "\x00U")), tag.Info{Artist: "Tï; U", Artists: []string{"Tï", "U"}}},
		"a slash is no separator":     {id3(3, 0, frame("TPE1", 0, "AC/DC")), tag.Info{Artist: "AC/DC"}},
		"ARTISTS beside the credit":   {id3(4, 0, frame("TPE1", 3, "A feat. B"), frame("TXXX", 3, "ARTISTS\x00A\x00B")), tag.Info{Artist: "A feat. B", Artists: []string{"A", "B"}}},
		"numbers":                     {id3(3, 0, frame("TRCK", 0, "03/12"), frame("TPOS", 0, "1/2")), tag.Info{Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2}},
		"a track of a record":         {id3(3, 0, frame("TRCK", 0, "A1")), tag.Info{}},
		"day and month":               {id3(3, 0, frame("TYER", 0, "2004"), frame("TDAT", 0, "1705")), tag.Info{Date: "2004-05-17", Year: 2004}},
		"a date":                      {id3(4, 0, frame("TDRC", 3, "2004-05-17T10:00:00"), frame("TDOR", 3, "1969")), tag.Info{Date: "2004-05-17T10:00:00", Year: 2004, OriginalDate: "1969"}},
		"genre by number":             {id3(3, 0, frame("TCON", 0, "(17)")), tag.Info{Genre: "Rock"}},
		"genre refined":               {id3(3, 0, frame("TCON", 0, "(4)(31)((Live)")), tag.Info{Genre: "Disco; Trance; (Live)"}},
		"genre said twice":            {id3(3, 0, frame("TCON", 0, "(17)Rock")), tag.Info{Genre: "Rock"}},
		"genres":                      {id3(4, 0, frame("TCON", 3, "0\x00Psych")), tag.Info{Genre: "Blues; Psych"}},
		"compilation":                 {id3(3, 0, frame("TCMP", 0, "1")), tag.Info{Compilation: true}},
		"sort names":                  {id3(4, 0, frame("TSOP", 3, "Simone, Nina"), frame("TSO2", 3, "S"), frame("TSOA", 3, "P"), frame("TSOT", 3, "T")), tag.Info{ArtistSort: "Simone, Nina", AlbumArtistSort: "S", AlbumSort: "P", TitleSort: "T"}},
		"MusicBrainz":                 {id3(3, 0, frame("TXXX", 0, "MusicBrainz Album Id\x00r"), frame("TXXX", 0, "MusicBrainz Release Track Id\x00t"), frame("UFID", "http://musicbrainz.org\x00c")), tag.Info{ReleaseID: "r", TrackID: "t", RecordingID: "c"}},
		"ReplayGain":                  {id3(3, 0, frame("TXXX", 0, "replaygain_track_gain\x00-7.03 dB"), frame("TXXX", 0, "REPLAYGAIN_TRACK_PEAK\x000.98")), tag.Info{Gain: &tag.Gain{Track: -7.03, TrackPeak: 0.98}}},
		"extended header 2.3":         {id3(3, 0x40, cat(be32(6), zeros(6)), frame("TIT2", 0, "T")), tag.Info{Title: "T"}},
		"extended header 2.4":         {id3(4, 0x40, cat(syncsafe(6), 1, 0), frame("TIT2", 0, "T")), tag.Info{Title: "T"}},
		"unsynchronised 2.3":          {id3(3, 0x80, unsync(frame("TIT2", 1, utf16LE)), frame("TALB", 0, "A")), tag.Info{Title: "Tï", Album: "A"}},
		"unsynchronised 2.4":          {id3(4, 0, frame4("TIT2", 3, syncsafe(7), 1, "\xff\x00\xfeT\x00\xef\x00"), frame("TALB", 0, "A")), tag.Info{Title: "Tï", Album: "A"}},
		"frame of a group":            {id3(3, 0, cat("TIT2", be32(3), 0, 0x20, 9, 0, "T")), tag.Info{Title: "T"}},
		"encrypted":                   {id3(3, 0, cat("TIT2", be32(3), 0, 0x40, 9, 0, "T"), frame("TALB", 0, "A")), tag.Info{Album: "A"}},
		"compressed":                  {id3(4, 0, frame4("TIT2", 9, syncsafe(3), compressed.Bytes()), frame("TALB", 0, "A")), tag.Info{Title: "Tï", Album: "A"}},
		"compressed badly":            {id3(4, 0, frame4("TIT2", 9, syncsafe(3), "no zlib"), frame("TALB", 0, "A")), tag.Info{Album: "A"}},
		"plain size in 2.4 as iTunes": {id3(4, 0, cat("TIT2", be32(201), 0, 0, 0, strings.Repeat("T", 200)), frame("TALB", 0, "A")), tag.Info{Title: strings.Repeat("T", 200), Album: "A"}},
		"syncsafe size in 2.4":        {id3(4, 0, frame4("TIT2", 0, 0, strings.Repeat("T", 200)), frame("TALB", 0, "A")), tag.Info{Title: strings.Repeat("T", 200), Album: "A"}},
		"2.2":                         {id3(2, 0, frame2("TT2", 0, "T"), frame2("XXX", 0, "?"), frame2("TP1", 1, utf16LE), frame2("TRK", 0, "3"), frame2("TYE", 0, "1999")), tag.Info{Title: "T", Artist: "Tï", Track: 3, Date: "1999", Year: 1999}},
		"two tags":                    {cat(id3(4, 0, frame("TIT2", 0, "First")), id3(3, 0, frame("TIT2", 0, "Second"), frame("TALB", 0, "A"))), tag.Info{Title: "First", Album: "A"}},
		"footer":                      {cat("ID3", 4, 0, 0x10, syncsafe(12), frame("TIT2", 0, "T"), "3DI", zeros(7)), tag.Info{Title: "T"}},
		"padding":                     {id3(4, 0, frame("TIT2", 0, "T"), zeros(2000)), tag.Info{Title: "T"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := cat(tt.tag, mpeg(5))
			in := read(t, b, "a.mp3")
			wantTags(t, in, tt.want)
			if want := (tag.Span{Offset: int64(len(tt.tag)), Length: 5 * 417}); in.Payload != want {
				t.Errorf("payload %+v, want %+v", in.Payload, want)
			}
		})
	}
}

func TestID3v2Pictures(t *testing.T) {
	for name, apic := range map[string][]byte{
		"2.2":               id3(2, 0, frame2("PIC", 0, "JPG", 3, "front\x00", image())),
		"2.3":               id3(3, 0, frame("APIC", 0, "image/jpg\x00", 3, "front\x00", image())),
		"2.3, UTF-16":       id3(3, 0, frame("APIC", 1, "image/jpeg\x00", 3, utf16LE, 0, 0, image())),
		"2.4, with length":  id3(4, 0, frame4("APIC", 1, syncsafe(99), 3, "image/jpeg\x00", 3, 0, image())),
		"2.3, not at first": id3(3, 0, frame("TIT2", 0, "T"), frame("APIC", 0, "image/jpeg\x00", 3, 0, image())),
	} {
		t.Run(name, func(t *testing.T) {
			b := cat(apic, mpeg(3))
			wantPicture(t, b, read(t, b, "a.mp3"), 3, "image/jpeg")
		})
	}
	t.Run("unsynchronised", func(t *testing.T) {
		b := cat(id3(3, 0x80, unsync(frame("TIT2", 0, "T")), unsync(frame("APIC", 0, "image/jpeg\x00", 3, 0, image()))), mpeg(3))
		in := read(t, b, "a.mp3")
		if len(in.Pictures) != 1 || !in.Pictures[0].Encoded {
			t.Fatalf("pictures %+v, want one that is encoded", in.Pictures)
		}
		span := in.Pictures[0].Span
		if got := bytes.ReplaceAll(b[span.Offset:span.End()], []byte{0xFF, 0}, []byte{0xFF}); !bytes.Equal(got, image()) {
			t.Errorf("picture at %+v decodes to % x", span, got)
		}
	})
}

func TestMP3Tail(t *testing.T) {
	lyrics := cat("LYRICSBEGIN", "IND0000200", "000021", "LYRICS200")
	v1 := tag.Info{Title: "Ti", Artist: "Ar", Album: "Album", Date: "1977", Year: 1977, Track: 5, Genre: "Rock"}
	tests := map[string]struct {
		head, tail []byte
		want       tag.Info
	}{
		"ID3v1.1":           {nil, id3v1("Ti", "Ar", 5), v1},
		"ID3v1 in Latin-1":  {nil, id3v1("T\xef", "\xc4r", 0), tag.Info{Title: "Tï", Artist: "Är", Album: "Album", Date: "1977", Year: 1977, Genre: "Rock"}},
		"ID3v2 outranks it": {id3(3, 0, frame("TIT2", 0, "A longer title")), id3v1("A longer", "Ar", 5), tag.Info{Title: "A longer title", Artist: "Ar", Album: "Album", Date: "1977", Year: 1977, Track: 5, Genre: "Rock"}},
		"APEv2":             {nil, apeTag("Title", "Ti", "Artist", "A\x00B", "Album Artist", "AA", "Track", "3/9", "Year", "1999"), tag.Info{Title: "Ti", Artist: "A; B", Artists: []string{"A", "B"}, AlbumArtist: "AA", Track: 3, TrackTotal: 9, Date: "1999", Year: 1999}},
		"APEv2 and ID3v1":   {nil, cat(apeTag("Title", "Longer"), id3v1("Ti", "Ar", 5)), tag.Info{Title: "Longer", Artist: "Ar", Album: "Album", Date: "1977", Year: 1977, Track: 5, Genre: "Rock"}},
		"Lyrics3":           {nil, cat(lyrics, id3v1("Ti", "Ar", 5)), v1},
		"enhanced":          {nil, cat("TAG+", zeros(223), id3v1("Ti", "Ar", 5)), v1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := read(t, cat(tt.head, mpeg(5), tt.tail), "a.mp3")
			wantTags(t, in, tt.want)
			if want := (tag.Span{Offset: int64(len(tt.head)), Length: 5 * 417}); in.Payload != want {
				t.Errorf("payload %+v, want %+v", in.Payload, want)
			}
		})
	}
}

func TestMP3Length(t *testing.T) {
	const frameTime = 1152 * time.Second / 44100
	vbri := cat(0xFF, 0xFB, 0x90, 0, zeros(32), "VBRI", zeros(10), be32(100), zeros(417-54))
	tests := map[string]struct {
		file []byte
		want time.Duration
	}{
		"constant":                 {mpeg(1000), 1000 * 417 * 8 * time.Second / 128000},
		"behind garbage":           {cat(bytes.Repeat([]byte{0xFF, 0x55}, 300), mpeg(1000)), 1000 * 417 * 8 * time.Second / 128000},
		"Xing":                     {cat(xing(100, 41700, 0, 0), mpeg(100)), 100 * frameTime},
		"Xing with delay, padding": {cat(xing(100, 41700, 576, 1000), mpeg(100)), 100*frameTime - 1576*time.Second/44100},
		"VBRI":                     {cat(vbri, mpeg(100)), 100 * frameTime},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := read(t, tt.file, "a.mp3")
			if d := in.Duration - tt.want; d < -time.Millisecond || d > time.Millisecond {
				t.Errorf("duration %v, want %v", in.Duration, tt.want)
			}
			if in.Codec != "mp3" || in.SampleRate != 44100 || in.Channels != 2 {
				t.Errorf("%s, %d Hz, %d channels", in.Codec, in.SampleRate, in.Channels)
			}
		})
	}
}
