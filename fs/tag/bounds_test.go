package tag_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// samples are small whole files of every container, by name.
func samples() map[string][]byte {
	comments := []string{"TITLE=T", "ARTIST=A", pictureComment()}
	list := moov(atom("\xa9nam", datum(1, "T")), freeform("ARTISTS", "A"), atom("covr", datum(13, image())))
	tagged := id3(4, 0, frame("TIT2", 3, "T"), frame("APIC", 3, "image/jpeg\x00", 3, 0, image()))
	data := atom("mdat", zeros(500))
	comm := aiffChunk("COMM", be16(2), be32(88200), be16(16), 0x40, 0x0E, 0xAC, 0x44, zeros(6))
	aiff := cat("AIFF", comm, aiffChunk("SSND", zeros(300)), aiffChunk("ID3 ", tagged))
	return map[string][]byte{
		"v2.mp3":       cat(tagged, xing(3, 1251, 576, 100), mpeg(3)),
		"unsync.mp3":   cat(id3(3, 0x80, unsync(frame("TIT2", 0, "T")), unsync(frame("APIC", 0, "image/jpeg\x00", 3, 0, image()))), mpeg(3)),
		"v22.mp3":      cat(id3(2, 0, frame2("TT2", 0, "T"), frame2("PIC", 0, "JPG", 3, 0, image())), mpeg(3)),
		"tail.mp3":     cat(mpeg(3), apeTag("Title", "T"), id3v1("T", "A", 3)),
		"a.flac":       flac(comments...),
		"vorbis.ogg":   vorbis(comments...),
		"a.opus":       opus(comments...),
		"first.m4a":    cat(ftyp(), list, data),
		"last.m4a":     cat(ftyp(), data, list),
		"a.wav":        wave(wavFormat(), riffChunk("LIST", "INFO", riffChunk("INAM", "T")), riffChunk("data", zeros(400)), riffChunk("id3 ", tagged)),
		"a.aiff":       cat("FORM", be32(len(aiff)), aiff),
		"unknown.jpeg": image(),
		"a.dsf":        dsf(tagged),
		"a.dff":        dff(tagged),
		"named.dff":    namedDFF(),
		"a.wv":         wavpack(apeTag("Title", "T")),
		"piped.wv":     cat(wavpackBlock(-1, 0, 44100, wavpack44k, 0x0D, 1, 6, 0x3F, noise(90)), wavpackBlock(-1, 44100, 44100, wavpack44k, noise(90))),
		"a.ape":        monkeys(apeTag("Title", "T")),
		"old.ape":      oldMonkeys(3900, 2000, 9216, apeTag("Title", "T")),
		"7.mpc":        musepack7(apeTag("Title", "T")),
		"8.mpc":        musepack8(apeTag("Title", "T")),
		"a.tta":        trueAudio(apeTag("Title", "T")),
		"a.tak":        tak(apeTag("Title", "T")),
		"a.mka":        mka(),
		"a.aac":        adts(9),
		"frag.m4a":     indexedMP4(),
		"esds.m4a":     cat(mp4With(mp4Track("soun", atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4)), soundEntry("mp4a", 2, 44100, esds(0x40, 0x12, 0x08))))),
		"chain.opus":   cat(oggLink(1, 2, 312, 99, "A"), oggLink(2, 2, 312, 99, "B")),
		"gain.mpc":     musepackGain(1, 15570, 23040, 0, 0),
		"a.oga":        oggFLAC(),
		"a.wma":        asf(asfObject(guidExtended, asfList(asfField("WM/AlbumTitle", 0, wide("Al")), asfField("WM/Picture", 1, asfPicture())))),
	}
}

// checked reads b, and holds what is true of any answer.
func checked(t interface {
	Helper()
	Fatalf(string, ...any)
}, b []byte, name string) (tag.Info, error) {
	t.Helper()
	in, err := tag.ReadPictures(bytes.NewReader(b), int64(len(b)), name)
	size := int64(len(b))
	if err != nil && !errors.Is(err, tag.ErrUnknown) && !errors.Is(err, tag.ErrTruncated) && !errors.Is(err, tag.ErrBroken) {
		t.Fatalf("error of no kind: %v", err)
	}
	inside := func(what string, s tag.Span) {
		if s.Offset < 0 || s.Length < 0 || s.End() < s.Offset || s.End() > size {
			t.Fatalf("%s %+v outside a file of %d bytes", what, s, size)
		}
	}
	inside("payload", in.Payload)
	for i, s := range in.Touch {
		inside("touch", s)
		if i > 0 && s.Offset <= in.Touch[i-1].End() {
			t.Fatalf("touch %+v is not in order", in.Touch)
		}
	}
	for _, p := range in.Pictures {
		inside("picture", p.Span)
	}
	if in.Duration < 0 || in.Track < 0 || in.Year < 0 || in.SampleRate < 0 || in.Channels < 0 || in.BitRate < 0 || in.Delay < 0 || in.Padding < 0 {
		t.Fatalf("negative: %+v", in)
	}
	for _, s := range append([]string{in.Title, in.Artist, in.Album, in.Genre, in.Date, in.Codec}, in.Artists...) {
		if strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
			t.Fatalf("text %q", s)
		}
	}
	return in, err
}

func TestCutShort(t *testing.T) {
	for name, b := range samples() {
		t.Run(name, func(t *testing.T) {
			for n := 0; n < len(b); n += 1 + n/256 { // what matters stands at the start
				in, err := checked(t, b[:n], name)
				if n < 4 && err == nil {
					t.Errorf("the first %d bytes are a file: %+v", n, in)
				}
			}
		})
	}
}

// TestTruncatedSaysSo holds that a file cut in its sound is told, where the format
// says how long it should be, and that its tags are still there.
func TestTruncatedSaysSo(t *testing.T) {
	all := samples()
	cut := map[string][]byte{
		"v2.mp3":    cat(id3(4, 0, frame("TIT2", 3, "T")), xing(30, 12510, 576, 100), mpeg(10)),
		"a.opus":    all["a.opus"][:len(all["a.opus"])-10],
		"first.m4a": all["first.m4a"][:len(all["first.m4a"])-10],
		"a.wav":     wave(wavFormat(), riffChunk("LIST", "INFO", riffChunk("INAM", "T")), riffChunk("data", zeros(400)))[:400],
	}
	for name, b := range cut {
		in, err := checked(t, b, name)
		if !errors.Is(err, tag.ErrTruncated) || in.Title != "T" || in.Payload.Length == 0 {
			t.Errorf("%s: title %q, payload %+v, error %v", name, in.Title, in.Payload, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		file []byte
		want error
	}{
		"empty.mp3":       {nil, tag.ErrTruncated},
		"text.txt":        {[]byte(strings.Repeat("words ", 1000)), tag.ErrUnknown},
		"text.mp3":        {[]byte(strings.Repeat("words ", 1000)), tag.ErrBroken},
		"only a tag.mp3":  {id3(4, 0, frame("TIT2", 3, "T")), tag.ErrBroken},
		"no moov.m4a":     {cat(ftyp(), atom("mdat", zeros(99))), tag.ErrBroken},
		"no data.wav":     {wave(wavFormat()), tag.ErrTruncated},
		"nested.m4a":      {cat(ftyp(), nested(50)), tag.ErrBroken},
		"zeros.ogg":       {cat("OggS", zeros(99)), tag.ErrBroken},
		"lying tag.mp3":   {cat("ID3", 4, 0, 0, 127, 127, 127, 127, frame("TIT2", 3, "T"), mpeg(2)), tag.ErrTruncated},
		"lying frame.mp3": {cat(id3(3, 0, cat("TIT2", be32(1<<31-1), 0, 0, 0, "T")), mpeg(3)), tag.ErrBroken},
	} {
		if _, err := checked(t, tt.file, name); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func nested(n int) []byte {
	b := []byte{}
	for range n {
		b = atom("udta", b)
	}
	return atom("moov", b)
}

// TestReaderErrors holds that a fault of the reader is never taken for one of the file.
func TestReaderErrors(t *testing.T) {
	for name, b := range samples() {
		big := cat(b, zeros(1<<20))
		for good := range 3 {
			r := &counting{r: bytes.NewReader(big), good: good}
			in, err := tag.Read(r, int64(len(big)), name)
			if r.reads <= good {
				continue // it needed no more
			}
			if !errors.Is(err, errDisk) || errors.Is(err, tag.ErrBroken) || errors.Is(err, tag.ErrTruncated) || errors.Is(err, tag.ErrUnknown) {
				t.Errorf("%s, %d reads well: %v", name, good, err)
			}
			if diff := cmp.Diff(tag.Info{}, in); diff != "" {
				t.Errorf("%s: knows something all the same: %s", name, diff)
			}
		}
	}
}

var errDisk = errors.New("disk on fire")

// counting counts reads, and fails after the good ones.
type counting struct {
	r     io.ReaderAt
	good  int
	reads int
	bytes int
}

func (c *counting) ReadAt(b []byte, off int64) (int, error) {
	c.reads++
	if c.reads > c.good {
		return 0, errDisk
	}
	c.bytes += len(b)
	return c.r.ReadAt(b, off)
}

// TestFewReads holds how often a reader far away is asked, with a large cover and
// ten megabytes of sound.
func TestFewReads(t *testing.T) {
	cover, sound := bytes.Repeat([]byte{1}, 900<<10), zeros(10<<20)
	list := moov(atom("\xa9nam", datum(1, "T")), atom("covr", datum(13, cover)))
	bigID3 := func() []byte {
		apic := cat(3, "image/jpeg\x00", 3, 0, cover)
		return id3(4, 0, frame("TIT2", 3, "T"), cat("APIC", syncsafe(len(apic)), 0, 0, apic))
	}
	opusTags := cat("OpusTags", vorbisComment("TITLE=T", "METADATA_BLOCK_PICTURE="+strings.Repeat("AAAA", 300<<10)))
	opusFile := ogg(7, 255, 96312, cat("OpusHead", 1, 2, le16(312), le32(44100), zeros(3)), opusTags, sound)
	picture := flacBlock(6, false, flacPicture("image/jpeg", cover))
	title := flacBlock(4, true, vorbisComment("TITLE=T"))
	for name, tt := range map[string]struct {
		file         []byte
		reads, bytes int
	}{
		"plain.mp3":      {cat(id3(4, 0, frame("TIT2", 3, "T")), bytes.Repeat(mpeg(1), 20000)), 2, 80 << 10},
		"cover.mp3":      {cat(bigID3(), bytes.Repeat(mpeg(1), 20000)), 3, 160 << 10},
		"cover.flac":     {cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), picture, title, sound), 3, 160 << 10},
		"moov first.m4a": {cat(ftyp(), list, atom("mdat", sound)), 2, 160 << 10},
		"moov last.m4a":  {cat(ftyp(), atom("mdat", sound), list), 2, 160 << 10},
		"cover.opus":     {opusFile, 8, 2 << 20},
		"tags last.wav":  {wave(wavFormat(), riffChunk("data", sound), riffChunk("id3 ", bigID3())), 2, 160 << 10},
	} {
		r := &counting{r: bytes.NewReader(tt.file), good: 1000}
		in, err := tag.Read(r, int64(len(tt.file)), name)
		if err != nil || in.Title != "T" {
			t.Errorf("%s: title %q, error %v", name, in.Title, err)
		}
		if r.reads > tt.reads || r.bytes > tt.bytes {
			t.Errorf("%s: %d reads of %d KiB, want at most %d of %d KiB", name, r.reads, r.bytes>>10, tt.reads, tt.bytes>>10)
		}
	}
}

// TestAllocationIsBounded holds that no size field is believed.
func TestAllocationIsBounded(t *testing.T) {
	huge := be32(-1)
	for name, b := range map[string][]byte{
		"tag.mp3":     cat("ID3", 3, 0, 0x80, 127, 127, 127, 127, "TIT2", huge, 0, 0, 0, zeros(900)),
		"ape.mp3":     cat(mpeg(2), "APETAGEX", le32(2000), le32(-1), le32(-1), zeros(12)),
		"block.flac":  cat("fLaC", 0x04, 0xFF, 0xFF, 0xFF, le32(-1), zeros(900)),
		"comment.ogg": ogg(7, 255, 9, vorbisHead(), cat("\x03vorbis", le32(-1), le32(-1), zeros(900))),
		"box.m4a":     cat(ftyp(), huge, "moov", huge, "udta", huge, "meta", zeros(900)),
		"chunk.wav":   cat("RIFF", huge, "WAVE", "LIST", huge, "INFO", "INAM", huge, zeros(900)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		checked(t, b, name)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%s: a file of %d bytes allocates %d KiB", name, len(b), got>>10)
		}
	}
}

func TestTouch(t *testing.T) {
	sound := zeros(1 << 20)
	list := moov(atom("\xa9nam", datum(1, "T")))
	for name, tt := range map[string]struct {
		file []byte
		want []tag.Span
	}{
		"small.mp3":     {cat(id3(4, 0, frame("TIT2", 3, "T")), mpeg(3)), []tag.Span{{Offset: 0, Length: 1273}}},
		"a.flac":        {cat("fLaC", flacBlock(0, true, streamInfo(44100, 2, 88200)), sound), []tag.Span{{Offset: 0, Length: 36 << 10}, {Offset: 983040, Length: 65578}}},
		"long.flac":     {cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), flacBlock(1, true, zeros(40000)), sound), []tag.Span{{Offset: 0, Length: 56 << 10}, {Offset: 249 * 4096, Length: 68718}}},
		"moov last.m4a": {cat(ftyp(), atom("mdat", sound), list, atom("free", sound)), []tag.Span{{Offset: 0, Length: 36 << 10}, {Offset: 1 << 20, Length: 1048959}}},
	} {
		in := read(t, tt.file, name)
		if diff := cmp.Diff(tt.want, in.Touch); diff != "" {
			t.Errorf("%s of %d bytes (-want +got):\n%s", name, len(tt.file), diff)
		}
	}
}

// TestDamage changes bytes at random places.
func TestDamage(t *testing.T) {
	all := samples()
	names := []string{}
	for name := range all {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		b := bytes.Clone(all[name])
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		checked(t, b, name)
	})
}

func TestAudio(t *testing.T) {
	for name, want := range map[string]bool{"a.flac": true, "A.MP3": true, "x/y.m4a": true, "cover.jpg": false, "mp3": false, "gd73-02-09d1t01.shn": true, "canyon.MID": true, "tone.m4r": true, "clip.webm": true, "video.mkv": false, "a.cue": false, "a.mp3.part": false} {
		if got := tag.Audio(name); got != want {
			t.Errorf("Audio(%q) = %t", name, got)
		}
	}
}
