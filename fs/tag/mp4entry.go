package tag

import (
	"encoding/binary"
	"math"
)

// sampleEntry reads what the first entry of stsd says of the sound. The fields that all
// entries have are often wrong or too small, so what the codec says of itself outranks them.
func (m *mp4Walk) sampleEntry(b box) error {
	h, err := m.content(b, 1<<10)
	if err != nil || len(h) < 8+36 || m.track.handler != "" && m.track.handler != "soun" {
		return err
	}
	entry, t := h[8:], &m.track
	t.channels = int(binary.BigEndian.Uint16(entry[24:]))
	t.rate = int(binary.BigEndian.Uint32(entry[32:]) >> 16)
	t.codec = mp4Codec(string(entry[4:8]))
	at := 36
	switch binary.BigEndian.Uint16(entry[16:]) { // of QuickTime
	case 1:
		at += 16
	case 2:
		at += 36
		if len(entry) >= 52 {
			t.rate = wholeRate(math.Float64frombits(binary.BigEndian.Uint64(entry[40:])))
			t.channels = int(binary.BigEndian.Uint32(entry[48:]) & 0xFF)
		}
	}
	t.codecBoxes(entry[min(at, len(entry)):])
	return nil
}

func wholeRate(v float64) int {
	if v >= 1 && v < 1<<28 {
		return int(v)
	}
	return 0
}

// codecBoxes reads the boxes behind the fields of an entry.
func (t *mp4Track) codecBoxes(b []byte) {
	for len(b) >= 8 {
		size := int64(binary.BigEndian.Uint32(b))
		if size < 8 {
			return
		}
		body := b[8:min(size, int64(len(b)))]
		switch string(b[4:8]) {
		case "wave": // QuickTime puts them into one
			t.codecBoxes(body)
			return
		case "alac":
			if len(body) >= 4+24 {
				t.channels = int(body[4+9])
				t.rate = int(binary.BigEndian.Uint32(body[4+20:]) & 0xFFFFFFF)
			}
		case "dfLa":
			if len(body) >= 8+34 {
				v := binary.BigEndian.Uint64(body[8+10:])
				t.rate, t.channels = int(v>>44), int(v>>41&7)+1
			}
		case "dOps":
			if len(body) >= 2 {
				t.rate, t.channels = 48000, int(body[1])
			}
		case "esds":
			if len(body) >= 4 {
				t.descriptors(body[4:])
			}
		}
		b = b[min(size, int64(len(b))):]
	}
}

// Tags of descriptors (ISO 14496-1, section 7.2.6).
const (
	descStream  = 3
	descDecoder = 4
	descConfig  = 5
)

// descriptors reads what esds holds: a tag, a length of seven bits a byte, and a content,
// in which the next ones are nested.
func (t *mp4Track) descriptors(b []byte) {
	for len(b) >= 2 {
		kind, size, at := b[0], 0, 1
		for ; at < len(b) && at <= 4; at++ {
			size = size<<7 | int(b[at]&0x7F)
			if b[at]&0x80 == 0 {
				at++
				break
			}
		}
		body := b[at:min(at+size, len(b))]
		switch {
		case kind == descStream && len(body) >= 3:
			skip := 3
			if flags := body[2]; flags&0x80 != 0 { // depends on another stream
				skip += 2
			}
			b = body[min(skip, len(body)):]
			continue
		case kind == descDecoder && len(body) >= 13:
			if name := objectCodec(body[0]); name != "" {
				t.codec = name
			}
			b = body[13:]
			continue
		case kind == descConfig && t.codec == "aac":
			t.aacConfig(body)
		}
		return
	}
}

// objectCodec gives the codec for an object type (https://mp4ra.org/registered-types/object-types).
func objectCodec(of byte) string {
	switch of {
	case 0x40, 0x66, 0x67, 0x68:
		return "aac"
	case 0x69, 0x6B:
		return "mp3"
	case 0xA5:
		return "ac3"
	case 0xA6:
		return "eac3"
	case 0xDD:
		return "vorbis"
	}
	return ""
}

// aacConfig reads AudioSpecificConfig (ISO 14496-3, section 1.6.2.1): the object type, the
// rate and the channels. HE-AAC (5, 29) has the rate of what is played behind them.
func (t *mp4Track) aacConfig(b []byte) {
	r := bits{b: b}
	object := r.objectType()
	rate, channels := r.rate(), int(r.take(4))
	if object == 5 || object == 29 {
		rate = r.rate()
	}
	if r.short || rate == 0 {
		return
	}
	t.rate = rate
	switch {
	case object == 29: // parametric stereo
		t.channels = 2
	case channels == 7:
		t.channels = 8
	case channels == 11:
		t.channels = 7
	case channels == 12 || channels == 14:
		t.channels = 8
	case channels >= 1 && channels <= 6:
		t.channels = channels
	}
}

// bits reads numbers of few bits, the highest first.
type bits struct {
	b     []byte
	at    int
	short bool // it ended too early
}

func (r *bits) take(n int) uint32 {
	v := uint32(0)
	for range n {
		if r.at>>3 >= len(r.b) {
			r.short = true
			return 0
		}
		v = v<<1 | uint32(r.b[r.at>>3]>>(7-r.at&7)&1)
		r.at++
	}
	return v
}

func (r *bits) objectType() uint32 {
	v := r.take(5)
	if v == 31 {
		v = 32 + r.take(6)
	}
	return v
}

func (r *bits) rate() int {
	i := r.take(4)
	if i == 15 {
		return int(r.take(24))
	}
	if rates := aacRates(); int(i) < len(rates) {
		return rates[i]
	}
	return 0
}

func mp4Codec(kind string) string {
	switch kind {
	case "mp4a", "aac ":
		return "aac"
	case "fLaC":
		return "flac"
	case "Opus":
		return "opus"
	case ".mp3":
		return "mp3"
	case "ac-3":
		return "ac3"
	case "ec-3":
		return "eac3"
	case "lpcm", "sowt", "twos", "ipcm", "fpcm", "in24", "in32", "fl32":
		return "pcm"
	}
	return clean(kind)
}
