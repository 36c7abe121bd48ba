package dir

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// A write that compares an ETag first must exclude every other write in between, in
// this process and in others: it holds the lock file exclusively, all others hold it
// shared. It is held around the change of names only, never while content is written.
//
// Waiting is by trying again, because a waiting flock cannot be told to stop.
const (
	lockPause    = time.Millisecond
	lockMaxPause = 10 * time.Millisecond
)

// grip says how the lock is held.
type grip int

const (
	shared grip = iota
	// alone is exclusive where there are locks, and granted where there are none:
	// for writes that are right without it in all but rare races.
	alone
	// strict is exclusive, or ErrNotImplemented where there are no locks.
	strict
)

// lock takes the store's lock and gives what releases it.
func lock(ctx context.Context, root *folder, how grip) (func(), error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for pause := lockPause; ; pause = min(2*pause, lockMaxPause) {
		got, err := tryLock(f, how != shared)
		switch {
		case got:
			return func() { f.Close() }, nil
		case noLocks(err) && how != strict:
			f.Close()
			return func() {}, nil
		case noLocks(err):
			err = fmt.Errorf("%w: this file system has no locks: %w", remote.ErrNotImplemented, err)
		}
		if err == nil {
			err = wait(ctx, pause)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
