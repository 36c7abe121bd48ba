package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"github.com/lockerfs/lockerfs/remote"
)

// maxRejected is how often the whole may fail its SHA-256 before it is corrupt.
const maxRejected = 2

var (
	errBacked    = errors.New("the file is being read without us")
	errMismatch  = errors.New("the content does not match its SHA-256")
	errDisturbed = errors.New("blocks changed during the check")
)

// verifyWhole starts a check of the whole content when it is here and has not been
// checked. One whose SHA-256 nobody knows gets it so, where somebody wants to learn it: all
// of it came under one ETag. With r.mu held.
func (r *replica) verifyWhole() {
	known := Object{SHA256: r.sum}.hashed() || r.c.opts.Learned != nil && r.obj.Foreign && r.etag != ""
	if r.missing > 0 || r.verified || r.verifying != nil || !known || len(r.blocks) == 0 || r.dead {
		return
	}
	running := make(chan struct{})
	r.verifying = running
	if !r.c.spawn(r.verify) {
		r.verifying = nil
		close(running)
	}
}

// verify is the check's goroutine.
func (r *replica) verify() {
	epoch := r.epoch.Load()
	sum, err := r.hash()

	r.mu.Lock()
	learned := false
	switch {
	case err == nil && (r.epoch.Load() != epoch || r.missing > 0):
		err = errDisturbed
	case err == nil && !Object{SHA256: r.sum}.hashed():
		r.sum, learned = sum, true
	case err == nil && sum != r.sum:
		err = errMismatch
	}
	if err == nil {
		r.verified, r.suspect, r.rejected, r.dirty = true, false, 0, true
	}
	if errors.Is(err, errMismatch) {
		r.reject() // unlocks
		r.mu.Lock()
	}
	close(r.verifying)
	r.verifying = nil
	obj := r.obj
	obj.SHA256 = r.sum
	r.mu.Unlock()
	if learned {
		r.c.opts.Learned(obj)
	}
}

// reject drops all of a content that is wrong. With r.mu held, and not afterwards.
func (r *replica) reject() {
	r.c.count.corrupt.Add(1)
	r.c.log.Error("object does not match its SHA-256, dropped", "key", r.obj.Key, "etag", r.obj.ETag)
	r.suspect = true
	r.rejected++
	all := make([]int, len(r.blocks))
	for b := range all {
		all[b] = b
	}
	backed := r.backed > 0
	_, err := r.expel(all, func(f *os.File) error {
		if backed { // damaged on disk since it was right; its readers keep what is there
			return errBacked
		}
		return errors.Join(f.Truncate(0), f.Truncate(r.obj.Size))
	})
	if err != nil {
		r.c.log.Warn("corrupt object keeps its space", "key", r.obj.Key, "err", err)
	}
	// On disk the map still names the blocks, and it is not written while in doubt.
	if err := r.blank(); err != nil {
		r.c.log.Warn("map of a corrupt object stays", "key", r.obj.Key, "err", err)
	}
}

// hash reads the whole content, holding every block to its CRC, so that damage on
// this disk is never taken for a wrong object.
func (r *replica) hash() (sum [sha256.Size]byte, err error) {
	one, err := r.file()
	if err != nil {
		return sum, err
	}
	defer r.c.files.giveBack(one)
	buf := r.c.bufs.Get().(*[]byte)
	defer r.c.bufs.Put(buf)
	h := sha256.New()
	for b := range r.blocks {
		if err := context.Cause(r.c.base); err != nil {
			return sum, err
		}
		p := (*buf)[:blockLen(r.obj.Size, b)]
		if err := r.checkBlock(one.file, b, p); err != nil {
			return sum, err
		}
		h.Write(p)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// checkBlock reads block b into p and holds it to its CRC. One that fails is lost,
// unless something else happened to it in the meantime.
func (r *replica) checkBlock(f *os.File, b int, p []byte) error {
	r.mu.Lock()
	epoch, one := r.epoch.Load(), r.blocks[b]
	r.mu.Unlock()
	if !one.state.has(here) {
		return errDisturbed
	}
	_, err := f.ReadAt(p, blockStart(b))
	good := err == nil && checksum(p) == one.crc
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.epoch.Load() != epoch || !r.blocks[b].state.has(here):
		return errDisturbed
	case good:
		r.blocks[b].state |= checked
		return nil
	}
	r.spoiled(b)
	return fmt.Errorf("block %d is damaged: %w", b, errDisturbed)
}

// trust waits until the whole content is here and verified. It is how an object in
// doubt is read. A fill that would not wait for the count began before the doubt: the
// next one waits.
func (r *replica) trust(ctx context.Context) error {
	var last *fill
	for checks := 0; checks <= 2*maxRejected; {
		r.mu.Lock()
		switch {
		case !r.suspect:
			r.mu.Unlock()
			return nil
		case r.rejected >= maxRejected:
			r.mu.Unlock()
			return &remote.Error{Op: "read", Key: r.obj.Key, Kind: remote.ErrCorrupt, Err: errMismatch}
		case r.dead:
			r.mu.Unlock()
			return ErrClosed
		case last != nil && last.failed() && !errors.Is(last.err, errUncounted) && r.missing > 0:
			r.mu.Unlock()
			return r.unproven(last.err)
		}
		if r.missing == 0 {
			checks++
			r.verifyWhole()
			running := r.verifying
			r.mu.Unlock()
			if running == nil {
				return ErrClosed
			}
			if err := r.c.await(ctx, running); err != nil {
				return err
			}
			continue
		}
		w, f := r.wantAll(ctx)
		r.mu.Unlock()
		if err := r.await(ctx, f, w); err != nil {
			return err
		}
		last = f
	}
	return r.unproven(errDisturbed)
}

// wantAll has every missing block fetched, and gives a waiter for the end of one of
// the fills. With r.mu held; something is missing.
func (r *replica) wantAll(ctx context.Context) (*waiter, *fill) {
	var f *fill
	for b := range r.blocks {
		if r.blocks[b].state.has(here) {
			continue
		}
		if f = r.flight[b]; f == nil {
			f = r.begin(ctx, remote.Demand, b, len(r.blocks), len(r.blocks))
		}
	}
	return f.follow(), f
}

// unproven says why an object in doubt cannot be served.
func (r *replica) unproven(err error) error {
	if errors.Is(err, ErrClosed) || hasKind(err) && !errors.Is(err, errNoRoom) {
		return err
	}
	return &remote.Error{Op: "read", Key: r.obj.Key, Kind: remote.ErrPrecondition, Err: fmt.Errorf("it must be verified as a whole first: %w", err)}
}
