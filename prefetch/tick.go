package prefetch

import (
	"context"
	"time"
)

// question is something that only the Successor or the Walk knows. ask is called with
// no lock held and enters the answer itself.
type question interface {
	ask(ctx context.Context)
}

// Tick does what is due: it tells the Warmer what is wanted, asks what comes next, and
// says when to call it again at the latest, the zero time standing for "when [Planner.Due] says
// so". It is the only place from which the Warmer, the Successor and the Walk are
// called. Of two calls at once the second does nothing.
func (p *Planner) Tick(ctx context.Context, now time.Time) (next time.Time) {
	if !p.ticking.CompareAndSwap(false, true) {
		return time.Time{} // whoever is at it comes round again
	}
	defer p.ticking.Store(false)
	for {
		orders, questions := p.plan(now)
		for _, o := range orders {
			p.warm.Want(o.file, o.class, o.ranges)
		}
		if len(orders) == 0 && len(questions) == 0 {
			return p.promise(now)
		}
		for _, q := range questions {
			q.ask(ctx)
		}
	}
}

// plan lets everything that is due be looked at.
func (p *Planner) plan(now time.Time) ([]order, []question) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = later(p.now, now)
	p.agenda.run(now)
	questions := p.asking
	p.asking = nil
	return p.ledger.orders(), questions
}

// promise notes when Tick will be called again.
func (p *Planner) promise(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.promised = p.agenda.next()
	if !p.promised.IsZero() && !p.promised.After(now) {
		p.signal()
	}
	return p.promised
}

// Due gives a value when Tick should be called before the time it returned.
func (p *Planner) Due() <-chan struct{} { return p.due }

// call lets a ring at the time given, and has Tick called for it. With mu held.
func (p *Planner) call(a *alarm, at time.Time) {
	if at.IsZero() {
		return
	}
	p.agenda.set(a, at)
	if p.promised.IsZero() || at.Before(p.promised) {
		p.promised = at
		p.signal()
	}
}

func (p *Planner) signal() {
	select {
	case p.due <- struct{}{}:
	default:
	}
}

// Run ticks until ctx ends. It starts no goroutine.
func (p *Planner) Run(ctx context.Context, clock Clock) {
	for ctx.Err() == nil {
		var alarm <-chan time.Time
		if next := p.Tick(ctx, clock.Now()); !next.IsZero() {
			alarm = clock.After(max(next.Sub(clock.Now()), 0))
		}
		select {
		case <-ctx.Done():
		case <-p.due:
		case <-alarm:
		}
	}
}

// attend looks at a handle: what it is by now, and what should be fetched ahead of
// it. With mu held, as are the functions below.
func (p *Planner) attend(h *handle, now time.Time) time.Time {
	if !h.open() {
		if over := h.left.Add(closeGrace); now.Before(over) && !h.cut {
			return over
		}
		p.expire(h)
		return time.Time{}
	}
	was := h.is
	h.is = h.judge(now)
	if h.is == Play && was != Play {
		h.proc.playing++
		p.sessionOf(h.proc).turn(h, now)
	}
	p.ahead(h)
	return h.look(now)
}

// expire ends the grace of a closed handle.
func (p *Planner) expire(h *handle) {
	p.ledger.drop(h.owner, h.subject())
	h.aheadFrom, h.aheadTo = 0, 0
	if h.proc.closed[h.track.File] == h {
		delete(h.proc.closed, h.track.File)
	}
	if h.gone {
		p.end(h)
	}
}

// end forgets a handle.
func (p *Planner) end(h *handle) {
	p.ledger.drop(h.owner, h.subject())
	p.agenda.clear(&h.alarm)
	if h.proc.closed[h.track.File] == h {
		delete(h.proc.closed, h.track.File)
	}
	if p.handles[h.number] == h {
		delete(p.handles, h.number)
		if h.proc.handles--; h.proc.handles == 0 && len(p.processes) > maxProcesses {
			p.forget(h.proc)
		}
	}
}
