package tag

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// How long MPEG audio plays: by a header in its first frame, or by its frames.

const (
	lameDelay = 528 + 1 // samples by which every decoder is late
	maxHeader = 4 << 10 // bytes of a frame and what follows it
	probes    = 8       // places at which a bit rate is compared
	probeSize = 8 << 10 // bytes looked at there
)

// mpegLength finds how long the frames in [first, end) play, of which f is the first.
func (p *parser) mpegLength(first, end int64, f mpegFrame) error {
	b, err := p.w.upTo(first, maxHeader)
	if err != nil {
		return err
	}
	if p.xing(f, b, end-first) || p.vbri(f, b) {
		return nil
	}
	if b, err = p.w.upTo(first, maxSample); err != nil {
		return err
	}
	p.average(f, b, end-first)
	if !p.near || p.info.BitRate > 0 && p.constant(first, end, f) {
		return p.w.failed
	}
	if samples, whole := p.countSamples(first, end, f); whole {
		p.info.BitRate = 0 // made from the duration
		p.info.Duration = seconds(samples-min(samples, uint64(p.info.Delay+p.info.Padding)), uint64(f.rate))
	}
	return p.w.failed
}

// xing reads the Xing or Info header in the first frame b, with LAME's extension
// (http://gabriel.mp3-tech.org/mp3infotag.html). It tells whether there is one that
// speaks of all the sound there is.
func (p *parser) xing(f mpegFrame, b []byte, sound int64) bool {
	at := 4 + f.sideInfo()
	if f.layer != 3 || len(b) < at+8 || string(b[at:at+4]) != "Xing" && string(b[at:at+4]) != "Info" {
		return false
	}
	flags := binary.BigEndian.Uint32(b[at+4:])
	b = b[at+8:]
	number := func(flag uint32) uint64 {
		if flags&flag == 0 || len(b) < 4 {
			return 0
		}
		n := binary.BigEndian.Uint32(b)
		b = b[4:]
		return uint64(n)
	}
	frames, size := number(1), number(2)
	if flags&4 != 0 {
		b = b[min(100, len(b)):] // seek table
	}
	number(8) // quality
	if frames == 0 {
		return false
	}
	if size > uint64(p.w.size) {
		p.note(fmt.Errorf("%w: %d bytes of sound announced, %d there", ErrTruncated, size, p.info.Payload.Length))
	}
	total := frames * uint64(f.samples)
	if len(b) >= 24 && (string(b[:4]) == "LAME" || string(b[:3]) == "Lav") {
		delay, padding := int(b[21])<<4|int(b[22])>>4, int(b[22]&15)<<8|int(b[23])
		if drop := uint64(delay + padding); drop < total {
			total -= drop
			p.info.Delay, p.info.Padding = delay+lameDelay, max(padding-lameDelay, 0)
		}
		p.lameGain(b)
	}
	p.info.Duration = seconds(total, uint64(f.rate))
	// Files joined behind each other have the header of the first.
	return !p.near || size == 0 || sound-int64(size) < sound/10
}

// lameGain reads what LAME measured: a peak in units of 2^-23, and two gains of 16 bits,
// which are what is measured (3 bits), by whom (3), a sign and tenths of a dB (9).
func (p *parser) lameGain(b []byte) {
	var full float64
	if v := binary.BigEndian.Uint32(b[11:]); v < math.MaxUint32 {
		full = float64(v) / (1 << 23)
	}
	gain := func(at, kind int) float64 {
		v := binary.BigEndian.Uint16(b[at:])
		db := float64(v&0x1FF) / 10
		if v&0x200 != 0 {
			db = -db
		}
		if int(v>>13) != kind || v>>10&7 == 0 {
			return 0
		}
		return db
	}
	p.lendGain(gain(15, 1), full, gain(17, 2), 0)
}

// sideInfo is the length of what stands between a frame's header and its data.
func (f mpegFrame) sideInfo() int {
	n := 32
	switch {
	case f.version == 1 && f.channels == 1, f.version != 1 && f.channels == 2:
		n = 17
	case f.version != 1:
		n = 9
	}
	return n
}

// vbri reads Fraunhofer's header, always 32 bytes after that of the frame.
func (p *parser) vbri(f mpegFrame, b []byte) bool {
	const at = 4 + 32
	if f.layer != 3 || len(b) < at+18 || string(b[at:at+4]) != "VBRI" {
		return false
	}
	frames := uint64(binary.BigEndian.Uint32(b[at+14:]))
	p.info.Duration = seconds(frames*uint64(f.samples), uint64(f.rate))
	return frames > 0
}

// average makes the duration from the bytes of sound and the average size of the
// first frames: exact for a constant bit rate, an estimate otherwise.
func (p *parser) average(f mpegFrame, b []byte, payload int64) {
	bytes, samples, constant := 0, 0, true
	for len(b) >= 4 {
		g, ok := mpegHeader(b)
		if !ok || !g.same(f) {
			break
		}
		constant = constant && g.bitRate == f.bitRate && f.bitRate > 0
		bytes, samples = bytes+g.length, samples+g.samples
		b = b[min(g.length, len(b)):]
	}
	perSecond := float64(bytes) * float64(f.rate) / float64(max(samples, 1))
	if constant {
		perSecond = float64(f.bitRate) / 8
		p.info.BitRate = f.bitRate
	}
	if perSecond > 0 {
		p.info.Duration = time.Duration(float64(payload) / perSecond * float64(time.Second))
	}
}

// constant tells whether frames in [first, end) have the bit rate of f wherever one looks.
func (p *parser) constant(first, end int64, f mpegFrame) bool {
	for i := range int64(probes) {
		off := first + (end-first)/probes*i
		b, err := p.w.upTo(off, int(min(probeSize, end-off)))
		if err != nil {
			return false
		}
		g := nextFrame(b, f)
		if g.rate > 0 && g.bitRate != f.bitRate || g.rate == 0 && len(b) == probeSize {
			return false
		}
	}
	return true
}

// nextFrame finds in b the first frame like f that another one follows.
func nextFrame(b []byte, f mpegFrame) mpegFrame {
	for i := range b {
		g, ok := mpegHeader(b[i:])
		if !ok || !g.same(f) || i+g.length > len(b) {
			continue
		}
		if h, ok := mpegHeader(b[i+g.length:]); ok && h.same(f) {
			return g
		}
	}
	return mpegFrame{}
}

// countSamples passes over all frames in [off, end), unless they are more than may be read.
func (p *parser) countSamples(off, end int64, f mpegFrame) (samples uint64, whole bool) {
	if end-off > p.w.budget-p.w.spent-maxOne {
		return 0, false
	}
	for end-off >= 7 {
		b, err := p.w.upTo(off, int(min(pieceMax, end-off)))
		if err != nil {
			return 0, false
		}
		at := 0
		for len(b)-at >= 7 {
			g, ok := mpegHeader(b[at:])
			if !ok || !g.same(f) { // what does not belong there: players pass over it as well
				at++
				continue
			}
			samples, at = samples+uint64(g.samples), at+g.length
		}
		off += int64(at)
	}
	return samples, true
}
