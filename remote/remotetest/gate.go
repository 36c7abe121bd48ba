package remotetest

import (
	"context"
	"sync"
)

// Gate holds one call of a [Faulty] store until it is released.
type Gate struct {
	reached  chan struct{}
	released chan struct{}
	arrive   sync.Once
	release  sync.Once
}

func newGate() *Gate {
	return &Gate{reached: make(chan struct{}), released: make(chan struct{})}
}

// Reached is closed when the call has come to the gate.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Release lets the call go on, now or when it comes. It may be called twice.
func (g *Gate) Release() { g.release.Do(func() { close(g.released) }) }

// wait stays at the gate until it is released or ctx ends; a nil gate is open.
func (g *Gate) wait(ctx context.Context) error {
	if g == nil {
		return nil
	}
	g.arrive.Do(func() { close(g.reached) })
	select {
	case <-g.released:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
