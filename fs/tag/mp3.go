package tag

import (
	"bytes"
	"fmt"
)

// MPEG audio (ISO 11172-3, 13818-3), and ADTS (13818-7) which looks much like it.

const (
	maxSearch = 64 << 10 // bytes after the tags in which the first frame must stand
	maxSample = 32 << 10 // bytes of frames looked at when no header says how many
)

// mpegFrame is the header of one frame.
type mpegFrame struct {
	version  int // 1, 2, or 25 for MPEG 2.5
	layer    int // 0 is ADTS
	bitRate  int // bit/s
	rate     int // Hz
	channels int
	samples  int
	length   int // bytes, with the header
}

// same tells whether two frames can belong to one stream.
func (f mpegFrame) same(g mpegFrame) bool {
	return f.version == g.version && f.layer == g.layer && f.rate == g.rate
}

// mpegHeader reads a frame header; ok is false when b does not start with one.
func mpegHeader(b []byte) (f mpegFrame, ok bool) {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return f, false
	}
	f.version = [4]int{25, 0, 2, 1}[b[1]>>3&3]
	f.layer = [4]int{0, 3, 2, 1}[b[1]>>1&3]
	if f.layer == 0 {
		return adtsHeader(b)
	}
	if f.version == 0 || b[2]>>2&3 == 3 {
		return f, false
	}
	f.bitRate = mpegBitRate(f.version, f.layer, int(b[2]>>4)) * 1000
	if f.bitRate == 0 { // free format or forbidden
		return f, false
	}
	f.rate = [3]int{44100, 48000, 32000}[b[2]>>2&3]
	switch f.version {
	case 2:
		f.rate /= 2
	case 25:
		f.rate /= 4
	}
	f.channels = 2
	if b[3]>>6 == 3 {
		f.channels = 1
	}
	f.size(int(b[2] >> 1 & 1))
	return f, f.length > 4
}

// size sets the samples and bytes of a frame with so many slots of padding.
func (f *mpegFrame) size(padding int) {
	switch {
	case f.layer == 1:
		f.samples = 384
		f.length = (12*f.bitRate/f.rate + padding) * 4
	case f.layer == 3 && f.version != 1:
		f.samples = 576
		f.length = 72*f.bitRate/f.rate + padding
	default:
		f.samples = 1152
		f.length = 144*f.bitRate/f.rate + padding
	}
}

// mpegBitRate gives kbit/s by the index in the header, 0 when it has none.
func mpegBitRate(version, layer, i int) int {
	switch {
	case version == 1 && layer == 1:
		return [16]int{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0}[i]
	case version == 1 && layer == 2:
		return [16]int{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0}[i]
	case version == 1:
		return [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}[i]
	case layer == 1:
		return [16]int{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0}[i]
	}
	return [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}[i]
}

// adtsHeader reads the header of an AAC frame.
func adtsHeader(b []byte) (f mpegFrame, ok bool) {
	if len(b) < 7 || b[1]&0xF6 != 0xF0 || b[2]>>2&15 > 12 {
		return f, false
	}
	f.rate = aacRates()[b[2]>>2&15]
	f.channels = int(b[2]&1)<<2 | int(b[3]>>6)
	if f.channels == 7 {
		f.channels = 8
	}
	f.samples = 1024
	f.length = int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	return f, f.length > 7
}

func aacRates() [13]int {
	return [13]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
}

// mpeg reads a stream of bare frames with tags before (read already) and after it.
func (p *parser) mpeg(start int64) error {
	first, f, err := p.firstFrame(start)
	if err != nil {
		return err
	}
	if f.rate == 0 && !p.says(start) {
		return ErrUnknown
	}
	t, err := p.tail(start)
	if err != nil {
		return err
	}
	end := t.start
	p.fields.lend(t.ape)
	p.fields.lend(t.v1)
	p.info.Payload = Span{start, end - start}
	if f.rate == 0 {
		p.info.Container, p.info.Codec = "mp3", "mp3"
		return fmt.Errorf("%w: no MPEG frame after the tags", ErrBroken)
	}
	p.info.Container, p.info.Codec = "mp3", [4]string{"aac", "mp1", "mp2", "mp3"}[f.layer]
	if f.layer == 0 {
		p.info.Container = "aac"
	}
	p.info.SampleRate, p.info.Channels = f.rate, f.channels
	if err := p.mpegLength(first, max(end, first), f); err != nil { // a frame may be found inside the tags at the end
		return err
	}
	if p.info.Delay == 0 {
		p.trim()
	}
	return nil
}

// says tells whether a file without frames is MPEG audio by its tag or its name.
func (p *parser) says(start int64) bool {
	return start > 0 || bytes.HasSuffix(bytes.ToLower([]byte(p.name)), []byte(".mp3"))
}

// firstFrame finds the first header that is followed by another one where its frame
// ends; a header by chance is not. Where the file ends with the frame, one is enough.
// Nearly always it stands at start, so little is asked for before much is.
func (p *parser) firstFrame(start int64) (int64, mpegFrame, error) {
	for _, n := range []int{4 << 10, maxSearch} {
		b, err := p.w.upTo(start, n)
		if err != nil {
			return 0, mpegFrame{}, err
		}
		at, f, err := p.searchFrame(start, b)
		if f.rate > 0 || err != nil || len(b) < n {
			return at, f, err
		}
	}
	return 0, mpegFrame{}, nil
}

// searchFrame looks for the first frame in b, which stands at start.
func (p *parser) searchFrame(start int64, b []byte) (int64, mpegFrame, error) {
	for i := 0; i+4 <= len(b); i++ {
		skip := bytes.IndexByte(b[i:], 0xFF)
		if skip < 0 {
			break
		}
		i += skip
		f, ok := mpegHeader(b[i:])
		if !ok {
			continue
		}
		next, err := p.w.upTo(start+int64(i+f.length), 7)
		if err != nil {
			return 0, mpegFrame{}, err
		}
		g, ok := mpegHeader(next)
		if ok && f.same(g) || !ok && i == 0 && p.frameIsLast(start, f, next) {
			return start + int64(i), f, nil
		}
	}
	return 0, mpegFrame{}, nil
}

// frameIsLast tells whether after a frame at start only the end or a tag comes. Four
// bytes that look like a header are not much, so the name must agree.
func (p *parser) frameIsLast(start int64, f mpegFrame, next []byte) bool {
	return f.layer != 0 && p.says(start) && (len(next) < 4 || string(next[:3]) == "TAG" || string(next[:4]) == "APET")
}
