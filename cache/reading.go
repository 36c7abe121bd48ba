package cache

import (
	"context"
	"errors"

	"github.com/lockerfs/lockerfs/remote"
)

// reading is one ReadAt that could not be answered at once.
type reading struct {
	h      *Handle
	ctx    context.Context // ends with the reader or with its time
	fetch  context.Context // the reader's own, for the values a fill takes along
	class  remote.Class    // how urgent it is
	end    int64           // of the read
	waited bool            // bytes had to come from the store
	bad    int             // times the disk failed us
}

// piece reads p, which lies in block b.
func (g *reading) piece(b int, p []byte, off int64) error {
	r := g.h.r
	if !r.cacheable() {
		return g.through(p, off)
	}
	var last *fill
	for g.bad < maxTries {
		r.mu.Lock()
		if r.dead || g.h.released {
			r.mu.Unlock()
			return ErrClosed
		}
		if r.suspect {
			r.mu.Unlock()
			g.waited = true
			if err := r.trust(g.ctx); err != nil {
				return err
			}
			continue
		}
		if r.blocks[b].state.has(here) {
			if g.local(b, p, off) { // unlocks
				return nil
			}
			continue
		}
		f := r.flight[b]
		if f == nil {
			if last != nil && last.done && last.failed() {
				r.mu.Unlock()
				err := g.failed(last.err, p, off)
				if !errors.Is(err, errNoRoom) {
					return err
				}
				last = nil // doubt arose only now
				continue
			}
			f = g.demand(b)
		}
		g.waited = true
		if f.copyOut(p, off) {
			r.mu.Unlock()
			return nil
		}
		last = f
		w := f.join(p, off, g.class)
		r.mu.Unlock()
		if err := r.await(g.ctx, f, w); err != nil || w.filled {
			return err
		}
	}
	return g.through(p, off)
}

// local reads from a block that is here, checking it first if nobody has. With r.mu
// held, and not afterwards.
func (g *reading) local(b int, p []byte, off int64) bool {
	r := g.h.r
	epoch, known := r.epoch.Load(), r.blocks[b].state.has(checked)
	r.blocks[b].touch = uint32(r.used.Load())
	r.mu.Unlock()
	if known {
		if r.pread(p, off, epoch) {
			return true
		}
		g.distrust(b, epoch)
		return false
	}
	one, err := r.file()
	if err != nil {
		g.bad++
		return false
	}
	defer r.c.files.giveBack(one)
	buf := r.c.bufs.Get().(*[]byte)
	defer r.c.bufs.Put(buf)
	whole := (*buf)[:blockLen(r.obj.Size, b)]
	if err := r.checkBlock(one.file, b, whole); err != nil {
		return false
	}
	copy(p, whole[off-blockStart(b):])
	return true
}

// distrust drops a checked block that can no longer be read, unless blocks were
// taken away meanwhile, which explains it.
func (g *reading) distrust(b int, epoch uint64) {
	r := g.h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch.Load() != epoch {
		return
	}
	g.bad++
	r.spoiled(b)
}

// demand begins the fill of block b and of what the read needs beyond it, or of the
// handle's window when that is more. With r.mu held.
func (g *reading) demand(b int) *fill {
	r, h := g.h.r, g.h
	need := blockOf(g.end-1) + 1
	limit := min(max(need, blockOf(blockStart(b)+h.window-1)+1), len(r.blocks))
	f := r.begin(g.fetch, g.class, b, need, limit)
	// Runs of the same read that begin later are fetched at the same time.
	for next := f.end; next < need; next++ {
		if !r.blocks[next].state.has(here) && r.flight[next] == nil {
			next = r.begin(g.fetch, g.class, next, need, need).end
		}
	}
	h.ahead = max(h.ahead, blockStart(f.end))
	h.widen()
	return f
}

// failed answers a piece whose fill ended with err: what found no room on the disk
// is read straight from the store.
func (g *reading) failed(err error, p []byte, off int64) error {
	if errors.Is(err, errNoRoom) {
		return g.through(p, off)
	}
	return err
}

func (g *reading) through(p []byte, off int64) error {
	g.waited = true
	ctx, cancel := context.WithTimeoutCause(g.ctx, g.h.c.opts.Timeout, errLate)
	defer cancel()
	return g.h.pass.read(ctx, g.h.r, p, off)
}
