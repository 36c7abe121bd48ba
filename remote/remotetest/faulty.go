package remotetest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
)

// Op names one verb of a store.
type Op string

// The verbs of a store, as [remote.Error] names them.
const (
	Get    Op = "get"
	Head   Op = "head"
	Put    Op = "put"
	Delete Op = "delete"
	List   Op = "list"
)

// Faulty is a store that fails on cue. Faults are queued; a call takes the oldest
// one whose verb is its own and whose prefix its key (or, for a list, its prefix)
// has, and each fault strikes once. A test ends with [Faulty.AssertFired].
type Faulty struct {
	store remote.Store

	mu     sync.Mutex // guards all below; the store is never called while it is held
	queue  []*fault
	counts map[Op]int
	broken error
}

var _ remote.Store = (*Faulty)(nil)

// fault is what happens to one call, in the order of its fields.
type fault struct {
	op     Op
	prefix string
	before *Gate // wait here, then do it
	fail   error // do not do it
	after  *Gate // it is done, wait before answering
	lose   error // it is done, and the caller gets this
	cut    int64 // bytes of the body before short; used if short is set
	short  error
}

// NewFaulty gives store with faults to be queued.
func NewFaulty(store remote.Store) *Faulty {
	return &Faulty{store: store, counts: make(map[Op]int)}
}

// Fail queues: the next op under prefix does nothing and answers err.
func (f *Faulty) Fail(op Op, prefix string, err error) {
	f.add(&fault{op: op, prefix: prefix, fail: err})
}

// Lose queues: the next op under prefix is done, and its answer is lost: the
// caller gets err.
func (f *Faulty) Lose(op Op, prefix string, err error) {
	f.add(&fault{op: op, prefix: prefix, lose: err})
}

// Cut queues: the body of the next get under prefix ends with err after n bytes.
func (f *Faulty) Cut(prefix string, n int64, err error) {
	f.add(&fault{op: Get, prefix: prefix, cut: n, short: err})
}

// Hold queues: the next op under prefix waits at the gate before it is done.
func (f *Faulty) Hold(op Op, prefix string) *Gate {
	g := newGate()
	f.add(&fault{op: op, prefix: prefix, before: g})
	return g
}

// HoldAnswer queues: the next op under prefix is done, its answer waits at the gate.
func (f *Faulty) HoldAnswer(op Op, prefix string) *Gate {
	g := newGate()
	f.add(&fault{op: op, prefix: prefix, after: g})
	return g
}

// Break makes every call that no queued fault takes answer err, until Break(nil).
func (f *Faulty) Break(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err
}

// Count gives how many calls of op were made, failed ones included.
func (f *Faulty) Count(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[op]
}

// Pending describes the faults that have not struck yet.
func (f *Faulty) Pending() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []string
	for _, q := range f.queue {
		left = append(left, fmt.Sprintf("%s %q", q.op, q.prefix))
	}
	return left
}

// AssertFired fails the test if a queued fault has not struck.
func (f *Faulty) AssertFired(t testing.TB) {
	t.Helper()
	if left := f.Pending(); len(left) > 0 {
		t.Errorf("faults that never fired: %v", left)
	}
}

func (f *Faulty) add(q *fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, q)
}

// take counts the call and gives the fault that strikes it, never nil.
func (f *Faulty) take(op Op, key string) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[op]++
	for i, q := range f.queue {
		if q.op == op && strings.HasPrefix(key, q.prefix) {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
			return q
		}
	}
	return &fault{fail: f.broken}
}

// enter is the part of a fault that comes before the deed.
func (q *fault) enter(ctx context.Context) error {
	if err := q.before.wait(ctx); err != nil {
		return err
	}
	return q.fail
}

// leave is the part between the deed, which gave err, and the answer.
func (q *fault) leave(ctx context.Context, err error) error {
	if err := q.after.wait(ctx); err != nil {
		return err
	}
	if q.lose != nil {
		return q.lose
	}
	return err
}

// Get implements [remote.Getter].
func (f *Faulty) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	q := f.take(Get, key)
	if err := q.enter(ctx); err != nil {
		return nil, remote.Object{}, err
	}
	body, object, err := f.store.Get(ctx, key, r, ifMatch)
	if lost := q.leave(ctx, err); lost != nil {
		if err == nil {
			body.Close()
		}
		return nil, remote.Object{}, lost
	}
	if q.short != nil {
		body = &cutBody{ReadCloser: body, left: q.cut, err: q.short}
	}
	return body, object, nil
}

// Head implements [remote.Header].
func (f *Faulty) Head(ctx context.Context, key string) (object remote.Object, err error) {
	q := f.take(Head, key)
	if err = q.enter(ctx); err == nil {
		object, err = f.store.Head(ctx, key)
		err = q.leave(ctx, err)
	}
	return answer(object, err)
}

// Put implements [remote.Putter].
func (f *Faulty) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (object remote.Object, err error) {
	q := f.take(Put, key)
	if err = q.enter(ctx); err == nil {
		object, err = f.store.Put(ctx, key, body, o)
		err = q.leave(ctx, err)
	}
	return answer(object, err)
}

// Delete implements [remote.Deleter].
func (f *Faulty) Delete(ctx context.Context, key string) error {
	q := f.take(Delete, key)
	if err := q.enter(ctx); err != nil {
		return err
	}
	return q.leave(ctx, f.store.Delete(ctx, key))
}

// List implements [remote.Lister].
func (f *Faulty) List(ctx context.Context, prefix, after string, limit int) (page remote.Page, err error) {
	q := f.take(List, prefix)
	if err = q.enter(ctx); err == nil {
		page, err = f.store.List(ctx, prefix, after, limit)
		err = q.leave(ctx, err)
	}
	return answer(page, err)
}

// answer keeps a lost answer's content from leaking beside its error.
func answer[T any](value T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return value, nil
}

// cutBody gives left bytes and then err.
type cutBody struct {
	io.ReadCloser
	left int64
	err  error
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
