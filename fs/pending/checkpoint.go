package pending

import (
	"context"
)

// Rest is called by whoever has made many commits and makes no more: it writes a
// checkpoint if they were so many that another device would feel it. Failing to is no
// failure.
func (c *Committer) Rest(ctx context.Context) {
	if c.take(ctx) != nil {
		return
	}
	n := c.index.Applied()
	due := n-c.checkpointed >= restCommits
	if due {
		c.checkpointed, c.sinceCheckpoint = n, 0
	}
	c.give()
	if due {
		c.checkpoint(ctx)
	}
}

// When a checkpoint is due: at every so manieth commit, or after so many bytes of
// log written by this device.
const (
	checkpointCommits = 200
	checkpointBytes   = 4 << 20
	// restCommits is how many commits call for one when there will be no more for now.
	restCommits = 16
)

// checkpointDue tells whether the commits up to n call for a checkpoint. It needs the
// turn.
func (c *Committer) checkpointDue(n int64) bool {
	if n/checkpointCommits == c.checkpointed/checkpointCommits && c.sinceCheckpoint < checkpointBytes {
		return false
	}
	c.checkpointed, c.sinceCheckpoint = n, 0
	return true
}

// checkpoint writes a checkpoint. Failing to is no failure of a commit: the log says
// it all, and the next checkpoint makes up for it.
func (c *Committer) checkpoint(ctx context.Context) {
	n, err := c.index.Checkpoint(ctx, c.log.Store())
	if err != nil {
		c.logger.Warn("writing a checkpoint failed", "error", err)
		return
	}
	c.logger.Debug("checkpoint written", "commit", n)
}
