package prefetch

import (
	"slices"
	"time"
)

// stage is how much of other tracks a session wants by now.
type stage uint8

const (
	nothing stage = iota
	heads         // of the next tracks, and of the rest of the album
	sounds        // and the first sound of the next tracks
)

// source is one way to know what comes next. Their order is that of preference.
type source int

const (
	playlist source = iota
	folder
	transitions
	sources
)

// prediction is what one source says.
type prediction struct {
	// next follows the current track; empty when the source does not know.
	next []Track
	// around is next, and then what comes before the current track, nearest first.
	around []Track
	// misses goes up when another track came than the one predicted, and down when
	// it was that one. From distrust on, the source is not believed.
	misses int
}

const (
	distrust  = 2
	maxMisses = 3 // so that two hits are enough to be believed again
)

// want is one thing a session has in the ledger.
type want struct {
	subject
	bytes int64
	sound bool // the first sound of a track, and not only its head
}

// session is a process that plays one track after another.
type session struct {
	alarm
	p    *Planner
	proc *process

	sat    time.Time // first track of this sitting; zero before
	cur    Track
	began  time.Time // opening of the current track
	active time.Time // of the last event
	stage  stage
	gone   bool // the listener went elsewhere; nothing is wanted

	predicted [sources]prediction
	list      heard // the playlist that is followed, or was
	asking    bool
	again     time.Time // not to ask before

	wants []want
	bytes int64
}

// sessionOf gives the process its session.
func (p *Planner) sessionOf(c *process) *session {
	if c.session == nil {
		s := &session{p: p, proc: c}
		s.ring = s.attend
		c.session = s
	}
	return c.session
}

// turn notes that h is what is played now.
func (s *session) turn(h *handle, now time.Time) {
	same := !s.sat.IsZero() && s.cur.File == h.track.File
	if same && !s.gone {
		s.heard(now)
		return
	}
	s.proc.cut(h.track.File, func(old *handle) { s.p.call(&old.alarm, now) })
	switch {
	case s.sat.IsZero() || now.Sub(s.active) > sameSitting:
		s.sat, s.predicted, s.list = now, [sources]prediction{}, heard{}
	case !same:
		s.judge(h)
	}
	s.cur, s.began, s.active, s.stage, s.gone = h.track, h.opened, now, nothing, false
	s.asking, s.again = false, time.Time{}
	s.retain()
	s.p.call(&s.alarm, later(now, s.began.Add(s.settle(settleHeads))))
}

// judge compares what came with what was predicted, and learns from it.
func (s *session) judge(h *handle) {
	for i := range s.predicted {
		d := &s.predicted[i]
		switch {
		case len(d.next) == 0:
		case d.next[0].File == h.track.File:
			d.misses = max(d.misses-1, 0)
			d.next = d.next[1:]
		default:
			d.misses = min(d.misses+1, maxMisses)
			d.next = nil
		}
		if !slices.ContainsFunc(d.around, h.track.is) {
			d.around = nil // another album
		}
	}
	enough := time.Minute
	if s.cur.Duration > 0 {
		enough = min(enough, s.cur.Duration/2)
	}
	if h.opened.Sub(s.began) >= enough {
		s.p.learned.add(s.cur.File, h.track)
	}
}

// heard notes that something happens to what is played.
func (s *session) heard(at time.Time) {
	s.active = later(s.active, at)
	if s.gone && s.proc.audio > 0 {
		s.gone, s.stage, s.began = false, nothing, at
		s.p.call(&s.alarm, at.Add(s.settle(settleHeads)))
	}
}

// settle shortens d for short tracks.
func (s *session) settle(d time.Duration) time.Duration {
	if s.cur.Duration > 0 {
		return min(d, s.cur.Duration/settlePart)
	}
	return d
}

// over is when the listener counts as gone if nothing happens.
func (s *session) over() time.Time {
	if s.proc.audio == 0 {
		return s.active.Add(elsewhere)
	}
	length := s.cur.Duration
	if length == 0 {
		length = sameSitting
	}
	return s.active.Add(length + longPause)
}

// attend is the session's alarm.
func (s *session) attend(now time.Time) time.Time {
	if s.gone {
		return time.Time{}
	}
	over := s.over()
	if !now.Before(over) {
		s.gone, s.stage = true, nothing
		s.drop()
		return time.Time{}
	}
	headsAt, soundsAt := s.began.Add(s.settle(settleHeads)), s.began.Add(s.settle(settleNext))
	next := over
	switch {
	case s.asking:
	case now.Before(headsAt):
		next = headsAt
	case s.stage == nothing && now.Before(s.again):
		next = s.again
	case s.stage == nothing:
		s.ask()
	case s.stage == heads && now.Before(soundsAt):
		next = soundsAt
	case s.stage == heads:
		s.stage = sounds
		s.plan()
	}
	if next.After(over) {
		return over
	}
	return next
}

// choose gives the prediction that is believed, or, when none is, what the listener
// may shuffle through.
func (s *session) choose() (next, shuffled []Track) {
	for i, d := range s.predicted {
		if len(d.next) == 0 || d.misses >= distrust {
			continue
		}
		next = d.next
		if last := next[len(next)-1]; source(i) != transitions && len(next) < s.p.count {
			next = append(slices.Clip(next), s.p.learned.after(last.File, s.p.count-len(next))...)
		}
		return next, nil
	}
	for _, d := range s.predicted {
		switch {
		case len(d.around) == 0:
		case d.misses < distrust:
			return nil, nil // it is followed, and has ended
		case shuffled == nil:
			shuffled = d.around
		}
	}
	return nil, shuffled
}

// expects tells whether f is what is believed to come next, just now.
func (s *session) expects(f File) bool {
	if s.gone {
		return false
	}
	next, _ := s.choose()
	return len(next) > 0 && next[0].File == f
}
