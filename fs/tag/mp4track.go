package tag

import "encoding/binary"

// scale reads the time scale and duration of mvhd or mdhd: version 1 has 64 bits.
func (m *mp4Walk) scale(b box, t *timescale) error {
	h, err := m.content(b, 32)
	if err != nil || len(h) < 20 {
		return err
	}
	if h[0] == 1 && len(h) == 32 {
		t.rate, t.units = uint64(binary.BigEndian.Uint32(h[20:])), binary.BigEndian.Uint64(h[24:])
	} else if h[0] == 0 {
		t.rate, t.units = uint64(binary.BigEndian.Uint32(h[12:])), uint64(binary.BigEndian.Uint32(h[16:]))
		if t.units == 1<<32-1 {
			t.units = 0 // unknown
		}
	}
	return nil
}

// fragmentLength reads mehd: the length of a movie in fragments, whose mvhd has none.
func (m *mp4Walk) fragmentLength(b box) error {
	h, err := m.content(b, 12)
	if err != nil || len(h) < 8 {
		return err
	}
	units := uint64(binary.BigEndian.Uint32(h[4:]))
	if h[0] == 1 && len(h) == 12 {
		units = binary.BigEndian.Uint64(h[4:])
	}
	if m.movie.units == 0 {
		m.movie.units, m.extent = units, units > 0
	}
	return nil
}

// editList reads a list of one edit that plays from some sample on: the encoder's
// delay is cut so. An empty edit (media time -1) before it only shifts.
func (m *mp4Walk) editList(b box) error {
	h, err := m.content(b, 8+20)
	if err != nil || len(h) < 8 {
		return err
	}
	m.track.edits = int(min(binary.BigEndian.Uint32(h[4:]), maxBoxes))
	if m.track.edits != 1 {
		return nil
	}
	switch {
	case h[0] == 0 && len(h) >= 20 && int32(binary.BigEndian.Uint32(h[12:])) >= 0:
		m.track.edit = uint64(binary.BigEndian.Uint32(h[8:]))
		m.track.skip = uint64(binary.BigEndian.Uint32(h[12:]))
	case h[0] == 1 && len(h) == 28 && int64(binary.BigEndian.Uint64(h[16:])) >= 0:
		m.track.edit = binary.BigEndian.Uint64(h[8:])
		m.track.skip = binary.BigEndian.Uint64(h[16:])
	}
	return nil
}
