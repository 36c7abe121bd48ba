package fs

import (
	"sync"
	"time"
)

// stalls remembers which ranges of an open file waited in vain just now.
//
// When a read-ahead fails, the kernel asks for the page that the program wants a
// second time. That request may wait only briefly, or the program would get its
// error after twice the time; it succeeds if the bytes have come meanwhile.
type stalls struct {
	mu     sync.Mutex // guards the fields below; no other lock is taken under it
	latest [8]stall   // a ring: two windows of read-ahead for a few readers
	next   int
}

type stall struct {
	off, end int64
	at       time.Time
}

const (
	// secondWait is how long the second request may wait.
	secondWait = 50 * time.Millisecond
	// stallMemory is how soon after the first it comes.
	stallMemory = time.Second
)

// wait gives how long a read of [off, end) may wait, at most timeout.
func (s *stalls) wait(off, end int64, timeout time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.latest {
		if off < old.end && old.off < end && time.Since(old.at) < stallMemory {
			return min(secondWait, timeout)
		}
	}
	return timeout
}

// add notes that a read of [off, end) has waited for nothing.
func (s *stalls) add(off, end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest[s.next] = stall{off: off, end: end, at: time.Now()}
	s.next = (s.next + 1) % len(s.latest)
}
