package catalog

import "context"

// turn is a lock whose waiting ends with a context. It may be held over I/O: who
// waits for it wants the outcome of that very I/O.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) give() { <-t }
