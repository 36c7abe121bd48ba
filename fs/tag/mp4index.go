package tag

import (
	"bytes"
	"encoding/binary"
)

// What tells how long a movie in fragments is without visiting all of them: an index of
// segments before them (sidx), or the last fragment, which says when it starts (tfdt).
// That one is found by the index behind the fragments (mfra) or near the end.

// segmentIndex reads sidx, if what it lists reaches to the end of the file.
func (m *mp4Walk) segmentIndex(b box) error {
	h, err := m.content(b, 40)
	if err != nil || len(h) < 24 || m.index.units > 0 {
		return err
	}
	rate, at, skip := uint64(binary.BigEndian.Uint32(h[8:])), 20, uint64(binary.BigEndian.Uint32(h[16:]))
	if h[0] == 1 && len(h) >= 32 {
		at, skip = 28, binary.BigEndian.Uint64(h[20:])
	}
	count := int64(binary.BigEndian.Uint16(h[at+2:]))
	off, end, units := b.body+int64(at)+4, skip, uint64(0)
	for stop := min(b.end, off+12*count); off+12 <= stop; {
		part, err := m.w.bytes(off, int(min(stop-off, 24<<10)/12*12))
		if err != nil {
			return err
		}
		off += int64(len(part))
		for ; len(part) >= 12; part = part[12:] {
			end += uint64(binary.BigEndian.Uint32(part) & (1<<31 - 1))
			units += uint64(binary.BigEndian.Uint32(part[4:]))
		}
	}
	if end <= uint64(m.w.size-b.end) && m.isLast(b.end+int64(end)) {
		m.index = timescale{units, rate}
	}
	return nil
}

// isLast tells whether at off no more sound comes.
func (m *mp4Walk) isLast(off int64) bool {
	h, err := m.w.upTo(off, 8)
	return err == nil && (len(h) < 8 || string(h[4:]) == "mfra")
}

// whole gives how long all fragments are, in units of the sound, by one of the ways
// above; 0 is unknown.
func (m *mp4Walk) whole(first box, depth int) uint64 {
	if m.index.units > 0 && m.index.rate > 0 {
		return uint64(float64(m.index.units) / float64(m.index.rate) * float64(m.sound.media.rate))
	}
	start, _, ok := m.timed(first, depth)
	at := m.lastFragment()
	if !ok || at <= first.offset {
		return 0
	}
	end := start
	err := m.walk(at, m.w.size, depth, func(b box, depth int) error {
		if m.w.tired() {
			return errTired
		}
		if b.kind == "moof" && ok {
			begin, length, known := m.timed(b, depth)
			end, ok = begin+length, known
		}
		return nil
	})
	if err != nil || !ok || end < start {
		return 0
	}
	return end - start
}

// timed reads one moof: when the sound in it starts, if it says so, and how long it is.
func (m *mp4Walk) timed(b box, depth int) (start, length uint64, ok bool) {
	m.added, m.start = 0, -1
	err := m.runs(b, depth)
	length, m.added = m.added, 0
	return uint64(m.start), length, err == nil && m.start >= 0
}

// fragmentStart reads tfdt: 32 or 64 bits.
func (m *mp4Walk) fragmentStart(b box) error {
	h, err := m.content(b, 12)
	if err != nil || len(h) < 8 {
		return err
	}
	m.start = int64(binary.BigEndian.Uint32(h[4:]))
	if h[0] == 1 && len(h) == 12 {
		m.start = int64(binary.BigEndian.Uint64(h[4:]) & (1<<62 - 1))
	}
	return nil
}

// lastFragment finds the last moof, or one not far before it; 0 when there is none.
func (m *mp4Walk) lastFragment() int64 {
	if at := m.lastByIndex(); at > 0 {
		return at
	}
	from := max(0, m.w.size-pieceMax)
	b, err := m.w.upTo(from, pieceMax)
	if err != nil {
		return 0
	}
	for end := len(b); end > 0; {
		i := bytes.LastIndex(b[:end], []byte("moof"))
		if i < 4 {
			return 0
		}
		if len(b) >= i+12 && string(b[i+8:i+12]) == "mfhd" {
			return from + int64(i) - 4
		}
		end = i
	}
	return 0
}

// lastByIndex finds it by mfra: the last 16 bytes of the file are a box that tells
// how long mfra is.
func (m *mp4Walk) lastByIndex() (at int64) {
	foot, err := m.w.bytes(m.w.size-16, 16)
	if err != nil || string(foot[4:8]) != "mfro" {
		return 0
	}
	off := m.w.size - int64(binary.BigEndian.Uint32(foot[12:]))
	if off < 0 {
		return 0
	}
	b, err := m.box(off, m.w.size)
	if err != nil || b.kind != "mfra" {
		return 0
	}
	err = m.walk(b.body, b.end, 1, func(b box, _ int) error {
		if b.kind == "tfra" {
			at = max(at, m.lastEntry(b))
		}
		return nil
	})
	if err != nil {
		return 0
	}
	return at
}

// lastEntry gives where the last moof that a tfra of the sound lists stands.
func (m *mp4Walk) lastEntry(b box) int64 {
	h, err := m.content(b, 16)
	if err != nil || len(h) < 16 || binary.BigEndian.Uint32(h[4:]) != m.sound.id {
		return 0
	}
	lengths, count := h[11], int64(binary.BigEndian.Uint32(h[12:]))
	width := int64(4)
	if h[0] == 1 {
		width = 8
	}
	stride := 2*width + int64(lengths>>4&3) + int64(lengths>>2&3) + int64(lengths&3) + 3
	last := b.body + 16 + (count-1)*stride
	if count == 0 || last+stride > b.end {
		return 0
	}
	e, err := m.w.bytes(last+width, int(width))
	if err != nil {
		return 0
	}
	if width == 8 {
		return int64(binary.BigEndian.Uint64(e) & (1<<62 - 1))
	}
	return int64(binary.BigEndian.Uint32(e))
}
