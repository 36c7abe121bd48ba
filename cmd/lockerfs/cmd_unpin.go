package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) unpinCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unpin PATH...",
		Short: "Let go of what was pinned, and free its space",
		Long: "Let go of what lockerfs pin keeps on this machine. Its space is free at once; it stays in\n" +
			"the locker. What other pins cover as well stays here.\n\n" +
			"PATH is a path in the locker, or a real one under its mount, where\n" +
			"setfattr -x user.lockerfs.pin PATH does the same.",
		Example: "  lockerfs unpin 'Björk/Homogenic'",
		Args:    cobra.MinimumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			paths, err := a.locateAll(args)
			if err != nil {
				return err
			}
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				u, err := l.Unpin(ctx, paths)
				if err != nil {
					return err
				}
				return a.printUnpinned(u)
			})
		}),
		ValidArgsFunction: a.completePaths,
	}
}

func (a *app) printUnpinned(u unpinned) error {
	if a.flags.json {
		return a.printJSON(u)
	}
	for _, at := range u.Unpinned {
		if _, err := fmt.Fprintf(a.out, "let go of %s\n", printable("/"+at)); err != nil {
			return err
		}
	}
	for _, at := range u.NotPinned {
		a.note("lockerfs: %s is not pinned", printable("/"+at))
	}
	return nil
}
