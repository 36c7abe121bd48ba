package prefetch

import (
	"context"
	"slices"
	"time"
)

// scan follows a process that reads one head after another. It does nothing for scans
// that only look at tags: those are answered from packs. What it helps is MPD, which
// wants half a megabyte of each file and waits for it.
type scan struct {
	alarm
	p     *Planner
	proc  *process
	owner owner

	last  File // opened
	likes int  // files scanned in a row
	steps int  // files opened in a row that came next in the walk

	// The walk after last: the first asked of them are being fetched.
	expected []Track
	asked    int
	asking   bool
	// current is what was fetched and is being scanned.
	current []Track

	heads [8]scanned // of the files scanned last
	count int
	tails bool // ends are read too
}

// scanned is what was read of one file.
type scanned struct {
	format string
	head   int64 // bytes from the start on
	much   bool  // more than packs hold
}

func newScan(p *Planner, c *process) *scan {
	s := &scan{p: p, proc: c, owner: p.newOwner()}
	s.ring = s.attend
	return s
}

// opened notes that the process opened a track.
func (s *scan) opened(f File, at time.Time) {
	if s.steps+s.likes == 0 && len(s.expected) == 0 {
		s.last = f
		return
	}
	if f == s.last {
		return // MPD looks at an MP3 twice
	}
	s.last = f
	s.advance(f)
	s.p.call(&s.alarm, at)
}

// advance moves on in the walk to f; when it is not near, the process goes its own way.
func (s *scan) advance(f File) {
	if len(s.expected) == 0 {
		return // not answered yet
	}
	i := slices.IndexFunc(s.expected, func(t Track) bool { return t.File == f })
	if i < 0 || i > scanSkip {
		s.reset()
		return
	}
	for _, t := range s.expected[:min(i, s.asked)] {
		s.drop(t)
	}
	if i < s.asked {
		s.current = append(s.current, s.expected[i])
	}
	s.expected, s.asked = s.expected[i+1:], max(s.asked-i-1, 0)
	s.steps++
}

// closed notes that the process closed a track.
func (s *scan) closed(h *handle) {
	i := slices.IndexFunc(s.current, func(t Track) bool { return t.File == h.track.File })
	if i >= 0 {
		s.drop(s.current[i])
		s.current = slices.Delete(s.current, i, i+1)
	}
	switch h.outcome() {
	case Scan:
	case Copy, Slurp:
		s.reset()
		return
	default:
		return
	}
	s.tails = s.tails || h.tail > 0
	if head := h.head(); head > 0 {
		s.heads[s.count%len(s.heads)] = scanned{h.track.Format, head, head >= scanHead && head-h.track.AudioFrom >= scanSound}
		s.count++
		s.likes++
	}
	s.p.call(&s.alarm, h.left)
}

// attend is the scan's alarm: it asks for what comes next, and ends a scan that has
// stopped.
func (s *scan) attend(now time.Time) time.Time {
	idle := s.proc.seen.Add(scanGap)
	if s.proc.audio == s.proc.playing && !now.Before(idle) {
		s.reset()
		return time.Time{}
	}
	if s.likes > 0 && s.wantsMuch() {
		if s.likes >= scanLikes && s.steps > 0 {
			s.fetch()
		}
		if len(s.expected) < s.p.depth && !s.asking && s.p.walk != nil {
			s.asking = true
			s.p.asking = append(s.p.asking, &following{s: s, after: s.last, n: s.p.depth*2 + scanSkip})
		}
	}
	return later(idle, now.Add(time.Second))
}

// wantsMuch tells whether the scan reads more than packs hold.
func (s *scan) wantsMuch() bool {
	much := 0
	for _, head := range s.heads {
		if head.much {
			much++
		}
	}
	return much >= scanLikes || s.proc.who.Name == "mpd"
}

// learnt is how much was read at the start of files of this format, or of any.
func (s *scan) learnt(format string) int64 {
	var same, any int64
	for _, h := range s.heads {
		any = max(any, h.head)
		if h.format == format {
			same = max(same, h.head)
		}
	}
	if same == 0 {
		same = any
	}
	return min((same+scanGrain-1)/scanGrain*scanGrain, scanHead)
}

// fetch asks for the files to come, as much of each as was read of those before.
func (s *scan) fetch() {
	for ; s.asked < min(s.p.depth, len(s.expected)); s.asked++ {
		t := s.expected[s.asked]
		head := s.learnt(t.Format)
		ranges := []Range{{0, min(head, scanPart)}, {scanPart, head}}
		if s.tails {
			tail := t.ending()
			tail.From = max(tail.From, t.Size-scanTail)
			ranges = append(ranges, tail)
		}
		s.p.ledger.set(s.owner, subject{t.File, ScanAhead}, t.Size, ranges...)
	}
}

func (s *scan) drop(t Track) { s.p.ledger.drop(s.owner, subject{t.File, ScanAhead}) }

// reset forgets the scan.
func (s *scan) reset() {
	for _, t := range append(s.current, s.expected[:s.asked]...) {
		s.drop(t)
	}
	s.likes, s.steps, s.expected, s.asked, s.current, s.tails = 0, 0, nil, 0, nil, false
	s.heads, s.count = [8]scanned{}, 0
}

// following asks how the walk goes on.
type following struct {
	s     *scan
	after File
	n     int
}

// ask implements question. No lock is held.
func (q *following) ask(ctx context.Context) {
	tracks, err := q.s.p.walk.Following(ctx, q.after, q.n)
	q.s.p.mu.Lock()
	defer q.s.p.mu.Unlock()
	s := q.s
	s.asking = false
	if err != nil || s.likes == 0 {
		return // the next file asks again
	}
	tracks = slices.Clone(tracks[:min(len(tracks), q.n)])
	for i := range tracks {
		tracks[i] = tracks[i].sane()
	}
	if s.last != q.after {
		// It went on meanwhile.
		i := slices.IndexFunc(tracks, func(t Track) bool { return t.File == s.last })
		if i < 0 || len(tracks) <= i+1 {
			return
		}
		tracks = tracks[i+1:]
		s.steps++
	}
	s.extend(tracks)
}

// extend replaces what is expected by an answer that reaches further.
func (s *scan) extend(tracks []Track) {
	if len(tracks) <= len(s.expected) {
		return // the end of the walk
	}
	for i, t := range s.expected[:s.asked] {
		if t.File != tracks[i].File {
			for _, other := range s.expected[i:s.asked] {
				s.drop(other)
			}
			s.asked = i
			break
		}
	}
	s.expected = tracks
	s.p.call(&s.alarm, s.p.now)
}
