package cache

import (
	"context"
	"fmt"
	"time"
)

// Acquire opens obj. Handles of one version share its blocks and its fetches. No
// byte is fetched. Errors: [remote.ErrInvalid], [ErrClosed], and ctx's own.
func (c *Cache) Acquire(ctx context.Context, obj Object) (*Handle, error) {
	if err := obj.check(); err != nil {
		return nil, err
	}
	for {
		if c.base.Err() != nil {
			return nil, ErrClosed
		}
		r, busy := c.enter(obj.id())
		switch {
		case r != nil:
			return r.open(obj)
		case busy != nil:
			if err := c.await(ctx, busy); err != nil {
				return nil, fmt.Errorf("open %q: %w", obj.Key, err)
			}
			continue
		}
		// The map is loaded once for all who ask, and none of them can cut it short.
		loaded := c.loads.DoChan(obj.id().String(), func() (any, error) {
			c.enroll(obj)
			return nil, nil
		})
		select {
		case <-loaded:
		case <-ctx.Done():
			return nil, fmt.Errorf("open %q: %w", obj.Key, ctx.Err())
		}
	}
}

// enter takes a reference to a loaded object. busy is closed when it is worth
// another try; without either the map has to be loaded.
func (c *Cache) enter(i id) (r *replica, busy <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec := c.records[i]
	switch {
	case rec == nil:
		return nil, nil
	case rec.busy != nil:
		return nil, rec.busy
	case rec.rep == nil:
		return nil, nil
	}
	rec.refs++
	c.touch(rec)
	return rec.rep, nil
}

// enroll loads obj's map and makes it known.
func (c *Cache) enroll(obj Object) {
	c.mu.Lock()
	rec := c.records[obj.id()]
	if rec == nil {
		rec = c.add(obj.id())
	}
	if rec.busy != nil || rec.rep != nil {
		c.mu.Unlock()
		return
	}
	rec.busy = make(chan struct{})
	c.mu.Unlock()

	rep, charge := c.load(rec, obj)

	c.mu.Lock()
	c.charge(rec, charge-rec.charge)
	rec.rep = rep
	rec.released = time.Now()
	c.loaded[rec] = struct{}{}
	close(rec.busy)
	rec.busy = nil
	c.mu.Unlock()
	c.trim() // its map may name more than the scan counted
}

// open makes the handle of a reference that enter took.
func (r *replica) open(obj Object) (*Handle, error) {
	h := &Handle{c: r.c, r: r, window: minWindow, pass: newPassage()}
	if err := r.accept(obj); err != nil {
		r.leave()
		return nil, err
	}
	r.mu.Lock()
	r.handles[h] = struct{}{}
	r.mu.Unlock()
	return h, nil
}

// leave gives a reference back.
func (r *replica) leave() {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	r.rec.refs--
	r.rec.released = time.Now()
	r.c.touch(r.rec)
}

// await waits for ready, for the caller's context or for Close.
func (c *Cache) await(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.base.Done():
		return ErrClosed
	}
}
