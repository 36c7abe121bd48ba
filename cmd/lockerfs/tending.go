package main

import (
	"context"
	"time"
)

// What a process does of itself while it owns a locker.

// tend does what follows from news: it finishes a commit that a crash left
// undecided.
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

// Search learns little by little at the cost of what is answered meanwhile: so it takes
// at most a tenth of the time, and many commits at once are cheaper than each alone.
const (
	learnPause = 2 * time.Second
	learnShare = 10
)

// learning makes what commits bring known to search, in turns, until the function it
// gives is called. Who only asks needs none of it.
func (e *engine) learning() (stop func()) {
	return background(func(ctx context.Context) {
		pause := time.After(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-pause:
			}
			select {
			case <-ctx.Done():
				return
			case <-e.news:
			}
			began := time.Now()
			e.learn(ctx)
			pause = time.After(max(learnPause, learnShare*time.Since(began)))
		}
	})
}

func (e *engine) recover(ctx context.Context) error {
	c, err := e.writer(ctx)
	if err != nil {
		return err
	}
	return c.Recover(ctx)
}
