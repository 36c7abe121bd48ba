package retry

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestBreakerContract(t *testing.T) {
	remotetest.Run(t, func(t *testing.T) remote.Store {
		m := remotetest.NewMemory()
		b := NewBreaker(m, func(context.Context) error { return nil }, func() {}, func(error) {})
		t.Cleanup(b.Close)
		return b
	})
}

// outage is a store that can be away: it fails, or is silent.
type outage struct {
	remote.Store
	fails, silent atomic.Bool
	asked         atomic.Int64

	mu   sync.Mutex // guards told
	told []error
}

func (o *outage) Head(ctx context.Context, key string) (remote.Object, error) {
	o.asked.Add(1)
	if o.silent.Load() {
		select {
		case <-ctx.Done():
			return remote.Object{}, ctx.Err()
		case <-time.After(10 * time.Second):
			return remote.Object{}, &remote.Error{Op: "head", Kind: remote.ErrOffline}
		}
	}
	if o.fails.Load() {
		return remote.Object{}, &remote.Error{Op: "head", Kind: remote.ErrOffline, Err: io.ErrUnexpectedEOF}
	}
	return o.Store.Head(ctx, key)
}

func (o *outage) changed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, err)
}

func newOutage(t *testing.T) (*Breaker, *outage) {
	o := &outage{Store: remotetest.NewMemory()}
	b := NewBreaker(o, func(ctx context.Context) error {
		_, err := o.Head(ctx, "probe")
		return err
	}, func() {}, o.changed)
	t.Cleanup(b.Close)
	return b, o
}

// head asks for an object that is not there, and tells how it went and how long it took.
func head(t *testing.T, b *Breaker) (time.Duration, error) {
	start := time.Now()
	_, err := b.Head(t.Context(), "k")
	return time.Since(start), err
}

// One request that failed is no outage; an outage makes all that follows fail at once, and
// its end is noticed within five seconds.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, o := newOutage(t)
		o.fails.Store(true)
		if _, err := head(t, b); !errors.Is(err, remote.ErrOffline) {
			t.Fatalf("got %v", err)
		}
		synctest.Wait()
		asked := o.asked.Load()
		for range 100 {
			if took, err := head(t, b); !errors.Is(err, remote.ErrOffline) || !errors.Is(err, io.ErrUnexpectedEOF) || took > 0 {
				t.Fatalf("known to be away: %v after %v", err, took)
			}
		}
		if got := o.asked.Load(); got != asked {
			t.Errorf("%d requests went to a store that is away", got-asked)
		}
		time.Sleep(time.Minute)
		o.fails.Store(false)
		back := time.Now()
		for {
			if _, err := head(t, b); errors.Is(err, remote.ErrNotFound) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(back); took > 2*time.Second {
			t.Errorf("its return was noticed after %v", took)
		}
		synctest.Wait()
		if len(o.told) != 2 || !errors.Is(o.told[0], remote.ErrOffline) || o.told[1] != nil {
			t.Errorf("told %v", o.told)
		}
	})
}

// A store that is silent is known to be away before the first request has given up.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, o := newOutage(t)
		o.silent.Store(true)
		go b.Head(t.Context(), "k")
		time.Sleep(suspectAfter + probeLimit + time.Millisecond)
		synctest.Wait()
		if took, err := head(t, b); !errors.Is(err, remote.ErrOffline) || took > 0 {
			t.Errorf("%v after %v", err, took)
		}
		o.silent.Store(false)
		time.Sleep(probeLimit + probeEvery + time.Millisecond)
		synctest.Wait()
		if took, err := head(t, b); !errors.Is(err, remote.ErrNotFound) || took > 0 {
			t.Errorf("back again: %v after %v", err, took)
		}
		time.Sleep(time.Minute) // until the first has given up
	})
}

// One broken connection, with the store there, changes nothing; nor does a slow answer.
func TestNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, o := newOutage(t)
		b.note(&remote.Error{Op: "get", Kind: remote.ErrOffline})
		b.watch("get", "k", func() error { time.Sleep(time.Minute); return nil })
		synctest.Wait()
		if _, err := head(t, b); !errors.Is(err, remote.ErrNotFound) || len(o.told) > 0 {
			t.Errorf("%v, told %v", err, o.told)
		}
		if o.asked.Load() != 3 { // for the broken one, for the slow one, and now
			t.Errorf("asked %d times", o.asked.Load())
		}
	})
}

// A person's word holds, whatever the store does, until it is taken back.
func TestForced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, o := newOutage(t)
		b.Force(true)
		time.Sleep(time.Minute)
		if took, err := head(t, b); !errors.Is(err, remote.ErrOffline) || !errors.Is(err, ErrForced) || took > 0 || o.asked.Load() > 0 {
			t.Errorf("%v after %v, %d requests", err, took, o.asked.Load())
		}
		if !b.Forced() {
			t.Error("not known to be forced")
		}
		b.Doubt() // somebody who does not know
		synctest.Wait()
		b.Force(false)
		synctest.Wait()
		if _, err := head(t, b); !errors.Is(err, remote.ErrNotFound) || b.Forced() {
			t.Errorf("taken back: %v", err)
		}
		if len(o.told) != 2 || !errors.Is(o.told[0], ErrForced) || o.told[1] != nil {
			t.Errorf("told %v", o.told)
		}
	})
}
