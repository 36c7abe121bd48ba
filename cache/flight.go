package cache

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/lockerfs/lockerfs/remote"
)

// waiter is a reader that wakes when the bytes before need have arrived, or when the
// fill has ended. Its bytes are copied as it is woken, so that they cannot be lost
// before it runs.
type waiter struct {
	need   int64
	p      []byte // where its bytes go; nil when it waits for the end
	filled bool   // p is complete; read it after ready
	class  remote.Class
	ready  chan struct{}
}

// wholeFill is the need of a waiter for the end of a fill.
const wholeFill = math.MaxInt64

// claim marks the blocks of the fill whose space is not counted yet, and gives what
// they take.
func (f *fill) claim() (cost int64) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	for b := f.at; b < f.end; b++ {
		if s := &f.r.blocks[b].state; !s.has(charged) {
			*s |= charged | claimed
			cost += blockCost(f.r.obj.Size, b)
		}
	}
	return cost
}

// unclaim takes back what claim did from block b on, and gives what it took. With
// r.mu held.
func (f *fill) unclaim(b int) (cost int64) {
	for ; b < f.end; b++ {
		if s := &f.r.blocks[b].state; s.has(claimed) {
			*s &^= charged | claimed
			cost += blockCost(f.r.obj.Size, b)
		}
	}
	return cost
}

// drop takes the blocks that have not landed out of flight, and gives the bytes that
// were reserved for them. With r.mu held.
func (f *fill) drop() (freed int64) {
	for b := f.at; b < f.end; b++ {
		delete(f.r.flight, b)
	}
	return f.unclaim(f.at)
}

// arrive shows readers what has arrived of the current block.
func (f *fill) arrive(buf []byte) {
	f.r.mu.Lock()
	f.buf = buf
	f.wake(blockStart(f.at) + int64(len(buf)))
	f.r.mu.Unlock()
}

// land makes the current block count, and goes on to the next.
func (f *fill) land(crc uint32) {
	r := f.r
	r.mu.Lock()
	b := f.at
	one := &r.blocks[b]
	if one.state.has(claimed) {
		r.c.unborn.Add(-blockCost(r.obj.Size, b))
	}
	one.crc, one.state = crc, here|checked|charged
	one.touch = uint32(r.c.clock.Load())
	r.missing--
	r.dirty = true
	delete(r.flight, b)
	f.at, f.buf = b+1, f.buf[:0]
	f.wake(blockStart(b + 1))
	r.verifyWhole()
	r.mu.Unlock()
}

// stain leaves the current block counted though it is not here: part of it is on disk.
func (f *fill) stain() {
	r := f.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := &r.blocks[f.at].state; s.has(claimed) {
		*s &^= claimed
		r.c.unborn.Add(-blockCost(r.obj.Size, f.at))
	}
}

// distrust takes back the blocks of an answer that turned out to be a wrong one.
func (f *fill) distrust(first int) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.epoch.Add(1)
	for b := first; b < f.end; b++ {
		if f.r.flight[b] == nil {
			f.r.lose(b)
		}
	}
}

// awaited tells whether any reader waits for the fill.
func (f *fill) awaited() bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	return len(f.waiters) > 0
}

// copyOut gives the bytes at off if all of p has arrived in the buffer. With r.mu held.
func (f *fill) copyOut(p []byte, off int64) bool {
	lo := off - blockStart(f.at)
	if lo < 0 || lo+int64(len(p)) > int64(len(f.buf)) {
		return false
	}
	copy(p, f.buf[lo:])
	return true
}

// join makes a waiter for the bytes of p, which lie at off in one block. With r.mu held.
func (f *fill) join(p []byte, off int64, class remote.Class) *waiter {
	return f.enlist(&waiter{need: off + int64(len(p)), p: p, class: class, ready: make(chan struct{})})
}

// follow makes a waiter for the end of the fill. With r.mu held.
func (f *fill) follow() *waiter {
	return f.enlist(&waiter{need: wholeFill, ready: make(chan struct{})})
}

func (f *fill) enlist(w *waiter) *waiter {
	if f.done {
		close(w.ready)
	} else {
		f.waiters = append(f.waiters, w)
	}
	return w
}

// hurry makes the fetch as urgent as the most urgent of those who wait for it; what
// nobody waits for is as urgent as it was meant to be.
func (f *fill) hurry() {
	f.r.mu.Lock()
	class := f.class
	if f.at < f.need {
		class = min(class, f.urgent)
	}
	for _, w := range f.waiters {
		class = min(class, w.class)
	}
	f.r.mu.Unlock()
	f.ticket.Set(class)
}

// idle tells whether the fill brings nothing that anybody waits for. With r.mu held.
func (f *fill) idle() bool { return !f.done && f.at >= f.need && len(f.waiters) == 0 }

// await waits for w, which enlisted with f.
func (r *replica) await(ctx context.Context, f *fill, w *waiter) error {
	f.hurry()
	err := r.c.await(ctx, w.ready)
	if err != nil {
		r.mu.Lock()
		f.leave(w)
		r.mu.Unlock()
	}
	return err
}

// leave forgets a waiter that gave up: nothing is written to its p any more. With
// r.mu held.
func (f *fill) leave(w *waiter) {
	f.waiters = slices.DeleteFunc(f.waiters, func(other *waiter) bool { return other == w })
}

// wake wakes those whose bytes lie before arrived. With r.mu held; closing a channel
// blocks nobody.
func (f *fill) wake(arrived int64) {
	f.waiters = slices.DeleteFunc(f.waiters, func(w *waiter) bool {
		if w.need > arrived {
			return false
		}
		w.filled = len(w.p) > 0 && !f.r.suspect && f.copyOut(w.p, w.need-int64(len(w.p)))
		close(w.ready)
		return true
	})
}

// turnAway wakes those whose bytes this fill will not bring any more. With r.mu held.
func (f *fill) turnAway() {
	f.waiters = slices.DeleteFunc(f.waiters, func(w *waiter) bool {
		if w.need <= blockStart(f.end) {
			return false
		}
		close(w.ready)
		return true
	})
}

// finish ends the fill for all who wait. With r.mu held.
func (f *fill) finish(err error) {
	f.done, f.err, f.buf = true, err, nil
	f.wake(wholeFill)
}

// failed tells whether the fill ended for a reason that the next one would meet too.
// With r.mu held.
func (f *fill) failed() bool { return f.err != nil && !errors.Is(f.err, errAbandoned) }

// wakeAll lets every reader look again. With r.mu held.
func (r *replica) wakeAll() {
	for _, f := range r.flight {
		f.wake(wholeFill)
	}
}

// abandon ends the fills of an object that nobody has open.
func (r *replica) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.flight {
		if f.cancel != nil {
			f.cancel(errAbandoned)
		}
	}
}
