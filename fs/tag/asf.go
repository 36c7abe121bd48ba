package tag

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"golang.org/x/text/encoding/unicode"
)

// ASF, the container of Windows Media, by Microsoft's Advanced Systems Format
// Specification 01.20.03. Objects are named by a GUID, here as its bytes in the file.
const (
	asfHeader      = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	asfData        = "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	asfFile        = "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"
	asfStream      = "\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65"
	asfSound       = "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b"
	asfContent     = "\x33\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
	asfExtended    = "\x40\xa4\xd0\xd2\x07\xe3\xd2\x11\x97\xf0\x00\xa0\xc9\x5e\xa8\x50"
	asfExtension   = "\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11\x8e\xe3\x00\xc0\x0c\x20\x53\x65"
	asfMetadata    = "\xea\xcb\xf8\xc5\xaf\x5b\x77\x48\x84\x67\xaa\x8c\x44\xfa\x4c\xca"
	asfLibrary     = "\x94\x1c\x23\x44\x98\x94\xd1\x49\xa1\x41\x1d\x13\x4e\x45\x70\x54"
	asfObjectHead  = 24
	maxASFObjects  = 1024
	maxASFMetadata = 4096
)

// asfWalk carries what the objects of the header say.
type asfWalk struct {
	*parser
	objects int
	sound   bool // the stream of sound was found
	// found holds what each kind of list says. They come in any order, but the values of
	// one field begin in the first list and go on in the next.
	found [asfLists]fields
}

// The lists of tags in the order in which programs fill them.
const (
	inContent = iota
	inExtended
	inMetadata
	inLibrary
	asfLists
)

// asf reads the header object and finds the object of the sound, which follows it.
func (p *parser) asf(start int64) error {
	in := &p.info
	in.Container, in.Codec = "asf", "asf"
	a := &asfWalk{parser: p}
	h, err := p.w.bytes(start, asfObjectHead)
	if err != nil {
		return err
	}
	end := start + int64(min(binary.LittleEndian.Uint64(h[16:]), math.MaxInt64>>1))
	p.headEnd = min(end, p.w.size)
	err = a.walk(start+30, p.headEnd)
	tags := a.joined()
	tags.lend(p.fields)
	p.fields = tags
	if err == nil && end > p.w.size {
		err = fmt.Errorf("%w: header of %d bytes", ErrTruncated, end-start)
	}
	if err != nil {
		return err
	}
	return a.data(end)
}

// data finds the object of the sound: before the packets it has 26 bytes.
func (a *asfWalk) data(off int64) error {
	for range maxASFObjects {
		h, err := a.w.bytes(off, asfObjectHead)
		if err != nil {
			return err
		}
		size := int64(min(binary.LittleEndian.Uint64(h[16:]), math.MaxInt64>>1))
		if string(h[:16]) == asfData {
			body := min(off+asfObjectHead+26, a.w.size)
			if size == 0 { // of a live stream
				size = a.w.size - off
			}
			a.info.Payload = Span{body, max(min(off+size, a.w.size)-body, 0)}
			a.headEnd = body
			if size > a.w.size-off {
				return fmt.Errorf("%w: %d bytes of sound announced, %d there", ErrTruncated, size, a.w.size-off)
			}
			return nil
		}
		if size < asfObjectHead || size > a.w.size-off {
			break
		}
		off += size
	}
	return fmt.Errorf("%w: no object of sound", ErrBroken)
}

// walk visits the objects in [off, end).
func (a *asfWalk) walk(off, end int64) error {
	for off+asfObjectHead <= end {
		if a.objects++; a.objects > maxASFObjects {
			return fmt.Errorf("%w: more than %d objects", ErrBroken, maxASFObjects)
		}
		h, err := a.w.bytes(off, asfObjectHead)
		if err != nil {
			return err
		}
		size := binary.LittleEndian.Uint64(h[16:])
		if size < asfObjectHead || size > uint64(end-off) {
			return fmt.Errorf("%w: object of %d bytes at %d", ErrBroken, size, off)
		}
		next := off + int64(size)
		if err := a.object(string(h[:16]), &block{a.w, off + asfObjectHead, next}); err != nil {
			if a.w.failed != nil {
				return err
			}
			a.note(err) // the objects after it are not hurt
		}
		off = next
	}
	return nil
}

func (a *asfWalk) object(kind string, b *block) error {
	switch kind {
	case asfFile:
		return a.fileProperties(b)
	case asfStream:
		return a.streamProperties(b)
	case asfContent:
		return a.contentDescription(b)
	case asfExtended:
		return a.metadata(b, inExtended)
	case asfMetadata:
		return a.metadata(b, inMetadata)
	case asfLibrary:
		return a.metadata(b, inLibrary)
	case asfExtension:
		if err := b.skip(22); err != nil {
			return err
		}
		return a.walk(b.at, b.end)
	}
	return nil
}

// fileProperties reads the duration in units of 100 ns, from which the time that a
// player buffers before it starts is to be taken: that is in ms.
func (a *asfWalk) fileProperties(b *block) error {
	f, err := b.take(64)
	if err != nil {
		return err
	}
	play, preroll := seconds(binary.LittleEndian.Uint64(f[40:]), 1e7), seconds(binary.LittleEndian.Uint64(f[56:]), 1000)
	a.info.Duration = max(play-preroll, 0)
	return nil
}

// streamProperties reads WAVEFORMATEX of the first stream of sound.
func (a *asfWalk) streamProperties(b *block) error {
	f, err := b.take(54)
	if err != nil || string(f[:16]) != asfSound || a.sound {
		return err
	}
	if f, err = b.take(16); err != nil {
		return err
	}
	a.sound = true
	a.info.Channels, a.info.SampleRate = int(binary.LittleEndian.Uint16(f[2:])), int(binary.LittleEndian.Uint32(f[4:])&0xFFFFFFF)
	switch kind := binary.LittleEndian.Uint16(f); kind {
	case 0x01, 0x03:
		a.info.Codec = "pcm"
	case 0x55:
		a.info.Codec = "mp3"
	case 0x160:
		a.info.Codec = "wmav1"
	case 0x161:
		a.info.Codec = "wmav2"
	case 0x162:
		a.info.Codec = "wmapro"
	case 0x163:
		a.info.Codec = "wmalossless"
	case 0x0A:
		a.info.Codec = "wmavoice"
	default:
		a.info.Codec = fmt.Sprintf("wave-%04x", kind)
	}
	return nil
}

// contentDescription reads five texts after their five lengths; the others are the
// copyright, a description and a rating.
func (a *asfWalk) contentDescription(b *block) error {
	n, err := b.take(10)
	if err != nil {
		return err
	}
	for i, field := range []string{title, artist} {
		v, err := b.take(int(binary.LittleEndian.Uint16(n[2*i:])))
		if err != nil {
			return err
		}
		a.put(inContent, field, utf16Text(v, unicode.LittleEndian, unicode.IgnoreBOM))
	}
	return nil
}

func (a *asfWalk) put(list int, field, value string) {
	if a.found[list] == nil {
		a.found[list] = fields{}
	}
	a.found[list].add(field, value)
}

// joined gives the values of all lists. What one list repeats of another counts once:
// programs write the first artist both here and there.
func (a *asfWalk) joined() fields {
	out := fields{}
	for _, list := range a.found {
		for key, values := range list {
			before := out[key]
			for _, v := range values {
				if !slices.Contains(before, v) {
					out.add(key, v)
				}
			}
		}
	}
	return out
}
