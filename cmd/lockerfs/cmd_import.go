package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func (a *app) importCommand() *cobra.Command {
	var dry bool
	var limit string
	c := &cobra.Command{
		Use:   "import PATH...",
		Short: "Take music in: files and folders of this machine",
		Long: "Take files and folders into the locker. What the locker holds already is not uploaded\n" +
			"again; interrupted, it goes on when it is run again.",
		Args: cobra.MinimumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			opts := intake.Options{DryRun: dry}
			if limit != "" {
				n, err := parseSize(limit)
				if err != nil || n == 0 {
					return &fault{code: exitUsage, cause: fmt.Sprintf("--bwlimit %q is not a rate like 2M (bytes a second)", limit), next: "lockerfs help import"}
				}
				opts.Bandwidth = n
			}
			return a.takeIn(ctx, args, opts)
		}),
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	c.Flags().StringVar(&limit, "bwlimit", "", "upload at most so many bytes a second, for instance 2M")
	return c
}

// takeIn runs an import and says what became of it.
func (a *app) takeIn(ctx context.Context, args []string, opts intake.Options) error {
	return a.withLocker(ctx, false, func(p place, l locker) error {
		paths, err := a.sources(args, p)
		if err != nil {
			return err
		}
		if e, ok := l.(*engine); ok {
			// Others may ask how it goes.
			s, err := serve(e, p.where(), a.logger("socket"))
			if err != nil {
				return err
			}
			defer s.close()
		}
		shown := a.showProgress()
		report, err := l.Import(ctx, paths, opts, shown.update)
		shown.end()
		return a.sayReport(report, opts, err)
	})
}

// sources makes the arguments absolute. Files that are a locker's already, under its
// mount or in the folder it is kept in, would come in twice.
func (a *app) sources(args []string, p place) ([]string, error) {
	mounts := liveMounts()
	paths := make([]string, len(args))
	for i, arg := range args {
		real, err := realPath(arg, mounts)
		if err != nil {
			return nil, err
		}
		if point, _ := split(real, mounts); point != "" {
			return nil, &fault{code: exitUsage, cause: fmt.Sprintf("%s lies in a locker, mounted at %s", arg, point), next: "import from a folder of this machine"}
		}
		if point, _ := split(real, p.own()); point != "" {
			return nil, &fault{code: exitUsage, cause: fmt.Sprintf("%s lies in %s, where the locker keeps its own files", arg, point), next: "import from another folder"}
		}
		if _, err := os.Stat(real); err != nil {
			return nil, &fault{code: exitUsage, cause: fmt.Sprintf("%s cannot be read: %v", arg, err), next: "lockerfs import PATH"}
		}
		paths[i] = real
	}
	return paths, nil
}

// maxNotes is how many files of a sort a report for people names.
const maxNotes = 20

// sayReport prints the report, also after an import that ended early, and gives the
// error the command ends with.
func (a *app) sayReport(r intake.Report, opts intake.Options, err error) error {
	began := r.Imported+r.Matched+r.Present+int64(len(r.Failed)+len(r.Skipped)) > 0
	if err == nil || began {
		if a.flags.json {
			if jsonErr := a.printJSON(r); jsonErr != nil {
				return jsonErr
			}
		} else {
			printReport(a.out, r, opts.DryRun)
		}
	}
	switch {
	case err == nil && len(r.Failed) > 0:
		return &fault{code: exitSomeFailed, cause: count(int64(len(r.Failed)), "file", "files") + " could not be taken in", next: "run the same import again; what is in stays in"}
	case err == nil:
		return nil
	case diagnose(err, a.where).code == exitInterrupted:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(r.Imported+r.Matched, "file is", "files are") + " in and safe", next: "run the same import again; it goes on from here", err: err}
	}
	return err
}

func printReport(w io.Writer, r intake.Report, dry bool) {
	imported, matched := "imported", "matched (in the locker under another name, not uploaded)"
	if dry {
		imported, matched = "to upload", "to match (in the locker under another name)"
		for _, n := range r.Placed {
			fmt.Fprintf(w, "%-8s %s\n", n.What, printable(n.File))
		}
	}
	fmt.Fprintf(w, "%s: %s, %s\n", imported, count(r.Imported, "file", "files"), humanSize(r.ImportedBytes))
	if r.Matched > 0 {
		fmt.Fprintf(w, "%s: %s, %s\n", matched, count(r.Matched, "file", "files"), humanSize(r.MatchedBytes))
	}
	if r.Present > 0 {
		fmt.Fprintf(w, "in the locker already: %s\n", count(r.Present, "file", "files"))
	}
	printNotes(w, "renamed", r.Renamed)
	printNotes(w, "taken in, but damaged", r.Damaged)
	printNotes(w, "left out", r.Skipped)
	printNotes(w, "FAILED", r.Failed)
	if !dry && r.Elapsed > time.Second && r.ImportedBytes > 0 {
		fmt.Fprintf(w, "in %s, %s/s\n", humanDuration(r.Elapsed), humanSize(int64(float64(r.ImportedBytes)/r.Elapsed.Seconds())))
	}
}

func printNotes(w io.Writer, title string, notes []intake.Note) {
	if len(notes) == 0 {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", title, count(int64(len(notes)), "file", "files"))
	for _, n := range notes[:min(maxNotes, len(notes))] {
		fmt.Fprintf(w, "  %s: %s\n", printable(n.File), printable(n.What))
	}
	if more := len(notes) - maxNotes; more > 0 {
		fmt.Fprintf(w, "  and %s more (--json names all)\n", thousands(int64(more)))
	}
}
