package tag

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// RIFF WAVE (Microsoft's multimedia specification 1.0), RF64 (EBU Tech 3306), and
// AIFF, which is the same walk with the bytes of numbers the other way round
// (Apple's AIFF 1.3 and AIFF-C).

const maxChunks = 4096

// chunk is one chunk: size is what it says, end what is there of it.
type chunk struct {
	id   string
	body int64
	size int64
	end  int64
}

// chunks visits those from off on. Chunks begin at even offsets from the first.
func (p *parser) chunks(off int64, order binary.ByteOrder, visit func(*chunk) error) error {
	for n := 0; off+8 <= p.w.size; n++ {
		if n == maxChunks {
			return fmt.Errorf("%w: more than %d chunks", ErrBroken, maxChunks)
		}
		h, err := p.w.bytes(off, 8)
		if err != nil {
			return err
		}
		c := chunk{id: string(h[:4]), body: off + 8, size: int64(order.Uint32(h[4:]))}
		if !chunkName(h[:4]) {
			return nil // what programs leave behind the last chunk
		}
		c.end = min(c.body+c.size, p.w.size)
		if err := visit(&c); err != nil {
			return err
		}
		off = c.end + c.size&1
	}
	return nil
}

func chunkName(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}

// waveWalk carries what the chunks of a WAVE file say.
type waveWalk struct {
	*parser
	dataSize   int64 // of a RF64, whose own field is full
	byteRate   uint64
	samples    uint64 // in fact, which tells them of compressed sound
	data       Span
	list, tags fields
}

// wave reads chunks before and after the sound. An ID3v2 chunk outranks LIST INFO,
// whose text has no stated encoding.
func (p *parser) wave(start int64) error {
	p.info.Container = "wav"
	w := &waveWalk{parser: p, list: fields{}, tags: fields{}}
	err := p.chunks(start+12, binary.LittleEndian, w.chunk)
	p.fields.lend(w.tags)
	p.fields.lend(w.list)
	if err != nil {
		return err
	}
	if w.data.Offset == 0 {
		return fmt.Errorf("%w: no data chunk", ErrTruncated)
	}
	p.info.Payload, p.headEnd = w.data, w.data.Offset
	p.info.Duration = seconds(uint64(w.data.Length), w.byteRate)
	if w.samples > 0 && p.info.Codec != "pcm" {
		p.info.Duration = seconds(w.samples, uint64(p.info.SampleRate))
	}
	p.info.BitRate = int(min(w.byteRate*8, math.MaxInt32))
	return nil
}

func (w *waveWalk) chunk(c *chunk) error {
	switch c.id {
	case "ds64":
		b, err := w.w.upTo(c.body, int(min(c.end-c.body, 16)))
		if err == nil && len(b) == 16 {
			w.dataSize = int64(binary.LittleEndian.Uint64(b[8:]) & math.MaxInt64)
		}
		return err
	case "fmt ":
		return w.format(c)
	case "fact":
		b, err := w.w.upTo(c.body, int(min(c.end-c.body, 4)))
		if err == nil && len(b) == 4 {
			w.samples = uint64(binary.LittleEndian.Uint32(b))
		}
		return err
	case "data":
		return w.sound(c)
	case "LIST":
		return w.listInfo(c)
	case "id3 ", "ID3 ":
		_, f, err := w.id3v2(c.body, c.end)
		w.tags.lend(f)
		return err
	}
	return nil
}

// format reads WAVEFORMATEX.
func (w *waveWalk) format(c *chunk) error {
	b, err := w.w.upTo(c.body, int(min(c.end-c.body, 26)))
	if err != nil || len(b) < 16 {
		return err
	}
	in := &w.info
	in.Channels = int(binary.LittleEndian.Uint16(b[2:]))
	in.SampleRate = int(binary.LittleEndian.Uint32(b[4:]) & 0xFFFFFFF)
	w.byteRate = uint64(binary.LittleEndian.Uint32(b[8:]))
	kind := binary.LittleEndian.Uint16(b)
	if kind == 0xFFFE && len(b) == 26 { // extensible: the true one is in its GUID
		kind = binary.LittleEndian.Uint16(b[24:])
	}
	switch kind {
	case 1, 3, 6, 7:
		in.Codec = "pcm"
	case 0x55:
		in.Codec = "mp3"
	case 0xFF, 0x1610:
		in.Codec = "aac"
	default:
		in.Codec = fmt.Sprintf("wave-%04x", kind)
	}
	return nil
}

// sound notes the data chunk. Programs that stream leave 0 or all ones as its size.
func (w *waveWalk) sound(c *chunk) error {
	if w.data.Offset != 0 {
		return nil
	}
	const full = math.MaxUint32
	if c.size == full && w.dataSize > 0 {
		c.size = w.dataSize
	}
	streamed := c.size == 0 || c.size >= full-1<<12 && w.dataSize == 0
	if streamed || c.size > w.w.size-c.body {
		if !streamed {
			w.note(fmt.Errorf("%w: %d bytes of sound announced, %d there", ErrTruncated, c.size, w.w.size-c.body))
		}
		c.size = w.w.size - c.body
	}
	c.end = c.body + c.size
	w.data = Span{c.body, c.size}
	return nil
}

// listInfo reads LIST INFO: chunks named in four letters, each a text.
func (w *waveWalk) listInfo(c *chunk) error {
	b, err := w.w.upTo(c.body, int(min(c.end-c.body, maxText)))
	if err != nil || len(b) < 4 || string(b[:4]) != "INFO" {
		return err
	}
	for b = b[4:]; len(b) >= 8; {
		size := int64(binary.LittleEndian.Uint32(b[4:]))
		text := b[8:min(int64(len(b)), 8+size)]
		text, _, _ = bytes.Cut(text, []byte{0})
		w.list.add(riffField(string(b[:4])), w.latin1(text))
		b = b[min(int64(len(b)), 8+size+size&1):]
	}
	return nil
}

func riffField(id string) string {
	switch id {
	case "INAM":
		return title
	case "IART":
		return artist
	case "IPRD":
		return album
	case "ICRD":
		return date
	case "IGNR":
		return genre
	case "IPRT", "ITRK":
		return trackNumber
	case "IMUS":
		return composer
	}
	return ""
}
