package tag

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// ID3v2, by https://id3.org/id3v2-00 (2.2), id3v2.3.0 and id3v2.4.0-structure.

const (
	id3HeaderSize = 10
	maxID3Tags    = 16      // one after another
	maxFrames     = 4096    // of one tag
	maxUnsync     = 8 << 20 // bytes of an unsynchronised tag, which must be decoded as a whole
	maxPictures   = 64
)

// id3v2All reads the ID3v2 tags that follow each other from off, and gives where
// they end. The first to name a field wins.
func (p *parser) id3v2All(off int64) (int64, error) {
	for range maxID3Tags {
		end, f, err := p.id3v2(off, p.w.size)
		if err != nil {
			return 0, err
		}
		if end == off {
			break
		}
		p.fields.lend(f)
		off = end
	}
	return min(off, p.w.size), nil
}

// id3v2 reads the tag at off, which must end by limit. It gives off itself when
// there is none. Faults inside the tag are noted; only the reader's stop it.
func (p *parser) id3v2(off, limit int64) (int64, fields, error) {
	h, err := p.w.upTo(off, id3HeaderSize)
	if err != nil || len(h) < id3HeaderSize || string(h[:3]) != "ID3" {
		return off, nil, err
	}
	size, ok := syncsafe(h[6:10])
	major, flags := h[3], h[5]
	if !ok || major < 2 || major > 4 {
		return off, nil, nil // three letters by chance, or a version that nobody writes
	}
	end := off + id3HeaderSize + size
	t := id3Tag{parser: p, src: p.w, base: off + id3HeaderSize, end: min(end, limit), major: major, unsync: flags&0x80 != 0, fields: fields{}}
	if major == 4 && flags&0x10 != 0 {
		end += id3HeaderSize // the footer
	}
	if end > limit {
		p.note(fmt.Errorf("%w: ID3v2 tag of %d bytes", ErrTruncated, size))
		end = limit
	}
	if err := t.read(flags&0x40 != 0); err != nil {
		if p.w.failed != nil {
			return 0, nil, err
		}
		p.note(fmt.Errorf("ID3v2 tag: %w", err))
	}
	return end, t.fields, nil
}

// syncsafe reads a 28-bit number in four bytes of seven bits.
func syncsafe(b []byte) (int64, bool) {
	if (b[0]|b[1]|b[2]|b[3])&0x80 != 0 {
		return 0, false
	}
	return int64(b[0])<<21 | int64(b[1])<<14 | int64(b[2])<<7 | int64(b[3]), true
}

// id3Tag is one ID3v2 tag. Its frames lie in src from base to end: in the file
// itself, or in the decoded copy of a tag that is unsynchronised as a whole.
type id3Tag struct {
	*parser
	src       *window
	base, end int64
	major     byte
	unsync    bool
	raw       *unsynced // of the decoded copy: the bytes as they are in the file
	rawBase   int64
	fields    fields // of this tag alone: they hide those of the parser
}

// read walks the frames.
func (t *id3Tag) read(extended bool) error {
	if t.unsync && t.major < 4 {
		if err := t.resync(); err != nil {
			return err
		}
	}
	off := t.base
	if extended && t.major > 2 {
		n, err := t.extendedHeader()
		if err != nil {
			return err
		}
		off += n
	}
	for range maxFrames {
		f, err := t.frame(off)
		if err != nil || f.id == "" {
			return err
		}
		if err := t.take(f); err != nil {
			return err
		}
		off = f.body + f.size
	}
	return fmt.Errorf("%w: more than %d frames", ErrBroken, maxFrames)
}

// resync undoes unsynchronisation over the whole tag: until version 2.3 the sizes of
// frames count the decoded bytes.
func (t *id3Tag) resync() error {
	size := t.end - t.base
	if size > maxUnsync {
		return fmt.Errorf("%w: unsynchronised tag of %d bytes", ErrBroken, size)
	}
	raw := make([]byte, 0, size)
	for off := t.base; off < t.end; {
		b, err := t.src.bytes(off, int(min(t.end-off, pieceMax)))
		if err != nil {
			return err
		}
		raw = append(raw, b...)
		off += int64(len(b))
	}
	plain := undoUnsync(raw)
	t.raw, t.rawBase = &unsynced{raw: raw}, t.base
	t.src = windowOn(plain)
	t.base, t.end = 0, int64(len(plain))
	return nil
}

// undoUnsync drops the zero that was put behind every 0xFF.
func undoUnsync(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{0xFF, 0}, []byte{0xFF})
}

// fileSpan turns a range of src into the range of the file it came from.
func (t *id3Tag) fileSpan(off, size int64) Span {
	if t.raw == nil {
		return Span{off, size}
	}
	start := t.raw.offset(off)
	return Span{t.rawBase + start, t.raw.offset(off+size) - start}
}

// unsynced finds where decoded bytes stand before decoding. It goes on from where it was
// asked last, for the pictures of a tag come in order: from the start each time would be
// quadratic.
type unsynced struct {
	raw       []byte
	plain, at int64 // a decoded byte, and where it stands in raw
}

func (u *unsynced) offset(plain int64) int64 {
	if plain < u.plain {
		u.plain, u.at = 0, 0
	}
	for n := int64(len(u.raw)); u.plain < plain && u.at < n; u.plain++ {
		u.at++
		if u.raw[u.at-1] == 0xFF && u.at < n && u.raw[u.at] == 0 {
			u.at++
		}
	}
	return u.at
}

// extendedHeader gives the length of the extended header.
func (t *id3Tag) extendedHeader() (int64, error) {
	b, err := t.src.bytes(t.base, 4)
	if err != nil {
		return 0, err
	}
	n := int64(binary.BigEndian.Uint32(b)) + 4 // 2.3 does not count the size itself
	if t.major == 4 {
		var ok bool
		if n, ok = syncsafe(b); !ok {
			return 0, fmt.Errorf("%w: size of the extended header", ErrBroken)
		}
	}
	if n > t.end-t.base {
		return 0, fmt.Errorf("%w: extended header of %d bytes", ErrBroken, n)
	}
	return n, nil
}

// id3Frame is one frame: size counts the bytes at body.
type id3Frame struct {
	id    string // always the name of version 2.3 and 2.4; "" ends the tag
	flags byte   // of format
	body  int64
	size  int64
}

// frame reads the frame header at off.
func (t *id3Tag) frame(off int64) (id3Frame, error) {
	head, nameLen := int64(10), 4
	if t.major == 2 {
		head, nameLen = 6, 3
	}
	if off+head > t.end {
		return id3Frame{}, nil
	}
	h, err := t.src.bytes(off, int(head))
	if err != nil {
		return id3Frame{}, err
	}
	if h[0] == 0 { // padding
		return id3Frame{}, nil
	}
	f := id3Frame{body: off + head}
	if t.major == 2 {
		f.id = "?" // read and passed over, unless it is one we know
		if id := id3v22Name(string(h[:3])); id != "" {
			f.id = id
		}
		f.size = int64(h[3])<<16 | int64(h[4])<<8 | int64(h[5])
	} else {
		f.id, f.flags = string(h[:4]), h[9]
		f.size = t.frameSize(h, f.body)
	}
	if !frameName(h[:nameLen]) {
		return id3Frame{}, fmt.Errorf("%w: no frame at %d", ErrBroken, off)
	}
	if f.size > t.end-f.body {
		return id3Frame{}, fmt.Errorf("%w: frame %s of %d bytes", ErrBroken, f.id, f.size)
	}
	return f, nil
}

// frameSize reads the size of a frame. Version 2.4 made it syncsafe, but iTunes and
// others went on writing plain numbers: where the two differ, the one after which
// another frame, padding or the end stands is right.
func (t *id3Tag) frameSize(h []byte, body int64) int64 {
	plain := int64(binary.BigEndian.Uint32(h[4:8]))
	if t.major == 3 {
		return plain
	}
	safe, ok := syncsafe(h[4:8])
	if !ok {
		return plain
	}
	if safe != plain && !t.frameEnd(body+safe) && t.frameEnd(body+plain) {
		return plain
	}
	return safe
}

// frameEnd tells whether a frame may end at off.
func (t *id3Tag) frameEnd(off int64) bool {
	if off >= t.end {
		return off == t.end
	}
	b, err := t.src.upTo(off, 4)
	return err == nil && len(b) == 4 && (b[0] == 0 || frameName(b))
}

func frameName(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ' {
			return false
		}
	}
	return true
}
