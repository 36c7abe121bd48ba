package prefetch

import (
	"testing"
	"time"
)

// listener is a program of a trace that plays at 1×: what it reads late stops the
// music, and everything after is later by as much.
type listener struct {
	s      *simulator
	lag    time.Duration
	opened map[uint64]*listened
	order  []*listened
	stalls int
	late   time.Duration
	// music is false when the listener jumps about: there is no telling what is late.
	music bool
	waits []waited
}

// waited is a read and how long it took.
type waited struct {
	asked    time.Time
	off, len int64
	took     time.Duration
}

// listened is one opening of a track.
type listened struct {
	entry   *entry
	at      time.Time     // of opening
	asked   time.Time     // of the first read
	ready   time.Time     // the first sound was read
	starts  time.Time     // and is heard, after the track before
	gap     time.Duration // of silence before it
	waited  time.Duration // for bytes, until it was ready, and at the tail
	before  *listened     // the track before
	reached int64         // in sequence
	pending []event
	under   int
}

// outstanding is how many reads of a handle the kernel sends at once.
const outstanding = 2

func listen(s *simulator, tr *trace) *listener {
	l := &listener{s: s, opened: map[uint64]*listened{}, music: true}
	for _, e := range tr.events {
		s.at(start.Add(e.at), func() { l.happen(e) })
	}
	return l
}

// happen does what the program did, later if the music has stopped meanwhile.
func (l *listener) happen(e event) {
	if due := start.Add(e.at + l.lag); due.After(l.s.now) {
		l.s.at(due, func() { l.happen(e) })
		return
	}
	h := l.opened[e.handle]
	if e.op == opOpen {
		h = &listened{entry: l.s.lib.entry(e.file), at: l.s.now}
		l.opened[e.handle] = h
		if h.entry.kind == Audio {
			if n := len(l.order); n > 0 {
				h.before = l.order[n-1]
			}
			l.order = append(l.order, h)
		}
	}
	if e.op == opRead {
		h.pending = append(h.pending, e)
		l.next(h)
		return
	}
	l.s.send(e.moved(l.s.now))
}

// next sends the reads that may be sent.
func (l *listener) next(h *listened) {
	for h.under < outstanding && len(h.pending) > 0 {
		e := h.pending[0]
		h.pending = h.pending[1:]
		h.under++
		asked := l.s.now
		if h.asked.IsZero() {
			h.asked = asked
		}
		l.s.send(e.moved(asked))
		l.s.read(e.file, e.off, e.off+e.len, func() {
			h.under--
			l.got(h, e, asked)
			e.op = opServed
			l.s.send(e.moved(l.s.now))
			l.next(h)
		})
	}
}

// moved is the event at another time than it was recorded at.
func (e event) moved(to time.Time) event {
	e.at = to.Sub(start)
	return e
}

// got counts what came late: the music has reached those bytes already.
func (l *listener) got(h *listened, e event, asked time.Time) {
	t := h.entry
	if h.entry.kind != Audio {
		return
	}
	l.waits = append(l.waits, waited{asked, e.off, e.len, l.s.now.Sub(asked)})
	if jumps := e.off > h.reached+slack; h.ready.IsZero() || jumps && t.inTail(e.off) {
		h.waited += l.s.now.Sub(asked)
	} else if !jumps {
		h.reached = e.off + e.len
	}
	if h.ready.IsZero() {
		if e.off+e.len >= min(t.AudioFrom+t.second(), t.AudioTo) {
			l.begin(h, e)
		}
		return
	}
	if !l.music || e.off < t.AudioFrom || t.inTail(e.off) {
		return
	}
	played := float64(e.off-t.AudioFrom) / float64(t.AudioTo-t.AudioFrom) * float64(t.Duration)
	if late := l.s.now.Sub(h.starts.Add(time.Duration(played))); late > 0 {
		l.stalls++
		l.late += late
		l.lag += late
		h.starts = h.starts.Add(late)
	}
}

// second is how many bytes a second of sound has: a player begins with as much.
func (t *entry) second() int64 {
	return int64(float64(t.AudioTo-t.AudioFrom) / t.Duration.Seconds())
}

// begin lets a track sound once the one before has ended. What was recorded went
// fast: a player that has to wait for its first track is later with everything.
func (l *listener) begin(h *listened, e event) {
	h.ready, h.starts = l.s.now, l.s.now
	if b := h.before; b != nil && !b.starts.IsZero() {
		ends := b.starts.Add(b.entry.Duration)
		h.starts, h.gap = later(h.ready, ends), max(h.ready.Sub(ends), 0)
		l.lag += h.gap
		return
	}
	l.lag = max(l.s.now.Sub(start)-e.at-e.took, 0)
}

// albums are the traces in which tracks are played to their end.
var albums = []string{"mpv.mp3", "mpv.flac", "mpv.m4a", "mpv.ogg", "mpv.opus", "mpv.gapless", "mpv.playlist", "mpd.play.[fmo]*"}

// TestAlbumsNeverStop plays whole albums over two links: no stall, no gap, and what
// the next track begins with is here by half time. Programs are known by their names,
// or not at all.
func TestAlbumsNeverStop(t *testing.T) {
	lib := readLibrary(t)
	for _, l := range links {
		for _, name := range traces(t, albums...) {
			for _, program := range []string{"", "nobody"} {
				t.Run(l.name+"/"+name+"/"+program, func(t *testing.T) {
					s := newSimulator(t, lib, l)
					listener := listen(s, readTrace(t, name).as(program))
					s.play()
					listener.check(t)
				})
			}
		}
	}
}

// check finds everything that a listener would notice.
func (l *listener) check(t *testing.T) {
	if l.stalls > 0 {
		t.Errorf("%d stalls, %v in all", l.stalls, l.late)
	}
	for i, h := range l.order {
		if h.ready.IsZero() || h.gap > 0 {
			t.Errorf("%s: a gap of %v", h.entry.path, h.gap)
		}
		if i == 0 {
			// Two requests of 256 KiB hold the pictures and the first sound.
			if most := 2 * (l.s.link.rtt + l.s.link.carries(first)); h.ready.Sub(h.asked) > most {
				t.Errorf("%s: began after %v", h.entry.path, h.ready.Sub(h.asked))
			}
			continue
		}
		half := h.before.starts.Add(h.before.entry.Duration / 2)
		if h.at.Before(half) {
			continue // the player was earlier than us
		}
		if h.waited > 0 {
			t.Errorf("%s: waited %v for its beginning", h.entry.path, h.waited)
		}
		for _, r := range within(h.entry.beginning(), h.entry.Size) {
			if at := l.s.arrived(h.entry.File, r); at.IsZero() || at.After(half) {
				t.Errorf("%s: %v came at %v, and half time was %v", h.entry.path, r, at.Sub(start), half.Sub(start))
			}
		}
	}
	t.Logf("first sound after %v; fetched %v", l.order[0].ready.Sub(l.order[0].asked), l.s.fetched)
}

// TestAlbumsStopWithoutPlans shows that the test above can fail.
func TestAlbumsStopWithoutPlans(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range traces(t, "mpv.mp3", "mpv.flac", "mpv.playlist") {
		s := newSimulator(t, lib, links[0])
		s.without = true
		listener := listen(s, readTrace(t, name))
		s.play()
		for _, h := range listener.order[1:] {
			if h.gap < 100*time.Millisecond {
				t.Errorf("%s: %s began after a gap of only %v", name, h.entry.path, h.gap)
			}
		}
	}
}

// TestThinLinkShared plays over 3 Mbit/s while MPD updates its database.
func TestThinLinkShared(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range traces(t, "mpv.mp3", "mpv.opus", "mpd.play.mp3") {
		s := newSimulator(t, lib, links[0])
		listener := listen(s, readTrace(t, name))
		scan := readTrace(t, "mpd.update").as("mpd")
		for i := range scan.events {
			scan.events[i].handle += 1000
			scan.events[i].at += 5 * time.Second
			scan.events[i].process.ID++
		}
		listen(s, scan)
		s.play()
		for _, h := range listener.order {
			if h.gap > 0 {
				t.Errorf("%s: a gap of %v", name, h.gap)
			}
		}
		if listener.stalls > 0 {
			t.Errorf("%s: %d stalls", name, listener.stalls)
		}
	}
}
