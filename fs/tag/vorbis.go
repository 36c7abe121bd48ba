package tag

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// stream gives the bytes of a comment block in order: of a FLAC block, or of an Ogg
// packet that is cut into pages.
type stream interface {
	// take gives the next n bytes, or ErrTruncated.
	take(n int) ([]byte, error)
	// skip passes over n bytes.
	skip(n int64) error
	// offset is where in the file the next byte lies.
	offset() int64
}

// block is the stream over a range of the file.
type block struct {
	w       *window
	at, end int64
}

func (b *block) take(n int) ([]byte, error) {
	if int64(n) > b.end-b.at {
		return nil, fmt.Errorf("%w: %d bytes wanted, %d in the block", ErrBroken, n, b.end-b.at)
	}
	out, err := b.w.bytes(b.at, n)
	b.at += int64(n)
	return out, err
}

func (b *block) skip(n int64) error {
	if n < 0 || n > b.end-b.at {
		return fmt.Errorf("%w: %d bytes to skip, %d in the block", ErrBroken, n, b.end-b.at)
	}
	b.at += n
	return nil
}

func (b *block) offset() int64 { return b.at }

const (
	maxComments   = 4096
	pictureField  = "METADATA_BLOCK_PICTURE="
	coverArtField = "COVERART=" // the old way: bare base64 of the image
)

// comments reads a Vorbis comment block (https://xiph.org/vorbis/doc/v-comment.html)
// without its framing bit. Long values are passed over, not read.
func (p *parser) comments(s stream) error {
	vendor, err := length(s)
	if err != nil {
		return err
	}
	if err := s.skip(vendor); err != nil {
		return err
	}
	n, err := length(s)
	if err != nil {
		return err
	}
	found := fields{}
	defer func() { p.fields.lend(found) }()
	for range min(n, maxComments) {
		size, err := length(s)
		if err != nil {
			return err
		}
		if err := p.comment(s, size, found); err != nil {
			return err
		}
	}
	return nil
}

// comment reads one comment of size bytes.
func (p *parser) comment(s stream, size int64, f fields) error {
	const enough = 1 << 10 // a name and a value that matter, or the head of a picture
	start := s.offset()
	if size <= maxText {
		b, err := s.take(int(size))
		if err != nil {
			return err
		}
		name, value, ok := strings.Cut(string(b), "=")
		if ok && canonical(name) != "" {
			f.add(canonical(name), p.latin1([]byte(value))) // UTF-8, by its letter
		}
		return p.commentPicture(b, &streamReader{s, 0}, start)
	}
	b, err := s.take(enough)
	if err != nil {
		return err
	}
	return p.commentPicture(b, &streamReader{s, size - enough}, start)
}

// commentPicture passes over the rest of the comment at start of which b is the head,
// and notes the picture if it is one.
func (p *parser) commentPicture(b []byte, rest *streamReader, start int64) error {
	hasName := func(name string) bool { return len(b) > len(name) && strings.EqualFold(string(b[:len(name)]), name) }
	name, pic, decode := "", Picture{Encoded: true}, fromBase64
	switch {
	case hasName(coverArtField):
		name = coverArtField
	case hasName(pictureField):
		name, decode = pictureField, fromPictureComment
		text := b[len(name):]
		head := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		got, _ := base64.StdEncoding.Decode(head, text[:len(text)&^3])
		pic.Type, pic.MIME, _ = flacPictureHead(head[:got])
	}
	n := int64(len(name))
	wanted := n > 0 && len(p.info.Pictures) < maxPictures
	if wanted {
		pic.Hash = p.hash(io.MultiReader(bytes.NewReader(b[n:]), rest), int64(len(b))-n+rest.left, decode)
	}
	if err := rest.s.skip(rest.left); err != nil {
		return err
	}
	if wanted {
		pic.Span = Span{start + n, rest.s.offset() - start - n}
		p.info.Pictures = append(p.info.Pictures, pic)
	}
	return nil
}

// flacPictureHead reads what stands before the image in a FLAC picture block
// (https://www.rfc-editor.org/rfc/rfc9639.html, section 8.8), and how long it is.
func flacPictureHead(b []byte) (kind int, mime string, head int64) {
	if len(b) < 8 {
		return 0, "", 0
	}
	kind = int(binary.BigEndian.Uint32(b))
	n := int64(binary.BigEndian.Uint32(b[4:]))
	if kind < 0 || kind > 255 {
		kind = 0
	}
	if n > int64(len(b))-12 {
		return kind, "", 0
	}
	mime = imageMIME(string(b[8 : 8+n]))
	description := int64(binary.BigEndian.Uint32(b[8+n:]))
	return kind, mime, 8 + n + 4 + description + 20
}

// length reads a 32-bit little-endian number.
func length(s stream) (int64, error) {
	b, err := s.take(4)
	if err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint32(b)), nil
}
