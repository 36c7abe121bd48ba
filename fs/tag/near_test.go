package tag_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// mixed makes n frames of MPEG 1 layer III at 44.1 kHz: after a quarter the bit rate
// changes from 128 to 320 kbit/s.
func mixed(n int) []byte {
	large := cat(0xFF, 0xFB, 0xE0, 0, zeros(1040))
	return cat(mpeg(n/4), bytes.Repeat(large, n-n/4))
}

// TestVaryingWithoutHeader holds that a file which is near is passed over for its length,
// and one that is far away is not: there it is an estimate.
func TestVaryingWithoutHeader(t *testing.T) {
	const n = 8000
	exact := n * 1152 * time.Second / 44100
	junk := cat(mixed(1000), noise(999), mixed(1000))
	for name, tt := range map[string]struct {
		file         []byte
		near         time.Duration
		reads, bytes int
	}{
		"varying":           {mixed(n), exact, 30, 9 << 20},
		"constant":          {mpeg(n), n * 417 * time.Second / 16000, 10, 1 << 20}, // by the bytes, for these frames lack padding,
		"ADTS":              {adts(4000), 4000 * 1024 * time.Second / 44100, 10, 3 << 20},
		"with junk between": {junk, 2000 * 1152 * time.Second / 44100, 8, 3 << 20},
		"beyond the limits": {mixed(40000), 0, 20, 2 << 20},
	} {
		r := &counting{r: bytes.NewReader(tt.file), good: 1000}
		near, err := tag.ReadPictures(r, int64(len(tt.file)), "a.mp3")
		if d := near.Duration - tt.near; err != nil || tt.near > 0 && (d < -time.Millisecond || d > time.Millisecond) {
			t.Errorf("%s: %v, want %v, error %v", name, near.Duration, tt.near, err)
		}
		if r.reads > tt.reads || r.bytes > tt.bytes {
			t.Errorf("%s: near: %d reads of %d bytes, want at most %d of %d", name, r.reads, r.bytes, tt.reads, tt.bytes)
		}
		r = &counting{r: bytes.NewReader(tt.file), good: 1000}
		far, err := tag.Read(r, int64(len(tt.file)), "a.mp3")
		if err != nil || far.Duration == 0 || r.reads > 2 {
			t.Errorf("%s: far: %v after %d reads, error %v", name, far.Duration, r.reads, err)
		}
	}
}

// TestJoinedFiles holds that the header of the first part does not speak for the second.
func TestJoinedFiles(t *testing.T) {
	part := cat(xing(99, 100*417, 0, 0), mpeg(99))
	file := cat(part, part)
	in, err := tag.ReadPictures(bytes.NewReader(file), int64(len(file)), "a.mp3") // of constant bit rate, so by the bytes
	if want := 200 * 1152 * time.Second / 44100; err != nil || in.Duration < want-20*time.Millisecond || in.Duration > want+20*time.Millisecond {
		t.Errorf("%v, want %v, error %v", in.Duration, want, err)
	}
}

// TestPayloadBetweenTags holds that tags at both ends, however odd, are no sound.
func TestPayloadBetweenTags(t *testing.T) {
	foot := cat("3DI", 4, 0, 0x10, syncsafe(len(text("TIT2", "T"))))
	appended := cat("ID3", foot[3:], text("TIT2", "T"), foot)
	ape, v1, sound := apeTag("Title", "T"), id3v1("T", "A", 3), mpeg(20)
	for name, tt := range map[string]struct{ before, after []byte }{
		"ID3v2 at the end":              {nil, appended},
		"ID3v2 at the end before ID3v1": {nil, cat(appended, v1)},
		"APEv2 before the sound":        {ape, nil},
		"ID3v2 and APEv2 before it":     {cat(id3(3, 0, text("TIT2", "T")), ape), nil},
		"old Lyrics3":                   {nil, cat("LYRICSBEGINla la laLYRICSEND", v1)},
		"Lyrics3 and APEv2":             {nil, cat(ape, "LYRICSBEGININD00002000000", "21LYRICS200", v1)},
	} {
		in := read(t, cat(tt.before, sound, tt.after), "a.mp3")
		if want := (tag.Span{Offset: int64(len(tt.before)), Length: int64(len(sound))}); in.Payload != want || in.Title != "T" {
			t.Errorf("%s: payload %+v, want %+v; title %q", name, in.Payload, want, in.Title)
		}
	}
	for name, after := range map[string][]byte{
		"a footer without a tag":     cat("3DI", 4, 0, 0x10, syncsafe(50)),
		"a footer of a large tag":    cat("3DI", 4, 0, 0x10, syncsafe(99999)),
		"the end of lyrics alone":    []byte("la la la laLYRICSEND"),
		"a tag in front that is cut": nil,
	} {
		before := []byte{}
		if after == nil {
			before = cat(apeTag("Title", "T")[:40])
		}
		in, err := checked(t, cat(before, sound, after), "a.mp3")
		if in.Payload.End() != int64(len(before)+len(sound)+len(after)) || err != nil && !errors.Is(err, tag.ErrBroken) {
			t.Errorf("%s: payload %+v, error %v", name, in.Payload, err)
		}
	}
}

// TestGainOfHeaders holds that what an encoder measured counts where no tag says it.
func TestGainOfHeaders(t *testing.T) {
	lame := xing(100, 576, 100, 100)
	at := bytes.Index(lame, []byte("LAME"))
	copy(lame[at+11:], cat(be32(1<<22), be16(1<<13|3<<10|0x200|64), be16(2<<13|3<<10|15)))
	seven := musepack7()
	copy(seven[12:], cat(le16(32768), le16(-703&0xFFFF), le16(65535), le16(150)))
	eight := musepackGain(1, 15570, 23040, 0, 0)
	for name, tt := range map[string]struct {
		file []byte
		want *tag.Gain
	}{
		"LAME.mp3":             {cat(lame, mpeg(9)), &tag.Gain{Track: -6.4, TrackPeak: 0.5, Album: 1.5}},
		"LAME and a tag.mp3":   {cat(id3(3, 0, txxx("REPLAYGAIN_TRACK_GAIN", "2 dB")), lame, mpeg(9)), &tag.Gain{Track: 2, TrackPeak: 0.5, Album: 1.5}},
		"Musepack 7.mpc":       {seven, &tag.Gain{Track: -7.03, TrackPeak: 0.500008, Album: 1.5, AlbumPeak: 1}},
		"Musepack 8.mpc":       {eight, &tag.Gain{Track: 3.999687, TrackPeak: 0.482533}},
		"Musepack 8, none.mpc": {musepack8(), nil},
		"Musepack 9?.mpc":      {musepackGain(2, 1, 1, 1, 1), nil},
	} {
		got := read(t, tt.file, name).Gain
		if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// musepackGain is stream version 8 with ReplayGain behind the stream header.
func musepackGain(version int, values ...int) []byte {
	b := cat(version)
	for _, v := range values {
		b = cat(b, be16(v))
	}
	return bytes.Replace(musepack8(), cat("AP", 3+90), cat("RG", 3+len(b), b, "AP", 3+90), 1)
}

// TestOpusPadding holds that what the last granule leaves out is told.
func TestOpusPadding(t *testing.T) {
	packet := cat(31<<3, noise(99)) // of 960 samples
	head := ogg(7, 255, 0, cat("OpusHead", 1, 2, le16(312), le32(44100), zeros(3)), cat("OpusTags", vorbisComment("TITLE=T")))
	file := cat(head, ogg(7, 255, 960, packet), ogg(7, 255, 1500, packet))
	in := read(t, file, "a.opus")
	if in.Delay != 312 || in.Padding != 420 || in.Duration != 1188*time.Second/48000 {
		t.Errorf("delay %d, padding %d, %v", in.Delay, in.Padding, in.Duration)
	}
}

// TestInflationIsBounded holds that small files with much compressed in them are not much work.
func TestInflationIsBounded(t *testing.T) {
	bomb := deflate(zeros(64 << 10))
	texts := bytes.Repeat(frame4("TIT2", 9, syncsafe(64<<10), bomb), 2000)
	picture := deflate(cat(0, "image/jpeg\x00", 3, 0, zeros(9<<20)))
	pictures := bytes.Repeat(frame4("APIC", 9, syncsafe(9<<20), picture), 40)
	for name, frames := range map[string][]byte{"texts": texts, "pictures": pictures} {
		before := allocated()
		in, err := checked(t, cat(id3(4, 0, frames, text("TALB", "Al")), mpeg(9)), "a.mp3")
		if err != nil || in.Album != "Al" {
			t.Errorf("%s: album %q, error %v", name, in.Album, err)
		}
		if got := allocated() - before; got > 64<<20 {
			t.Errorf("%s: a file of %d bytes allocates %d KiB", name, len(frames), got>>10)
		}
		hashed := 0
		for _, p := range in.Pictures {
			if p.Hash != "" {
				hashed++
			}
		}
		if hashed > 3 {
			t.Errorf("%d pictures of 9 MiB were hashed", hashed)
		}
	}
}
