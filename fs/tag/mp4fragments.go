package tag

import "encoding/binary"

// Fragments of a movie (ISO 14496-12, section 8.8): each moof tells for the tracks how
// many samples follow it, and how long they are.

// trackDefault is what a movie says of the samples of a track that do not say it themselves.
type trackDefault struct {
	track    uint32
	duration uint64 // of one sample
}

const maxTracks = 64

// trackHead reads the number of the track.
func (m *mp4Walk) trackHead(b box) error {
	h, err := m.content(b, 24)
	if err != nil || len(h) < 24 {
		return err
	}
	m.track.id = binary.BigEndian.Uint32(h[12:])
	if h[0] == 1 {
		m.track.id = binary.BigEndian.Uint32(h[20:])
	}
	return nil
}

// trackExtends reads trex: the defaults of one track.
func (m *mp4Walk) trackExtends(b box) error {
	h, err := m.content(b, 16)
	if err != nil || len(h) < 16 || len(m.defaults) >= maxTracks {
		return err
	}
	m.defaults = append(m.defaults, trackDefault{binary.BigEndian.Uint32(h[4:]), uint64(binary.BigEndian.Uint32(h[12:]))})
	return nil
}

// fragment visits a moof. Each costs a read, so what tells the length of all of them is
// looked for at the first; of a file in thousands of fragments without that it stays unknown.
func (m *mp4Walk) fragment(b box, depth int) error {
	if m.data.Length > 0 && !m.fragmented { // samples before the first fragment
		m.data = Span{m.data.Offset, m.w.size - m.data.Offset}
	} else if !m.fragmented {
		m.data = Span{b.offset, m.w.size - b.offset}
	}
	if !m.fragmented && !m.extent && m.sound != nil {
		m.added = m.whole(b, depth)
		m.extent = m.added > 0
	}
	m.fragmented = true
	if m.extent || m.sound == nil || m.w.tired() || m.boxes > maxBoxes/2 {
		m.stop = true
		if !m.extent {
			m.added = 0
		}
		return nil
	}
	return m.runs(b, depth)
}

// runs adds up the samples of the sound in a moof.
func (m *mp4Walk) runs(b box, depth int) error {
	return m.walk(b.body, b.end, depth+1, func(b box, depth int) error {
		if b.kind != "traf" {
			return nil
		}
		m.run = trackDefault{}
		return m.walk(b.body, b.end, depth+1, m.trackFragment)
	})
}

// trackFragment visits the boxes of one track in a fragment.
func (m *mp4Walk) trackFragment(b box, _ int) error {
	switch b.kind {
	case "tfhd":
		return m.fragmentHead(b)
	case "tfdt":
		if m.run.track == m.sound.id {
			return m.fragmentStart(b)
		}
	case "trun":
		if m.run.track == m.sound.id {
			return m.trackRun(b)
		}
	}
	return nil
}

// fragmentHead reads the track and the default it has in this fragment.
func (m *mp4Walk) fragmentHead(b box) error {
	h, err := m.content(b, 24)
	if err != nil || len(h) < 8 {
		return err
	}
	m.run.track = binary.BigEndian.Uint32(h[4:])
	for _, d := range m.defaults {
		if d.track == m.run.track {
			m.run.duration = d.duration
		}
	}
	flags, at := binary.BigEndian.Uint32(h), 8
	if flags&1 != 0 { // where the samples lie
		at += 8
	}
	if flags&2 != 0 { // which description they have
		at += 4
	}
	if flags&8 != 0 && len(h) >= at+4 {
		m.run.duration = uint64(binary.BigEndian.Uint32(h[at:]))
	}
	return nil
}

// trackRun adds the samples of one run. Each may say its duration, size, flags and
// offset in time, as the flags of the run have it.
func (m *mp4Walk) trackRun(b box) error {
	h, err := m.content(b, 8)
	if err != nil || len(h) < 8 {
		return err
	}
	flags, count := binary.BigEndian.Uint32(h), int64(binary.BigEndian.Uint32(h[4:]))
	if flags&0x100 == 0 {
		m.added += uint64(count) * m.run.duration
		return nil
	}
	off, stride := b.body+8, int64(0)
	for _, bit := range []uint32{1, 4} {
		if flags&bit != 0 {
			off += 4
		}
	}
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			stride += 4
		}
	}
	for end := min(b.end, off+count*stride); off+stride <= end; {
		part, err := m.w.bytes(off, int(min(end-off, 32<<10)/stride*stride))
		if err != nil {
			return err
		}
		off += int64(len(part))
		for ; len(part) >= 4; part = part[stride:] {
			m.added += uint64(binary.BigEndian.Uint32(part))
		}
	}
	return nil
}
