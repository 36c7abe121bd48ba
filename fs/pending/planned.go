package pending

import (
	"context"
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// CommitPlanned makes one commit of the operations that plan gives for the tree as it is
// then, about so many as it is asked for; plan is called again when another device was
// first. It tells whether there was anything to commit. On an error the commit may be
// undecided; plan is not called before that is known, by this or a later call.
func (c *Committer) CommitPlanned(ctx context.Context, plan func(ctx context.Context, limit int) ([]catalog.Op, error)) (bool, error) {
	if err := c.take(ctx); err != nil {
		return false, err
	}
	any, due, err := c.plannedInTurn(ctx, plan)
	c.give()
	if due {
		c.checkpoint(ctx)
	}
	return any, err
}

func (c *Committer) plannedInTurn(ctx context.Context, plan func(ctx context.Context, limit int) ([]catalog.Op, error)) (any, checkpoint bool, err error) {
	if err := c.recover(ctx); err != nil {
		return false, false, err
	}
	for limit := batch; ; {
		if err := c.follower.CatchUp(ctx); err != nil {
			return false, false, err
		}
		ops, err := plan(ctx, limit)
		if err != nil || len(ops) == 0 {
			return false, false, err
		}
		crash("commit.planned")
		in, err := c.intend(ctx, ops, nil)
		if errors.Is(err, catalog.ErrTooLarge) && limit > 1 {
			limit /= 2
			continue
		}
		if err != nil {
			return false, false, err
		}
		in.Planned = true
		if err := c.intent.write(*in); err != nil {
			return false, false, err
		}
		crash("intent.written")
		c.planned.Store(&in.ID)
		won, err := c.settle(ctx, in)
		if err != nil {
			return false, false, err
		}
		// The fate of this commit is known; what lost is planned anew.
		if err := c.intent.clear(); err != nil {
			return won, false, err
		}
		if won {
			return true, c.checkpointDue(in.N), nil
		}
	}
}

// Planned tells whether a commit that was applied is the last of CommitPlanned.
func (c *Committer) Planned(a catalog.Applied) bool {
	id := c.planned.Load()
	return id != nil && *id == a.ID
}
