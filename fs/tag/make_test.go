package tag_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// Files made by hand, byte by byte, each as small as its format allows.

func cat(parts ...any) []byte {
	size := 0
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			size += len(p)
		case []byte:
			size += len(p)
		default:
			size++
		}
	}
	out := make([]byte, 0, size)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p...)
		case []byte:
			out = append(out, p...)
		case int: // one byte
			out = append(out, byte(p))
		}
	}
	return out
}

func be32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func be16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func le32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
func le16(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func syncsafe(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}

func zeros(n int) []byte { return make([]byte, n) }

// image is a picture that unsynchronisation must change.
func image() []byte {
	return cat(0xFF, 0xD8, 0xFF, 0xE0, bytes.Repeat([]byte{0xFF, 0, 7}, 20), 0xFF, 0xD9)
}

// id3 makes an ID3v2 tag.
func id3(major, flags int, frames ...[]byte) []byte {
	body := slices.Concat(frames...)
	return cat("ID3", major, 0, flags, syncsafe(len(body)), body)
}

// frame makes a frame of version 2.3 or 2.4 (sizes below 128 are the same in both).
func frame(id string, content ...any) []byte {
	b := cat(content...)
	return cat(id, be32(len(b)), 0, 0, b)
}

// frame4 makes a frame of version 2.4 with format flags.
func frame4(id string, flags int, content ...any) []byte {
	b := cat(content...)
	return cat(id, syncsafe(len(b)), 0, flags, b)
}

func frame2(id string, content ...any) []byte {
	b := cat(content...)
	return cat(id, be32(len(b))[1:], b)
}

func unsync(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0xFF}, []byte{0xFF, 0}) }

// mpeg makes n frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, stereo: 417 bytes each.
func mpeg(n int) []byte { return bytes.Repeat(cat(0xFF, 0xFB, 0x90, 0, zeros(413)), n) }

// xing makes a frame with a Xing header and LAME's extension.
func xing(frames, size, delay, padding int) []byte {
	f := cat(0xFF, 0xFB, 0x90, 0, zeros(32), "Xing", be32(3), be32(frames), be32(size),
		"LAME3.100", zeros(12), delay>>4, delay<<4&0xF0|padding>>8, padding&0xFF)
	return cat(f, zeros(417-len(f)))
}

func id3v1(title, artist string, track int) []byte {
	b := cat("TAG", title)
	b = cat(b, zeros(33-len(b)), artist)
	b = cat(b, zeros(63-len(b)), "Album")
	b = cat(b, zeros(93-len(b)), "1977", zeros(29), track, 17)
	return b
}

func apeTag(pairs ...string) []byte {
	var body []byte
	for i := 0; i < len(pairs); i += 2 {
		body = cat(body, le32(len(pairs[i+1])), le32(0), pairs[i], 0, pairs[i+1])
	}
	end := func(flags uint32) []byte {
		return cat("APETAGEX", le32(2000), le32(len(body)+32), le32(len(pairs)/2), binary.LittleEndian.AppendUint32(nil, flags), zeros(8))
	}
	return cat(end(0xA0000000), body, end(0x80000000))
}

func vorbisComment(comments ...string) []byte {
	b := cat(le32(4), "test", le32(len(comments)))
	for _, c := range comments {
		b = cat(b, le32(len(c)), c)
	}
	return b
}

func streamInfo(rate, channels, samples int) []byte {
	v := uint64(rate)<<44 | uint64(channels-1)<<41 | 15<<36 | uint64(samples)
	return cat(zeros(10), binary.BigEndian.AppendUint64(nil, v), zeros(16))
}

func flacBlock(kind int, last bool, body []byte) []byte {
	if last {
		kind |= 0x80
	}
	return cat(kind, be32(len(body))[1:], body)
}

func flacPicture(mime string, img []byte) []byte {
	return cat(be32(3), be32(len(mime)), mime, be32(0), zeros(16), be32(len(img)), img)
}

func flac(comments ...string) []byte {
	return cat("fLaC", flacBlock(0, false, streamInfo(44100, 2, 88200)), flacBlock(6, false, flacPicture("image/jpg", image())),
		flacBlock(4, false, vorbisComment(comments...)), flacBlock(1, true, zeros(100)), 0xFF, 0xF8, zeros(5000))
}

// ogg makes pages of one stream: each packet begins a page, and goes on over as many
// pages of at most perPage segments as it needs. The last has the granule. A page that
// begins with a codec's mark is the first of its stream.
func ogg(serial, perPage, granule int, packets ...[]byte) []byte {
	var out []byte
	for i, p := range packets {
		for first := true; first || p != nil; first = false {
			var segments, body []byte
			for len(segments) < perPage && p != nil {
				n := min(len(p), 255)
				segments, body, p = append(segments, byte(n)), append(body, p[:n]...), p[n:]
				if n < 255 {
					p = nil
				}
			}
			g := -1
			if p == nil {
				g = 0
			}
			if i == len(packets)-1 {
				g = granule
			}
			begin := 0
			for _, mark := range []string{"\x01vorbis", "OpusHead", "\x7fFLAC", "fishead"} {
				if bytes.HasPrefix(body, []byte(mark)) {
					begin = 2
				}
			}
			out = append(out, cat("OggS", 0, begin, binary.LittleEndian.AppendUint64(nil, uint64(int64(g))), le32(serial), zeros(8), len(segments), segments, body)...)
		}
	}
	return out
}

func vorbisHead() []byte { return cat("\x01vorbis", le32(0), 2, le32(44100), zeros(14)) }

func vorbis(comments ...string) []byte {
	return ogg(7, 4, 88200, vorbisHead(), cat("\x03vorbis", vorbisComment(comments...), 1), cat("\x05vorbis", zeros(3000)), zeros(700))
}

func opus(comments ...string) []byte {
	return ogg(7, 255, 96000+312, cat("OpusHead", 1, 2, le16(312), le32(44100), zeros(3)), cat("OpusTags", vorbisComment(comments...)), zeros(300))
}

func pictureComment() string {
	return "METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(flacPicture("image/png", image()))
}

func atom(kind string, content ...any) []byte {
	b := cat(content...)
	return cat(be32(len(b)+8), kind, b)
}

func datum(kind int, v ...any) []byte { return atom("data", be32(kind), be32(0), cat(v...)) }

func freeform(name string, values ...string) []byte {
	b := cat(atom("mean", zeros(4), "com.apple.iTunes"), atom("name", zeros(4), name))
	for _, v := range values {
		b = cat(b, datum(1, v))
	}
	return atom("----", b)
}

// moov makes two seconds of AAC, with these entries of iTunes' list.
func moov(entries ...[]byte) []byte {
	stsd := atom("stsd", zeros(4), be32(1), atom("mp4a", zeros(6), be16(1), zeros(8), be16(2), be16(16), zeros(4), be16(44100), zeros(2)))
	trak := atom("trak", atom("mdia", atom("mdhd", zeros(12), be32(44100), be32(88200), zeros(4)), atom("hdlr", zeros(8), "soun", zeros(13)), atom("minf", atom("stbl", stsd))))
	list := atom("meta", zeros(4), atom("hdlr", zeros(8), "mdir", zeros(13)), atom("ilst", slices.Concat(entries...)))
	return atom("moov", atom("mvhd", zeros(12), be32(1000), be32(2000), zeros(80)), trak, atom("udta", list))
}

func ftyp() []byte { return atom("ftyp", "M4A ", zeros(4)) }

func riffChunk(id string, content ...any) []byte {
	b := cat(content...)
	return cat(id, le32(len(b)), b, zeros(len(b)&1))
}

func wave(chunks ...[]byte) []byte {
	b := cat("WAVE", slices.Concat(chunks...))
	return cat("RIFF", le32(len(b)), b)
}

func wavFormat() []byte {
	return riffChunk("fmt ", le16(1), le16(2), le32(44100), le32(176400), le16(4), le16(16))
}

func aiffChunk(id string, content ...any) []byte {
	b := cat(content...)
	return cat(id, be32(len(b)), b, zeros(len(b)&1))
}

// read reads a file that must be whole.
func read(t *testing.T, b []byte, name string) tag.Info {
	t.Helper()
	in, err := tag.Read(bytes.NewReader(b), int64(len(b)), name)
	if err != nil {
		t.Fatalf("Read(%s): %v", name, err)
	}
	return in
}

// tagsOf leaves only what tags say.
func tagsOf(in tag.Info) tag.Info {
	in.Container, in.Codec, in.Duration, in.SampleRate, in.Channels, in.BitRate, in.Delay, in.Padding = "", "", 0, 0, 0, 0, 0, 0
	in.Payload, in.Touch, in.Pictures = tag.Span{}, nil, nil
	return in
}

// wantTags compares what tags say.
func wantTags(t *testing.T, got, want tag.Info) {
	t.Helper()
	if diff := cmp.Diff(want, tagsOf(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// wantPicture holds that the file's only picture is image(), lying as it is.
func wantPicture(t *testing.T, file []byte, in tag.Info, kind int, mime string) {
	t.Helper()
	if len(in.Pictures) != 1 {
		t.Fatalf("%d pictures, want 1", len(in.Pictures))
	}
	p := in.Pictures[0]
	if p.Type != kind || p.MIME != mime || p.Encoded || !bytes.Equal(file[p.Span.Offset:p.Span.End()], image()) {
		t.Errorf("picture %+v, want type %d, %s, and the image as it is", p, kind, mime)
	}
}
