package main

import (
	"context"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// rightsContact bounds how long a mount waits to learn whether it may write.
const rightsContact = 3 * time.Second

// restrain makes the mount read-only where this device may not write to the locker, so that
// nothing is taken from programs that can never be uploaded. A device that was found to may
// is believed, and comes up without the network; any other asks the store, for a moment.
// Where that does not answer, what was found last holds.
func (e *engine) restrain(ctx context.Context) {
	if e.place.readOnly {
		return
	}
	known, ok := readProbed(e.place.state, e.place.store)
	if ok && known.mayCommit() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rightsContact)
	defer cancel()
	// Nothing is tried where there is no locker.
	if _, err := catalog.ReadFormat(ctx, e.store); err == nil {
		if found, err := probeStore(ctx, e.store, e.place.state, e.place.store, known.Sole); err == nil {
			known, ok = found, true
		}
	}
	if !ok {
		return
	}
	if err := known.mayCommit(); err != nil {
		e.place.readOnly, e.barred = true, diagnose(err, e.place.where()).cause
		e.note("read-only: %s", e.barred)
	}
}

// writer gives the committer, once it is known what the store enforces and that
// this device may write.
func (e *engine) writer(ctx context.Context) (*pending.Committer, error) {
	select {
	case e.opening <- struct{}{}:
		defer func() { <-e.opening }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	e.mu.Lock()
	c := e.committer
	e.mu.Unlock()
	if c != nil {
		return c, nil
	}
	known, ok := readProbed(e.place.state, e.place.store)
	if !ok || !known.Conditions.Writable() { // rights may have been given since
		var err error
		if known, err = probeStore(ctx, e.store, e.place.state, e.place.store, known.Sole); err != nil {
			return nil, err
		}
	}
	if err := known.mayCommit(); err != nil {
		return nil, err
	}
	commits := catalog.NewLog(e.store, known.Conditions.Shareable())
	c = pending.NewCommitter(e.place.state, e.device, commits, e.follower, e.log("pending"))
	e.mu.Lock()
	e.committer = c
	e.mu.Unlock()
	return c, nil
}
