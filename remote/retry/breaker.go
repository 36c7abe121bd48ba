package retry

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	// suspectAfter is how long a read may be without an answer before somebody asks whether
	// the store is there at all: networks lose packets and say nothing.
	suspectAfter = 3 * time.Second
	// probeLimit bounds one such question, and probeEvery is the time between two while the
	// store is away: together they say how late its return is noticed.
	probeLimit = 3 * time.Second
	probeEvery = time.Second
)

// ErrForced: a person wants the store left alone. It comes with [remote.ErrOffline].
var ErrForced = errors.New("told to stay offline")

// Breaker fails requests at once while the store is known to be away, and finds out when
// it is back. It is a remote.Store; Close ends its goroutine and not the store below.
//
// One failed request makes it doubt, and ask by itself; only when that fails too does it
// know. So a single connection that broke is no outage, and a real one is known long
// before every reader has waited for its own request.
type Breaker struct {
	below   remote.Store
	probe   func(ctx context.Context) error
	refresh func()
	changed func(error)

	ctx context.Context // of the goroutine that asks
	end context.CancelFunc
	run sync.WaitGroup

	mu     sync.Mutex // guards the fields below; taken alone, no call under it
	away   error      // why no request passes; nil while they do
	forced bool
	asking bool          // the goroutine runs
	soon   chan struct{} // holds a token when the goroutine is to ask at once
	over   bool
}

var _ remote.Store = (*Breaker)(nil)

// NewBreaker gives a breaker before a store. probe asks the store for something small,
// and any answer will do, also a refusal; refresh drops connections that may be dead.
// changed is told that the store is away, and why, or with nil that it is back; it is
// called from any goroutine, with no lock held.
func NewBreaker(below remote.Store, probe func(ctx context.Context) error, refresh func(), changed func(error)) *Breaker {
	ctx, end := context.WithCancel(context.Background())
	return &Breaker{below: below, probe: probe, refresh: refresh, changed: changed, ctx: ctx, end: end, soon: make(chan struct{}, 1)}
}

// Close ends what the breaker does of itself. Requests pass or fail from then on as they
// did last.
func (b *Breaker) Close() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.end()
	b.run.Wait()
}

// Force leaves the store alone until it is called with false; then the store is asked.
func (b *Breaker) Force(away bool) {
	b.mu.Lock()
	b.forced = away
	if away {
		b.away = ErrForced
	}
	b.mu.Unlock()
	if away {
		b.changed(b.gate("ask", ""))
	} else {
		b.doubt()
	}
}

// Forced tells whether the store is left alone because somebody wants it so.
func (b *Breaker) Forced() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.forced
}

// Doubt has the store asked whether it is there, at once.
func (b *Breaker) Doubt() { b.doubt() }

// gate is the error of a request that must not be made.
func (b *Breaker) gate(op, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away == nil {
		return nil
	}
	return &remote.Error{Op: op, Key: key, Kind: remote.ErrOffline, Err: b.away}
}

// doubt begins to ask, unless that is being done.
func (b *Breaker) doubt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.soon <- struct{}{}:
	default:
	}
	if b.asking || b.forced || b.over {
		return
	}
	b.asking = true
	b.run.Go(b.ask)
}

// ask asks until there is an answer, or nobody wants to know any more.
func (b *Breaker) ask() {
	for {
		select {
		case <-b.soon:
		default:
		}
		if b.learnt(b.there()) || b.ctx.Err() != nil {
			return
		}
		b.refresh()
		select {
		case <-b.ctx.Done():
			return
		case <-b.soon:
		case <-time.After(probeEvery):
		}
	}
}

// there asks once, if that is wanted.
func (b *Breaker) there() error {
	if b.Forced() {
		return ErrForced
	}
	ctx, cancel := context.WithTimeout(b.ctx, probeLimit)
	defer cancel()
	return b.probe(ctx)
}

// learnt takes the outcome of a probe, and tells whether that is the end of asking.
func (b *Breaker) learnt(err error) (end bool) {
	gone := errors.Is(err, remote.ErrOffline) || errors.Is(err, context.DeadlineExceeded)
	b.mu.Lock()
	before := b.away
	switch {
	case b.forced || errors.Is(err, context.Canceled):
		b.asking = false
		b.mu.Unlock()
		return true
	case gone:
		b.away = err
	default:
		b.away, b.asking = nil, false
	}
	b.mu.Unlock()
	switch {
	case gone && (before == nil || before == ErrForced):
		b.changed(b.gate("probe", ""))
	case !gone && before != nil:
		b.changed(nil)
	}
	return !gone
}

// watch passes a request that is answered soon, if the store is there.
func (b *Breaker) watch(op, key string, do func() error) error {
	if err := b.gate(op, key); err != nil {
		return err
	}
	late := time.AfterFunc(suspectAfter, b.doubt)
	defer late.Stop()
	return b.note(do())
}

// note learns from the outcome of a request.
func (b *Breaker) note(err error) error {
	if errors.Is(err, remote.ErrOffline) {
		b.doubt()
	}
	return err
}

// Get is remote.Getter.
func (b *Breaker) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (body io.ReadCloser, obj remote.Object, err error) {
	err = b.watch("get", key, func() (err error) {
		body, obj, err = b.below.Get(ctx, key, r, ifMatch)
		return err
	})
	if err != nil {
		return nil, obj, err
	}
	return &watched{ReadCloser: body, breaker: b}, obj, nil
}

// watched is a body that tells of a connection that broke.
type watched struct {
	io.ReadCloser
	breaker *Breaker
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	return n, w.breaker.note(err)
}

// Head is remote.Header.
func (b *Breaker) Head(ctx context.Context, key string) (obj remote.Object, err error) {
	err = b.watch("head", key, func() (err error) {
		obj, err = b.below.Head(ctx, key)
		return err
	})
	return obj, err
}

// Put is remote.Putter. How long a body takes says nothing about the store.
func (b *Breaker) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if err := b.gate("put", key); err != nil {
		return remote.Object{}, err
	}
	obj, err := b.below.Put(ctx, key, body, o)
	return obj, b.note(err)
}

// Delete is remote.Deleter.
func (b *Breaker) Delete(ctx context.Context, key string) error {
	return b.watch("delete", key, func() error { return b.below.Delete(ctx, key) })
}

// List is remote.Lister.
func (b *Breaker) List(ctx context.Context, prefix, after string, limit int) (page remote.Page, err error) {
	err = b.watch("list", prefix, func() (err error) {
		page, err = b.below.List(ctx, prefix, after, limit)
		return err
	})
	return page, err
}
