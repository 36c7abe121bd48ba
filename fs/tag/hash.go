package tag

import (
	"bufio"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Limits of what is read for the hashes of pictures, in bytes of the file. They leave
// enough of a window's budget for the tags.
const (
	maxImage  = 16 << 20 // of one picture
	maxImages = 24 << 20 // of all
)

// ReadPictures is Read that also reads the pictures, to set their hashes, and all frames
// of MPEG audio where nothing else tells how long it plays. It is meant for files that are
// near, for that is nearly always more than all else that is read.
func ReadPictures(r io.ReaderAt, size int64, name string) (Info, error) {
	p := &parser{w: newWindow(r, size), fields: fields{}, name: name, near: true, images: maxImages}
	return p.read()
}

// hashPlain sets the hashes of the pictures that lie in the file as they are.
func (p *parser) hashPlain() {
	for i, pic := range p.info.Pictures {
		if !pic.Encoded && pic.Hash == "" {
			p.info.Pictures[i].Hash = p.hash(partOf(p.w, pic.Span), pic.Span.Length, nil)
		}
	}
}

// hash gives the hash of an image that has size bytes in the file, decoded by what
// decode makes of r, or "" when it is beyond the limits or does not decode.
func (p *parser) hash(r io.Reader, size int64, decode func(io.Reader) (io.Reader, error)) string {
	if size <= 0 || size > maxImage || size > p.images {
		return ""
	}
	p.images -= size
	if decode != nil {
		var err error
		if r, err = decode(r); err != nil {
			return ""
		}
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, maxImage+1)) // compressed it may be any size
	p.images -= max(n-size, 0)
	if err != nil || n == 0 || n > maxImage {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// partOf reads a range of what is behind the window.
func partOf(w *window, s Span) io.Reader {
	return &streamReader{&block{w, s.Offset, s.End()}, s.Length}
}

// streamReader reads the next bytes of a stream.
type streamReader struct {
	s    stream
	left int64
}

func (r *streamReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	got, err := r.s.take(int(min(int64(len(b)), r.left)))
	if err != nil {
		return 0, err
	}
	r.left -= int64(len(got))
	return copy(b, got), nil
}

// fromBase64 decodes a bare image, as COVERART holds it.
func fromBase64(r io.Reader) (io.Reader, error) {
	return base64.NewDecoder(base64.StdEncoding, r), nil
}

// fromPictureComment decodes a FLAC picture block in base64 and passes over its head.
func fromPictureComment(r io.Reader) (io.Reader, error) {
	return past(base64.NewDecoder(base64.StdEncoding, r), func(b []byte) int64 {
		_, _, head := flacPictureHead(b)
		return head
	})
}

// past passes over what stands before the image, of the length that head gives.
func past(r io.Reader, head func([]byte) int64) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	front, err := b.Peek(1 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	n := head(front)
	if n <= 0 || n > maxText {
		return nil, fmt.Errorf("%w: no image", ErrBroken)
	}
	_, err = b.Discard(int(n))
	return b, err
}

// fromUnsync decodes an unsynchronised image.
func fromUnsync(r io.Reader) (io.Reader, error) { return &unsyncReader{r: r}, nil }

// unsyncReader is undoUnsync in parts.
type unsyncReader struct {
	r    io.Reader
	full bool // the last byte was 0xFF
}

func (u *unsyncReader) Read(b []byte) (int, error) {
	for {
		n, err := u.r.Read(b)
		kept := 0
		for _, c := range b[:n] {
			if u.full && c == 0 {
				u.full = false
				continue
			}
			u.full = c == 0xFF
			b[kept] = c
			kept++
		}
		if kept > 0 || err != nil || len(b) == 0 {
			return kept, err
		}
	}
}

// fromZlib decodes a compressed APIC frame and passes over what stands before the image.
func fromZlib(unsync bool) func(io.Reader) (io.Reader, error) {
	return func(r io.Reader) (io.Reader, error) {
		if unsync {
			r = &unsyncReader{r: r}
		}
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, err
		}
		return past(z, func(b []byte) int64 {
			_, _, head := apicHead(3, b)
			return int64(head)
		})
	}
}
