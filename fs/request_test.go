package fs

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRequestEnds(t *testing.T) {
	interrupted := make(chan struct{})
	r := newRequest(interrupted, time.Hour)
	defer r.finish()
	if err := r.Err(); err != nil || r.ctx != nil {
		t.Fatalf("a new request: got %v, context made: %v", err, r.ctx != nil)
	}
	done := r.Done()
	select {
	case <-done:
		t.Fatal("done at once")
	default:
	}
	close(interrupted)
	<-done
	if !errors.Is(r.Err(), context.Canceled) || !r.wasInterrupted() {
		t.Errorf("got %v, interrupted %v", r.Err(), r.wasInterrupted())
	}
}

func TestRequestInterruptedBeforehand(t *testing.T) {
	interrupted := make(chan struct{})
	close(interrupted)
	r := newRequest(interrupted, time.Hour)
	defer r.finish()
	if !errors.Is(r.Err(), context.Canceled) {
		t.Errorf("got %v", r.Err())
	}
	select {
	case <-r.Done():
	default:
		t.Error("Err says ended and Done does not")
	}
}

func TestRequestDeadline(t *testing.T) {
	r := newRequest(nil, 10*time.Millisecond)
	defer r.finish()
	<-r.Done()
	if !errors.Is(r.Err(), context.DeadlineExceeded) {
		t.Errorf("got %v", r.Err())
	}
	late := newRequest(nil, -time.Second)
	defer late.finish()
	if !errors.Is(late.Err(), context.DeadlineExceeded) {
		t.Errorf("past its deadline: got %v", late.Err())
	}
}

// go-fuse gives a finished request's channel to the next one, so an interrupt of
// that must not reach who kept this context; and who kept it must not wait for ever.
func TestRequestFinished(t *testing.T) {
	reused := make(chan struct{})
	r := newRequest(reused, time.Hour)
	ctx, cancel := context.WithCancel(r)
	defer cancel()
	r.finish()
	<-ctx.Done()
	close(reused)
	unused := newRequest(reused, time.Hour)
	unused.finish()
	if !errors.Is(unused.Err(), context.Canceled) {
		t.Errorf("finished unused: got %v", unused.Err())
	}
}
