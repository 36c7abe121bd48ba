package tag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Matroska and WebM, by RFC 9559 over EBML, RFC 8794: elements of an id, a size and a
// content, the header first, then one segment. Numbers are of any length up to eight bytes.

const (
	ebmlHead       = "\x1aE\xdf\xa3"
	maxElements    = 65536
	maxElementText = 4 << 10
)

// Ids of elements, with the bit that marks their length.
const (
	mkvEBML        = 0x1A45DFA3
	mkvSegment     = 0x18538067
	mkvSeekHead    = 0x114D9B74
	mkvSeek        = 0x4DBB
	mkvSeekID      = 0x53AB
	mkvSeekAt      = 0x53AC
	mkvInfo        = 0x1549A966
	mkvScale       = 0x2AD7B1
	mkvDuration    = 0x4489
	mkvTitle       = 0x7BA9
	mkvTracks      = 0x1654AE6B
	mkvTrack       = 0xAE
	mkvTrackType   = 0x83
	mkvCodec       = 0x86
	mkvCodecDelay  = 0x56AA
	mkvAudio       = 0xE1
	mkvRate        = 0xB5
	mkvRateOut     = 0x78B5
	mkvChannels    = 0x9F
	mkvCluster     = 0x1F43B675
	mkvCues        = 0x1C53BB6B
	mkvTags        = 0x1254C367
	mkvTag         = 0x7373
	mkvTargets     = 0x63C0
	mkvTargetLevel = 0x68CA
	mkvTargetTrack = 0x63C5
	mkvSimpleTag   = 0x67C8
	mkvTagName     = 0x45A3
	mkvTagString   = 0x4487
	mkvAttachments = 0x1941A469
	mkvAttached    = 0x61A7
	mkvFileName    = 0x466E
	mkvMIME        = 0x4660
	mkvFileData    = 0x465C
)

// mkvElement is one element: its content lies in [body, end).
type mkvElement struct {
	id        uint64
	offset    int64
	body, end int64
}

// mkvWalk carries what the elements say.
type mkvWalk struct {
	*parser
	elements int
	segment  int64 // where the segment's content begins, by which positions count
	sound    Span
	seek     []int64 // of elements that may stand behind the sound
	seen     []int64
	scale    uint64 // ns in a unit
	units    float64
	track    mkvTrackInfo // the one being walked
	found    bool         // a track of sound was
	delay    time.Duration
	title    string // of the segment
	// tags of the album (level 50) and of the track (30): both name the title TITLE.
	album, single fields
}

// matroska walks the segment up to the sound, and then what stands behind it.
func (p *parser) matroska(start int64) error {
	p.info.Container = "mka"
	m := &mkvWalk{parser: p, scale: 1e6, album: fields{}, single: fields{}}
	err := m.walk(start, p.w.size, m.top)
	if err != nil && p.w.failed != nil {
		return err
	}
	m.finish(start)
	if err == nil && !m.found {
		err = fmt.Errorf("%w: no track of sound", ErrBroken)
	}
	return err
}

// walk visits the elements in [off, end).
func (m *mkvWalk) walk(off, end int64, visit func(mkvElement) error) error {
	for off < end {
		if m.elements++; m.elements > maxElements {
			return fmt.Errorf("%w: more than %d elements", ErrBroken, maxElements)
		}
		e, err := m.element(off, end)
		if err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
		off = e.end
	}
	return nil
}

// element reads the id and the size at off. An unknown size goes to the end.
func (m *mkvWalk) element(off, end int64) (mkvElement, error) {
	b, err := m.w.upTo(off, int(min(12, end-off)))
	if err != nil {
		return mkvElement{}, err
	}
	id, n := ebmlNumber(b, 4, true)
	if n == 0 {
		return mkvElement{}, fmt.Errorf("%w: no element at %d", ErrBroken, off)
	}
	size, k := ebmlNumber(b[n:], 8, false)
	if k == 0 {
		return mkvElement{}, fmt.Errorf("%w: element of no size at %d", ErrBroken, off)
	}
	e := mkvElement{id: id, offset: off, body: off + int64(n+k)}
	switch left := end - e.body; {
	case size == 1<<(7*k)-1:
		e.end = end
	case size > uint64(left) && end < m.w.size:
		return mkvElement{}, fmt.Errorf("%w: element of %d bytes at %d does not fit", ErrBroken, size, off)
	case size > uint64(left):
		m.note(fmt.Errorf("%w: element of %d bytes at %d", ErrTruncated, size, off))
		e.end = end
	default:
		e.end = e.body + int64(size)
	}
	return e, nil
}

// ebmlNumber reads a number whose first set bit tells how many bytes it has, and that
// length, 0 when there is none of at most most bytes. An id keeps the bit.
func ebmlNumber(b []byte, most int, id bool) (v uint64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	for n = 1; b[0]>>(8-n) == 0; n++ {
	}
	if n > most || n > len(b) {
		return 0, 0
	}
	v = uint64(b[0])
	if !id {
		v &= 1<<(8-n) - 1
	}
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	return v, n
}

// top visits the header and the segment.
func (m *mkvWalk) top(e mkvElement) error {
	if e.id != mkvSegment || m.segment > 0 {
		return nil
	}
	m.segment = e.body
	m.info.Payload = Span{e.body, e.end - e.body}
	err := m.walk(e.body, e.end, func(e mkvElement) error { return m.inside(e, true) })
	if err != nil && !errors.Is(err, errSound) {
		return err
	}
	return m.behind(e.end)
}

// finish puts together what the elements said.
func (m *mkvWalk) finish(start int64) {
	if len(m.single) == 0 { // one list for both, as ffmpeg writes it
		m.album, m.single = m.single, m.album
	}
	m.single.add(second+title, m.title)
	m.single.lend(ofAlbum(m.album))
	m.single.lend(m.fields)
	m.fields = m.single
	in := &m.info
	in.Duration = time.Duration(min(max(m.units*float64(m.scale), 0), float64(1<<62)))
	in.Duration = max(in.Duration-m.delay, 0)
	in.Delay = int(math.Round(m.delay.Seconds() * float64(in.SampleRate)))
	m.headEnd = start
	if m.sound.Length > 0 {
		in.Payload, m.headEnd = m.sound, m.sound.Offset
	}
}

func (m *mkvWalk) number(e mkvElement) (uint64, error) {
	b, err := m.w.upTo(e.body, int(min(8, e.end-e.body)))
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v, err
}

func (m *mkvWalk) float(e mkvElement) (float64, error) {
	b, err := m.w.upTo(e.body, int(min(8, e.end-e.body)))
	v := 0.0
	switch len(b) {
	case 4:
		v = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		v = math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	if !(v >= 0 && v < 1<<62) { // NaN as well
		v = 0
	}
	return v, err
}

func (m *mkvWalk) text(e mkvElement) (string, error) {
	b, err := m.w.upTo(e.body, int(min(maxElementText, e.end-e.body)))
	return clean(string(b)), err
}
