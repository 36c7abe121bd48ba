package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// minWindow is what a miss fetches at least, in bytes from the missing block on;
	// never bytes before it, for they would only delay the reader.
	minWindow = 256 << 10
	// maxWindow is how far a sequential handle is fetched ahead at most, in bytes. More
	// than that is for whoever knows what the reader is about: see [Cache.Wish].
	maxWindow = 1 << 20
	// slack is how far from the last read a sequential one may begin, in bytes: the
	// kernel's read-ahead reorders its requests.
	slack = 256 << 10
	// maxTries bounds how often one read trusts a disk that keeps failing it.
	maxTries = 3
)

// Handle reads one object version. Its methods may be called from many goroutines;
// no read may run when Release is called.
type Handle struct {
	c     *Cache
	r     *replica
	pass  passage
	taken atomic.Int64 // bytes read so far

	// Guarded by r.mu.
	released bool
	next     int64 // end of the last read
	window   int64 // bytes a miss fetches
	narrow   bool  // the window stays as it is
	ahead    int64 // end of what was asked for
	backing  *backing
}

// Release ends the use of the handle. What was being fetched only for this object is
// given up after a few seconds, unless it is opened again. Releasing twice does nothing.
func (h *Handle) Release() {
	h.r.mu.Lock()
	again := h.released
	h.released = true
	delete(h.r.handles, h)
	h.r.mu.Unlock()
	if !again {
		h.unback()
		h.r.leave()
	}
}

// ReadAt reads len(p) bytes from off as [io.ReaderAt] does: fewer only at the end of
// the object, with io.EOF. It waits for missing bytes, and not for more than p needs. A
// [remote.Ticket] in ctx says how urgent they are, as of the time of the call.
//
// Errors are the kinds of package remote ([remote.ErrOffline] when the bytes did not
// come in time, [remote.ErrCorrupt] when the object does not match its SHA-256),
// ctx's own when it was cancelled, and [ErrClosed].
func (h *Handle) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read %q at %d: %w", h.r.obj.Key, off, remote.ErrInvalid)
	}
	if off >= h.r.obj.Size {
		return 0, io.EOF
	}
	var end error
	if rest := h.r.obj.Size - off; rest < int64(len(p)) {
		p, end = p[:rest], io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	ok, err := h.hit(ctx, p, off)
	if err != nil {
		return 0, err
	}
	if ok {
		h.c.count.hits.Add(1)
		h.took(len(p))
		return len(p), end
	}
	n, err := h.miss(ctx, p, off)
	if err != nil {
		return n, err
	}
	h.took(n)
	return n, end
}

// Here tells whether n bytes from off, as far as the object has them, are on this machine
// and may be read without waiting.
func (h *Handle) Here(off int64, n int) bool {
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	end := min(off+int64(n), r.obj.Size)
	if off < 0 || n < 0 || r.suspect || !r.cacheable() {
		return false
	}
	for b := blockOf(off); off < end && b <= blockOf(end-1); b++ {
		if !r.blocks[b].state.has(here) {
			return false
		}
	}
	return true
}

// hit answers a read whose blocks are all here and were checked before.
func (h *Handle) hit(ctx context.Context, p []byte, off int64) (bool, error) {
	r := h.r
	first, last := blockOf(off), blockOf(off+int64(len(p))-1)
	tick := r.c.clock.Add(1)
	r.used.Store(tick)
	r.mu.Lock()
	if h.released || r.dead || r.c.base.Err() != nil {
		r.mu.Unlock()
		return false, ErrClosed
	}
	h.follow(ctx, off, off+int64(len(p)))
	if r.suspect || !r.cacheable() {
		r.mu.Unlock()
		return false, nil
	}
	for b := first; b <= last; b++ {
		if !r.blocks[b].state.has(here | checked) {
			r.mu.Unlock()
			return false, nil
		}
		r.blocks[b].touch = uint32(tick)
	}
	epoch := r.epoch.Load()
	r.mu.Unlock()
	return r.pread(p, off, epoch), nil
}

// pread reads from the file and tells whether the bytes may be used: none may have
// been taken away since epoch.
func (r *replica) pread(p []byte, off int64, epoch uint64) bool {
	one, err := r.file()
	if err != nil {
		return false
	}
	n, _ := one.file.ReadAt(p, off)
	r.c.files.giveBack(one)
	return n == len(p) && r.epoch.Load() == epoch
}

// follow notes where a read is, and keeps the window of a sequential handle filled:
// less than half of it left begins the next fill. With r.mu held.
func (h *Handle) follow(ctx context.Context, off, end int64) {
	r := h.r
	sequential := off >= h.next-slack && off <= h.next+slack
	h.next = end
	if !sequential || r.suspect || !r.cacheable() {
		h.window, h.ahead = minWindow, end
		return
	}
	if h.window <= minWindow || end >= r.obj.Size {
		return
	}
	limit := min(end+h.window, r.obj.Size)
	for b := blockOf(end); b <= blockOf(min(end+h.window/2, limit-1)); b++ {
		if !r.blocks[b].state.has(here) && r.flight[b] == nil {
			r.begin(ctx, max(remote.ReadAhead, remote.TicketOf(ctx).Class()), b, b, blockOf(limit-1)+1)
			h.widen()
			h.ahead = max(h.ahead, limit)
			return
		}
	}
}

// Narrow has the handle fetch little beyond what is read, however it is read: for one
// whose reader stops after the beginning.
func (h *Handle) Narrow() {
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	h.narrow, h.window = true, minWindow
}

// widen doubles the window, up to an eighth of all the room there is. With r.mu held.
func (h *Handle) widen() {
	if h.narrow {
		return
	}
	h.window = max(min(2*h.window, maxWindow, h.c.limit()/8), minWindow)
}

// miss answers a read block by block: what is here from the disk, what is on its way
// as soon as it arrives, what is missing by fetching it.
func (h *Handle) miss(ctx context.Context, p []byte, off int64) (n int, err error) {
	outer := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, lenience*h.c.opts.Timeout, errLate)
	defer cancel()
	read := &reading{h: h, ctx: ctx, fetch: outer, class: remote.TicketOf(outer).Class(), end: off + int64(len(p))}
	for n < len(p) && err == nil {
		b := blockOf(off + int64(n))
		piece := p[n:min(int64(len(p)), blockStart(b+1)-off)]
		if err = read.piece(b, piece, off+int64(n)); err == nil {
			n += len(piece)
		}
	}
	if read.waited {
		h.c.count.misses.Add(1)
	} else if err == nil {
		h.c.count.hits.Add(1)
	}
	return n, h.r.explain(ctx, err)
}

// errLate: the time a read may take is over.
var errLate = errors.New("no answer in time")

// explain gives a context's end its meaning.
func (r *replica) explain(ctx context.Context, err error) error {
	switch {
	case err == nil || errors.Is(err, ErrClosed):
		return err
	case ctx.Err() == nil && hasKind(err):
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return r.offline(context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("read %q: %w", r.obj.Key, ctx.Err())
	}
	return r.offline(err)
}
