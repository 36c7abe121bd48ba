package prefetch

import "time"

// Opened is a file that a program has opened for reading.
type Opened struct {
	// Handle is a number that no other handle has had.
	Handle  uint64
	Process Process
	Kind    Kind
	// Track is the file; of one that is not Audio, File and Size are enough.
	Track Track
}

// Open says that a file was opened. Beyond some thousands of handles further ones
// are not followed.
func (p *Planner) Open(o Opened, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = later(p.now, at)
	if _, twice := p.handles[o.Handle]; twice || len(p.handles) >= maxHandles {
		return
	}
	c := p.processOf(o.Process, at)
	if o.Kind == Playlist {
		c.read(o.Track.File, at)
	}
	h := &handle{owner: p.newOwner(), number: o.Handle, proc: c, track: o.Track.sane(), kind: o.Kind, opened: at, last: at}
	h.ring = func(now time.Time) time.Time { return p.attend(h, now) }
	p.handles[h.number] = h
	c.handles++
	p.inherit(h)
	c.came(h)
	if h.kind == Audio {
		c.scan.opened(h.track.File, at)
	}
	if s := c.session; s != nil && h.is == Play {
		s.heard(at)
	}
	p.call(&h.alarm, h.look(at))
}

// inherit lets h go on where a play of the same file by the same process left off.
func (p *Planner) inherit(h *handle) {
	old := h.proc.closed[h.track.File]
	if old == nil || old.is != Play {
		return
	}
	h.is = Play
	h.aheadFrom, h.aheadTo = old.aheadFrom, old.aheadTo
	h.runs, h.turn = old.runs, old.turn
	p.ledger.pass(old.owner, h.owner, h.subject())
	p.end(old)
}

// Read says that length bytes from off are asked for.
func (p *Planner) Read(number uint64, off, length int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = later(p.now, at)
	h := p.handles[number]
	if h == nil || h.gone {
		return
	}
	h.note(off, length, at)
	if s := h.proc.session; s != nil && h.is == Play {
		s.heard(at)
	}
	if h.judge(at) != h.is || p.lacks(h) {
		p.call(&h.alarm, at)
	} else {
		p.call(&h.alarm, h.look(at))
	}
}

// Served says that a read was answered, well or not.
func (p *Planner) Served(number uint64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = later(p.now, at)
	h := p.handles[number]
	if h == nil {
		return
	}
	h.owed = max(h.owed-1, 0)
	h.last = later(h.last, at)
	if h.owed == 0 {
		p.call(&h.alarm, h.look(at))
	}
}

// Flush says that a descriptor of the handle was closed, as a rule the only one.
func (p *Planner) Flush(number uint64, at time.Time) { p.close(number, at, false) }

// Release says that the handle has ended.
func (p *Planner) Release(number uint64, at time.Time) { p.close(number, at, true) }

func (p *Planner) close(number uint64, at time.Time, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = later(p.now, at)
	h := p.handles[number]
	if h == nil {
		return
	}
	h.gone = h.gone || gone
	if h.open() {
		h.last = later(h.last, at)
		h.left = h.last
		c := h.proc
		c.went(h, at)
		c.closed[h.track.File] = h
		if h.kind == Audio {
			c.scan.closed(h)
			if s := c.session; s != nil && h.is == Play {
				s.heard(at)
				p.call(&s.alarm, at.Add(elsewhere))
			}
		}
	}
	p.call(&h.alarm, h.left.Add(closeGrace))
}
