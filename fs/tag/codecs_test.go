package tag_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestAPECodecs reads the containers that an APEv2 tag ends.
func TestAPECodecs(t *testing.T) {
	ape, v1 := apeTag("Title", "T", "Artist", "A\x00B", "Track", "3/12", "Year", "1999", "Album Artist", "AA"), id3v1("Ti", "Ar", 9)
	want := tag.Info{
		Title: "T", Artist: "A; B", Artists: []string{"A", "B"}, AlbumArtist: "AA", Album: "Album", Composer: "Co",
		Track: 3, TrackTotal: 12, Date: "1999", Year: 1999, Genre: "Rock",
	}
	front := id3(3, 0, frame("TIT2", 0, "Stray"), frame("TCOM", 0, "Co"), frame("TALB", 0, "Album"))
	for name, tt := range map[string]struct {
		make             func(...[]byte) []byte
		container, codec string
	}{
		"a.wv":     {wavpack, "wv", "wavpack"},
		"a.ape":    {monkeys, "ape", "ape"},
		"3.97.ape": {func(tags ...[]byte) []byte { return oldMonkeys(3970, 2000, 4*73728, tags...) }, "ape", "ape"},
		"7.mpc":    {musepack7, "mpc", "musepack"},
		"8.mpc":    {musepack8, "mpc", "musepack"},
		"a.tta":    {trueAudio, "tta", "tta"},
		"a.tak":    {tak, "tak", "tak"},
	} {
		t.Run(name, func(t *testing.T) {
			sound := int64(len(tt.make()))
			length := 2 * time.Second
			in := read(t, tt.make(ape, v1), name)
			without := want
			without.Composer = ""
			wantTags(t, in, without)
			if name == "3.97.ape" {
				length = in.Duration // see TestMonkeysFrames
			}
			wantSound(t, in, tt.container, tt.codec, 44100, 2, length, tag.Span{Offset: 0, Length: sound})
			in = read(t, cat(front, tt.make(ape, v1)), name)
			wantTags(t, in, want)
			wantSound(t, in, tt.container, tt.codec, 44100, 2, length, tag.Span{Offset: int64(len(front)), Length: sound})
			in = read(t, tt.make(), name)
			wantTags(t, in, tag.Info{})
			if in.Touch[len(in.Touch)-1].End() != sound {
				t.Errorf("touch %+v leaves out the end", in.Touch)
			}
		})
	}
}

func TestMonkeysFrames(t *testing.T) {
	for _, tt := range []struct{ version, compression, perFrame int }{
		{3700, 4000, 9216}, {3800, 2000, 9216}, {3800, 4000, 73728 / 2}, {3900, 1000, 73728 / 2}, {3950, 1000, 73728 / 2},
	} {
		frame := map[bool]int{true: 9216, false: 73728}[tt.perFrame == 9216]
		if tt.version == 3950 {
			frame *= 4
		}
		last := 88200 - 2*tt.perFrame
		in := read(t, oldMonkeys(tt.version, tt.compression, tt.perFrame), "a.ape")
		if want := time.Duration(2*frame+last) * time.Second / 44100; in.Duration != want || in.SampleRate != 44100 || in.Channels != 2 {
			t.Errorf("%+v: %v, want %v", tt, in.Duration, want)
		}
	}
}

func TestWavPack(t *testing.T) {
	const custom, dsd = 15 << 23, 1 << 31
	unknown := cat(wavpackBlock(-1, 0, 44100, wavpack44k, noise(500)), wavpackBlock(-1, 44100, 44100, wavpack44k, noise(500)))
	for name, tt := range map[string]struct {
		file           []byte
		rate, channels int
		length         time.Duration
		codec          string
	}{
		"mono":             {wavpackBlock(88200, 0, 88200, wavpack44k|4, noise(500)), 44100, 1, 2 * time.Second, "wavpack"},
		"rate of its own":  {wavpackBlock(24690, 0, 9, custom, 0x40|0x27, 2, 0x39, 0x30, 0, 0, noise(90)), 12345, 2, 2 * time.Second, "wavpack"},
		"six channels":     {wavpackBlock(88200, 0, 9, wavpack44k, 0x0D, 1, 6, 0x3F, noise(90)), 44100, 6, 2 * time.Second, "wavpack"},
		"300 channels":     {wavpackBlock(88200, 0, 9, wavpack44k, 0x0D, 3, 0x2B, 0, 1, 0, 0, 0, noise(90)), 44100, 300, 2 * time.Second, "wavpack"},
		"past a large one": {wavpackBlock(88200, 0, 9, wavpack44k, 0x80|2, 50, 0, 0, noise(100), 0x0D, 1, 6, 0x3F, noise(90)), 44100, 6, 2 * time.Second, "wavpack"},
		"DSD64":            {wavpackBlock(705600, 0, 9, wavpack44k|dsd, 0x0E, 1, 3, 0, noise(90)), 2822400, 2, 2 * time.Second, "dsd"},
		"length unknown":   {unknown, 44100, 2, 2 * time.Second, "wavpack"},
		"unknown, tagged":  {cat(unknown, apeTag("Title", "T")), 44100, 2, 2 * time.Second, "wavpack"},
	} {
		in := read(t, tt.file, "a.wv")
		if in.SampleRate != tt.rate || in.Channels != tt.channels || in.Duration != tt.length || in.Codec != tt.codec {
			t.Errorf("%s: %d Hz × %d, %v, %s", name, in.SampleRate, in.Channels, in.Duration, in.Codec)
		}
	}
}

func TestDSD(t *testing.T) {
	meta := id3(3, 0, frame("TIT2", 0, "T"), frame("TRCK", 0, "3/9"), frame("APIC", 0, "image/jpeg\x00", 3, 0, image()))
	want := tag.Info{Title: "T", Track: 3, TrackTotal: 9}
	file := dsf(meta)
	in := read(t, file, "a.dsf")
	wantTags(t, in, want)
	wantPicture(t, file, in, 3, "image/jpeg")
	wantSound(t, in, "dsf", "dsd", 2822400, 2, 2*time.Second, tag.Span{Offset: 92, Length: 512})

	file = dff(meta)
	in = read(t, file, "a.dff")
	wantTags(t, in, want)
	wantPicture(t, file, in, 3, "image/jpeg")
	at := int64(len(file) - len(meta) - len(meta)&1 - 12 - 1412)
	wantSound(t, in, "dff", "dsd", 2822400, 2, 1999716, tag.Span{Offset: at, Length: 1411})

	wantTags(t, read(t, namedDFF(), "a.dff"), tag.Info{Title: "Title", Artist: "A"})
	none := dsf(nil)
	wantTags(t, read(t, none, "a.dsf"), tag.Info{})
	if _, err := checked(t, none[:400], "a.dsf"); !errors.Is(err, tag.ErrTruncated) {
		t.Errorf("a cut DSF: %v", err)
	}
	dst := cat("FRM8", be64(200), "DSD ", dffChunk("PROP", "SND ", dffChunk("FS  ", be32(2822400)), dffChunk("CHNL", be16(2))), dffChunk("DST ", dffChunk("FRTE", be32(150), be16(75)), noise(99)))
	if in := read(t, dst, "a.dff"); in.Duration != 2*time.Second || in.Codec != "dst" {
		t.Errorf("DST: %v, %s", in.Duration, in.Codec)
	}
}

func TestASF(t *testing.T) {
	content := asfObject(guidContent, le16(4), le16(4), le16(0), le16(2), le16(0), wide("T"), wide("A"), zeros(2))
	extended := asfObject(guidExtended, asfList(
		asfField("Author", 0, wide("A")), asfField("Author", 0, wide("Bö")), asfField("WM/AlbumTitle", 0, wide("Al")), asfField("WM/AlbumArtist", 0, wide("AA")),
		asfField("WM/TrackNumber", 3, le32(3)), asfField("WM/PartOfSet", 0, wide("1/2")), asfField("WM/Year", 0, wide("2004-05-17")), asfField("WM/Genre", 0, wide("(17)")),
		asfField("WM/IsCompilation", 2, le32(1)), asfField("WM/Composer", 0, wide("Co")), asfField("MusicBrainz/Album Id", 0, wide("r")), asfField("TOTALTRACKS", 4, le64(12)),
		asfField("WM/ArtistSortOrder", 0, wide("as")), asfField("WM/OriginalReleaseYear", 5, le16(1969)), asfField("replaygain_track_gain", 0, wide("-7.03 dB")), asfField("WM/Lyrics", 0, wide("la")),
	))
	library := asfObject(guidExtension, zeros(18), le32(0), asfObject(guidLibrary, asfList(asfEntry("WM/TitleSortOrder", 0, wide("ts")), asfEntry("WM/Picture", 1, asfPicture()))))
	want := tag.Info{
		Title: "T", Artist: "A; Bö", Artists: []string{"A", "Bö"}, Album: "Al", AlbumArtist: "AA", Track: 3, TrackTotal: 12, Disc: 1, DiscTotal: 2,
		Date: "2004-05-17", Year: 2004, OriginalDate: "1969", Genre: "Rock", Compilation: true, Composer: "Co", ReleaseID: "r",
		ArtistSort: "as", TitleSort: "ts", Gain: &tag.Gain{Track: -7.03},
	}
	file := asf(content, extended, asfObject(guidUnknown, zeros(40)), library)
	in := read(t, file, "a.wma")
	wantTags(t, in, want)
	wantPicture(t, file, in, 3, "image/jpeg")
	wantSound(t, in, "asf", "wmav2", 44100, 2, 2*time.Second, tag.Span{Offset: int64(len(file) - 33 - 600), Length: 600})

	for name, number := range map[string][]byte{"text": asfField("WM/Track", 0, wide("2")), "number": asfField("WM/Track", 3, le32(2))} {
		if in := read(t, asf(content, asfObject(guidExtended, asfList(number))), "a.wma"); in.Track != 3 {
			t.Errorf("tracks counted from 0, as %s: %d, want 3", name, in.Track)
		}
	}
	for name, tt := range map[string]struct {
		object []byte
		want   error
	}{
		"a list that promises more": {asfObject(guidExtended, le16(9), asfField("WM/AlbumTitle", 0, wide("Al"))), tag.ErrBroken},
		"a value beyond its object": {asfObject(guidExtended, le16(1), le16(2), wide(""), le16(0), le16(9999)), tag.ErrBroken},
		"an object of no size":      {cat(guidExtended, le64(3), zeros(50)), tag.ErrBroken},
	} {
		if in, err := checked(t, asf(content, tt.object), "a.wma"); !errors.Is(err, tt.want) || in.Title != "T" || in.Duration != 2*time.Second {
			t.Errorf("%s: title %q, %v, error %v", name, in.Title, in.Duration, err)
		}
	}
}

// TestUnknownWithTags holds that the tags at the end are read whatever is before them.
func TestUnknownWithTags(t *testing.T) {
	in, err := checked(t, cat("OFR ", noise(900), apeTag("Title", "T", "Artist", "A")), "a.ofr")
	if !errors.Is(err, tag.ErrUnknown) || in.Title != "T" || in.Artist != "A" || in.Payload.Length != 904 {
		t.Errorf("title %q, payload %+v, error %v", in.Title, in.Payload, err)
	}
}
