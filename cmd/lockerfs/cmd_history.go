package main

import (
	"context"
	"fmt"
	"path"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// mostHistory bounds how much of the past one command shows.
const mostHistory = 10_000

func (a *app) historyCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "history PATH",
		Short: "Show what a file or folder was before, and what was removed",
		Long: "Show what stands at PATH and what stood there before, the newest first: when each was\n" +
			"replaced or removed, and what brings it back: lockerfs restore PATH@COMMIT, with the\n" +
			"number of its line. PATH need not exist any more, nor the folder it was in.\n\n" +
			"Of a folder it also shows what was removed from it, or replaced in it; what was removed\n" +
			"from the folders in it that are still there is shown for those. Versions are kept for 30\n" +
			"days at least. Moves and renames are not part of the history: a file is followed through\n" +
			"them. PATH is a path in the locker, or a real one under its mount.",
		Example: "  lockerfs history 'Björk/Homogenic'\n  lockerfs history ~/Locker/Björk/Homogenic/01\\ Hunter.flac",
		Args:    cobra.ExactArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.history(ctx, args[0], limit)
		}),
		ValidArgsFunction: a.completePaths,
	}
	c.Flags().IntVar(&limit, "limit", 1000, "most lines to give")
	return c
}

func (a *app) history(ctx context.Context, arg string, limit int) error {
	if limit < 1 || limit > mostHistory {
		return &fault{code: exitUsage, cause: fmt.Sprintf("--limit %d is not a number from 1 to %d", limit, mostHistory), next: "lockerfs help history"}
	}
	at, err := a.locate(arg)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, false, func(_ place, l locker) error {
		h, err := l.History(ctx, at, limit)
		if err != nil {
			return err
		}
		if a.flags.json {
			return a.printJSON(h)
		}
		if err := a.printHistory(h); err != nil {
			return err
		}
		switch {
		case h.Waiting > 0:
			a.note("lockerfs: %s of this device not committed yet, and not shown; lockerfs sync", count(int64(h.Waiting), "change is", "changes are"))
		case h.More:
			a.note("lockerfs: there is more than this; --limit, or the folders in it, give more")
		}
		return nil
	})
}

// printHistory prints a line for each: when, what, how large, the beginning of its hash,
// what brings it back, where it stood below the path, and who did it.
func (a *app) printHistory(h history) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range h.Past {
		when, at := "now", ""
		if f.Time != nil {
			when = f.Time.Local().Format(time.DateTime)
			at = f.Restore[strings.LastIndexByte(f.Restore, '@'):]
		}
		size := "-"
		if f.Kind == catalog.File {
			size = humanSize(f.Size)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", when, f.Fate, size, orDash(f.SHA256[:min(12, len(f.SHA256))]), orDash(at), printable(f.shownAs(h.Path)))
	}
	return w.Flush()
}

func orDash(s string) string { return first(s, "-") }

// shownAs names a line of the history of path at.
func (f *formerly) shownAs(at string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(f.Path, at), "/")
	if name == "" {
		name = path.Base("/" + f.Path)
	}
	if f.Kind == catalog.Dir {
		name = strings.TrimSuffix(name, "/") + "/"
	}
	if f.Now != "" {
		name += "  (now " + f.Now + ")"
	}
	if f.Device != "" {
		name += "  (by " + f.Device + ")"
	}
	return name
}
