package tag

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
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
	if field == "" && f.id != "TXXX" && f.id != "UFID" && f.id != "COMM" && f.id != "RVA2" {
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
		t.values(canonical(t.decodeText(b[0], name)), b[0], rest)
	case "COMM":
		t.comment(b)
	case "RVA2":
		t.volume(b)
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
		return t.inflate(b), nil
	}
	return b, nil
}

// inflate undoes compression, of so many frames of a file as a person may have wished. What
// is not readable is nil: the frames after it may be.
func (t *id3Tag) inflate(b []byte) []byte {
	const most = 64
	if t.inflated++; t.inflated > most {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	b, _ = io.ReadAll(io.LimitReader(z, maxText))
	return b
}

// values adds the values of a text: the parts between terminators. In UTF-16 often
// only the first carries the byte order mark.
func (t *id3Tag) values(field string, enc byte, b []byte) {
	if enc == encUTF16 && bytes.HasPrefix(b, []byte{0xFE, 0xFF}) {
		enc = encUTF16BE
	}
	for _, part := range splitText(enc, b) {
		v := t.decodeText(enc, part)
		if field == genre {
			for _, g := range genres(v) {
				t.fields.add(genre, g)
			}
			continue
		}
		t.fields.add(field, v)
	}
}

// volume reads RVA2, which held ReplayGain before TXXX did: a name, then for each channel
// its kind, a gain of 16 bits in units of 1/512 dB, and a peak with its length in bits.
func (t *id3Tag) volume(b []byte) {
	name, rest, _ := bytes.Cut(b, []byte{0})
	gain, peak := second+trackGain, second+trackPeak
	switch strings.ToLower(string(name)) {
	case "track":
	case "album":
		gain, peak = second+albumGain, second+albumPeak
	default:
		return
	}
	for len(rest) >= 4 {
		bits := int(rest[3])
		n := 4 + (bits+7)/8
		if rest[0] == 1 { // all channels
			t.fields.add(gain, strconv.FormatFloat(float64(int16(binary.BigEndian.Uint16(rest[1:])))/512, 'f', 4, 64))
			if bits == 16 && len(rest) >= n {
				t.fields.add(peak, strconv.FormatFloat(float64(binary.BigEndian.Uint16(rest[4:]))/(1<<15), 'f', 6, 64))
			}
			return
		}
		rest = rest[min(n, len(rest)):]
	}
}

// comment looks for iTunes' note on gapless play, which it writes as a comment.
func (t *id3Tag) comment(b []byte) {
	if len(b) < 5 {
		return
	}
	name, text, _ := cutText(b[0], b[4:])
	if canonical(t.decodeText(b[0], name)) == gapless {
		t.fields.add(gapless, t.decodeText(b[0], text))
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
	whole, unsync := Span{start, size}, flags&flagUnsync != 0
	if flags&flagCompress != 0 {
		hash := t.hash(partOf(t.src, whole), size, fromZlib(unsync))
		t.info.Pictures = append(t.info.Pictures, Picture{Span: t.fileSpan(start, size), Encoded: true, Hash: hash})
		return nil
	}
	b, err := t.src.bytes(start, int(min(size, 1<<10)))
	if err != nil {
		return err
	}
	mime, kind, head := t.apicFront(b, unsync)
	if head == 0 {
		return nil // a description longer than any real one
	}
	image := Span{start + head, size - head}
	pic := Picture{Type: kind, MIME: mime, Span: t.fileSpan(image.Offset, image.Length), Encoded: unsync || t.raw != nil}
	switch {
	case unsync:
		pic.Hash = t.hash(partOf(t.src, image), image.Length, fromUnsync)
	case t.raw != nil:
		pic.Hash = t.hash(partOf(t.src, image), image.Length, nil)
	}
	t.info.Pictures = append(t.info.Pictures, pic)
	return nil
}

// apicFront reads what stands before the image, and its length in the frame as it is.
func (t *id3Tag) apicFront(b []byte, unsync bool) (mime string, kind int, head int64) {
	plain := b
	if unsync {
		plain = undoUnsync(b)
	}
	mime, kind, n := apicHead(t.major, plain)
	if unsync {
		return mime, kind, (&unsynced{raw: b}).offset(int64(n))
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
		mime, rest = string(m), after
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
