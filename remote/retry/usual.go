package retry

import (
	"slices"
	"sync"
	"time"
)

const (
	// samples is how many answers the percentile is taken of.
	samples = 256
	// enough is how many must be known before anything is late.
	enough = 32
	// percentile is the share of answers that are in time.
	percentile = 0.99
	// leastLate is the least time after which an answer is late: on a fast link,
	// what is late by less costs nobody anything.
	leastLate = 50 * time.Millisecond
	// share is how many second requests may be made for each first one.
	share = 0.05
	// savings is how many second requests may be made in a row.
	savings = 8.0
)

// usual knows how long answers take.
type usual struct {
	mu      sync.Mutex // guards all below; taken alone
	last    [samples]time.Duration
	n       int
	late    time.Duration // the percentile, found anew every eighth answer
	savings float64
}

// answered notes an answer's time to its first byte.
func (u *usual) answered(d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last[u.n%samples] = d
	u.n++
	u.savings = min(u.savings+share, savings)
	if u.n >= enough && u.n%8 == 0 {
		known := slices.Sorted(slices.Values(u.last[:min(u.n, samples)]))
		u.late = max(known[int(percentile*float64(len(known)-1))], leastLate)
	}
}

// lateAfter gives the time after which an answer is late; 0: unknown yet.
func (u *usual) lateAfter() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.late
}

// spend takes one second request from what was saved, if it is there.
func (u *usual) spend() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.savings < 1 {
		return false
	}
	u.savings--
	return true
}
