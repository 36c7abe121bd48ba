package tag

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// Musepack, by https://trac.musepack.net/musepack/wiki/SV8Specification, and by
// libmpcdec's streaminfo.c for stream version 7. Its tags are an APEv2 at the end.

// musepack reads stream versions 7 (MP+) and 8 (MPCK).
func (p *parser) musepack(start int64, eight bool) error {
	p.info.Container, p.info.Codec = "mpc", "musepack"
	if err := p.apeTagged(start); err != nil {
		return err
	}
	if eight {
		return p.musepack8(start + 4)
	}
	b, err := p.w.bytes(start, 24)
	if err != nil {
		return err
	}
	if b[3]&15 != 7 {
		return fmt.Errorf("%w: Musepack of stream version %d", ErrBroken, b[3]&15)
	}
	const frame, synthesis = 1152, 481 // samples; the latter are late in the decoder
	samples := uint64(binary.LittleEndian.Uint32(b[4:])) * frame
	cut := uint64(synthesis)
	if v := binary.LittleEndian.Uint32(b[20:]); v>>31 != 0 { // gapless: it knows the last frame
		cut = 0
		if last := uint64(v >> 20 & 0x7FF); last > 0 && last < frame {
			cut = frame - last
		}
	}
	p.musepackSound(binary.LittleEndian.Uint32(b[8:])>>16&3, 2, max(samples, cut)-cut)
	p.musepackGain7(b[12:20])
	return nil
}

func (p *parser) musepackSound(rate uint32, channels int, samples uint64) {
	p.info.SampleRate = [8]int{44100, 48000, 37800, 32000}[rate&7]
	p.info.Channels = channels
	p.info.Duration = seconds(samples, uint64(p.info.SampleRate))
}

// musepack8 looks for the stream header and ReplayGain among the packets before the
// sound: two letters, the length of the packet, and its content.
func (p *parser) musepack8(off int64) error {
	const maxPackets = 64
	known := false
	for range maxPackets {
		b, err := p.w.upTo(off, 64)
		if err != nil {
			return err
		}
		if len(b) < 3 {
			if known {
				return nil
			}
			return fmt.Errorf("%w: no stream header", ErrTruncated)
		}
		size, n := musepackNumber(b[2:])
		head := 2 + n
		if n == 0 || size < uint64(head) || size > uint64(p.w.size-off) {
			return fmt.Errorf("%w: Musepack packet at %d", ErrBroken, off)
		}
		body := b[min(head, len(b)):min(uint64(len(b)), size)]
		switch kind := string(b[:2]); {
		case kind == "SH":
			if err := p.musepackHeader(body); err != nil {
				return err
			}
			known = true
		case kind == "RG":
			p.musepackGain8(body)
		case (kind == "AP" || kind == "SE") && known:
			return nil
		case kind == "AP" || kind == "SE":
			return fmt.Errorf("%w: no stream header before the sound", ErrBroken)
		}
		off += int64(size)
	}
	if known {
		return nil
	}
	return fmt.Errorf("%w: no stream header", ErrBroken)
}

// musepackHeader reads a checksum, the version, the samples, those of silence at the
// start, and 16 bits: rate 3, bands 5, channels 4, and 4 more.
func (p *parser) musepackHeader(b []byte) error {
	if len(b) < 5 || b[4] != 8 {
		return fmt.Errorf("%w: Musepack stream header", ErrBroken)
	}
	samples, n := musepackNumber(b[5:])
	silence, m := musepackNumber(b[5+n:])
	rest := b[5+n+m:]
	if n == 0 || m == 0 || len(rest) < 2 {
		return fmt.Errorf("%w: Musepack stream header", ErrBroken)
	}
	p.info.Delay = int(min(silence, 1<<20))
	p.musepackSound(uint32(rest[0]>>5), int(rest[1]>>4)+1, max(samples, silence)-silence)
	return nil
}

// musepackNumber reads a number of seven bits a byte, most significant first, and how
// many bytes it has: 0 when it does not end.
func musepackNumber(b []byte) (v uint64, n int) {
	for i, c := range b[:min(len(b), 9)] {
		v = v<<7 | uint64(c&0x7F)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// musepackGain7 reads for the track and for the album a peak in units of full scale
// and a gain in hundredths of a dB.
func (p *parser) musepackGain7(b []byte) {
	gain := func(i int) float64 { return float64(int16(binary.LittleEndian.Uint16(b[i:]))) / 100 }
	full := func(i int) float64 { return float64(binary.LittleEndian.Uint16(b[i:])) / math.MaxUint16 }
	p.lendGain(gain(2), full(0), gain(6), full(4))
}

// musepackGain8 reads a version, and for the track and for the album the loudness and
// the peak in units of 1/256 dB. ReplayGain is what the loudness lacks to 64.82 dB.
func (p *parser) musepackGain8(b []byte) {
	if len(b) < 9 || b[0] != 1 {
		return
	}
	gain := func(i int) float64 {
		if v := binary.BigEndian.Uint16(b[i:]); v != 0 {
			return 64.82 - float64(v)/256
		}
		return 0
	}
	full := func(i int) float64 {
		if v := binary.BigEndian.Uint16(b[i:]); v != 0 {
			return math.Pow(10, float64(v)/(256*20)) / math.MaxUint16
		}
		return 0
	}
	p.lendGain(gain(1), full(3), gain(5), full(7))
}

// lendGain keeps gains that a header tells, where no tag does; 0 is unknown.
func (p *parser) lendGain(track, trackFull, albums, albumFull float64) {
	found := fields{}
	for key, v := range map[string]float64{trackGain: track, trackPeak: trackFull, albumGain: albums, albumPeak: albumFull} {
		if v != 0 {
			found.add(key, strconv.FormatFloat(v, 'f', 6, 64))
		}
	}
	p.fields.lend(found)
}
