package fs

import (
	"context"
	"sync"
	"time"
)

// request is the context of one request that may have to wait for bytes: it ends
// when the kernel interrupts the request, at its deadline, or when finished.
//
// Most reads are answered from this machine and never look at it, so its timer and
// its goroutine come into being when somebody first asks for Done.
type request struct {
	interrupted <-chan struct{}
	deadline    time.Time

	mu       sync.Mutex // guards the fields below; no other lock is taken under it
	finished bool
	ctx      context.Context
	stop     context.CancelFunc
}

var _ context.Context = (*request)(nil)

// newRequest begins a request. interrupted may be nil.
func newRequest(interrupted <-chan struct{}, timeout time.Duration) *request {
	return &request{interrupted: interrupted, deadline: time.Now().Add(timeout)}
}

// finish ends the request. It must be called before the answer is given: go-fuse
// uses the interrupt channel again for a later request.
func (r *request) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = true
	if r.stop != nil {
		r.stop()
	}
}

// wasInterrupted tells whether the kernel wants no answer. It is asked before finish.
func (r *request) wasInterrupted() bool {
	select {
	case <-r.interrupted:
		return true
	default:
		return false
	}
}

// Deadline implements context.Context.
func (r *request) Deadline() (time.Time, bool) { return r.deadline, true }

// Value implements context.Context: a request carries none.
func (r *request) Value(any) any { return nil }

// Done implements context.Context.
func (r *request) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.context().Done()
}

// Err implements context.Context.
func (r *request) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil && !r.finished && !r.wasInterrupted() && time.Now().Before(r.deadline) {
		return nil
	}
	return r.context().Err()
}

// context gives the context proper. With mu held.
func (r *request) context() context.Context {
	if r.ctx != nil {
		return r.ctx
	}
	ctx, stop := context.WithDeadline(context.Background(), r.deadline)
	r.ctx, r.stop = ctx, stop
	switch {
	case r.finished || r.wasInterrupted():
		stop()
	case r.interrupted != nil:
		go func(interrupted <-chan struct{}) {
			select {
			case <-interrupted:
				stop()
			case <-ctx.Done():
			}
		}(r.interrupted)
	}
	return ctx
}
