package cache

import (
	"context"
	"sync"

	"github.com/lockerfs/lockerfs/remote"
)

// Span is a span of an object, in bytes.
type Span struct{ Offset, Length int64 }

const (
	// wishPiece is how much one fill of a wish fetches at most, in bytes, so that one that
	// is not wanted any more ends soon.
	wishPiece = 1 << 20
	// wishDepth is how many fills of one wish may be under way: enough to fill a link of
	// 400 Mbit/s with a round trip of 50 ms.
	wishDepth = 4
	// wishRest is how little may be left of a fill that nobody wants any more for it to go
	// on, in bytes: ending it costs the connection.
	wishRest = 256 << 10
)

// Wish is something that is fetched before anybody reads it. It ends by itself when all of
// it is here, or cannot be fetched.
type Wish struct {
	c      *Cache
	cancel context.CancelFunc
	joined chan struct{} // closed when it waits for all it can of what is on its way, or has ended
	done   chan struct{}
}

// Wish begins to fetch spans of obj, one after another, each byte that is not here or on
// its way, and returns at once. class says how urgent that is. An object that may only
// be served as a whole is left alone.
func (c *Cache) Wish(obj Object, class remote.Class, spans ...Span) *Wish {
	ctx, cancel := context.WithCancel(c.base)
	w := &Wish{c: c, cancel: cancel, joined: make(chan struct{}), done: make(chan struct{})}
	f := &fulfilment{class: class, spans: spans, joined: sync.OnceFunc(func() { close(w.joined) })}
	work := func() {
		defer close(w.done)
		defer f.joined()
		defer cancel()
		f.run(ctx, c, obj)
	}
	if !c.spawn(work) {
		cancel()
		f.joined()
		close(w.done)
	}
	return w
}

// Yield withdraws the wish in favour of another one, which takes over what is on its way
// of what both want. It returns at once.
func (w *Wish) Yield(to *Wish) {
	if !w.c.spawn(func() {
		_ = w.c.await(w.c.base, to.joined)
		w.cancel()
	}) {
		w.cancel()
	}
}

// End withdraws the wish. What is nearly here still arrives.
func (w *Wish) End() { w.cancel() }

// Done is closed when nothing is fetched for the wish any more.
func (w *Wish) Done() <-chan struct{} { return w.done }

// fulfilment is the work on a wish.
type fulfilment struct {
	class remote.Class
	spans []Span
	r     *replica
	going []pledge // oldest first
	// joined is called when wishDepth fills are waited for.
	joined func()
}

// pledge is a fill that a wish waits for.
type pledge struct {
	f *fill
	w *waiter
}

func (g *fulfilment) run(ctx context.Context, c *Cache, obj Object) {
	h, err := c.Acquire(ctx, obj)
	if err != nil {
		return
	}
	defer h.Release()
	g.r = h.r
	defer g.leave()
	for _, s := range g.spans {
		end := min(s.Offset+s.Length, obj.Size)
		if s.Offset < 0 || s.Offset >= end || !g.r.cacheable() {
			continue
		}
		for b, limit := blockOf(s.Offset), blockOf(end-1)+1; b < limit; {
			next, ok := g.step(b, limit)
			if len(g.going) == wishDepth {
				g.joined()
				ok = ok && g.settle(ctx)
			}
			if !ok {
				return
			}
			b = next
		}
	}
	g.joined()
	for len(g.going) > 0 && g.settle(ctx) {
	}
}

// step sees to block b, and gives the first one that it did not see to. It fails where
// nothing can be fetched ahead.
func (g *fulfilment) step(b, limit int) (next int, ok bool) {
	r := g.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.suspect || r.dead {
		return b, false
	}
	for b < limit && r.blocks[b].state.has(here) {
		b++
	}
	if b == limit {
		return b, true
	}
	f := r.flight[b]
	if f == nil {
		// No reader's values go along: there is none.
		f = r.begin(context.Background(), g.class, b, b, min(limit, b+wishPiece/blockSize))
	}
	if f.end <= b { // its bytes are being removed
		return b + 1, true
	}
	g.going = append(g.going, pledge{f, f.enlist(&waiter{need: wholeFill, class: g.class, ready: make(chan struct{})})})
	return f.end, true
}

// settle waits for the oldest fill, and tells whether it is worth going on.
func (g *fulfilment) settle(ctx context.Context) bool {
	p := g.going[0]
	if g.r.c.await(ctx, p.w.ready) != nil {
		return false
	}
	g.going = g.going[1:]
	g.r.mu.Lock()
	defer g.r.mu.Unlock()
	return !p.f.done || !p.f.failed()
}

// leave gives up what is still on its way, where nobody else waits for it.
func (g *fulfilment) leave() {
	g.r.mu.Lock()
	defer g.r.mu.Unlock()
	for _, p := range g.going {
		p.f.leave(p.w)
		if p.f.idle() && blockStart(p.f.end)-blockStart(p.f.at) > wishRest {
			p.f.cancel(errAbandoned)
		}
	}
}
