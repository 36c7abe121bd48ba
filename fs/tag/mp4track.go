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
		m.track.cut = uint64(binary.BigEndian.Uint32(h[12:]))
	case h[0] == 1 && len(h) == 28 && int64(binary.BigEndian.Uint64(h[16:])) >= 0:
		m.track.edit = binary.BigEndian.Uint64(h[8:])
		m.track.cut = binary.BigEndian.Uint64(h[16:])
	}
	if m.track.edit > 0 {
		m.track.cut = 0 // the length says it all
	}
	return nil
}

// sampleEntry reads what the first entry of stsd says of the sound.
func (m *mp4Walk) sampleEntry(b box) error {
	h, err := m.content(b, 256)
	if err != nil || len(h) < 8+36 || m.track.handler != "" && m.track.handler != "soun" {
		return err
	}
	entry := h[8:]
	m.track.channels = int(binary.BigEndian.Uint16(entry[24:]))
	m.track.rate = int(binary.BigEndian.Uint32(entry[32:]) >> 16)
	m.track.codec = mp4Codec(string(entry[4:8]))
	if m.track.codec == "alac" && len(entry) >= 36+12+24 && string(entry[40:44]) == "alac" {
		cookie := entry[48:] // holds rates beyond 16 bits, and the true channels
		m.track.channels = int(cookie[9])
		m.track.rate = int(binary.BigEndian.Uint32(cookie[20:]) & 0xFFFFFFF)
	}
	return nil
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
	case "lpcm", "sowt", "twos", "ipcm", "fpcm", "in24", "in32", "fl32":
		return "pcm"
	}
	return clean(kind)
}
