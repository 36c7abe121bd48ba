package sched

import (
	"context"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// pieceTime is how long all background bodies together may keep the link.
	pieceTime = 250 * time.Millisecond
	// minPiece and maxPiece bound a background request, in bytes: below, a request
	// costs more than it brings; above, nothing is won.
	minPiece = 64 << 10
	maxPiece = 8 << 20
	// firstPiece is a background request's size before anything was measured.
	firstPiece = 256 << 10
	// small is a range that costs no more than its round trip, in bytes.
	small = 16 << 10
)

// Store passes the requests to a store through one queue. It is a remote.Store, and
// lives as long as the one below it; it has no goroutines.
type Store struct {
	below remote.Store
	queue *queue
	meter *meter
	up    *uploads

	upLimit, downLimit limit
}

var _ remote.Store = (*Store)(nil)

// New gives a queue before a store.
func New(below remote.Store) *Store {
	q := newQueue()
	return &Store{below: below, queue: q, meter: &meter{now: time.Now}, up: &uploads{queue: q, meter: &meter{now: time.Now}}}
}

// Stats is what the queue knows now.
type Stats struct {
	// Rate is what the link was measured to carry, in bytes a second; 0: not known yet.
	Rate int64 `json:"rate"`
	// FirstByte is the least time to a first byte of the last minute, in nanoseconds.
	FirstByte time.Duration `json:"first_byte_ns"`
	// Depth is how many bodies may be on their way at once.
	Depth int `json:"depth"`
	// Waiting and Going count requests by class.
	Waiting [remote.Classes]int `json:"waiting"`
	Going   [remote.Classes]int `json:"going"`
}

// Stats gives what the queue knows now.
func (s *Store) Stats() Stats {
	out := Stats{Rate: int64(s.rate())}
	s.meter.mu.Lock()
	out.FirstByte = s.meter.base
	s.meter.mu.Unlock()
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	out.Depth, out.Going = s.queue.depth, s.queue.going
	for c, w := range s.queue.waiting {
		out.Waiting[c] = len(w)
	}
	return out
}

// Get is remote.Getter. It returns when the request was admitted and answered. The
// body keeps its place among those on their way until it was read to the end or closed.
func (s *Store) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	ticket := remote.TicketOf(ctx)
	tiny := r.Length > 0 && r.Length <= small && ticket.Class() == remote.Demand
	if tiny || r.Offset < 0 || r.Length < 0 { // the last two are the store's to refuse
		return s.below.Get(ctx, key, r, ifMatch)
	}
	b := &body{store: s, ctx: ctx, ticket: ticket, key: key, etag: ifMatch, at: r.Offset, size: -1, end: -1}
	if r.Length > 0 {
		b.end = r.Offset + r.Length
	}
	obj, err := b.open()
	if err != nil {
		return nil, remote.Object{}, err
	}
	return b, obj, nil
}

// piece is how many bytes a request of class c asks for at most; 0: all of them.
func (s *Store) piece(c remote.Class) int64 {
	if !background(c) {
		return 0
	}
	rate := s.rate()
	if rate == 0 {
		return firstPiece
	}
	s.queue.mu.Lock()
	together := s.queue.room(c, false)
	s.queue.mu.Unlock()
	return min(max(int64(rate*pieceTime.Seconds())/int64(together), minPiece), maxPiece)
}

// rate is what the link carries, in bytes a second, as far as it may; 0 while nobody knows.
func (s *Store) rate() float64 {
	rate := s.meter.rate()
	if most := float64(s.downLimit.get()); most > 0 && (rate == 0 || most < rate) {
		return most
	}
	return rate
}

// learn takes what arrived into account.
func (s *Store) learn(n int) {
	switch f, full, guessed := s.meter.add(n); {
	case full:
		s.queue.tune(f, s.rate())
	case guessed:
		s.queue.widen(s.rate())
	}
}

// Head is remote.Header.
func (s *Store) Head(ctx context.Context, key string) (remote.Object, error) {
	return s.below.Head(ctx, key)
}

// Put is remote.Putter. What goes out in the background makes way for what programs wait
// for.
func (s *Store) Put(ctx context.Context, key string, body *io.SectionReader, opts remote.PutOptions) (remote.Object, error) {
	return s.put(ctx, key, body, opts)
}

// Delete is remote.Deleter.
func (s *Store) Delete(ctx context.Context, key string) error { return s.below.Delete(ctx, key) }

// List is remote.Lister.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	return s.below.List(ctx, prefix, after, limit)
}
