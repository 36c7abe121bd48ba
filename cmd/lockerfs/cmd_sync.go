package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/pending"
)

func (a *app) syncCommand() *cobra.Command {
	var wait bool
	c := &cobra.Command{
		Use:   "sync",
		Short: "Bring what was written here to the store now, and wait for it",
		Long: "Upload and commit everything that was changed on this device, without the usual quiet\n" +
			"time, and return when it is durable in the store. When the store cannot be reached it\n" +
			"fails; with --wait it waits until the store is back.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				if err := l.Sync(ctx, wait); err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(map[string]bool{"safe": true})
				}
				_, err := fmt.Fprintln(a.out, "SAFE: everything is in the store")
				return err
			})
		}),
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for a store that is away")
	return c
}

// Sync is locker's. Where nothing is mounted, this is who uploads.
func (e *engine) Sync(ctx context.Context, patient bool) error {
	if !e.following.Load() {
		if err := e.fresh(ctx, true); err != nil && !patient {
			return err
		}
		defer background(e.uploads.Run)()
	}
	err := e.uploads.Sync(ctx, patient)
	if errors.Is(err, pending.ErrNotSynced) {
		return e.unsynced(ctx, err)
	}
	return err
}

// unsynced says what is not in the store and why. Nothing of it is lost.
func (e *engine) unsynced(ctx context.Context, err error) error {
	w := e.uploads.Waiting(ctx)
	f := diagnose(err, e.place.where())
	f.cause = fmt.Sprintf("%s not in the store yet: %s", count(int64(w.Changes), "change is", "changes are"), oneLine(f.cause))
	f.next = "nothing is lost: it is kept in " + e.place.state + "; lockerfs status shows the rest"
	return f
}

// drainTime is how long a mount that ends waits for what was written to be uploaded.
const drainTime = 20 * time.Second

// drain uploads what was written before the process ends, for a while. What is left is
// safe here, and goes on at the next mount.
func (a *app) drain(ctx context.Context, e *engine) error {
	if e.uploads.Waiting(ctx).Changes == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), durationOf("LOCKERFS_DRAIN", drainTime))
	defer cancel()
	err := e.uploads.Sync(ctx, false)
	if err == nil {
		return nil
	}
	w := e.uploads.Waiting(ctx)
	a.note("not in the store yet: %s (%s); nothing is lost: it is kept in %s and goes on at the next mount, or with lockerfs sync",
		count(int64(w.Changes), "change", "changes"), humanSize(w.Bytes), e.place.state)
	return nil
}
