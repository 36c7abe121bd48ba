package tag

// Opus packets, by RFC 6716, section 3.1: their first byte tells how long they play.

// opusPadding finds how much of the last page's sound the last granule leaves out: what
// the packets that end on it play, beyond what it counts since the page before.
func (p *parser) opusPadding(l oggLink, last oggPage) {
	if last.continued {
		return
	}
	near := max(l.head, last.end()-2*maxPage) // what was read to find the last page
	before, err := p.lastPage(near, last.offset, func(g oggPage) bool { return g.serial == l.serial && g.granule >= 0 })
	if err != nil {
		return
	}
	decoded := int64(0) // samples before the last page
	if before != nil {
		decoded = before.granule
	}
	off, begun := last.body, false
	for _, n := range last.segments {
		if !begun {
			b, err := p.w.upTo(off, int(min(n, 2)))
			if err != nil {
				return
			}
			decoded += opusSamples(b)
		}
		begun = n == 255
		off += int64(n)
	}
	p.info.Padding = int(min(max(decoded-last.granule, 0), 1<<20))
}

// opusSamples gives how many samples at 48 kHz a packet plays, by its first two bytes.
func opusSamples(b []byte) int64 {
	if len(b) == 0 {
		return 0
	}
	frame := int64(0)
	switch config := b[0] >> 3; {
	case config < 12: // SILK: 10, 20, 40 and 60 ms
		frame = [4]int64{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10 and 20 ms
		frame = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10 and 20 ms
		frame = 120 << (config & 3)
	}
	switch b[0] & 3 {
	case 0:
		return frame
	case 3:
		if len(b) < 2 {
			return 0
		}
		return frame * int64(b[1]&63)
	}
	return 2 * frame
}
