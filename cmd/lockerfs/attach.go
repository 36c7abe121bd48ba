package main

import (
	"context"
	"errors"
	"time"
)

// patience is how long a command waits for another short command that owns the
// state folder.
const patience = 5 * time.Second

// attach gives the locker at p: through the process that owns its state folder, or
// by becoming that process. withBytes opens the cache too.
func (a *app) attach(ctx context.Context, p place, withBytes bool) (l locker, err error) {
	err = patiently(ctx, patience, func() error {
		if c, ok := dial(ctx, p.state); ok {
			l = c
			return c.serves(ctx, p)
		}
		e, err := openEngine(ctx, p, withBytes, a.ground())
		if err == nil {
			l = e
		}
		return err
	})
	return l, err
}

// serves makes sure that the process behind a state folder serves the locker that is
// meant: the flags may name another store beside the same state folder.
func (c *client) serves(ctx context.Context, p place) error {
	s, err := c.Status(ctx)
	if err == nil && s.Store != p.store {
		err = &fault{code: exitInUse, cause: "the state folder " + p.state + " is in use for the locker at " + s.Store,
			next: "give each locker a state folder of its own (--state)"}
	}
	return err
}

// own gives the engine of a process that must own the state folder itself. refuse
// says why it cannot, when another one answers for it.
func (a *app) own(ctx context.Context, p place, withBytes bool, refuse func(context.Context, locker) error) (e *engine, err error) {
	err = patiently(ctx, patience, func() error {
		if c, ok := dial(ctx, p.state); ok {
			defer c.Close()
			return refuse(ctx, c)
		}
		var err error
		e, err = openEngine(ctx, p, withBytes, a.ground())
		return err
	})
	return e, err
}

// patiently tries again for a time while something is locked. The owner of a state
// folder that nobody answers for may be ending, or about to listen.
func patiently(ctx context.Context, most time.Duration, try func() error) error {
	for end := time.Now().Add(most); ; {
		err := try()
		if !errors.Is(err, errLocked) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// withLocker runs a command against the locker that the flags mean.
func (a *app) withLocker(ctx context.Context, withBytes bool, f func(place, locker) error) (err error) {
	p, err := a.place()
	if err != nil {
		return err
	}
	l, err := a.attach(ctx, p, withBytes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f(p, l)
}
