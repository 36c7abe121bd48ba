package sched

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// firstDepth is the depth before anything was measured.
	firstDepth = 4
	// minDepth lets a small request pass beside a large one of its class.
	minDepth = 2
	// maxDepth leaves half of a transport's idle connections to small requests.
	maxDepth = 32
	// maxBackground bounds the bodies of the classes after ReadAhead.
	maxBackground = 4
	// maxSmall bounds them when they are of smallBody bytes at most: such wait for the round
	// trip and not for the link, so the depth, which follows what fills the link, is not asked.
	maxSmall  = 12
	smallBody = 2 * minPiece
	// trickle is how long a held body waits before it reads a little all the same:
	// servers drop connections that stand still, and readers give them up.
	trickle = time.Second
)

// queue admits requests by class and holds back bodies on their way.
type queue struct {
	mu      sync.Mutex // guards all fields below and those of passes; no lock is taken under it
	depth   int
	behind  int                     // how many background bodies may go together
	small   int                     // the same, of small ones
	bodies  int                     // that have come
	waiting [remote.Classes][]*pass // in the order their bodies came
	going   [remote.Classes]int     // bodies on their way, by their present class
	crowded bool                    // something has waited since the last look
	depths  depths
	calm    chan struct{} // closed when a pass leaves or becomes less urgent
}

// pass is one request in the queue.
type pass struct {
	class    remote.Class
	body     int  // which it is for, in the order they came
	small    bool // it asks for smallBody at most
	goes     bool
	over     bool
	admitted chan struct{} // closed when it may go
	unwatch  func()
}

func newQueue() *queue {
	return &queue{depth: firstDepth, behind: 1, small: 1, calm: make(chan struct{})}
}

// enter waits until a request of the ticket's class may go, for a body that came as the
// body-th, or is new where that is 0. small says that it asks for little. The pass must leave.
func (q *queue) enter(ctx context.Context, t *remote.Ticket, body int, small bool) (*pass, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &pass{class: t.Class(), body: body, small: small, admitted: make(chan struct{})}
	q.mu.Lock()
	if p.body == 0 {
		q.bodies++
		p.body = q.bodies
	}
	q.wait(p)
	q.admit()
	q.crowded = q.crowded || !p.goes
	q.mu.Unlock()
	p.unwatch = t.Watch(func() { q.change(p, t.Class()) })
	q.change(p, t.Class()) // it may have changed before it was watched
	select {
	case <-p.admitted:
		return p, nil
	case <-ctx.Done():
		q.leave(p)
		return nil, ctx.Err()
	}
}

// goesOn tells whether a pass that goes may be used for one more request: nothing that is
// more urgent waits, and there is room.
func (q *queue) goesOn(p *pass) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	together := q.going[p.class]
	for c := range p.class {
		if len(q.waiting[c]) > 0 {
			return false
		}
		together += q.going[c]
	}
	return together <= q.room(p.class, p.small)
}

// leave ends a pass, whether it goes or still waits. Leaving twice does nothing.
func (q *queue) leave(p *pass) {
	p.unwatch()
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	q.remove(p)
	q.settle()
}

// change gives a pass another class.
func (q *queue) change(p *pass, c remote.Class) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.over || p.class == c {
		return
	}
	q.remove(p)
	p.class = c
	if p.goes {
		q.going[c]++
	} else {
		q.wait(p)
	}
	q.settle()
}

// wait lets p wait behind those whose bodies came before. With q.mu held.
func (q *queue) wait(p *pass) {
	w := q.waiting[p.class]
	i, _ := slices.BinarySearchFunc(w, p, func(a, b *pass) int { return cmp.Compare(a.body, b.body) })
	q.waiting[p.class] = slices.Insert(w, i, p)
}

// remove takes a pass out of the counts of its class. With q.mu held.
func (q *queue) remove(p *pass) {
	if p.goes {
		q.going[p.class]--
		return
	}
	w := q.waiting[p.class]
	if i := slices.Index(w, p); i >= 0 {
		q.waiting[p.class] = slices.Delete(w, i, i+1)
	}
}

// settle admits who may go now and wakes held bodies to look again. With q.mu held.
func (q *queue) settle() {
	q.admit()
	close(q.calm)
	q.calm = make(chan struct{})
}

// admit lets requests go, most urgent first. With q.mu held.
func (q *queue) admit() {
	before := 0
	for c := range q.waiting {
		for len(q.waiting[c]) > 0 && before+q.going[c] < q.room(remote.Class(c), q.waiting[c][0].small) {
			p := q.waiting[c][0]
			q.waiting[c] = slices.Delete(q.waiting[c], 0, 1)
			p.goes = true
			q.going[c]++
			close(p.admitted)
		}
		if len(q.waiting[c]) > 0 {
			return // nothing overtakes it
		}
		before += q.going[c]
	}
}

// room is how many bodies of class c and of those before it may go together, for one that
// is small or not.
func (q *queue) room(c remote.Class, small bool) int {
	switch {
	case background(c) && small:
		return q.small
	case background(c):
		return min(q.depth, q.behind)
	}
	return q.depth
}

// background tells whether requests of a class are cut.
func background(c remote.Class) bool { return c > remote.ReadAhead }

// hold waits while anything more urgent than p waits or is on its way, at most for
// the time of a trickle, which the meter leaves out. It tells whether it waited.
func (q *queue) hold(ctx context.Context, p *pass, m *meter) (bool, error) {
	calm := q.pressed(p)
	if calm == nil {
		return false, nil
	}
	m.end()
	defer m.begin()
	timer := time.NewTimer(trickle)
	defer timer.Stop()
	for ; calm != nil; calm = q.pressed(p) {
		select {
		case <-calm:
		case <-timer.C:
			return true, nil
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
	return true, nil
}

// pressed tells whether something more urgent than p is there, by the channel that is
// closed when that may have changed.
func (q *queue) pressed(p *pass) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	for before := range q.waiting[:p.class] {
		if !p.over && len(q.waiting[before])+q.going[before] > 0 {
			return q.calm
		}
	}
	return nil
}

// widen takes into account that the link carries rate bytes a second: together,
// background bodies may keep it for pieceTime.
func (q *queue) widen(rate float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.behind = min(max(int(rate*pieceTime.Seconds())/minPiece, 1), maxBackground)
	q.small = min(max(int(rate*pieceTime.Seconds())/smallBody, q.behind), maxSmall)
	q.admit()
}

// tune takes what a window showed into account.
func (q *queue) tune(f finding, rate float64) {
	q.widen(rate)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.crowded { // else the present depth was not tried
		q.crowded = false
		for c := range q.waiting {
			q.crowded = q.crowded || len(q.waiting[c]) > 0
		}
		q.depth = min(max(q.depths.next(q.depth, f), minDepth), maxDepth)
	}
	q.admit()
}
