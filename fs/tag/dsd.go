package tag

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DSD in Sony's DSF (DSF File Format Specification 1.01) and in Philips' DSDIFF 1.5.

// dsf reads the three chunks in their fixed order. The first points at an ID3v2 tag
// behind the sound.
func (p *parser) dsf(start int64) error {
	const head, format, data = 28, 52, 12
	in := &p.info
	in.Container, in.Codec = "dsf", "dsd"
	b, err := p.w.bytes(start, head+format+data)
	if err != nil {
		return err
	}
	at := int64(binary.LittleEndian.Uint64(b[20:]) & math.MaxInt64)
	if at > 0 {
		if err := p.dsfTag(start, at); err != nil {
			return err
		}
	}
	f := b[head:]
	if string(f[:4]) != "fmt " || string(b[head+format:][:4]) != "data" {
		return fmt.Errorf("%w: chunks of DSF", ErrBroken)
	}
	in.Channels, in.SampleRate = int(binary.LittleEndian.Uint32(f[24:])&0xFF), int(binary.LittleEndian.Uint32(f[28:])&0xFFFFFFF)
	in.Duration = seconds(binary.LittleEndian.Uint64(f[36:]), uint64(in.SampleRate))
	size := int64(binary.LittleEndian.Uint64(b[head+format+4:]) & math.MaxInt64)
	p.dsdPayload(start+head+format+data, max(size, data)-data)
	return nil
}

// dsfTag reads the tag that the head of the file points at.
func (p *parser) dsfTag(start, at int64) error {
	if at > p.w.size-start {
		p.note(fmt.Errorf("%w: tag at %d of %d bytes", ErrTruncated, at, p.w.size))
		return nil
	}
	end, f, err := p.id3v2(start+at, p.w.size)
	if err != nil {
		return err
	}
	if f != nil {
		f.lend(p.fields)
		p.fields = f
	}
	p.extra = append(p.extra, Span{start + at, end - start - at})
	return nil
}

// dsdPayload notes the sound, which may be cut short.
func (p *parser) dsdPayload(at, size int64) {
	if size > p.w.size-at {
		p.note(fmt.Errorf("%w: %d bytes of sound announced, %d there", ErrTruncated, size, p.w.size-at))
		size = p.w.size - at
	}
	p.info.Payload, p.headEnd = Span{at, size}, at
}

// dsdiffWalk carries what the chunks of DSDIFF say.
type dsdiffWalk struct {
	*parser
	left   int // chunks
	frames uint64
	perSec uint64 // frames of DST in a second
	data   Span
	// tags is what an ID3v2 tag says, text what the chunks of the format itself do.
	tags, text fields
}

// dsdiff reads chunks of which the sizes have 64 bits.
func (p *parser) dsdiff(start int64) error {
	p.info.Container, p.info.Codec = "dff", "dsd"
	d := &dsdiffWalk{parser: p, left: maxChunks, tags: fields{}, text: fields{}}
	err := d.walk(start+16, p.w.size)
	d.tags.lend(d.text)
	d.tags.lend(p.fields)
	p.fields = d.tags
	if err != nil {
		return err
	}
	if d.data.Offset == 0 {
		return fmt.Errorf("%w: no chunk of sound", ErrTruncated)
	}
	p.dsdPayload(d.data.Offset, d.data.Length)
	in := &p.info
	if d.perSec > 0 {
		in.Duration = seconds(d.frames, d.perSec)
	} else {
		in.Duration = seconds(uint64(in.Payload.Length)*8/uint64(max(in.Channels, 1)), uint64(in.SampleRate))
	}
	return nil
}

// walk visits the chunks in [off, end).
func (d *dsdiffWalk) walk(off, end int64) error {
	for ; off+12 <= end; d.left-- {
		if d.left <= 0 {
			return fmt.Errorf("%w: more than %d chunks", ErrBroken, maxChunks)
		}
		h, err := d.w.bytes(off, 12)
		if err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint64(h[4:]) & math.MaxInt64)
		if !chunkName(h[:4]) {
			return nil
		}
		body := off + 12
		if err := d.chunk(string(h[:4]), body, size, min(size, end-body)); err != nil {
			return err
		}
		if size >= end-body {
			return nil
		}
		off = body + size + size&1
	}
	return nil
}

// chunk reads one chunk that says it has size bytes, of which there are some.
func (d *dsdiffWalk) chunk(id string, body, size, there int64) error {
	b, err := d.w.upTo(body, int(min(there, 8)))
	if err != nil {
		return err
	}
	switch {
	case id == "PROP" && len(b) >= 4 && string(b[:4]) == "SND " && d.info.SampleRate == 0:
		return d.properties(body+4, body+there)
	case id == "DIIN":
		d.left-- // as for the walk it is in
		return d.walk(body, body+there)
	case id == "DIAR" || id == "DITI": // a length, and a text
		if n := int64(len(b)); n >= 4 {
			v, err := d.w.upTo(body+4, int(min(there-4, int64(binary.BigEndian.Uint32(b)), maxText)))
			d.text.add(map[string]string{"DIAR": artist, "DITI": title}[id], d.latin1(v))
			return err
		}
	case id == "DSD " && d.data.Offset == 0:
		d.data = Span{body, size}
	case id == "DST " && d.data.Offset == 0:
		d.data, d.info.Codec = Span{body, size}, "dst"
		// The first chunk inside tells the frames: their number, and how many in a second.
		f, err := d.w.upTo(body, int(min(there, 18)))
		if err == nil && len(f) == 18 && string(f[:4]) == "FRTE" {
			d.frames, d.perSec = uint64(binary.BigEndian.Uint32(f[12:])), uint64(binary.BigEndian.Uint16(f[16:]))
		}
		return err
	case id == "ID3 ":
		end, f, err := d.id3v2(body, body+there)
		d.tags.lend(f)
		d.extra = append(d.extra, Span{body, end - body})
		return err
	}
	return nil
}

// properties reads the chunks that describe the sound.
func (d *dsdiffWalk) properties(off, end int64) error {
	for ; off+12 <= end && d.left > 0; d.left-- {
		b, err := d.w.upTo(off, int(min(16, end-off)))
		if err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint64(b[4:]) & math.MaxInt64)
		switch id := string(b[:4]); {
		case id == "FS  " && len(b) == 16:
			d.info.SampleRate = int(binary.BigEndian.Uint32(b[12:]) & 0xFFFFFFF)
		case id == "CHNL" && len(b) >= 14:
			d.info.Channels = int(binary.BigEndian.Uint16(b[12:]))
		}
		if size > end-off-12 {
			return nil
		}
		off += 12 + size + size&1
	}
	return nil
}
