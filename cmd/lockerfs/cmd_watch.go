package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (a *app) watchCommand() *cobra.Command {
	var every string
	var off bool
	c := &cobra.Command{
		Use:   "watch [PREFIX]",
		Short: "Say which parts of the bucket are watched, and how often",
		Long: "Without flags, list what was adopted and how often the mounted locker looks at it again. With\n" +
			"--every or --off change that for one prefix, on all devices. What was adopted stays.",
		Example: "  lockerfs watch\n  lockerfs watch --every 1h\n  lockerfs watch purchases --every 30s\n  lockerfs watch purchases --off",
		Args:    cobra.MaximumNArgs(1),
	}
	c.RunE = does(func(ctx context.Context, args []string) error {
		q := adoption{Prefix: folderPrefix(append(args, "")[0]), Only: true}
		switch {
		case off && every != "":
			return &fault{code: exitUsage, cause: "--every and --off exclude each other", next: "lockerfs help watch"}
		case off:
			q.Every = new(int64)
		case every != "":
			seconds, err := watchEvery(every)
			if err != nil {
				return err
			}
			q.Every = &seconds
		case len(args) > 0:
			return &fault{code: exitUsage, cause: "how often is it to be watched?", next: "lockerfs watch " + args[0] + " --every 10m"}
		}
		return a.watch(ctx, q)
	})
	c.Flags().StringVar(&every, "every", "", "how often to look, for instance 30s or 10m")
	c.Flags().BoolVar(&off, "off", false, "look no more")
	return c
}

func (a *app) watch(ctx context.Context, q adoption) error {
	return a.withLocker(ctx, false, func(_ place, l locker) error {
		if q.Every != nil {
			if _, err := l.Adopt(ctx, q, adoptListener{}); err != nil {
				return err
			}
		}
		s, err := l.Watches(ctx)
		if err != nil {
			return err
		}
		if a.flags.json {
			return a.printJSON(s)
		}
		if len(s.Watches) == 0 {
			_, err := fmt.Fprintln(a.out, "nothing of the bucket was adopted; lockerfs adopt does")
			return err
		}
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		for _, one := range s.Watches {
			fmt.Fprintln(w, watchLine(one))
		}
		return w.Flush()
	})
}

// watchLine describes one watch.
func watchLine(w catalog.Watch) string {
	name := printable(w.Prefix)
	if name == "" {
		name = "all of the bucket"
	}
	often := "not watched"
	if w.Every > 0 {
		often = "every " + (time.Duration(w.Every) * time.Second).String()
	}
	line := name + "\t" + often + "\tby " + w.Layout
	if w.Under != "" {
		line += ", under " + printable(w.Under) + "/"
	}
	if len(w.Include) > 0 {
		line += ", only " + printable(strings.Join(w.Include, " "))
	}
	if len(w.Exclude) > 0 {
		line += ", without " + printable(strings.Join(w.Exclude, " "))
	}
	return line
}

func (a *app) refreshCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "refresh",
		Short: "Look for news of other devices, and of the bucket, at once",
		Long: "Read what other devices have committed, and look at what is watched of the bucket, without\n" +
			"waiting for their turn.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				r, err := l.Refresh(ctx)
				if err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(r)
				}
				fmt.Fprintf(a.out, "commit %s, %s\n", thousands(r.Commit), count(r.Commits, "new one", "new ones"))
				for _, k := range r.Looks {
					fmt.Fprintf(a.out, "%s: %s new, %s changed, %s missing, %s back\n", first(printable(k.Prefix), "the bucket"),
						thousands(k.New), thousands(k.Changed), thousands(k.Missing), thousands(k.Back))
				}
				return nil
			})
		}),
	}
}

// text is what status says of adopted files.
func (s *adoptedStats) text() string {
	if s == nil {
		return ""
	}
	line := fmt.Sprintf("adopted: %s, %s", count(s.Files, "file", "files"), humanSize(s.Bytes))
	if s.Missing > 0 {
		line += ", " + thousands(s.Missing) + " missing from the bucket"
	}
	if s.Left > 0 {
		line += fmt.Sprintf("; removed or replaced here, and left in the bucket: %s, %s", count(s.Left, "object", "objects"), humanSize(s.LeftBytes))
	}
	for _, w := range s.Watches {
		if w.Trouble != "" {
			line += fmt.Sprintf("\n%s cannot be looked at: %s", first(printable(w.Prefix), "the bucket"), w.Trouble)
		}
	}
	return line + "\n"
}
