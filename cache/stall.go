package cache

import (
	"sync"
	"time"
)

// lenience is how many times [Options.Timeout] a read may take, and a fetch stand still,
// while the store sends anything at all: then the link is slow, or others are first, and an
// error would stop the music for nothing.
const lenience = 6

// stall ends a fetch that stands still.
type stall struct {
	fetched func() int64 // bytes received from the store, for whomever
	end     func()
	timeout time.Duration

	mu    sync.Mutex // guards the fields below; end is called without it
	timer *time.Timer
	last  int64 // of fetched, when the timer was set
	left  int   // how often it may go on because others get bytes
}

func newStall(timeout time.Duration, fetched func() int64, end func()) *stall {
	s := &stall{fetched: fetched, end: end, timeout: timeout}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(timeout, s.ring)
	s.last, s.left = fetched(), lenience-1
	return s
}

// moves says that bytes of the fetch arrived.
func (s *stall) moves() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer.Stop() {
		s.timer.Reset(s.timeout)
		s.last, s.left = s.fetched(), lenience-1
	}
}

// stop ends the watching.
func (s *stall) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
	s.left = 0
}

// ring is called when none of the fetch's bytes came for the timeout.
func (s *stall) ring() {
	s.mu.Lock()
	if now := s.fetched(); now > s.last && s.left > 0 {
		s.last = now
		s.left--
		s.timer.Reset(s.timeout)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.end()
}
