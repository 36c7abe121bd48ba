package tag

import (
	"encoding/binary"
	"fmt"
)

// oggPage is one page: segments lace its body, which follows them.
type oggPage struct {
	offset   int64
	body     int64
	segments []byte
	granule  int64 // -1 when no packet ends here
	serial   uint32
	first    bool // of its stream
	// continued means that it begins with the rest of a packet.
	continued bool
}

func (g oggPage) end() int64 {
	n := g.body
	for _, s := range g.segments {
		n += int64(s)
	}
	return n
}

// page reads the page header at off.
func (p *parser) page(off int64) (oggPage, error) {
	h, err := p.w.bytes(off, oggHeaderSize)
	if err != nil {
		return oggPage{}, err
	}
	if string(h[:4]) != "OggS" || h[4] != 0 {
		return oggPage{}, fmt.Errorf("%w: no Ogg page at %d", ErrBroken, off)
	}
	n := int(h[26])
	seg, err := p.w.bytes(off+oggHeaderSize, n)
	if err != nil {
		return oggPage{}, err
	}
	return oggPage{
		offset: off, body: off + oggHeaderSize + int64(n), segments: seg,
		granule: int64(binary.LittleEndian.Uint64(h[6:])), serial: binary.LittleEndian.Uint32(h[14:]), first: h[5]&2 != 0,
		continued: h[5]&1 != 0,
	}, nil
}

// packets reads the packets of one stream in order, wherever pages cut them.
type packets struct {
	*parser
	page    oggPage
	segment int   // the next one of the page
	at      int64 // the next byte
	left    int64 // bytes left of the run at at
	more    bool  // the packet goes on after the run
	pages   int
}

// run finds the next run of bytes of the current packet: the segments up to its end
// or the page's. It gives false at the end of the packet.
func (s *packets) run() (bool, error) {
	for s.left == 0 {
		if !s.more {
			return false, nil
		}
		if s.segment == len(s.page.segments) {
			if err := s.nextPage(); err != nil {
				return false, err
			}
			continue
		}
		n := s.page.segments[s.segment]
		s.segment++
		s.left, s.more = int64(n), n == 255
		for s.more && s.segment < len(s.page.segments) {
			n = s.page.segments[s.segment]
			s.segment++
			s.left, s.more = s.left+int64(n), n == 255
		}
	}
	return true, nil
}

// nextPage goes to the next page of the same stream, past those of others.
func (s *packets) nextPage() error {
	for off := s.page.end(); ; {
		if s.pages++; s.pages > maxHeadPages {
			return fmt.Errorf("%w: headers of more than %d pages", ErrBroken, maxHeadPages)
		}
		g, err := s.parser.page(off)
		if err != nil {
			return err
		}
		if g.serial == s.page.serial {
			s.page, s.segment, s.at = g, 0, g.body
			return nil
		}
		off = g.end()
	}
}

// begin goes to the start of the next packet.
func (s *packets) begin() error {
	for {
		ok, err := s.run()
		if err != nil {
			return err
		}
		if !ok {
			s.more = true
			return nil
		}
		s.at, s.left = s.at+s.left, 0
	}
}

func (s *packets) take(n int) ([]byte, error) {
	var out []byte
	for n > 0 {
		ok, err := s.run()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%w: packet ends %d bytes early", ErrBroken, n)
		}
		b, err := s.w.bytes(s.at, int(min(int64(n), s.left)))
		if err != nil {
			return nil, err
		}
		if out == nil && len(b) == n {
			out = b
		} else {
			out = append(out, b...)
		}
		n -= len(b)
		s.at, s.left = s.at+int64(len(b)), s.left-int64(len(b))
	}
	return out, nil
}

func (s *packets) skip(n int64) error {
	for n > 0 {
		ok, err := s.run()
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: packet ends %d bytes early", ErrBroken, n)
		}
		step := min(n, s.left)
		n, s.at, s.left = n-step, s.at+step, s.left-step
	}
	return nil
}

func (s *packets) offset() int64 { return s.at }
