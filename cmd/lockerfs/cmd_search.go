package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// mostFound bounds how many files one search may give: they are in memory at once.
const mostFound = 100_000

// searchOptions are what search is told beside the words.
type searchOptions struct {
	limit      int
	real, zero bool
}

func (a *app) searchCommand() *cobra.Command {
	var o searchOptions
	c := &cobra.Command{
		Use:   "search WORDS...",
		Short: "Find music by words of its tags and names",
		Long: "Find the files that have all the words, or words that begin so, in artist, album, title,\n" +
			"genre, year, composer or path. Case and accents make no difference.\n\n" +
			"It prints one locker path a line, the best first, and nothing else, for other programs\n" +
			"to read. Ends with code 15 when nothing was found.",
		Example: "  lockerfs search miles blue\n  lockerfs search --real -0 bach goldberg | xargs -0 mpv\n" +
			"  lockerfs search björk | mpc add\n  lockerfs search 1959 jazz | xargs -d '\\n' -n 1 lockerfs info",
		Args:              cobra.MinimumNArgs(1),
		RunE:              does(func(ctx context.Context, args []string) error { return a.search(ctx, strings.Join(args, " "), o) }),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().IntVar(&o.limit, "limit", 1000, "most files to give")
	c.Flags().BoolVar(&o.real, "real", false, "print where the files are under the mount, not their locker paths")
	c.Flags().BoolVarP(&o.zero, "null", "0", false, "end each path with a zero byte, for xargs -0")
	return c
}

func (a *app) search(ctx context.Context, words string, o searchOptions) error {
	if o.limit < 1 || o.limit > mostFound {
		return &fault{code: exitUsage, cause: fmt.Sprintf("--limit %d is not a number from 1 to %d", o.limit, mostFound), next: "lockerfs help search"}
	}
	return a.withLocker(ctx, false, func(_ place, l locker) error {
		point := ""
		if o.real {
			var err error
			if point, err = mountOf(ctx, l); err != nil {
				return err
			}
		}
		found, err := l.Search(ctx, words, o.limit+1)
		if err != nil {
			return err
		}
		more := len(found) > o.limit
		if err := a.printFound(found[:min(o.limit, len(found))], point, o.zero); err != nil {
			return err
		}
		switch {
		case len(found) == 0:
			return &fault{code: exitNothing, cause: fmt.Sprintf("nothing in the locker matches %q", printable(words)), next: "search for fewer words, or for how they begin"}
		case more:
			a.note("lockerfs: there are more than %s; --limit gives more", thousands(int64(o.limit)))
		}
		return nil
	})
}

// mountOf gives the mount point of a locker.
func mountOf(ctx context.Context, l locker) (string, error) {
	s, err := l.Status(ctx)
	if err == nil && s.Mount == "" {
		err = &fault{code: exitMountPoint, cause: "the locker is not mounted here, so its files have no real paths", next: "lockerfs mount, or leave out --real"}
	}
	return s.Mount, err
}

// printFound prints paths as they are where a program reads them, and such that they do
// no harm on a terminal.
func (a *app) printFound(found []catalog.Finding, point string, zero bool) error {
	if point != "" {
		for i, f := range found {
			found[i].Path = filepath.Join(point, f.Path)
		}
	}
	if a.flags.json {
		if found == nil {
			found = []catalog.Finding{}
		}
		return a.printJSON(found)
	}
	end, show := "\n", func(path string) string { return path }
	if zero {
		end = "\x00"
	} else if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		show = printable
	}
	out := bufio.NewWriter(a.out)
	for _, f := range found {
		_, _ = out.WriteString(show(f.Path) + end) // an error stays with the writer
	}
	return out.Flush()
}
