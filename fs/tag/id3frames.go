package tag

import (
	"bytes"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxText is the most that is read of a text frame.
const maxText = 64 << 10

// Format flags of frames, as version 2.4 lays them out.
const (
	flagLength   = 0x01
	flagUnsync   = 0x02
	flagEncrypt  = 0x04
	flagCompress = 0x08
	flagGroup    = 0x40
)

// take reads one frame into the tag's fields, if it is one that is kept.
func (t *id3Tag) take(f id3Frame) error {
	flags := t.format(f.flags)
	if flags&flagEncrypt != 0 || f.size == 0 {
		return nil
	}
	if f.id == "APIC" {
		return t.picture(f, flags)
	}
	field := id3Field(f.id)
	if field == "" && f.id != "TXXX" && f.id != "UFID" && f.id != "COMM" {
		return nil
	}
	b, err := t.content(f, flags)
	if err != nil || len(b) < 2 {
		return err
	}
	switch f.id {
	case "UFID":
		if owner, id, ok := bytes.Cut(b, []byte{0}); ok && string(owner) == "http://musicbrainz.org" {
			t.fields.add(recordingID, string(id))
		}
	case "TXXX":
		name, rest, _ := cutText(b[0], b[1:])
		t.values(canonical(decodeText(b[0], name)), b[0], rest)
	case "COMM":
		t.comment(b)
	default:
		t.values(field, b[0], b[1:])
	}
	return nil
}

// format brings the format flags of version 2.3 into the layout of 2.4.
func (t *id3Tag) format(flags byte) byte {
	if t.major == 4 {
		if t.unsync {
			flags |= flagUnsync
		}
		return flags
	}
	var out byte
	if flags&0x80 != 0 {
		out |= flagCompress
	}
	if flags&0x40 != 0 {
		out |= flagEncrypt
	}
	if flags&0x20 != 0 {
		out |= flagGroup
	}
	return out
}

// prefix is the length of what stands between a frame's header and its content.
func (t *id3Tag) prefix(flags byte) int64 {
	n := int64(0)
	if flags&flagGroup != 0 {
		n++
	}
	if flags&flagLength != 0 || t.major == 3 && flags&flagCompress != 0 {
		n += 4
	}
	return n
}

// content gives what a frame holds: at most maxText bytes, decoded.
func (t *id3Tag) content(f id3Frame, flags byte) ([]byte, error) {
	skip := t.prefix(flags)
	if skip > f.size {
		return nil, nil
	}
	b, err := t.src.bytes(f.body+skip, int(min(f.size-skip, maxText)))
	if err != nil {
		return nil, err
	}
	if flags&flagUnsync != 0 {
		b = undoUnsync(b)
	}
	if flags&flagCompress != 0 {
		z, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, nil // not readable, but the frames after it are
		}
		b, _ = io.ReadAll(io.LimitReader(z, maxText))
	}
	return b, nil
}

// values adds the values of a text: the parts between terminators. In UTF-16 often
// only the first carries the byte order mark.
func (t *id3Tag) values(field string, enc byte, b []byte) {
	if enc == encUTF16 && bytes.HasPrefix(b, []byte{0xFE, 0xFF}) {
		enc = encUTF16BE
	}
	for _, part := range splitText(enc, b) {
		v := decodeText(enc, part)
		if field == genre {
			for _, g := range genres(v) {
				t.fields.add(genre, g)
			}
			continue
		}
		t.fields.add(field, v)
	}
}

// comment looks for iTunes' note on gapless play, which it writes as a comment.
func (t *id3Tag) comment(b []byte) {
	if len(b) < 5 {
		return
	}
	name, text, _ := cutText(b[0], b[4:])
	if canonical(decodeText(b[0], name)) == gapless {
		t.fields.add(gapless, decodeText(b[0], text))
	}
}

// picture finds where the picture of an APIC frame lies, reading only what stands
// before it.
func (t *id3Tag) picture(f id3Frame, flags byte) error {
	skip := t.prefix(flags)
	if skip >= f.size || len(t.info.Pictures) >= maxPictures {
		return nil
	}
	start, size := f.body+skip, f.size-skip
	whole, unsynced := Span{start, size}, flags&flagUnsync != 0
	if flags&flagCompress != 0 {
		hash := t.hash(partOf(t.src, whole), size, fromZlib(unsynced))
		t.info.Pictures = append(t.info.Pictures, Picture{Span: t.fileSpan(start, size), Encoded: true, Hash: hash})
		return nil
	}
	b, err := t.src.bytes(start, int(min(size, 1<<10)))
	if err != nil {
		return err
	}
	mime, kind, head := t.apicFront(b, unsynced)
	if head == 0 {
		return nil // a description longer than any real one
	}
	image := Span{start + head, size - head}
	pic := Picture{Type: kind, MIME: mime, Span: t.fileSpan(image.Offset, image.Length), Encoded: unsynced || t.raw != nil}
	switch {
	case unsynced:
		pic.Hash = t.hash(partOf(t.src, image), image.Length, fromUnsync)
	case t.raw != nil:
		pic.Hash = t.hash(partOf(t.src, image), image.Length, nil)
	}
	t.info.Pictures = append(t.info.Pictures, pic)
	return nil
}

// apicFront reads what stands before the image, and its length in the frame as it is.
func (t *id3Tag) apicFront(b []byte, unsynced bool) (mime string, kind int, head int64) {
	plain := b
	if unsynced {
		plain = undoUnsync(b)
	}
	mime, kind, n := apicHead(t.major, plain)
	if unsynced {
		return mime, kind, rawOffset(b, int64(n))
	}
	return mime, kind, int64(n)
}

// apicHead reads encoding, MIME type (2.2: three letters), type and description, and
// gives the length of all that, or 0.
func apicHead(major byte, b []byte) (mime string, kind, head int) {
	if len(b) < 6 {
		return "", 0, 0
	}
	enc, rest := b[0], b[1:]
	if major == 2 {
		mime, rest = "image/"+strings.ToLower(string(rest[:3])), rest[3:]
	} else {
		m, after, ok := bytes.Cut(rest, []byte{0})
		if !ok || len(after) == 0 {
			return "", 0, 0
		}
		mime, rest = legacy(m), after
	}
	kind = int(rest[0])
	_, data, ok := cutText(enc, rest[1:])
	if !ok {
		return "", 0, 0
	}
	return imageMIME(mime), kind, len(b) - len(data)
}

// imageMIME puts the common ways to name an image format into one form.
func imageMIME(s string) string {
	s = strings.ToLower(clean(s))
	switch s {
	case "image/jpg", "jpg", "jpeg", "image/jpeg":
		return "image/jpeg"
	case "png":
		return "image/png"
	}
	if len(s) > 64 {
		return ""
	}
	return s
}

// iTunesGap reads "00000000 00000840 000001C0 0000000000046E00 …": delay, padding
// and samples in hexadecimal.
func iTunesGap(s string) (delay, padding int, samples uint64) {
	part := strings.Fields(s)
	if len(part) < 4 {
		return 0, 0, 0
	}
	d, errDelay := strconv.ParseUint(part[1], 16, 24)
	e, errPadding := strconv.ParseUint(part[2], 16, 24)
	n, errSamples := strconv.ParseUint(part[3], 16, 48)
	if errDelay != nil || errPadding != nil || errSamples != nil {
		return 0, 0, 0
	}
	return int(d), int(e), n
}

// trim applies iTunes' note to the duration, unless it is far from what the sound says.
func (p *parser) trim() {
	in := &p.info
	delay, padding, samples := iTunesGap(p.fields.first(gapless))
	d := seconds(samples, uint64(in.SampleRate))
	if d > 0 && d <= in.Duration+time.Second && d >= in.Duration-time.Second {
		in.Delay, in.Padding, in.Duration = delay, padding, d
	}
}
