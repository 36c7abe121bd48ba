package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func (a *app) exportCommand() *cobra.Command {
	var opts intake.ExportOptions
	var limit string
	c := &cobra.Command{
		Use:   "export DIR [PATH]",
		Short: "Copy the locker, or a part of it, out into plain files",
		Long: "Copy everything, or what is at PATH, into the folder DIR, under the paths that it has in the\n" +
			"locker, with times and modes. Every file's SHA-256 is compared before the file gets its name.\n\n" +
			"Run again it copies what is new or was left. What an earlier export wrote, and nobody\n" +
			"touched since, is believed by size and time, which DIR/.lockerfs-export remembers with the\n" +
			"hash; --check reads it all. Other files in DIR that have the right content count as copied;\n" +
			"those that have not stay as they are, and are named. Nothing is deleted in DIR.\n\n" +
			"Names that the disk of DIR cannot hold (a colon on FAT, two that differ only by case) are\n" +
			"changed, and named. PATH is a path in the locker, or a real one under its mount.\n" +
			"Ends with code 13 when some files could not be copied; all others are.",
		Example: "  lockerfs export /mnt/usb/Music\n  lockerfs export /mnt/phone 'Björk/Homogenic'",
		Args:    cobra.RangeArgs(1, 2),
		RunE: does(func(ctx context.Context, args []string) (err error) {
			if opts.Bandwidth, err = bandwidth(limit, "export"); err != nil {
				return err
			}
			opts.Dir = args[0]
			return a.export(ctx, append(args, "/")[1], opts)
		}),
		ValidArgsFunction: func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return a.completePaths(c, args[1:], begun)
		},
	}
	c.Flags().BoolVar(&opts.Check, "check", false, "read and compare also what an earlier export wrote")
	c.Flags().StringVar(&limit, "bwlimit", "", "download at most so many bytes a second, for instance 2M")
	return c
}

func (a *app) export(ctx context.Context, arg string, opts intake.ExportOptions) error {
	at, err := a.locate(arg)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, false, func(p place, l locker) error {
		if opts.Dir, err = a.destination(opts.Dir, p); err != nil {
			return err
		}
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		shown := a.showGauge()
		report, err := l.Export(ctx, at, opts, func(p intake.ExportProgress) { shown.show(exportLine(p), p.DoneBytes, p.Bytes) })
		shown.end()
		if err == nil || report.Copied+report.Present+report.FailedCount > 0 {
			if sayErr := a.sayExported(report); sayErr != nil {
				return sayErr
			}
		}
		return a.exported(report, err)
	})
}

// destination makes the folder to export to absolute. It must not lie in a locker: what is
// written there would come back in.
func (a *app) destination(arg string, p place) (string, error) {
	mounts := liveMounts()
	real, err := realPath(arg, mounts)
	if err != nil {
		return "", err
	}
	if point, _ := split(real, mounts); point != "" {
		return "", &fault{code: exitUsage, cause: fmt.Sprintf("%s lies in a locker, mounted at %s", arg, point), next: "export to a folder of this machine"}
	}
	if point, _ := split(real, p.own()); point != "" {
		return "", &fault{code: exitUsage, cause: fmt.Sprintf("%s lies in %s, where the locker keeps its own files", arg, point), next: "export to another folder"}
	}
	if info, err := os.Stat(real); err == nil && !info.IsDir() {
		return "", &fault{code: exitUsage, cause: arg + " is not a folder", next: "lockerfs export DIR"}
	}
	return real, nil
}

// exported gives the error that export ends with.
func (a *app) exported(r intake.ExportReport, err error) error {
	switch {
	case err == nil && r.FailedCount > 0:
		return &fault{code: exitSomeFailed, cause: count(r.FailedCount, "file", "files") + " could not be copied", next: "lockerfs verify tells what is damaged in the store; run the same export again for the rest"}
	case err != nil && diagnose(err, a.where).code == exitInterrupted:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(r.Copied+r.Present, "file is", "files are") + " there", next: "run the same export again; it goes on from here", err: err}
	}
	return err
}

func exportLine(p intake.ExportProgress) string {
	return fmt.Sprintf("%s of %s, %s of %s", thousands(p.Done), count(p.Files, "file", "files"), humanSize(p.DoneBytes), humanSize(p.Bytes))
}

func (a *app) sayExported(r intake.ExportReport) error {
	if a.flags.json {
		return a.printJSON(r)
	}
	out := bufio.NewWriter(a.out)
	fmt.Fprintf(out, "copied: %s, %s\n", count(r.Copied, "file", "files"), humanSize(r.CopiedBytes))
	if r.Replaced > 0 {
		fmt.Fprintf(out, "of these in place of what an earlier export wrote: %s\n", count(r.Replaced, "file", "files"))
	}
	if r.Present > 0 {
		fmt.Fprintf(out, "there already: %s\n", count(r.Present, "file", "files"))
	}
	if r.Unhashed > 0 {
		fmt.Fprintf(out, "as the store gave them, no hash is known yet: %s\n", count(r.Unhashed, "adopted file", "adopted files"))
	}
	if r.Pending > 0 {
		fmt.Fprintf(out, "left out, not in the store yet: %s; lockerfs sync, then export again\n", count(r.Pending, "file", "files"))
	}
	printNotes(out, "renamed, the disk cannot hold the name", r.Renamed, r.RenamedCount)
	printNotes(out, "FAILED", r.Failed, r.FailedCount)
	if r.Elapsed > time.Second && r.CopiedBytes > 0 {
		fmt.Fprintf(out, "in %s, %s/s\n", humanDuration(r.Elapsed), humanSize(int64(float64(r.CopiedBytes)/r.Elapsed.Seconds())))
	}
	return out.Flush()
}
