package prefetch

import (
	"cmp"
	"slices"
	"time"
)

// process is a program that has, or lately had, files open.
type process struct {
	who    Process
	custom custom
	owner  owner // of what its session wants
	seen   time.Time

	handles int // open or in their grace
	audio   int // open tracks
	playing int // of them those that are played
	// closed has the handles in their grace, by file: a reopened file goes on where
	// it was.
	closed map[File]*handle

	did    Behaviour // what the last handle was, when it was Copy or Slurp
	didAt  time.Time
	window int64 // of the last copy, in bytes

	scanners scanners // the planner's

	lists   []heard // playlists, the one read last first
	session *session
	scan    *scan
}

// heard is a playlist that was read.
type heard struct {
	list File
	at   time.Time
}

// habitAt is what is expected of the next handle, by the last.
func (c *process) habitAt(now time.Time) Behaviour {
	if c.did != Unknown && now.Sub(c.didAt) <= habit {
		return c.did
	}
	return Unknown
}

// came counts a handle that is open, or open again.
func (c *process) came(h *handle) {
	if c.closed[h.track.File] == h {
		delete(c.closed, h.track.File)
	}
	if h.kind == Audio {
		c.audio++
		if h.is == Play {
			c.playing++
		}
	}
}

// went counts a handle that was closed, and learns from it.
func (c *process) went(h *handle, at time.Time) {
	if h.kind == Audio {
		c.audio--
		if h.is == Play {
			c.playing--
		}
	}
	switch is := h.outcome(); is {
	case Copy, Slurp:
		c.did, c.didAt = is, at
		c.scanners.forget(c.who.Name)
	case Play:
		c.did = Unknown
		c.scanners.forget(c.who.Name)
	case Scan:
		c.scanners.note(c.who.Name, at)
	}
	if c.did != Copy || at.After(c.didAt) {
		c.window = 0
	}
}

// cut ends the grace of closed handles of other files than the one that is played,
// and calls each of them, in the order of their numbers.
func (c *process) cut(played File, call func(*handle)) {
	var others []*handle
	for _, h := range c.closed {
		if h.track.File != played {
			others = append(others, h)
		}
	}
	slices.SortFunc(others, func(a, b *handle) int { return cmp.Compare(a.number, b.number) })
	for _, h := range others {
		h.cut = true
		call(h)
	}
}

// read notes that a playlist was opened.
func (c *process) read(list File, at time.Time) {
	kept := make([]heard, 1, maxLists)
	kept[0] = heard{list, at}
	for _, l := range c.lists {
		if l.list != list && len(kept) < maxLists {
			kept = append(kept, l)
		}
	}
	c.lists = kept
}

// expects tells whether f is what the session takes for the next track.
func (c *process) expects(f File) bool { return c.session != nil && c.session.expects(f) }

// processOf finds a process, or makes it known. When there are too many, the one
// that was longest without a file is forgotten with its session; those that have
// files open are at most as many as handles, and go with their last one.
func (p *Planner) processOf(who Process, at time.Time) *process {
	if c, ok := p.processes[who]; ok {
		c.seen = later(c.seen, at)
		return c
	}
	if len(p.processes) >= maxProcesses {
		p.forgetOldest()
	}
	c := &process{who: who, custom: customOf(who.Name), owner: p.newOwner(), seen: at, scanners: p.scanners, closed: map[File]*handle{}}
	c.scan = newScan(p, c)
	p.processes[who] = c
	return c
}

func (p *Planner) forgetOldest() {
	var oldest *process
	for _, c := range p.processes {
		if c.handles == 0 && (oldest == nil || c.seen.Before(oldest.seen)) {
			oldest = c
		}
	}
	if oldest != nil {
		p.forget(oldest)
	}
}

// forget makes a process unknown.
func (p *Planner) forget(c *process) {
	if s := c.session; s != nil {
		s.gone = true
		s.drop()
		p.agenda.clear(&s.alarm)
	}
	c.scan.reset()
	p.agenda.clear(&c.scan.alarm)
	delete(p.processes, c.who)
}
