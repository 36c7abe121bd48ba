package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func (a *app) desktopCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "desktop",
		Short: "Add lockerfs to file managers: menus, and covers",
		Long: "Add \"Keep offline\" and \"Free up space\" to the menus of Nautilus (under Scripts), Thunar and\n" +
			"Dolphin. They run lockerfs pin and lockerfs unpin with what is selected. Tracks and the folders\n" +
			"of albums get their covers as icons, without fetching any music for that.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:   "install",
		Short: "Add the menu entries and the covers for this user",
		Long: "Add the menu entries and the covers for this user. Files of other hands stay as they are; Thunar's own list\n" +
			"of actions gets two more. Run it again after lockerfs has moved.",
		Args: cobra.NoArgs,
		RunE: does(func(context.Context, []string) error {
			lockerfs, err := os.Executable()
			if err != nil {
				return err
			}
			return a.changeDesktop(func(d desktop) ([]deskFile, error) { return d.install(lockerfs) })
		}),
	}, &cobra.Command{
		Use:   "remove",
		Short: "Take all that away again",
		Args:  cobra.NoArgs,
		RunE: does(func(context.Context, []string) error {
			return a.changeDesktop(desktop.remove)
		}),
	}, thumbnailCommand())
	return c
}

// thumbnailCommand is run by file managers.
func thumbnailCommand() *cobra.Command {
	size := 256
	c := &cobra.Command{
		Use:    "thumbnail FILE PNG",
		Short:  "Make a small picture of a track or an album's folder",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: does(func(_ context.Context, args []string) error {
			if err := thumbnail(args[0], args[1], max(1, size)); err != nil {
				return &fault{code: exitOther, cause: err.Error(), next: "nothing; the file manager shows its own picture", err: err}
			}
			return nil
		}),
	}
	c.Flags().IntVar(&size, "size", size, "pixels of the longer side")
	return c
}

// changeDesktop says what was done, also before an error.
func (a *app) changeDesktop(change func(desktop) ([]deskFile, error)) error {
	done, err := change(thisDesktop())
	if a.flags.json {
		if sayErr := a.printJSON(map[string][]deskFile{"files": done}); sayErr != nil {
			return sayErr
		}
		return err
	}
	for _, f := range done {
		fmt.Fprintf(a.out, "%s %s\n", f.Done, tilde(f.Path, homeDir()))
	}
	if err == nil && len(done) == 0 {
		a.note("lockerfs: nothing to do")
	}
	return err
}
