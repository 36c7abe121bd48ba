package tag

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Ogg file may be several chained behind each other (RFC 3533, section 4), as a
// recorder of radio writes them: each link has headers and granules of its own. Where
// a link ends is found by bisection, for pages tell which stream they belong to.

const maxLinks = 64

// errTired means that a duration takes more reads than it is worth.
var errTired = errors.New("too many reads")

// oggLink is one link of a chain.
type oggLink struct {
	serials  []uint32 // of all its streams
	serial   uint32   // of the sound
	rate     uint64   // of granules
	skip     int64    // granules that are not played
	head     int64    // where its headers end
	duration time.Duration
}

// oggLink reads the headers of the link at start into p.
func (p *parser) oggLink(start int64) (oggLink, error) {
	l := oggLink{}
	s, err := p.soundStream(start)
	if err != nil {
		return l, err
	}
	l.rate, l.skip, err = p.oggHeaders(s)
	if err == nil {
		err = s.toEnd()
	}
	if err != nil {
		return l, err
	}
	l.head, l.serial, l.duration = s.page.end(), s.page.serial, p.info.Duration
	l.serials, err = p.linkSerials(start, l.serial)
	return l, err
}

// linkSerials lists the streams of a link, of which one is known: the first page of
// each stands at its start.
func (p *parser) linkSerials(off int64, known uint32) ([]uint32, error) {
	const maxStreams = 16
	out := []uint32{known}
	for len(out) < maxStreams {
		g, err := p.page(off)
		if err != nil || !g.first {
			return out, p.w.failed
		}
		out, off = append(out, g.serial), g.end()
	}
	return out, nil
}

// oggChain adds up how long the link l and those behind it play. A chain that cannot
// be followed to its end has no known duration.
func (p *parser) oggChain(l oggLink) error {
	total := time.Duration(0)
	for range maxLinks {
		end, err := p.linkEnd(l)
		if err == nil && l.duration == 0 { // only FLAC may say so itself
			l.duration, err = p.linkDuration(l, end)
		}
		total += l.duration
		if err == nil && end >= p.w.size {
			p.info.Duration = total
			return nil
		}
		if err == nil {
			q := &parser{w: p.w, fields: fields{}} // whose tags are not those of the file
			l, err = q.oggLink(end)
		}
		if err != nil {
			p.info.Duration = 0
			if p.w.failed == nil && (errors.Is(err, errTired) || errors.Is(err, ErrUnknown)) {
				return nil // nothing is wrong with it
			}
			return err
		}
	}
	p.info.Duration = 0
	return nil
}

// linkEnd finds where the link ends: at the end of the file, unless the last page
// belongs to another.
func (p *parser) linkEnd(l oggLink) (int64, error) {
	last, err := p.lastPage(l.head, p.w.size, func(oggPage) bool { return true })
	if err != nil || last == nil || slices.Contains(l.serials, last.serial) {
		return p.w.size, err
	}
	inside, outside := l.head, last.offset // offsets of pages
	for outside-inside > maxPage {
		if p.w.tired() {
			return 0, errTired
		}
		g, err := p.pageAfter(inside+(outside-inside)/2, outside)
		switch {
		case err != nil:
			return 0, err
		case g == nil:
			outside = inside + (outside-inside)/2
		case slices.Contains(l.serials, g.serial):
			inside = g.end()
		default:
			outside = min(g.offset, inside+(outside-inside)/2)
		}
	}
	for inside < p.w.size {
		g, err := p.page(inside)
		if err != nil {
			return 0, err
		}
		if !slices.Contains(l.serials, g.serial) {
			break
		}
		inside = g.end()
	}
	return inside, nil
}

// pageAfter finds the first page that begins in [off, limit), or nil.
func (p *parser) pageAfter(off, limit int64) (*oggPage, error) {
	for _, n := range []int64{pieceMin / 2, 2 * maxPage} {
		b, err := p.w.upTo(off, int(min(n, limit-off+3)))
		if err != nil {
			return nil, err
		}
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], []byte("OggS"))
			if i < 0 {
				break
			}
			at += i
			if g := p.realPage(off + int64(at)); g != nil {
				return g, nil
			}
		}
		if p.w.failed != nil || int64(len(b)) < n {
			break
		}
	}
	return nil, p.w.failed
}

// realPage gives the page at off, if it is one: four letters may occur in the sound,
// but another page or the end does not follow them.
func (p *parser) realPage(off int64) *oggPage {
	g, err := p.page(off)
	if err != nil {
		return nil
	}
	if g.end() < p.w.size {
		if b, err := p.w.upTo(g.end(), 4); err != nil || string(b) != "OggS" {
			return nil
		}
	}
	return &g
}

// linkDuration reads how far the stream of the link goes in the last page of it
// before end that says so.
func (p *parser) linkDuration(l oggLink, end int64) (time.Duration, error) {
	g, err := p.lastPage(l.head, end, func(g oggPage) bool { return g.serial == l.serial && g.granule > 0 })
	if err != nil || g == nil {
		return 0, err
	}
	if p.info.Codec == "opus" {
		p.opusPadding(l, *g)
	}
	if g.end() > p.w.size {
		p.note(fmt.Errorf("%w: last Ogg page", ErrTruncated))
	}
	return seconds(uint64(max(g.granule-l.skip, 0)), l.rate), nil
}

// lastPage finds the last page before end that is wanted, not far from there; nil when
// there is none. Pages are seldom large, so of a file far away it asks for little first.
func (p *parser) lastPage(start, end int64, want func(oggPage) bool) (*oggPage, error) {
	searched, spans := end, []int64{2 * maxPage}
	if _, far := p.w.r.(Reacher); far {
		spans = []int64{pieceMin / 4, tailSize, 2 * maxPage}
	}
	for _, span := range spans {
		from := max(start, end-span)
		b, err := p.w.upTo(from, int(max(end-from, 0)))
		if err != nil {
			return nil, err
		}
		for n := min(len(b), int(searched-from)+3); n > 0; {
			i := bytes.LastIndex(b[:n], []byte("OggS"))
			if i < 0 {
				break
			}
			n = i
			if g, err := p.page(from + int64(i)); err == nil && want(g) {
				return &g, nil
			}
		}
		if searched = from; from == start {
			break
		}
	}
	return nil, p.w.failed
}
