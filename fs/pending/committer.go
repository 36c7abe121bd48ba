package pending

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Committer turns operations into commits of the locker's log.
type Committer struct {
	device   Device
	log      *catalog.Log
	index    *catalog.Index
	follower *catalog.Follower
	logger   *slog.Logger

	intent intentFile
	// turn holds one token: who has it may use the intent file, append to the log, and
	// use what follows.
	turn chan struct{}
	// planned is the id of the last commit of CommitPlanned.
	planned atomic.Pointer[string]
	// sinceCheckpoint counts the bytes of log written here since the commit
	// checkpointed, when a checkpoint was last due.
	sinceCheckpoint, checkpointed int64
}

// NewCommitter gives the committer of the state folder dir, which the process owns.
// The log must know whether the store enforces create-only writes; the follower's
// own need not.
func NewCommitter(dir string, device Device, log *catalog.Log, f *catalog.Follower, logger *slog.Logger) *Committer {
	return &Committer{device: device, log: log, index: f.Index(), follower: f, logger: logger,
		intent: intentFile{dir}, turn: make(chan struct{}, 1), checkpointed: f.Index().Applied()}
}

// Committed says what became of operations.
type Committed struct {
	// N is the number of the last commit that was needed.
	N int64
	// Conflicts are the operations that could not be done as they were meant.
	Conflicts []catalog.Conflict
}

// Pause between tries to learn who has a commit: from the first to the longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
)

// Commit makes ops part of the locker. When it returns nil they are, in the store
// and in the index; on an error they may or may not be, in whole or in part, the
// record of what was begun stays, and Recover finishes it.
func (c *Committer) Commit(ctx context.Context, ops []catalog.Op) (Committed, error) {
	if err := c.take(ctx); err != nil {
		return Committed{}, err
	}
	done, due, err := c.commitInTurn(ctx, ops)
	c.give()
	if due {
		c.checkpoint(ctx)
	}
	return done, err
}

func (c *Committer) commitInTurn(ctx context.Context, ops []catalog.Op) (done Committed, checkpoint bool, err error) {
	if err := c.recover(ctx); err != nil {
		return Committed{}, false, err
	}
	if done, err = c.commit(ctx, ops, nil); err != nil {
		return done, false, err
	}
	return done, c.checkpointDue(done.N), nil
}

// Recover finishes the commit that a crash or a lost connection left undecided, if
// there is one. Operations that had lost their number to another device are
// committed anew.
func (c *Committer) Recover(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.give()
	return c.recover(ctx)
}

// Settled waits until no commit is on its way.
func (c *Committer) Settled(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	c.give()
	return nil
}

// Undecided tells whether the state folder dir holds a commit that is on its way, or
// was left so by a crash: it is on this machine, and not yet known to be in the store.
func Undecided(dir string) bool {
	_, err := os.Stat(intentFile{dir}.path())
	return !errors.Is(err, fs.ErrNotExist)
}

func (c *Committer) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Committer) give() { <-c.turn }

func (c *Committer) recover(ctx context.Context) error {
	in, err := c.intent.read(c.logger)
	if err != nil || in == nil {
		return err
	}
	if err := c.follower.CatchUp(ctx); err != nil {
		return err
	}
	_, epoch, err := c.index.Bound(ctx)
	if err != nil {
		return err
	}
	crash("recover.intent")
	left, err := catalog.DecodeCommit(in.N, in.Epoch, in.Body)
	if err != nil {
		return fmt.Errorf("the unfinished commit %d: %w", in.N, err)
	}
	ours := false
	if epoch == in.Epoch {
		if ours, err = c.send(ctx, in); err != nil {
			return err
		}
	}
	crash("recover.decided")
	c.logger.Info("an unfinished commit was taken up", "commit", in.N, "ours", ours)
	rest := in.Rest
	if !ours && !in.Planned { // what was planned is planned anew
		rest = append(left.Ops, rest...)
	}
	// The record stays until all of it stands in the log: each further commit
	// replaces it, and Rebase drops what is there already.
	_, err = c.commit(ctx, rest, nil)
	return err
}

// commit commits ops, and rest after them. It needs the turn, and no undecided intent
// that is still wanted. When it returns nil no record of an intent is left.
func (c *Committer) commit(ctx context.Context, ops, rest []catalog.Op) (Committed, error) {
	var done Committed
	for {
		if err := c.follower.CatchUp(ctx); err != nil {
			return done, err
		}
		rebased, conflicts, err := c.index.Rebase(ctx, ops)
		if err != nil {
			return done, err
		}
		if len(rebased) > 0 {
			in, err := c.intend(ctx, rebased, rest)
			if errors.Is(err, catalog.ErrTooLarge) && len(ops) > 1 {
				half := len(ops) / 2
				ops, rest = ops[:half], append(slices.Clone(ops[half:]), rest...)
				continue
			}
			if err != nil {
				return done, err
			}
			if err := c.intent.write(*in); err != nil {
				return done, err
			}
			if won, err := c.settle(ctx, in); err != nil {
				return done, err
			} else if !won {
				continue // another device was first; go on from there
			}
		}
		done = Committed{c.index.Applied(), append(done.Conflicts, conflicts...)}
		if len(rest) == 0 {
			return done, c.intent.clear()
		}
		ops, rest = rest, nil
	}
}

// settle sends the intent and, when commit N is ours, takes it into the index.
func (c *Committer) settle(ctx context.Context, in *intent) (won bool, err error) {
	won, err = c.send(ctx, in)
	if err != nil || !won {
		return false, err
	}
	crash("commit.take")
	if err := c.follower.Take(ctx, in.N, in.Body); err != nil {
		return false, err
	}
	crash("commit.taken")
	// It was checked before it was sent; if it counts as empty all the same, nothing
	// of it may be called done.
	reason, bad, err := c.index.Invalid(ctx, in.N)
	if err == nil && bad {
		err = fmt.Errorf("commit %d of this device counts as empty: %s: %w", in.N, reason, catalog.ErrInvalid)
	}
	if err != nil {
		return false, err
	}
	c.sinceCheckpoint += int64(len(in.Body))
	return true, nil
}

// intend makes the commit of ops, sure that it is valid, with the operations that are to
// follow it.
func (c *Committer) intend(ctx context.Context, ops, rest []catalog.Op) (*intent, error) {
	_, epoch, err := c.index.Bound(ctx)
	if err != nil {
		return nil, err
	}
	n := c.index.Applied() + 1
	commit := catalog.Commit{Ops: ops, Header: catalog.Header{N: n, ID: catalog.NewCommitID(), Epoch: epoch,
		Device: c.device.ID, DeviceName: c.device.Name, Time: time.Now().UnixNano()}}
	body, err := commit.Encode()
	if err != nil {
		return nil, err
	}
	if err := c.index.Check(ctx, n, body); err != nil {
		return nil, fmt.Errorf("these operations make no valid commit: %w", err)
	}
	return &intent{N: n, ID: commit.ID, Epoch: epoch, Body: body, Rest: rest}, nil
}

// send sends the intent until it is known whether commit N is ours. It returns an
// error only when that is still not known.
func (c *Committer) send(ctx context.Context, in *intent) (ours bool, err error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		crash("commit.send")
		sent := c.log.Append(ctx, in.N, in.Body)
		crash("commit.sent")
		if sent == nil {
			return true, nil
		}
		ours, err = c.log.Mine(ctx, in.N, in.Epoch, in.ID)
		if err == nil {
			return ours, nil
		}
		err = fmt.Errorf("commit %d is undecided: %w", in.N, errors.Join(sent, err))
		if !undecided(sent) {
			return false, err
		}
		c.logger.Warn("a commit is undecided, trying again", "commit", in.N, "error", err)
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(pause):
		}
	}
}

// undecided tells whether sending again may help: not where the store refuses us.
func undecided(sent error) bool {
	return !errors.Is(sent, remote.ErrDenied) && !errors.Is(sent, remote.ErrFull) && !errors.Is(sent, remote.ErrNoStore)
}
