package tag_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestManyFragments holds that an MP4 in thousands of fragments has its tags and its
// length after few reads, by whichever of its indexes there is.
func TestManyFragments(t *testing.T) {
	s := newStudio(t)
	const seconds = 60
	long := s.path("long.wav")
	s.run("ffmpeg", "-f", "lavfi", "-i", "sine=440:duration="+strconv.Itoa(seconds), "-ar", "44100", long)
	make := func(name string, options ...string) string {
		args := append([]string{"-i", long, "-metadata", "title=T", "-c:a", "aac", "-frag_duration", "20000"}, options...)
		s.run("ffmpeg", append(args, s.path(name))...)
		return s.path(name)
	}
	mfra := make("mfra.m4a", "-movflags", "frag_keyframe+empty_moov")
	whole := s.load(mfra)
	files := []string{
		mfra, s.lay("tail.m4a", whole[:bytes.LastIndex(whole, []byte("mfra"))-4]),
		make("sidx.m4a", "-movflags", "frag_keyframe+empty_moov+global_sidx+dash", "-brand", "dash"),
	}
	decoded := s.decoded(files)
	for _, file := range files {
		b := s.load(file)
		if n := bytes.Count(b, []byte("moof")); n < 2000 {
			t.Fatalf("%s: only %d fragments", file, n)
		}
		r := &counting{r: bytes.NewReader(b), good: 1000}
		in, err := tag.Read(r, int64(len(b)), file)
		if err != nil || in.Title != "T" || r.reads > 12 || in.Payload.End() != int64(len(b)) {
			t.Errorf("%s: %d reads, title %q, payload %+v of %d, error %v", file, r.reads, in.Title, in.Payload, len(b), err)
		}
		if theirs := decoded[file]["duration"]; !same("duration", said(in)["duration"], theirs) {
			t.Errorf("%s: %v, decoded %s s", file, in.Duration, theirs)
		}
	}
}

// TestFragmentIndexes holds what is believed of an index, and what is not.
func TestFragmentIndexes(t *testing.T) {
	sidx := func(version int, entries ...int) []byte {
		wide := []byte{}
		if version == 1 {
			wide = zeros(8)
		}
		b := cat(version, zeros(3), be32(1), be32(1000), zeros(8), wide, zeros(2), be16(len(entries)/2))
		for i := 0; i < len(entries); i += 2 {
			b = cat(b, be32(entries[i]), be32(entries[i+1]), zeros(4))
		}
		return atom("sidx", b)
	}
	one := fragment(2, 0, 0, 90, run(0, 5))
	n, walked := len(one), 10*1024*time.Second/44100
	timed := func(starts ...int) []byte {
		var b []byte
		for _, at := range starts {
			b = cat(b, timedFragment(at, 90))
		}
		return b
	}
	indexed := indexedMP4()
	for name, tt := range map[string]struct {
		file []byte
		want time.Duration
	}{
		"segments":                       {cat(fragmented(), sidx(0, n, 3000, n, 4000), one, one), 7 * time.Second},
		"segments, 64 bits":              {cat(fragmented(), sidx(1, n, 3000, n, 4000), one, one), 7 * time.Second},
		"segments that end too early":    {cat(fragmented(), sidx(0, n, 3000), one, one), walked},
		"segments beyond the end":        {cat(fragmented(), sidx(0, n, 3000, 2*n, 4000), one, one), walked},
		"times of the fragments":         {cat(fragmented(), timed(1000, 9000)), (8000 + 5*1024) * time.Second / 44100},
		"times that run backwards":       {cat(fragmented(), timed(90000, 1000)), walked},
		"an index":                       {indexed, 20 * 1024 * time.Second / 44100},
		"an index of no length":          {cat(indexed[:len(indexed)-4], be32(0)), 20 * 1024 * time.Second / 44100},
		"an index of four bytes":         {cat(indexed[:len(indexed)-4], be32(4)), 20 * 1024 * time.Second / 44100},
		"an index that points elsewhere": {bytes.Replace(indexed, []byte("mfra"), []byte("free"), 1), 20 * 1024 * time.Second / 44100},
	} {
		if in := read(t, tt.file, "a.m4a"); in.Duration != tt.want {
			t.Errorf("%s: %v, want %v", name, in.Duration, tt.want)
		}
	}
}

// esds makes the box of descriptors of an object type.
func esds(object int, config ...byte) []byte {
	decoder := cat(4, 0x80, 0x80, 0x80, 13+2+len(config), object, zeros(12), 5, len(config), config)
	return atom("esds", zeros(4), 3, 3+len(decoder), zeros(3), decoder)
}

// TestAACConfig holds that of rate, channels and codec those count that the codec says.
func TestAACConfig(t *testing.T) {
	mdhd := atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4))
	quickTime := func(version int, fields []byte, boxes ...[]byte) []byte {
		return atom("mp4a", zeros(6), be16(1), be16(version), zeros(6), be16(2), be16(16), zeros(4), be16(44100), zeros(2), fields, slices.Concat(boxes...))
	}
	for name, tt := range map[string]struct {
		entry          []byte
		codec          string
		rate, channels int
	}{
		"plain":                  {soundEntry("mp4a", 2, 44100, esds(0x40, 0x12, 0x08)), "aac", 44100, 1},
		"six channels":           {soundEntry("mp4a", 2, 44100, esds(0x40, 0x11, 0xB0)), "aac", 48000, 6},
		"HE-AAC":                 {soundEntry("mp4a", 2, 22050, esds(0x40, 0x2B, 0x92, 0x08, 0x00)), "aac", 44100, 2},
		"HE-AAC v2":              {soundEntry("mp4a", 1, 22050, esds(0x40, 0xEB, 0x8A, 0x08, 0x00)), "aac", 44100, 2},
		"a rate of its own":      {soundEntry("mp4a", 2, 44100, esds(0x40, 0x17, 0x80, 0x15, 0xB3, 0x90)), "aac", 11111, 2},
		"MP3":                    {soundEntry("mp4a", 2, 44100, esds(0x6B)), "mp3", 44100, 2},
		"Vorbis":                 {soundEntry("mp4a", 2, 44100, esds(0xDD)), "vorbis", 44100, 2},
		"cut short":              {soundEntry("mp4a", 2, 44100, esds(0x40, 0x17)), "aac", 44100, 2},
		"QuickTime 1 with wave":  {quickTime(1, zeros(16), atom("wave", atom("frma", "mp4a"), esds(0x40, 0x12, 0x08))), "aac", 44100, 1},
		"QuickTime 2":            {quickTime(2, cat(zeros(4), []byte{0x40, 0xF7, 0x70, 0, 0, 0, 0, 0}, be32(6), zeros(20))), "aac", 96000, 6},
		"FLAC of a high rate":    {soundEntry("fLaC", 2, 0, atom("dfLa", zeros(4), flacBlock(0, true, streamInfo(96000, 6, 9)))), "flac", 96000, 6},
		"Opus of a low rate":     {soundEntry("Opus", 2, 16000, atom("dOps", 0, 1, zeros(9))), "opus", 48000, 1},
		"boxes that do not fit":  {soundEntry("mp4a", 2, 44100, cat(be32(9999), "esds", zeros(4))), "aac", 44100, 2},
		"boxes without any size": {soundEntry("mp4a", 2, 44100, zeros(20)), "aac", 44100, 2},
	} {
		in := read(t, mp4With(mp4Track("soun", mdhd, tt.entry)), "a.m4a")
		if in.Codec != tt.codec || in.SampleRate != tt.rate || in.Channels != tt.channels {
			t.Errorf("%s: %s, %d Hz × %d; want %s, %d Hz × %d", name, in.Codec, in.SampleRate, in.Channels, tt.codec, tt.rate, tt.channels)
		}
	}
}

// TestEditedSound holds how delay and padding follow from an edit list.
func TestEditedSound(t *testing.T) {
	mdhd := atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4))
	edit := func(length, from int) []byte {
		return atom("edts", atom("elst", zeros(4), be32(1), be32(length), be32(from), be32(1<<16)))
	}
	for name, tt := range map[string]struct {
		edit           []byte
		played         time.Duration
		delay, padding int
	}{
		"none":           {nil, 2 * time.Second, 0, 0},
		"start and end":  {edit(1900, 2112), 1900 * time.Millisecond, 2112, 2298},
		"start":          {edit(0, 1024), 87176 * time.Second / 44100, 1024, 0},
		"longer than it": {edit(99999, 1024), 87176 * time.Second / 44100, 1024, 0},
	} {
		in := read(t, mp4With(mp4Track("soun", mdhd, soundEntry("mp4a", 2, 44100), tt.edit)), "a.m4a")
		if d := in.Duration - tt.played; d < -time.Microsecond || d > time.Microsecond || in.Delay != tt.delay || in.Padding != tt.padding {
			t.Errorf("%s: %v, delay %d, padding %d; want %v, %d, %d", name, in.Duration, in.Delay, in.Padding, tt.played, tt.delay, tt.padding)
		}
	}
}
