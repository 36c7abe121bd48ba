package tag

import (
	"encoding/binary"
	"fmt"
)

// FLAC, by RFC 9639, section 8.

const (
	flacStreamInfo = 0
	flacComment    = 4
	flacPicture    = 6
	maxFLACBlocks  = 1024
)

// flac reads the metadata blocks after the marker at start. An ID3v2 tag before it
// and an ID3v1 after it are no part of FLAC, but occur; its own comments outrank them.
func (p *parser) flac(start int64) error {
	p.info.Container, p.info.Codec = "flac", "flac"
	stray := p.fields
	p.fields = fields{}
	end, err := p.flacBlocks(start + 4)
	if err != nil {
		p.fields.lend(stray)
		return err
	}
	t, err := p.tail(end)
	if err != nil {
		return err
	}
	p.fields.lend(stray)
	p.fields.lend(t.ape)
	p.fields.lend(t.v1)
	p.info.Payload = Span{end, t.start - end}
	p.headEnd = end
	return nil
}

// flacBlocks walks the blocks at off and gives where they end.
func (p *parser) flacBlocks(off int64) (int64, error) {
	for range maxFLACBlocks {
		h, err := p.w.bytes(off, 4)
		if err != nil {
			return 0, err
		}
		kind, size := h[0]&0x7F, int64(h[1])<<16|int64(h[2])<<8|int64(h[3])
		body := off + 4
		if size > p.w.size-body {
			return 0, fmt.Errorf("%w: metadata block of %d bytes at %d", ErrTruncated, size, off)
		}
		if err := p.flacBlock(kind, body, size); err != nil {
			return 0, err
		}
		off = body + size
		if h[0]&0x80 != 0 {
			return off, nil
		}
	}
	return 0, fmt.Errorf("%w: more than %d metadata blocks", ErrBroken, maxFLACBlocks)
}

// flacBlock reads one block. A fault in comments or a picture does not hide the rest.
func (p *parser) flacBlock(kind byte, body, size int64) error {
	switch kind {
	case flacStreamInfo:
		b, err := p.w.bytes(body, int(min(size, 34)))
		if err != nil {
			return err
		}
		return p.streamInfo(b)
	case flacComment:
		if err := p.comments(&block{p.w, body, body + size}); err != nil {
			p.note(fmt.Errorf("comments: %w", err))
		}
	case flacPicture:
		b, err := p.w.bytes(body, int(min(size, 1<<10)))
		if err != nil {
			return err
		}
		kind, mime, head := flacPictureHead(b)
		if head > 0 && head <= size && len(p.info.Pictures) < maxPictures {
			p.info.Pictures = append(p.info.Pictures, Picture{Type: kind, MIME: mime, Span: Span{body + head, size - head}})
		}
	case 127:
		return fmt.Errorf("%w: no metadata block at %d", ErrBroken, body-4)
	}
	return nil
}

// streamInfo reads rate (20 bits), channels (3), depth (5) and samples (36).
func (p *parser) streamInfo(b []byte) error {
	if len(b) < 34 {
		return fmt.Errorf("%w: STREAMINFO of %d bytes", ErrBroken, len(b))
	}
	v := binary.BigEndian.Uint64(b[10:])
	rate := v >> 44
	if rate == 0 {
		return fmt.Errorf("%w: sample rate 0", ErrBroken)
	}
	p.info.SampleRate, p.info.Channels = int(rate), int(v>>41&7)+1
	p.info.Duration = seconds(v&(1<<36-1), rate)
	return nil
}
