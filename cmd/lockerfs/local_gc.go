package main

import (
	"context"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Collect is locker's.
func (e *engine) Collect(ctx context.Context, dry bool, progress func(int64)) (catalog.Collected, error) {
	done, err := e.alone()
	if err != nil {
		return catalog.Collected{}, err
	}
	defer done()
	if err := e.fresh(ctx, true); err != nil {
		return catalog.Collected{}, err
	}
	c := catalog.Collector{Follower: e.follower, Logger: e.log("catalog"), Progress: progress}
	if s, err := e.store.lazy.get(ctx); err != nil {
		return catalog.Collected{}, err
	} else if u, ok := s.(remote.Uploads); ok {
		c.Uploads = u
	}
	if !dry {
		// Before anything is done: who may not commit may not delete.
		w, err := e.writer(ctx)
		if err != nil {
			return catalog.Collected{}, err
		}
		c.Commit = func(ctx context.Context, ops []catalog.Op) error {
			_, err := w.Commit(ctx, ops)
			return err
		}
	}
	return c.Run(ctx, dry)
}
