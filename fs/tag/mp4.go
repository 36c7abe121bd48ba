package tag

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// MP4, by ISO 14496-12 and Apple's QuickTime File Format.

const (
	maxBoxes    = 65536 // of one file
	maxBoxDepth = 12
)

// box is one box: its content lies in [body, end).
type box struct {
	kind      string
	offset    int64
	body, end int64
}

// mp4Walk carries what the boxes say until all of it is known.
type mp4Walk struct {
	*parser
	boxes    int
	data     Span // from the first mdat to the last
	moov     Span
	movie    timescale
	track    mp4Track // the one being walked
	sound    *mp4Track
	tags     fields
	defaults []trackDefault
	run      trackDefault // of the track being walked in a fragment
	added    uint64       // duration of the samples in fragments, in units of the sound
	start    int64        // of the sound in a fragment, -1 when it does not say
	index    timescale    // duration of the segments in sidx
	extent   bool         // the length of all fragments is known
	// fragmented means that the rest of the file is fragments of sound.
	fragmented bool
	stop       bool
}

type timescale struct{ units, rate uint64 }

// mp4Track is what is known of one track.
type mp4Track struct {
	handler  string
	media    timescale
	edit     uint64 // played length in the movie's units, where one plain edit says so
	edits    int
	skip     uint64 // units of the media at its start that one edit leaves out
	id       uint32
	codec    string
	rate     int
	channels int
}

// mp4 walks the boxes from start.
func (p *parser) mp4(start int64) error {
	p.info.Container = "m4a"
	m := &mp4Walk{parser: p, tags: fields{}}
	err := m.walk(start, p.w.size, 0, m.top)
	if err != nil && p.w.failed != nil {
		return err
	}
	m.finish(start)
	if err == nil && m.moov.Length == 0 {
		err = fmt.Errorf("%w: no moov box", ErrBroken)
	}
	return err
}

// walk visits the boxes in [off, end).
func (m *mp4Walk) walk(off, end int64, depth int, visit func(box, int) error) error {
	if depth > maxBoxDepth {
		return fmt.Errorf("%w: boxes nested deeper than %d", ErrBroken, maxBoxDepth)
	}
	for off+8 <= end && !m.stop {
		if m.boxes++; m.boxes > maxBoxes {
			return fmt.Errorf("%w: more than %d boxes", ErrBroken, maxBoxes)
		}
		b, err := m.box(off, end)
		if err != nil {
			return err
		}
		if err := visit(b, depth); err != nil {
			return err
		}
		off = b.end
	}
	return nil
}

// box reads the header at off. A size of 0 means to the end, of 1 that 64 bits follow.
func (m *mp4Walk) box(off, end int64) (box, error) {
	h, err := m.w.upTo(off, int(min(16, end-off)))
	if err != nil {
		return box{}, err
	}
	if len(h) < 8 {
		return box{}, fmt.Errorf("%w: no box at %d", ErrTruncated, off)
	}
	b := box{kind: string(h[4:8]), offset: off, body: off + 8}
	size := int64(binary.BigEndian.Uint32(h))
	switch {
	case size == 0:
		size = end - off
	case size == 1 && len(h) == 16:
		b.body += 8
		long := binary.BigEndian.Uint64(h[8:])
		if long > 1<<62 {
			return box{}, fmt.Errorf("%w: box %q of %d bytes", ErrBroken, b.kind, long)
		}
		size = int64(long)
	}
	b.end = off + size
	if b.end < b.body {
		return box{}, fmt.Errorf("%w: box %q of %d bytes", ErrBroken, b.kind, size)
	}
	if b.end > end {
		if end < m.w.size {
			return box{}, fmt.Errorf("%w: box %q of %d bytes does not fit", ErrBroken, b.kind, size)
		}
		m.note(fmt.Errorf("%w: box %q of %d bytes at %d", ErrTruncated, b.kind, size, off))
		b.end = end
	}
	return b, nil
}

// top visits the boxes of the file.
func (m *mp4Walk) top(b box, depth int) error {
	switch b.kind {
	case "mdat":
		if m.fragmented {
			return nil
		}
		if m.data.Length == 0 {
			m.data.Offset = b.body
		}
		m.data.Length = b.end - m.data.Offset
	case "moof":
		if m.moov.Length > 0 {
			return m.fragment(b, depth)
		}
	case "sidx":
		if !m.fragmented {
			return m.segmentIndex(b)
		}
	case "moov":
		m.moov = Span{b.offset, b.end - b.offset}
		return m.walk(b.body, b.end, depth+1, m.inside)
	}
	return nil
}

// inside visits the boxes within moov.
func (m *mp4Walk) inside(b box, depth int) error {
	switch b.kind {
	case "trak":
		m.track = mp4Track{}
		err := m.walk(b.body, b.end, depth+1, m.inside)
		if m.track.handler == "soun" && m.sound == nil {
			sound := m.track
			m.sound = &sound
		}
		return err
	case "mdia", "minf", "stbl", "udta", "edts", "mvex":
		return m.walk(b.body, b.end, depth+1, m.inside)
	case "meta":
		return m.meta(b, depth)
	case "ilst":
		return m.walk(b.body, b.end, depth+1, m.ilst)
	case "mvhd":
		return m.scale(b, &m.movie)
	case "mdhd":
		return m.scale(b, &m.track.media)
	case "tkhd":
		return m.trackHead(b)
	case "mehd":
		return m.fragmentLength(b)
	case "trex":
		return m.trackExtends(b)
	case "elst":
		return m.editList(b)
	case "hdlr":
		h, err := m.content(b, 12)
		if len(h) == 12 && m.track.handler == "" {
			m.track.handler = string(h[8:12])
		}
		return err
	case "stsd":
		return m.sampleEntry(b)
	}
	return nil
}

// content gives up to n bytes of a box.
func (m *mp4Walk) content(b box, n int64) ([]byte, error) {
	return m.w.upTo(b.body, int(min(n, b.end-b.body)))
}

// meta is a box with a version in MP4 and without one in QuickTime, where the box of
// its handler follows at once.
func (m *mp4Walk) meta(b box, depth int) error {
	h, err := m.content(b, 8)
	if err != nil || len(h) < 8 {
		return err
	}
	if string(h[4:8]) != "hdlr" {
		b.body += 4
	}
	// Its handler is not the track's.
	handler := m.track.handler
	err = m.walk(b.body, b.end, depth+1, m.inside)
	m.track.handler = handler
	return err
}

// finish puts together what the boxes said.
func (m *mp4Walk) finish(start int64) {
	m.fields.lend(m.tags)
	in := &m.info
	if m.data.Length > 0 {
		in.Payload = m.data
	}
	m.headEnd = start
	if m.moov.Length > 0 {
		m.extra = append(m.extra, m.moov)
		if m.moov.Offset < m.data.Offset {
			m.headEnd = m.moov.End()
		}
	}
	in.Duration = seconds(m.movie.units, m.movie.rate)
	if m.sound == nil {
		return
	}
	s := m.sound
	in.Codec, in.SampleRate, in.Channels = s.codec, s.rate, s.channels
	if units := s.media.units + m.added; units > 0 {
		in.Duration = seconds(units, s.media.rate)
	}
	if m.fragmented && m.added == 0 && !m.extent {
		in.Duration = 0
	}
	m.edited(s)
	m.trim()
}

// edited takes off what the edit leaves out at the start, and at the end if it has a
// length; of a movie in fragments that one speaks of the first only.
func (m *mp4Walk) edited(s *mp4Track) {
	in := &m.info
	delay, all := min(seconds(s.skip, s.media.rate), 24*time.Hour), in.Duration
	if s.media.units+m.added > 0 {
		in.Duration = max(all-delay, 0)
	} else { // what the movie says is played is all there is to know
		all += delay
	}
	if s.edit > 0 && m.added == 0 {
		in.Duration = min(in.Duration, seconds(s.edit, m.movie.rate))
	}
	rate := float64(in.SampleRate)
	in.Delay = int(math.Round(delay.Seconds() * rate))
	in.Padding = int(math.Round(max(all-delay-in.Duration, 0).Seconds() * rate))
}
