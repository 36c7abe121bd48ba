package cache

import (
	"container/list"
	"math"
	"time"
)

// segment is one of two orders of use that decide what is evicted first (a segmented
// LRU). Every object begins on probation, and those there go before any that is
// protected, as long as they hold a tenth of all. Looking at an object, as a tag reader
// does at head and tail, moves it within probation only, so that a scan of the whole
// locker leaves what is protected alone.
//
// Playing is what protects: more than half of an object read through one handle, or
// playedBytes. While there is room among four fifths of the limit one play is enough;
// afterwards it takes a second one, and who was not played for longest goes back to
// probation. So a copy of the whole locker, which reads everything once, does not push
// out what is played every week either.
//
// A restart keeps this: the two files of a protected object carry the same time, that
// of the last play.
type segment struct {
	order *list.List // of *record, the least recently used in front
	held  int64      // sum of their charges
}

// playedBytes is how much of an object makes a play even if it is less than half of
// it. Tag readers touch at most some pictures' worth.
const playedBytes = 16 << 20

// add makes a record for an object that has none. With c.mu held.
func (c *Cache) add(i id) *record {
	rec := &record{id: i, stamp: c.clock.Add(1), in: &c.probation}
	rec.place = rec.in.order.PushBack(rec)
	c.records[i] = rec
	return rec
}

// forget drops a record without files. With c.mu held.
func (c *Cache) forget(rec *record) {
	rec.in.order.Remove(rec.place)
	delete(c.records, rec.id)
}

// charge counts n bytes more for rec. With c.mu held.
func (c *Cache) charge(rec *record, n int64) {
	c.held += n
	rec.charge += n
	rec.in.held += n
}

// touch notes a use of rec. With c.mu held.
func (c *Cache) touch(rec *record) {
	rec.stamp = c.clock.Add(1)
	if rec.in == &c.probation {
		rec.in.order.MoveToBack(rec.place)
	}
}

// took notes that n more bytes were read.
func (h *Handle) took(n int) {
	enough := min(h.r.obj.Size/2+1, playedBytes)
	if sum := h.taken.Add(int64(n)); sum >= enough && sum-int64(n) < enough {
		h.c.play(h.r.rec)
	}
}

// play notes that rec was played.
func (c *Cache) play(rec *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	again := !rec.played.IsZero()
	rec.played, rec.stamp = time.Now(), c.clock.Add(1)
	if again || c.protected.held+rec.charge <= c.sheltered() {
		c.move(rec, &c.protected)
		c.balance()
	} else {
		c.move(rec, rec.in)
	}
}

// sheltered is how many bytes may be protected.
func (c *Cache) sheltered() int64 {
	if c.budget.Load() == nil { // the scan will balance
		return math.MaxInt64
	}
	return c.limit() / 5 * 4
}

// move makes rec the most recently used of a segment. With c.mu held.
func (c *Cache) move(rec *record, to *segment) {
	rec.in.order.Remove(rec.place)
	rec.in.held -= rec.charge
	rec.in = to
	rec.in.held += rec.charge
	rec.place = rec.in.order.PushBack(rec)
}

// balance puts back on probation what is protected beyond its share. With c.mu held.
func (c *Cache) balance() {
	for share := c.sheltered(); c.protected.held > share; {
		least := c.protected.order.Front().Value.(*record)
		c.move(least, &c.probation)
	}
}

// victim picks the object to lose bytes next, of those that were not tried. With a
// replica it is open, and may only lose blocks; without one it is locked for remove.
func (c *Cache) victim(tried map[*record]bool) (*record, *replica) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, second := &c.probation, &c.protected
	if first.held < c.held/10 { // the floor leaves less than the limit: what is new needs a place too
		first, second = second, first
	}
	for _, s := range []*segment{first, second} {
		if rec := c.last(s, tried); rec != nil {
			return rec, rec.rep
		}
	}
	return nil, nil
}

// last is victim within one segment.
func (c *Cache) last(s *segment, tried map[*record]bool) *record {
	var next *list.Element
	for e := s.order.Front(); e != nil; e = next {
		next = e.Next()
		rec := e.Value.(*record)
		if tried[rec] || rec.busy != nil || rec.charge == 0 {
			continue
		}
		if rec.rep != nil {
			// Reads do not touch the order, for it has one lock for all objects:
			// a use since then is noticed here and gives another turn.
			used := rec.rep.used.Load()
			if used > rec.stamp && (s == &c.probation || rec.refs > 0) {
				rec.stamp = used
				s.order.MoveToBack(e)
				if next == nil {
					next = e
				}
				continue
			}
			if rec.refs > 0 || !rec.rep.retire(true) {
				return rec
			}
			rec.rep = nil
			delete(c.loaded, rec)
		}
		rec.busy = make(chan struct{})
		return rec
	}
	return nil
}
