package prefetch

// ahead plans what is fetched ahead of h within its own file. Scans get nothing.
func (p *Planner) ahead(h *handle) {
	if !p.lacks(h) {
		return
	}
	r := h.at()
	if h.is == Copy {
		h.proc.window = p.windowOf(h)
		h.aheadFrom, h.aheadTo = r.from, min(r.to+h.proc.window, h.track.Size)
		p.ledger.set(h.owner, h.subject(), h.track.Size, Range{r.to, h.aheadTo})
		return
	}
	// The whole track from the reader on, a small piece first, and then what lies
	// before. A seek turns the order round; a long mix rolls.
	h.aheadFrom, h.aheadTo = r.from, min(r.to+roll, h.track.Size)
	ranges := []Range{{r.to, min(r.to+first, h.aheadTo)}, {r.to + first, h.aheadTo}}
	if h.track.Size <= roll {
		ranges = append(ranges, Range{0, r.from})
	}
	p.ledger.set(h.owner, h.subject(), h.track.Size, ranges...)
}

// lacks tells whether h should have more fetched ahead than it has: when less than
// half of its window is left, or when it reads elsewhere.
func (p *Planner) lacks(h *handle) bool {
	r := h.at()
	if !h.open() || r.turn == 0 {
		return false
	}
	var window int64
	switch {
	case h.is == Copy:
		window = p.windowOf(h)
	case h.is == Play && (h.progress() >= sound || h.ended()):
		window = roll
	default:
		// A play from the kernel's memory, with a page read here and there, needs nothing.
		return false
	}
	if r.from != h.aheadFrom || r.to > h.aheadTo {
		return true
	}
	return h.aheadTo < h.track.Size && h.aheadTo-r.to < window/2
}

// windowOf is how far a copy is fetched ahead: as far as it has read, or as it was at
// the end of the process's last file.
func (p *Planner) windowOf(h *handle) int64 {
	r := h.at()
	return min(max(r.to-r.from, minWindow, h.proc.window), p.window)
}
