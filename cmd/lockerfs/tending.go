package main

import "context"

// What a process does of itself while it owns a locker.

// tend does what follows from news: it finishes a commit that a crash left
// undecided, and makes new files known to search, so that no search waits for it.
func (e *engine) tend(ctx context.Context) {
	recovered, warned := false, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		}
		if !recovered {
			err := e.recover(ctx)
			if recovered = err == nil; err != nil && !warned {
				warned = true
				e.log("pending").Warn("this device cannot commit yet", "reason", err)
			}
		}
		e.learn(ctx)
	}
}

// learn makes new files known to search.
func (e *engine) learn(ctx context.Context) {
	if !e.index.Synced() {
		return
	}
	if err := e.index.UpdateSearch(ctx); err != nil && ctx.Err() == nil {
		e.log("catalog").Warn("search does not know the newest files yet", "reason", err)
	}
}

// learning does so with every commit while this process files, until the function it
// gives is called. Who only asks needs none of it.
func (e *engine) learning() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-ctx.Done():
				return
			case <-e.wake:
				e.learn(ctx)
			}
		}
	}()
	return func() {
		cancel()
		<-over
	}
}

func (e *engine) recover(ctx context.Context) error {
	c, err := e.writer(ctx)
	if err != nil {
		return err
	}
	return c.Recover(ctx)
}
