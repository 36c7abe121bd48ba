package tag

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Ogg, by RFC 3533; Vorbis I, section 4 and A; Opus, RFC 7845; FLAC in Ogg,
// RFC 9639, section 10.1.

const (
	oggHeaderSize = 27
	maxPage       = oggHeaderSize + 255 + 255*255
	maxHeadPages  = 16 << 10 // before the sound begins: 64 MB in mutagen's pages of 4 KiB
)

// ogg reads the headers of the first stream of sound, and how long it and those
// chained behind it play.
func (p *parser) ogg(start int64) error {
	p.info.Container = "ogg"
	l, err := p.oggLink(start)
	if err != nil {
		return err
	}
	end := min(l.head, p.w.size)
	p.info.Payload = Span{end, p.w.size - end}
	p.headEnd = end
	if l.head > end {
		return fmt.Errorf("%w: it ends in its headers", ErrTruncated)
	}
	return p.oggChain(l)
}

// soundStream finds the first page of a stream that is sound: video or a skeleton
// may stand before it.
func (p *parser) soundStream(off int64) (*packets, error) {
	const maxStreams = 16
	for n := range maxStreams {
		if n > 0 && off == p.w.size {
			break
		}
		g, err := p.page(off)
		if err != nil {
			return nil, err
		}
		head, err := p.w.upTo(g.body, int(min(g.end()-g.body, 8)))
		if err != nil {
			return nil, err
		}
		for _, magic := range []string{"\x01vorbis", "OpusHead", "\x7fFLAC", "Speex   "} {
			if bytes.HasPrefix(head, []byte(magic)) {
				return &packets{parser: p, page: g, at: g.body, more: true}, nil
			}
		}
		off = g.end()
	}
	return nil, fmt.Errorf("%w: no stream of sound in Ogg", ErrUnknown)
}

// oggHeaders reads the header packets. It gives the rate in which granules count,
// and how many of them are not played.
func (p *parser) oggHeaders(s *packets) (rate uint64, skip int64, err error) {
	b, err := s.take(8)
	if err != nil {
		return 0, 0, err
	}
	in := &p.info
	switch {
	case string(b) == "OpusHead":
		in.Codec = "opus"
		if b, err = s.take(11); err != nil {
			return 0, 0, err
		}
		in.Channels, in.SampleRate = int(b[1]), 48000
		in.Delay = int(binary.LittleEndian.Uint16(b[2:]))
		return 48000, int64(in.Delay), p.oggComments(s, 8)
	case string(b[:7]) == "\x01vorbis":
		in.Codec = "vorbis"
		if b, err = s.take(8); err != nil { // one byte of the version is read already
			return 0, 0, err
		}
		in.Channels, in.SampleRate = int(b[3]), int(binary.LittleEndian.Uint32(b[4:])&0xFFFFFFF)
		if err := p.oggComments(s, 7); err != nil {
			return 0, 0, err
		}
		return uint64(in.SampleRate), 0, s.begin() // the codebooks
	case string(b[:5]) == "\x7fFLAC":
		in.Codec = "flac"
		return p.oggFLAC(s)
	}
	in.Codec = "speex"
	if b, err = s.take(44); err != nil {
		return 0, 0, err
	}
	in.SampleRate, in.Channels = int(binary.LittleEndian.Uint32(b[28:])&0xFFFFFFF), int(b[40])
	return uint64(in.SampleRate), 0, p.oggComments(s, 0)
}

// oggComments reads the second packet, past the codec's mark of some bytes. A fault
// in it is noted, since what follows may still be read.
func (p *parser) oggComments(s *packets, mark int64) error {
	if err := s.begin(); err != nil {
		return err
	}
	err := s.skip(mark)
	if err == nil {
		err = p.comments(s)
	}
	if err != nil {
		p.note(fmt.Errorf("comments: %w", err))
	}
	return p.w.failed
}

// oggFLAC reads FLAC's blocks, one in each packet. The first holds a count of them.
func (p *parser) oggFLAC(s *packets) (rate uint64, skip int64, err error) {
	b, err := s.take(9 + 34) // count, "fLaC", and the block header and body of STREAMINFO
	if err != nil {
		return 0, 0, err
	}
	if err := p.streamInfo(b[9:]); err != nil {
		return 0, 0, err
	}
	for range maxFLACBlocks {
		if err := s.begin(); err != nil {
			return 0, 0, err
		}
		h, err := s.take(4)
		if err != nil {
			return 0, 0, err
		}
		switch h[0] & 0x7F {
		case flacComment:
			if err := p.comments(s); err != nil {
				p.note(fmt.Errorf("comments: %w", err))
			}
		case flacPicture:
			if err := p.packetPicture(s, int64(h[1])<<16|int64(h[2])<<8|int64(h[3])); err != nil {
				p.note(fmt.Errorf("picture: %w", err))
			}
		}
		if h[0]&0x80 != 0 {
			break
		}
	}
	return uint64(p.info.SampleRate), 0, nil
}

// packetPicture notes a FLAC picture block of size bytes, which pages cut: its span has
// what stands before the image, too.
func (p *parser) packetPicture(s *packets, size int64) error {
	start := s.offset()
	b, err := s.take(int(min(size, 1<<10)))
	if err != nil || len(p.info.Pictures) >= maxPictures {
		return err
	}
	kind, mime, head := flacPictureHead(b)
	if head <= 0 || head > int64(len(b)) {
		return nil
	}
	rest := &streamReader{s, size - int64(len(b))}
	pic := Picture{Type: kind, MIME: mime, Encoded: true}
	pic.Hash = p.hash(io.MultiReader(bytes.NewReader(b[head:]), rest), size-head, nil)
	if err := s.skip(rest.left); err != nil {
		return err
	}
	pic.Span = Span{start, s.offset() - start}
	p.info.Pictures = append(p.info.Pictures, pic)
	return nil
}

// toEnd goes to the end of the packet, so that page is the one it ends on.
func (s *packets) toEnd() error {
	for {
		ok, err := s.run()
		if err != nil || !ok {
			return err
		}
		s.at, s.left = s.at+s.left, 0
	}
}
