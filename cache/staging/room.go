package staging

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// Auto as [Options].Floor leaves it to the store.
	Auto int64 = -1
	// leastFloor is the least that stays free for others unless told otherwise, in bytes.
	leastFloor int64 = 1 << 30
	// credit is how many bytes are written at most before the disk is asked again, and
	// creditAge how long that may go on.
	credit    int64 = 8 << 20
	creditAge       = 100 * time.Millisecond
	// unit is what bytes take on disk at least.
	unit int64 = 4096
)

// room says what may still be written.
type room struct {
	dir   string
	floor int64
	space func(dir string) (total, free int64, err error)
	log   *slog.Logger

	mu     sync.Mutex // guards the fields below; taken innermost; only writers need it
	credit int64      // bytes that may be written without a look at the disk
	looked time.Time
	unborn int64 // bytes that were granted and may not be on the disk yet
}

// settle decides a floor that was left open: 1 GiB or a hundredth of the disk, whichever
// is more, but no more than half of what is free now, so that a small disk can be used.
func (r *room) settle() {
	if r.floor >= 0 {
		return
	}
	total, free, err := r.space(r.dir)
	if err != nil {
		r.log.Warn("free disk is not known", "err", err)
		r.floor = leastFloor
		return
	}
	r.floor = min(max(leastFloor, total/100), free/2)
}

// take grants n bytes; the caller gives them back to born when they are written or will
// not be. ErrFull: the floor would be touched.
func (r *room) take(n int64) error {
	if n == 0 || r.floor <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > r.credit || time.Since(r.looked) > creditAge {
		_, free, err := r.space(r.dir)
		if err != nil {
			return fmt.Errorf("free disk: %w", err)
		}
		// What is unborn may be on the disk already: it counts twice rather than not at all.
		left := free - r.unborn - r.floor
		if n > left {
			r.credit = 0
			return fmt.Errorf("%w: %d bytes free, %d of them kept free", ErrFull, free, r.floor)
		}
		r.credit, r.looked = max(n, min(left, credit)), time.Now()
	}
	r.credit -= n
	r.unborn += n
	return nil
}

// free is how much may still be written, in bytes; -1 where that is not known.
func (r *room) free() int64 {
	_, free, err := r.space(r.dir)
	if err != nil {
		return -1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, free-r.unborn-max(0, r.floor))
}

// born ends what take granted.
func (r *room) born(n int64) {
	if n == 0 || r.floor <= 0 {
		return
	}
	r.mu.Lock()
	r.unborn -= n
	r.mu.Unlock()
}

// outward is s rounded outward to what the disk gives at least.
func outward(s Span) Span {
	return Span{s.Off &^ (unit - 1), (s.End + unit - 1) &^ (unit - 1)}
}
