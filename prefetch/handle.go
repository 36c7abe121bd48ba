package prefetch

import "time"

// run is reads that follow one another.
type run struct {
	from, to int64
	turn     int // of the handle's last read in it
}

// handle is what is known of an open file and its reader.
type handle struct {
	alarm
	owner  owner
	number uint64
	proc   *process
	track  Track
	kind   Kind
	is     Behaviour

	opened time.Time
	last   time.Time     // of the last event
	owed   int           // reads without an answer
	rests  time.Duration // sum of the pauses between reads that count as one
	left   time.Time     // of the close; zero while it is open
	gone   bool          // released: no event will come
	cut    bool          // no grace: something else is played

	// Two runs, because a tail is read in the middle of a head.
	runs  [2]run
	turn  int
	total int64 // bytes read
	tail  int64 // of them in the tail zone

	// What is wanted ahead: up to aheadTo, for the run that begins at aheadFrom.
	// Both are 0 as long as nothing is.
	aheadFrom, aheadTo int64
}

// open tells whether the program has the handle still.
func (h *handle) open() bool { return h.left.IsZero() }

// subject is what the handle's read-ahead is wanted as.
func (h *handle) subject() subject { return subject{h.track.File, ReadAhead} }

// note takes in a read.
func (h *handle) note(off, n int64, at time.Time) {
	if rest := at.Sub(h.last); h.owed == 0 && h.total > 0 && rest >= breath {
		h.rests += rest
	}
	h.last = later(h.last, at)
	h.owed++
	if !h.open() && !h.gone && at.Sub(h.left) > afterFlush {
		h.left = time.Time{} // it was another descriptor that was closed
		h.proc.came(h)
	}
	end := min(off+n, h.track.Size)
	if off < 0 || n <= 0 || end <= off {
		return
	}
	h.turn++
	h.total += end - off
	r := h.runOf(off)
	switch {
	case r == nil && h.track.inTail(off):
		// Not a run to follow, but a small file's tail is also its end.
		h.tail += end - off
		return
	case r == nil:
		r = h.oldest()
		*r = run{from: off, to: end}
	}
	if h.track.inTail(off) {
		h.tail += end - off
	}
	r.from, r.to, r.turn = min(r.from, off), max(r.to, end), h.turn
}

// runOf gives the run that a read at off continues; nil for none.
func (h *handle) runOf(off int64) *run {
	var best *run
	for i := range h.runs {
		r := &h.runs[i]
		if r.turn > 0 && off >= r.from-slack && off <= r.to+slack && (best == nil || r.turn > best.turn) {
			best = r
		}
	}
	return best
}

func (h *handle) oldest() *run {
	if h.runs[0].turn <= h.runs[1].turn {
		return &h.runs[0]
	}
	return &h.runs[1]
}

// at gives the run that was read last; its turn is 0 when nothing was.
func (h *handle) at() *run {
	if h.runs[0].turn > h.runs[1].turn {
		return &h.runs[0]
	}
	return &h.runs[1]
}

// progress is how much sound was read in sequence, in bytes.
func (h *handle) progress() (most int64) {
	for _, r := range h.runs {
		if r.turn > 0 {
			most = max(most, r.to-max(r.from, h.track.AudioFrom))
		}
	}
	return most
}

// ended tells whether it was read in sequence up to the end.
func (h *handle) ended() bool {
	for _, r := range h.runs {
		if r.turn > 0 && r.to == h.track.Size {
			return true
		}
	}
	return false
}

// head is how much was read from the start on, in bytes.
func (h *handle) head() (most int64) {
	for _, r := range h.runs {
		if r.turn > 0 && r.from == 0 {
			most = max(most, r.to)
		}
	}
	return most
}

// outcome is what a handle that was closed has been.
func (h *handle) outcome() Behaviour {
	switch {
	case h.is == Play:
		return Play
	case h.total == 0:
		return Unknown
	case h.progress() < evidence:
		return Scan
	case h.ended() && h.total >= h.track.Size-h.track.Size/10:
		return Copy
	}
	return Slurp
}

// inTail tells whether a read at off looks for what stands at the end.
func (t *Track) inTail(off int64) bool {
	if off == 0 {
		return false
	}
	return off >= t.Size-tailZone || t.AudioTo > 0 && off >= t.AudioTo-tailZone
}

// is tells whether two are the same file.
func (t *Track) is(other Track) bool { return t.File == other.File }

// sane makes t one that can be reckoned with, whatever was given.
func (t Track) sane() Track {
	t.Size = max(t.Size, 0)
	t.Duration = max(t.Duration, 0)
	if t.AudioFrom < 0 || t.AudioTo <= t.AudioFrom || t.AudioTo > t.Size {
		t.AudioFrom, t.AudioTo = 0, 0
	}
	return t
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
