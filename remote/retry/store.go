package retry

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// Store asks a second time for reads whose answer is late. It is a remote.Store and
// lives as long as the one below it. Everything but Get passes as it is.
type Store struct {
	remote.Store
	usual usual
	count struct{ second, won atomic.Int64 }
}

// New gives a store that hedges the reads of another.
func New(below remote.Store) *Store { return &Store{Store: below} }

// Stats counts second requests, and those of them that were answered first.
type Stats struct {
	Second int64 `json:"second"`
	Won    int64 `json:"won"`
}

// Stats gives the counts so far.
func (s *Store) Stats() Stats { return Stats{s.count.second.Load(), s.count.won.Load()} }

// answer is what a request gave.
type answer struct {
	body   io.ReadCloser
	obj    remote.Object
	err    error
	second bool
}

// Get is remote.Getter.
func (s *Store) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	start := time.Now()
	late := s.usual.lateAfter()
	if late == 0 || remote.TicketOf(ctx).Class() > remote.ReadAhead {
		body, obj, err := s.Store.Get(ctx, key, r, ifMatch)
		s.note(start, err)
		return body, obj, err
	}
	h := &hedge{store: s, ctx: ctx, key: key, r: r, etag: ifMatch, answers: make(chan answer, 2)}
	a := h.first(late)
	s.note(start, a.err)
	return a.body, a.obj, a.err
}

// note learns from an answer; how long an error took says nothing about the next read.
func (s *Store) note(start time.Time, err error) {
	if err == nil {
		s.usual.answered(time.Since(start))
	}
}

// hedge is a read that may be asked for twice.
type hedge struct {
	store   *Store
	ctx     context.Context
	key     string
	r       remote.Range
	etag    string
	answers chan answer
	ends    [2]context.CancelFunc
	asked   int
}

// ask makes a request.
func (h *hedge) ask() {
	ctx, end := context.WithCancel(h.ctx)
	i := h.asked
	h.ends[i] = end
	h.asked++
	go func() {
		body, obj, err := h.store.Store.Get(ctx, h.key, h.r, h.etag)
		if err == nil {
			body = &answered{body, end}
		}
		h.answers <- answer{body, obj, err, i == 1}
	}()
}

// first gives the first good answer, or the last error. A second request that fails
// while the first may still succeed is forgotten, and so is a first one.
func (h *hedge) first(late time.Duration) answer {
	h.ask()
	timer := time.NewTimer(late)
	defer timer.Stop()
	for failed := 0; ; {
		select {
		case a := <-h.answers:
			if a.err == nil {
				h.forget(a, h.asked-failed-1)
				return a
			}
			if failed++; failed == h.asked {
				h.forget(a, 0)
				return a
			}
		case <-timer.C:
			if h.store.usual.spend() {
				h.store.count.second.Add(1)
				h.ask()
			}
		}
	}
}

// forget ends what was not chosen. left requests have not answered yet.
func (h *hedge) forget(chosen answer, left int) {
	if chosen.second && chosen.err == nil {
		h.store.count.won.Add(1)
	}
	for i, end := range h.ends[:h.asked] {
		if chosen.err != nil || (i == 1) != chosen.second {
			end()
		}
	}
	if left > 0 {
		go func() {
			if a := <-h.answers; a.err == nil {
				a.body.Close()
			}
		}()
	}
}

// answered is a body whose request ends with it.
type answered struct {
	io.ReadCloser
	end context.CancelFunc
}

func (a *answered) Close() error {
	err := a.ReadCloser.Close()
	a.end()
	return err
}
