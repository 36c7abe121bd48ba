package tag

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// WavPack, by https://www.wavpack.com/WavPack5FileFormat.pdf: blocks of a header of 32
// bytes and sub-blocks, and an APEv2 tag behind the last.

const (
	wavpackHeader = 32
	maxWavpack    = 1 << 20   // bytes of one block, as the format has it
	wavpackTail   = 512 << 10 // bytes in which the last block is looked for
	maxSubBlocks  = 64
)

// Flags of a block.
const (
	wavpackMono = 1 << 2
	wavpackDSD  = 1 << 31
)

// wavpackBlock is the header of one block. Of DSD a sample is eight bits of it.
type wavpackBlock struct {
	length  int64 // with the header
	total   int64 // samples of the file, -1 when unknown
	index   int64 // of the first sample
	samples int64
	flags   uint32
}

func readWavpackBlock(b []byte) (k wavpackBlock, ok bool) {
	if len(b) < wavpackHeader || string(b[:4]) != "wvpk" {
		return k, false
	}
	version := binary.LittleEndian.Uint16(b[8:])
	k.length = int64(binary.LittleEndian.Uint32(b[4:])) + 8
	k.total = -1
	if low := binary.LittleEndian.Uint32(b[12:]); low != math.MaxUint32 {
		// The byte above is one too many for each wrap, as all ones mean unknown.
		k.total = int64(low) + int64(b[11])<<32 - int64(b[11])
	}
	k.index = int64(binary.LittleEndian.Uint32(b[16:])) + int64(b[10])<<32
	k.samples = int64(binary.LittleEndian.Uint32(b[20:]))
	k.flags = binary.LittleEndian.Uint32(b[24:])
	return k, version >= 0x402 && version <= 0x410 && k.length >= wavpackHeader && k.length <= maxWavpack
}

// wavpack reads the first block and the tags.
func (p *parser) wavpack(start int64) error {
	in := &p.info
	in.Container, in.Codec = "wv", "wavpack"
	if err := p.apeTagged(start); err != nil {
		return err
	}
	h, err := p.w.bytes(start, wavpackHeader)
	if err != nil {
		return err
	}
	k, ok := readWavpackBlock(h)
	if !ok {
		return fmt.Errorf("%w: no WavPack block of version 4 or 5", ErrBroken)
	}
	in.SampleRate = [16]int{6000, 8000, 9600, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 192000, 0}[k.flags>>23&15]
	in.Channels = 2
	if k.flags&wavpackMono != 0 {
		in.Channels = 1
	}
	if err := p.wavpackSubBlocks(start+wavpackHeader, min(start+k.length, in.Payload.End())); err != nil {
		return err
	}
	if k.total < 0 {
		if k.total, err = p.wavpackEnd(k); err != nil {
			return err
		}
	}
	in.Duration = seconds(uint64(max(k.total, 0)), uint64(in.SampleRate))
	if k.flags&wavpackDSD != 0 {
		in.SampleRate *= 8
	}
	if start+k.length > p.w.size {
		return fmt.Errorf("%w: it ends in its first block", ErrTruncated)
	}
	return nil
}

// wavpackSubBlocks reads what the header has no room for. A sub-block is an id, its
// length in words of 16 bits, and as many bytes, less one when the id says odd.
func (p *parser) wavpackSubBlocks(off, end int64) error {
	for range maxSubBlocks {
		b, err := p.w.upTo(off, int(min(12, max(end-off, 0))))
		if err != nil || len(b) < 2 {
			return err
		}
		id, words, head := b[0], int64(b[1]), int64(2)
		if id&0x80 != 0 {
			if len(b) < 4 {
				return nil
			}
			words, head = words|int64(b[2])<<8|int64(b[3])<<16, 4
		}
		size := 2*words - int64(id>>6&1)
		p.wavpackSubBlock(id&0x3F, b[head:min(int64(len(b)), head+max(size, 0))])
		off += head + 2*words
	}
	return nil
}

func (p *parser) wavpackSubBlock(id byte, b []byte) {
	switch {
	case id == 0x0D && len(b) >= 6: // channels beyond 255: twelve bits, less one
		p.info.Channels = (int(b[0]) | int(b[2]&15)<<8) + 1
	case id == 0x0D && len(b) >= 1:
		p.info.Channels = int(b[0])
	case id == 0x27 && len(b) >= 3:
		p.info.SampleRate = int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	case id == 0x0E && len(b) >= 1 && b[0] <= 8: // DSD: a power of two to multiply by
		p.info.SampleRate <<= b[0]
		p.info.Codec = "dsd"
	}
}

// wavpackEnd finds how many samples there are when the first block does not know, as
// after encoding into a pipe: by the last block. It gives -1 when there is none near the end.
func (p *parser) wavpackEnd(first wavpackBlock) (int64, error) {
	sound := p.info.Payload
	from := max(sound.Offset, sound.End()-wavpackTail)
	b, err := p.w.upTo(from, int(sound.End()-from))
	if err != nil {
		return -1, err
	}
	for end := len(b); ; {
		i := bytes.LastIndex(b[:end], []byte("wvpk"))
		if i < 0 {
			return -1, nil
		}
		if k, ok := readWavpackBlock(b[i:]); ok && k.samples > 0 {
			return k.index + k.samples - first.index, nil
		}
		end = i
	}
}
