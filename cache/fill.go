package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

var (
	// errNoRoom: nothing of this range can be kept now; read it straight through.
	errNoRoom = errors.New("no room in the cache")
	// errUncounted: nor can it be before all that lies on the disk is counted.
	errUncounted = fmt.Errorf("%w yet", errNoRoom)
	// errAbandoned: nobody waited when the fill was cut, or the last handle went away
	// long enough ago. A reader who comes after that begins a new fill.
	errAbandoned = errors.New("nobody reads this object any more")
	errStalled   = errors.New("no bytes arrive")
)

// fill is one fetch of a run of missing blocks. One without a range is a barrier:
// blocks that nobody may read or fetch while their bytes are being removed.
type fill struct {
	r      *replica
	cancel context.CancelCauseFunc
	// ticket carries how urgent the fetch is to whoever orders requests.
	ticket *remote.Ticket
	// class is that of what no reader waits for, urgent that of what the one waits for
	// who began it.
	class, urgent remote.Class

	// Guarded by r.mu. Only the fill's own goroutine changes at and buf, and so
	// may read them without it; bytes behind len(buf) are its own.
	at, end int    // the block being received, and the one after the last
	need    int    // blocks before this one were asked for by a reader
	buf     []byte // what has arrived of block at
	waiters []*waiter
	done    bool
	err     error // set with done
}

// begin starts a fill of the run of missing blocks from first on, up to limit; a
// reader needs those before need. With r.mu held; first is neither here nor in flight.
func (r *replica) begin(ctx context.Context, class remote.Class, first, need, limit int) *fill {
	end := first + 1
	for end < limit && !r.blocks[end].state.has(here) && r.flight[end] == nil {
		end++
	}
	f := &fill{r: r, at: first, end: end, need: min(need, end), class: max(class, remote.ReadAhead), urgent: class, ticket: remote.NewTicket(class)}
	for b := first; b < end; b++ {
		r.flight[b] = f
	}
	// The reader's values stay, its end does not.
	ctx, f.cancel = context.WithCancelCause(remote.WithTicket(context.WithoutCancel(ctx), f.ticket))
	if !r.c.spawn(func() { f.run(ctx) }) {
		f.cancel(ErrClosed)
		f.drop()
		f.finish(ErrClosed)
	}
	return f
}

// run is the fill's goroutine.
func (f *fill) run(ctx context.Context) {
	stop := context.AfterFunc(f.r.c.base, func() { f.cancel(ErrClosed) })
	defer stop()
	err := f.receive(ctx)
	f.cancel(err)

	f.r.mu.Lock()
	freed := f.drop()
	f.finish(err)
	f.r.mu.Unlock()
	f.r.c.unborn.Add(-freed)
	f.r.c.refund(f.r, freed)
}

// receive makes room, then streams the range into the file.
func (f *fill) receive(ctx context.Context) error {
	r := f.r
	stall := newStall(r.c.opts.Timeout, r.c.count.fetched.Load, func() { f.cancel(r.offline(errStalled)) })
	defer stall.stop()
	if err := f.admit(ctx); err != nil {
		return err
	}
	file, err := r.prepare()
	if err != nil {
		return f.diskFailed(err)
	}
	defer r.c.files.giveBack(file)

	buf := r.c.bufs.Get().(*[]byte)
	defer r.c.bufs.Put(buf)
	// Taken back before the buffer is reused: a reader may copy from it until then.
	defer f.arrive((*buf)[:0])
	src := &source{r: r, ctx: ctx, off: blockStart(f.at), end: min(blockStart(f.end), r.obj.Size), wanted: f.awaited}
	defer src.close()

	first := f.at
	for f.at < f.end {
		got, err := f.block(src, *buf, stall)
		if err != nil {
			if errors.Is(err, errSurplus) {
				f.distrust(first)
			}
			return err
		}
		if _, err := r.c.tune.write(file.file, got, blockStart(f.at)); err != nil {
			// Some bytes may have taken space.
			if r.c.tune.punch(file.file, blockStart(f.at), blockSize) != nil {
				f.stain()
			}
			return f.diskFailed(err)
		}
		f.land(checksum(got))
		f.hurry()
	}
	return nil
}

// block reads the current block into buf and shows it to readers as it grows. The
// last one of a range is given only when the store sent no more than that.
func (f *fill) block(src *source, buf []byte, stall *stall) ([]byte, error) {
	got := buf[:0]
	for want := blockLen(f.r.obj.Size, f.at); len(got) < want; {
		n, err := src.Read(buf[len(got):want])
		if err != nil {
			return nil, err
		}
		stall.moves()
		got = buf[:len(got)+n]
		f.arrive(got)
	}
	if f.at == f.end-1 {
		if err := src.surplus(); err != io.EOF {
			return nil, err
		}
	}
	return got, nil
}

// admit reserves the room the fill needs: for its whole range, or else for what a
// reader waits for.
func (f *fill) admit(ctx context.Context) error {
	r := f.r
	if err := r.awaitScan(ctx); err != nil {
		return err
	}
	if !r.pay() {
		return errNoRoom
	}
	for {
		cost := f.claim()
		if r.c.reserve(r.rec, cost) {
			return nil
		}
		r.mu.Lock()
		f.unclaim(f.at)
		smaller := f.need > f.at && f.need < f.end && !r.suspect
		if smaller {
			for b := f.need; b < f.end; b++ {
				delete(r.flight, b)
			}
			f.end = f.need
			f.turnAway()
		}
		r.mu.Unlock()
		if !smaller {
			return errNoRoom
		}
	}
}

// awaitScan waits until all on disk is counted. On a slow disk that takes minutes: a
// moment after Open nobody waits for it any more and bytes pass through. What is in
// doubt must be kept to be served at all, and waits for as long as its readers do.
func (r *replica) awaitScan(ctx context.Context) error {
	select {
	case <-r.c.scanned:
		return nil
	default:
	}
	patience := time.NewTimer(time.Until(r.c.opened.Add(r.c.tune.patience)))
	defer patience.Stop()
	over := patience.C
	r.mu.Lock()
	if r.suspect {
		over = nil
	}
	r.mu.Unlock()
	select {
	case <-r.c.scanned:
		return nil
	case <-over:
		return errUncounted
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pay reserves the overhead of the object's files, once.
func (r *replica) pay() bool {
	r.paying.Lock()
	defer r.paying.Unlock()
	r.mu.Lock()
	paid := r.paid
	r.mu.Unlock()
	if paid {
		return true
	}
	cost := overhead(r.obj.Size)
	if !r.cacheable() || !r.c.reserve(r.rec, cost) {
		return false
	}
	r.c.unborn.Add(-cost) // they are made next
	r.mu.Lock()
	r.paid = true
	r.mu.Unlock()
	return true
}

// diskFailed stops admissions for a while, so that not every read tries the disk.
func (f *fill) diskFailed(err error) error {
	c := f.r.c
	until := time.Now().Add(c.tune.sulk).UnixNano()
	if c.sulks.Swap(until) < time.Now().UnixNano() {
		c.log.Error("cache disk failed, reading straight from the store", "err", err)
	}
	return fmt.Errorf("%w: %w", errNoRoom, err)
}

// offline is an error of that kind for this object.
func (r *replica) offline(cause error) error {
	return &remote.Error{Op: "read", Key: r.obj.Key, Kind: remote.ErrOffline, Err: cause}
}
