package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// readAtOnce is how many objects are read at a time.
	readAtOnce = 4
	// verifyPause is how long reading rests after the store failed, longer each time,
	// and verifyTries how often it tries.
	verifyPause = time.Second
	verifyTries = 6
)

// data reads every wanted object whose hash is known, but for those that are remembered
// as good.
func (v *verification) data(ctx context.Context) (err error) {
	if v.far.ToRead, err = v.wanted.bytes(ctx); err != nil {
		return err
	}
	memory, err := openGoodList(ctx, v.Memory, v.opts.Again)
	if err != nil {
		return err
	}
	r := reading{verification: v, memory: memory}
	if v.opts.Bandwidth > 0 {
		ctx = remote.WithPace(ctx, newRate(v.opts.Bandwidth).wait)
	}
	err = r.all(ctx)
	if v.report.Since, err = memory.close(err); err != nil {
		return err
	}
	v.tell(v.far)
	return nil
}

// reading is the part of a verification that many goroutines share.
type reading struct {
	*verification
	memory *goodList
	// mu guards the report, far, tell, blamed and memory, which is fast.
	mu sync.Mutex
}

func (r *reading) all(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readAtOnce)
	err := r.wanted.each(gctx, func(w *wanted) error {
		if !w.hash.Known() || w.past && w.foreign {
			return nil
		}
		if known, err := r.remembered(gctx, w); err != nil || known {
			return err
		}
		g.Go(func() error { return r.look(gctx, w) })
		return gctx.Err()
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return err
}

// remembered tells whether an object need not be read, and counts one that an earlier run
// has read.
func (r *reading) remembered(ctx context.Context, w *wanted) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.blamed[w.key] {
		return true, nil
	}
	good, err := r.memory.has(ctx, w)
	if good {
		r.report.Earlier++
		r.report.Read++
		r.far.ReadBytes += w.size
	}
	return good, err
}

// look reads one object and compares its hash. Only an error that says nothing of the
// object ends the run.
func (r *reading) look(ctx context.Context, w *wanted) error {
	what := ""
	for try := 1; ; try++ {
		sum, n, err := r.hash(ctx, w)
		if err == nil && sum != w.hash {
			what = fmt.Sprintf("its %d bytes have the SHA-256 %s", n, sum)
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if remote.Temporary(err) && try < verifyTries {
			if err := pause(ctx, time.Duration(try)*verifyPause); err != nil {
				return err
			}
			continue
		}
		if what = broken(err); what == "" {
			return fmt.Errorf("reading %s: %w", w.key, err)
		}
		break
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.far.ReadBytes += w.size
	defer r.tell(r.far)
	if what != "" {
		return r.blame(ctx, w, ObjectDamaged, what)
	}
	r.report.Read++
	r.report.ReadBytes += w.size
	return r.memory.add(ctx, w)
}

// broken says what an error of reading tells of the object; "" where it tells of the
// store, or of the way there.
func broken(err error) string {
	switch {
	case errors.Is(err, remote.ErrNotFound):
		return "its object is missing from the store"
	case errors.Is(err, remote.ErrPrecondition):
		return "its object was written over"
	case errors.Is(err, remote.ErrCorrupt), errors.Is(err, remote.ErrRange), errors.Is(err, syscall.EIO): // the last is a disk's
		return "its object cannot be read to the end: " + err.Error()
	}
	return ""
}

// hash reads an object.
func (r *reading) hash(ctx context.Context, w *wanted) (sum Hash, n int64, err error) {
	body, _, err := r.Store.Get(ctx, w.key, remote.Range{}, w.etag)
	if errors.Is(err, remote.ErrRange) && w.size == 0 {
		return sha256.Sum256(nil), 0, nil
	}
	if err != nil {
		return sum, 0, err
	}
	defer body.Close()
	h := sha256.New()
	n, err = io.Copy(h, remote.Paced(ctx, body))
	h.Sum(sum[:0])
	return sum, n, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rate lets bytes through at so many a second.
type rate struct {
	perSecond int64
	mu        sync.Mutex // guards next
	next      time.Time  // when the next may pass
}

func newRate(perSecond int64) *rate { return &rate{perSecond: perSecond} }

// wait is a remote.Pace.
func (r *rate) wait(ctx context.Context, n int) error {
	r.mu.Lock()
	now := time.Now()
	if r.next.Before(now) {
		r.next = now
	}
	d := r.next.Sub(now)
	r.next = r.next.Add(time.Duration(float64(n) / float64(r.perSecond) * float64(time.Second)))
	r.mu.Unlock()
	if d <= 0 {
		return ctx.Err()
	}
	return pause(ctx, d)
}
