package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func (a *app) importCommand() *cobra.Command {
	var o struct {
		dry           bool
		limit, layout string
	}
	c := &cobra.Command{
		Use:   "import PATH...",
		Short: "Take music in: files and folders of this machine",
		Long: "Take files and folders into the locker. What the locker holds already is not uploaded\n" +
			"again; interrupted, it goes on when it is run again.\n\n" + layoutHelp + "\n\n" +
			"Ends with code 13 when some files could not be taken in; all others are.",
		Example: "  lockerfs import ~/Music\n  lockerfs import --dry-run ~/Music | less\n" +
			"  lockerfs import --layout year /mnt/usb/flac\n  lockerfs import --layout keep /mnt/usb/bootlegs",
		Args: cobra.MinimumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			opts := intake.Options{DryRun: o.dry}
			if o.limit != "" {
				n, err := parseSize(o.limit)
				if err != nil || n == 0 {
					return &fault{code: exitUsage, cause: fmt.Sprintf("--bwlimit %q is not a rate like 2M (bytes a second)", o.limit), next: "lockerfs help import"}
				}
				opts.Bandwidth = n
			}
			if err := checkLayout("--layout", o.layout); err != nil {
				return err
			}
			opts.Layout = o.layout
			return a.takeIn(ctx, args, opts)
		}),
	}
	c.Flags().BoolVar(&o.dry, "dry-run", false, "only draw the tree that it would make")
	c.Flags().StringVar(&o.limit, "bwlimit", "", "upload at most so many bytes a second, for instance 2M")
	addLayoutFlag(c, &o.layout)
	return c
}

// importGC has the collector run twice as often as usual: an import makes much garbage and
// keeps little, and what it takes on a large collection should not be much more than on a
// small one.
const importGC = 50

// takeIn runs an import and says what became of it.
func (a *app) takeIn(ctx context.Context, args []string, opts intake.Options) error {
	defer debug.SetGCPercent(debug.SetGCPercent(importGC))
	return a.withLocker(ctx, false, func(p place, l locker) error {
		paths, err := a.sources(args, p)
		if err != nil {
			return err
		}
		opts.Layout = first(opts.Layout, p.layout)
		// What lies in the middle of an imported folder and is a locker's stays out.
		opts.Exclude = append(liveMounts(), p.own()...)
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		shown := a.showProgress()
		hear := listener{progress: shown.update}
		tree := newPlacements()
		defer tree.close()
		if opts.DryRun {
			hear.placed = tree.add
		}
		report, err := l.Import(ctx, paths, opts, hear)
		shown.end()
		return a.sayReport(report, tree, opts.DryRun, err)
	})
}

// serveMeanwhile does what a mount does, for as long as this process owns the locker
// and files: others may ask how it goes, and search learns what comes.
func (a *app) serveMeanwhile(p place, l locker) (end func(), err error) {
	e, ok := l.(*engine)
	if !ok {
		return func() {}, nil
	}
	s, err := serve(e, p.where(), a.logger("socket"))
	if err != nil {
		return nil, err
	}
	stop := e.learning()
	return func() {
		stop()
		s.close()
	}, nil
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
