package tag

import (
	"encoding/binary"
	"fmt"
	"math"
)

// aiffWalk carries what the chunks of an AIFF file say.
type aiffWalk struct {
	*parser
	frames     uint64
	data       Span
	text, tags fields
}

// aiff reads chunks before and after the sound.
func (p *parser) aiff(start int64) error {
	p.info.Container = "aiff"
	a := &aiffWalk{parser: p, text: fields{}, tags: fields{}}
	err := p.chunks(start+12, binary.BigEndian, a.chunk)
	p.fields.lend(a.tags)
	p.fields.lend(a.text)
	if err != nil {
		return err
	}
	if a.data.Offset == 0 {
		return fmt.Errorf("%w: no SSND chunk", ErrTruncated)
	}
	p.info.Payload, p.headEnd = a.data, a.data.Offset
	p.info.Duration = seconds(a.frames, uint64(p.info.SampleRate))
	return nil
}

func (a *aiffWalk) chunk(c *chunk) error {
	switch c.id {
	case "COMM":
		return a.common(c)
	case "SSND":
		if c.size > c.end-c.body {
			a.note(fmt.Errorf("%w: %d bytes of sound announced, %d there", ErrTruncated, c.size, c.end-c.body))
		}
		a.data = Span{c.body, c.end - c.body}
	case "NAME", "AUTH":
		b, err := a.w.upTo(c.body, int(min(c.end-c.body, maxText)))
		if err != nil {
			return err
		}
		a.text.add(map[string]string{"NAME": title, "AUTH": artist}[c.id], a.latin1(b))
	case "ID3 ", "id3 ":
		_, f, err := a.id3v2(c.body, c.end)
		a.tags.lend(f)
		return err
	}
	return nil
}

// common reads channels, frames, depth, the rate as an 80-bit float and, in AIFF-C,
// the compression.
func (a *aiffWalk) common(c *chunk) error {
	b, err := a.w.upTo(c.body, int(min(c.end-c.body, 22)))
	if err != nil || len(b) < 18 {
		return err
	}
	a.info.Channels = int(binary.BigEndian.Uint16(b))
	a.frames = uint64(binary.BigEndian.Uint32(b[2:]))
	a.info.SampleRate = extended(b[8:18])
	a.info.Codec = "pcm"
	if len(b) == 22 {
		switch kind := string(b[18:]); kind {
		case "NONE", "sowt", "fl32", "FL32", "fl64", "FL64", "in24", "in32", "twos", "raw ", "ulaw", "alaw", "ULAW", "ALAW":
		case "ima4": // whose frames are packets
			a.info.Codec, a.frames = kind, a.frames*64
		default:
			a.info.Codec = clean(kind)
		}
	}
	return nil
}

// extended reads an 80-bit float (IEEE 754 extended) as a whole number of Hz, 0 when
// it is none that a rate could be.
func extended(b []byte) int {
	exponent := int(binary.BigEndian.Uint16(b)&0x7FFF) - 16383
	if exponent < 0 || exponent > 30 {
		return 0
	}
	return int(math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exponent-63))
}
