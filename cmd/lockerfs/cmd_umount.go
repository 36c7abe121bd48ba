package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs"
)

// farewell is how long umount waits for the process behind the mount to end.
const farewell = 30 * time.Second

func (a *app) umountCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "umount [MNT]",
		Aliases: []string{"unmount"},
		Short:   "Unmount the locker, also one whose process has died",
		Args:    cobra.MaximumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.umount(ctx, append(args, "")[0])
		}),
	}
}

// umount unmounts, and returns when the process behind the mount has given its
// folders back.
func (a *app) umount(ctx context.Context, arg string) error {
	p, err := a.place()
	if err != nil && arg == "" {
		return err
	}
	point := first(recordedMount(p.state), p.mount)
	if arg != "" {
		if point, err = realPath(arg, liveMounts()); err != nil {
			return err
		}
	}
	a.where.mount = point
	if runtime.GOOS == "linux" && !inside(point, liveMounts()) {
		return &fault{code: exitMountPoint, cause: point + " is not a mount of lockerfs", next: "lockerfs status"}
	}
	state := a.stateOf(point, p)
	err = fs.Unmount(point)
	if errors.Is(err, fs.ErrBusy) && fs.ClearDead(point) == nil {
		err = nil // nobody can use a mount whose process has died
	}
	if err != nil {
		return err
	}
	if state == "" {
		return nil
	}
	if err := awaitFree(ctx, state, point); err != nil {
		return err
	}
	if recordedMount(state) != point {
		return nil
	}
	return forgetMount(state) // its process died
}

// stateOf gives the state folder whose process serves the mount point, if it can
// be told.
func (a *app) stateOf(point string, p place) string {
	if p.state != "" && recordedMount(p.state) == point {
		return p.state
	}
	c, err := readConfig(a.configPath())
	if err != nil {
		return ""
	}
	for _, name := range c.names() {
		if p, err := a.fill(name, c.Locker[name]); err == nil && recordedMount(p.state) == point {
			return p.state
		}
	}
	return ""
}

// awaitFree waits until no process owns the state folder, of what was mounted at
// point. One that does not answer is not waited for.
func awaitFree(ctx context.Context, state, point string) error {
	if c, ok := dial(ctx, state); ok {
		_, err := c.Status(ctx)
		c.Close()
		if errors.Is(err, errSilent) {
			f := diagnose(err, where{})
			return &fault{code: f.code, cause: point + " is unmounted, but " + f.cause, next: f.next, err: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	for {
		l, err := lockState(state)
		if err == nil {
			return l.release()
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return &fault{code: exitInUse, cause: fmt.Sprintf("%s is unmounted, but process %d has not ended yet", point, lockOwner(state)),
				next: "lockerfs status says what it is doing"}
		case <-time.After(20 * time.Millisecond):
		}
	}
}
