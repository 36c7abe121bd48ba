package tag_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// oggLink makes a link of so many pages of sound, a second each.
func oggLink(serial, pages, skip, body int, title string) []byte {
	b := ogg(serial, 255, 0, cat("OpusHead", 1, 2, le16(skip), le32(44100), zeros(3)), cat("OpusTags", vorbisComment("TITLE="+title)))
	for i := range pages {
		b = append(b, ogg(serial, 255, 48000*(i+1)+skip, noise(body))...)
	}
	return b
}

// TestChainedOgg holds that the links' lengths are added up, in few reads.
func TestChainedOgg(t *testing.T) {
	links := func(n, pages, body int) []byte {
		var b []byte
		for i := range n {
			b = append(b, oggLink(100+i, pages, 312*(i%2), body, string(rune('A'+i)))...)
		}
		return b
	}
	vorbisLink := ogg(9, 255, 88200, vorbisHead(), cat("\x03vorbis", vorbisComment("TITLE=V"), 1), cat("\x05vorbis", zeros(3000)), zeros(700))
	flacLink := ogg(11, 255, 96000, cat("\x7fFLAC", 1, 0, be16(1), "fLaC", flacBlock(0, false, streamInfo(48000, 1, 96000))), flacBlock(4, true, vorbisComment()), zeros(300))
	for name, tt := range map[string]struct {
		file   []byte
		length time.Duration
		reads  int
	}{
		"one":                 {links(1, 200, 8000), 200 * time.Second, 2},
		"two":                 {links(2, 200, 8000), 400 * time.Second, 14},
		"five":                {links(5, 100, 8000), 500 * time.Second, 40},
		"of one page each":    {links(20, 1, 100), 20 * time.Second, 2},
		"of full pages":       {links(3, 9, 64000), 27 * time.Second, 40},
		"a tail too short":    {cat(links(1, 200, 8000), oggLink(7, 1, 0, 10, "Z")), 201 * time.Second, 14},
		"of several codecs":   {cat(links(1, 2, 100), vorbisLink, flacLink), 6 * time.Second, 3},
		"more than are added": {links(70, 1, 100), 0, 10},
	} {
		r := &counting{r: bytes.NewReader(tt.file), good: 1000}
		in, err := tag.Read(r, int64(len(tt.file)), name)
		if err != nil || in.Title != "A" || in.Duration != tt.length {
			t.Errorf("%s: title %q, %v, error %v; want %v", name, in.Title, in.Duration, err, tt.length)
		}
		if r.reads > tt.reads {
			t.Errorf("%s: %d reads of %d KiB in all, want at most %d", name, r.reads, r.bytes>>10, tt.reads)
		}
	}
	video := ogg(77, 255, 9, cat("\x80theora", zeros(9)), zeros(400))
	if in := read(t, cat(links(1, 2, 100), video), "a.ogg"); in.Title != "A" || in.Duration != 0 {
		t.Errorf("a link of something else: %q, %v", in.Title, in.Duration)
	}
	broken := links(2, 2, 100)
	if in, err := checked(t, broken[:len(broken)-580], "a.ogg"); in.Title != "A" || !errors.Is(err, tag.ErrTruncated) && in.Duration != 2*time.Second {
		t.Errorf("a link cut short: %q, %v, error %v", in.Title, in.Duration, err)
	}
}

// fragment makes a moof and its mdat: runs of samples of one track.
func fragment(track, flags, fallback, size int, runs ...[]byte) []byte {
	tfhd := atom("tfhd", be32(flags), be32(track))
	if flags&8 != 0 {
		tfhd = atom("tfhd", be32(flags), be32(track), be32(fallback))
	}
	return cat(atom("moof", atom("mfhd", zeros(8)), atom("traf", tfhd, slices.Concat(runs...))), atom("mdat", noise(size)))
}

func run(flags, count int, entries ...int) []byte {
	b := cat(be32(flags), be32(count))
	for bit := 1; bit <= 4; bit *= 4 { // data offset, flags of the first sample
		if flags&bit != 0 {
			b = cat(b, be32(99))
		}
	}
	for _, e := range entries {
		b = cat(b, be32(e))
	}
	return atom("trun", b)
}

// fragmented makes the head of an MP4 in fragments: tracks 1 of video, and 2 of sound.
func fragmented(more ...[]byte) []byte {
	track := func(id int, handler string, entry []byte, more ...[]byte) []byte {
		tkhd := atom("tkhd", zeros(12), be32(id), zeros(60))
		return mp4Track(handler, atom("mdhd", zeros(12), be32(44100), be32(0), zeros(4)), entry, append(more, tkhd)...)
	}
	mvex := atom("mvex", atom("trex", zeros(4), be32(1), be32(1), be32(7777), zeros(8)), atom("trex", zeros(4), be32(2), be32(1), be32(1024), zeros(8)))
	mvhd := atom("mvhd", zeros(12), be32(1000), be32(0), zeros(80))
	return cat(ftyp(), atom("moov", mvhd, track(1, "vide", atom("avc1", zeros(78))), track(2, "soun", soundEntry("mp4a", 2, 44100), more...), mvex))
}

// TestFragmentDurations holds that without mehd the durations of the samples are added up.
func TestFragmentDurations(t *testing.T) {
	edit := atom("edts", atom("elst", zeros(4), be32(1), be32(0), be32(1024), be32(1<<16)))
	for name, tt := range map[string]struct {
		file    []byte
		samples int
	}{
		"by the default of the track":    {cat(fragmented(), fragment(2, 0, 0, 90, run(0x201, 2, 5, 5)), fragment(2, 0, 0, 90, run(0, 3))), 5 * 1024},
		"by the default of the fragment": {cat(fragmented(), fragment(2, 8, 500, 90, run(5, 3))), 1500},
		"each sample by itself":          {cat(fragmented(), fragment(2, 0, 0, 90, run(0xF05, 2, 100, 1, 1, 1, 200, 1, 1, 1), run(0x100, 1, 50))), 350},
		"other tracks do not count":      {cat(fragmented(), fragment(1, 0, 0, 90, run(0, 9)), fragment(2, 0, 0, 90, run(0, 1))), 1024},
		"more entries than are there":    {cat(fragmented(), fragment(2, 0, 0, 90, run(0x100, 1<<30, 50))), 50},
		"an edit that cuts the start":    {cat(fragmented(edit), fragment(2, 0, 0, 90, run(0, 3))), 2048},
		"large ones":                     {cat(fragmented(), bytes.Repeat(fragment(2, 0, 0, 100000, run(0, 90)), 20)), 20 * 90 * 1024},
		"too many to be read":            {cat(fragmented(), bytes.Repeat(fragment(2, 0, 0, 100000, run(0, 90)), 400)), 0},
	} {
		in := read(t, tt.file, "a.m4a")
		if want := time.Duration(tt.samples) * time.Second / 44100; in.Duration != want || in.Codec != "aac" {
			t.Errorf("%s: %v, want %v", name, in.Duration, want)
		}
		if in.Payload.End() != int64(len(tt.file)) {
			t.Errorf("%s: payload %+v", name, in.Payload)
		}
	}
}
