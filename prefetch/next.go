package prefetch

import (
	"context"
	"slices"
)

// plan replaces what the session wants by what its stage and predictions call for.
// With mu held, as all below that is not said to be otherwise.
func (s *session) plan() {
	d := draft{s: s, left: s.p.budget - (s.p.spent - s.bytes), seen: map[File]bool{s.cur.File: true}}
	next, shuffled := s.choose()
	for i, t := range next[:min(len(next), maxHeads)] {
		switch {
		case i >= s.p.count:
			d.head(t)
		default:
			d.next(t, s.stage == sounds || s.hasSound(t))
		}
	}
	for _, t := range shuffled[:min(len(shuffled), maxHeads)] {
		d.head(t)
	}
	s.commit(d.wants)
}

// hasSound tells whether more of t than its head is wanted already.
func (s *session) hasSound(t Track) bool {
	return slices.ContainsFunc(s.wants, func(w want) bool {
		return w.subject == subject{t.File, NextTrack} && w.sound
	})
}

// draft is a plan in the making. It takes from the budget in the order of urgency.
type draft struct {
	s     *session
	left  int64
	seen  map[File]bool
	wants []draftWant
}

type draftWant struct {
	want
	size   int64
	ranges []Range
}

// next wants the beginning of t: its first sound, or only what a head is.
func (d *draft) next(t Track, sound bool) {
	ranges := []Range{t.head(), t.ending()}
	if sound {
		ranges = t.beginning()
	}
	d.add(t, want{subject: subject{t.File, NextTrack}, sound: sound}, ranges)
}

// head wants the head of t.
func (d *draft) head(t Track) {
	d.add(t, want{subject: subject{t.File, AlbumHeads}}, []Range{t.head()})
}

// add enters w as far as the budget reaches.
func (d *draft) add(t Track, w want, ranges []Range) {
	if d.seen[t.File] {
		return
	}
	d.seen[t.File] = true
	ranges = within(ranges, t.Size)
	for i, r := range ranges {
		if d.left -= r.Len(); d.left < 0 {
			ranges[i].To += d.left
			ranges, d.left = ranges[:i+1], 0
			break
		}
	}
	if ranges = within(ranges, t.Size); len(ranges) > 0 {
		w.bytes = total(ranges)
		d.wants = append(d.wants, draftWant{w, t.Size, ranges})
	}
}

// commit enters a plan, and lets go of what was wanted before and is not any more.
func (s *session) commit(wants []draftWant) {
	for _, old := range s.wants {
		if !slices.ContainsFunc(wants, func(w draftWant) bool { return w.subject == old.subject }) {
			s.p.ledger.drop(s.proc.owner, old.subject)
		}
	}
	s.p.spent -= s.bytes
	s.wants, s.bytes = s.wants[:0], 0
	for _, w := range wants {
		s.p.ledger.set(s.proc.owner, w.subject, w.size, w.ranges...)
		s.wants = append(s.wants, w.want)
		s.bytes += w.bytes
	}
	s.p.spent += s.bytes
}

// drop lets go of everything.
func (s *session) drop() { s.commit(nil) }

// retain lets go of all but what may still come after a turn.
func (s *session) retain() {
	likely := map[File]bool{}
	next, _ := s.choose()
	for _, t := range next {
		likely[t.File] = true
	}
	for _, d := range s.predicted {
		for _, t := range d.around {
			likely[t.File] = true
		}
	}
	delete(likely, s.cur.File)
	var kept []want
	for _, w := range s.wants {
		if likely[w.file] {
			kept = append(kept, w)
			continue
		}
		s.p.ledger.drop(s.proc.owner, w.subject)
		s.bytes -= w.bytes
		s.p.spent -= w.bytes
	}
	s.wants = kept
}

// head is what a player or a scan reads before it can begin.
func (t *Track) head() Range {
	return Range{0, min(max(headBytes, t.AudioFrom+headSound), maxHead)}
}

// ending is the tail, and what lies behind the sound.
func (t *Track) ending() Range {
	from := t.Size - tailBytes
	if t.AudioTo > 0 {
		from = max(min(from, t.AudioTo), t.Size-maxTail)
	}
	return Range{max(from, 0) / page * page, t.Size}
}

// beginning is head, tail and first sound in the order in which players read them.
func (t *Track) beginning() []Range {
	until := t.AudioFrom + unknownSound
	if sound := t.AudioTo - t.AudioFrom; t.Duration > 0 {
		if sound <= 0 {
			sound = t.Size
		}
		part := min(float64(firstSound)/float64(t.Duration), 1)
		until = t.AudioFrom + int64(part*float64(sound))
	}
	return []Range{{0, prelude}, t.ending(), {prelude, max(until, t.head().To)}}
}

// succession asks what comes after the current track, which stays the same until it
// is answered: only Tick turns to another.
type succession struct {
	s     *session
	track File
	lists []heard
}

// ask puts the question.
func (s *session) ask() {
	q := &succession{s: s, track: s.cur.File}
	for _, l := range s.proc.lists {
		if s.sat.Sub(l.at) <= freshList {
			q.lists = append(q.lists, l)
		}
	}
	s.asking = true
	s.p.asking = append(s.p.asking, q)
}

// ask implements question. No lock is held.
func (q *succession) ask(ctx context.Context) {
	var list, album Sequence
	var from heard
	var failed error
	if next := q.s.p.next; next != nil {
		for _, l := range q.lists {
			seq, err := next.Playlist(ctx, l.list, q.track, maxAlbum)
			if err != nil {
				failed = err
			} else if seq.holds(q.track) {
				list, from = seq, l
				break
			}
		}
		seq, err := next.Folder(ctx, q.track, maxAlbum)
		if err != nil {
			failed = err
		} else if seq.holds(q.track) {
			album = seq
		}
	}
	q.s.p.mu.Lock()
	defer q.s.p.mu.Unlock()
	q.s.follow(from, failed != nil)
	q.s.answer(list, album, failed != nil)
}

// follow notes in which playlist the current track is. To have read another one, or
// the same again, is a new start; to play what is in none means to follow none.
func (s *session) follow(list heard, failed bool) {
	switch {
	case list == heard{} && !failed:
		s.predicted[playlist].misses = distrust
	case list != heard{} && list != s.list:
		s.list, s.predicted[playlist].misses = list, 0
	}
}

// answer takes in what comes next. After an error the question is put again.
func (s *session) answer(list, album Sequence, failed bool) {
	s.asking = false
	if s.gone {
		return
	}
	if failed {
		s.again = s.p.now.Add(retry)
		s.p.call(&s.alarm, s.again)
	} else {
		s.stage = heads
		s.p.call(&s.alarm, s.p.now)
	}
	s.predicted[playlist].take(list)
	s.predicted[folder].take(album)
	s.predicted[transitions].next = s.p.learned.after(s.cur.File, s.p.count)
	s.plan()
}

// take replaces what a source says, if it says anything.
func (d *prediction) take(q Sequence) {
	if len(q.Tracks) == 0 {
		return
	}
	from, to := max(q.At-maxHeads, 0), min(q.At+1+maxHeads, len(q.Tracks))
	d.next, d.around = nil, nil
	for _, t := range q.Tracks[q.At+1 : to] {
		d.next = append(d.next, t.sane())
	}
	d.around = slices.Clone(d.next)
	for i := q.At - 1; i >= from; i-- {
		d.around = append(d.around, q.Tracks[i].sane())
	}
}

// holds tells whether q is about track.
func (q Sequence) holds(track File) bool {
	return q.At >= 0 && q.At < len(q.Tracks) && q.Tracks[q.At].File == track
}
