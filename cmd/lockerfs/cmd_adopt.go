package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
)

// adoptFlags are the options of adopt.
type adoptFlags struct {
	layout, under, watch string
	include, exclude     []string
	dry, own             bool
}

func (a *app) adoptCommand() *cobra.Command {
	var f adoptFlags
	c := &cobra.Command{
		Use:   "adopt [PREFIX]",
		Short: "Show what is in the bucket already, without moving a byte",
		Long: "Show the objects that others have put into the bucket, or those under a prefix of it, as\n" +
			"files of the locker. They stay where they are, and are neither written nor deleted. First\n" +
			"all names come, of the listing alone; then heads and tails of the files are read, for their\n" +
			"tags and for fast scans. Interrupted, it goes on when it is run again.\n\n" +
			"From then on the mounted locker looks at the bucket again every 10 minutes (--watch): what\n" +
			"a shop, a phone or aws s3 cp puts there appears, what changed is read anew, what vanished is\n" +
			"kept and marked missing. What is removed from the locker stays in the bucket, and does not\n" +
			"come back. Two files whose keys lead to one name are numbered.\n\n" +
			"A bucket that is no locker yet becomes one.\n\n" +
			"With --layout tags the files are then filed by their tags, as import does; only names in the\n" +
			"locker change. --include and --exclude take globs such as '*.pdf' or 'Podcasts/'; each may be\n" +
			"given several times. One without a slash means the names of files and folders anywhere,\n" +
			"one with a slash whole keys; what means a folder means all in it.\n\n" +
			"Ends with code 13 when some files could not be taken in or read; all others are.",
		Example: "  lockerfs adopt --dry-run\n  lockerfs adopt\n  lockerfs adopt purchases --under New --watch 30s\n  lockerfs adopt --layout tags --exclude Podcasts/",
		Args:    cobra.MaximumNArgs(1),
	}
	c.RunE = does(func(ctx context.Context, args []string) error {
		q, err := f.adoption(append(args, "")[0], c.Flags().Changed)
		if err != nil {
			return err
		}
		return a.adopt(ctx, q)
	})
	c.Flags().StringVar(&f.layout, "layout", layoutKeys, "keys, the bucket's own folders, or tags")
	c.Flags().StringVar(&f.under, "under", "", "folder of the locker that shows what is under PREFIX (default: keys are paths)")
	c.Flags().StringArrayVar(&f.include, "include", nil, "take only what this glob means")
	c.Flags().StringArrayVar(&f.exclude, "exclude", nil, "leave out what this glob means")
	c.Flags().StringVar(&f.watch, "watch", "10m", "how often the mounted locker looks again; 0 for never")
	c.Flags().BoolVar(&f.own, "own", false, "the locker may delete adopted objects that nothing refers to any more (lockerfs gc)")
	c.Flags().BoolVar(&f.dry, "dry-run", false, "only draw the tree that it would make, or say what would move")
	return c
}

// adoption says what the flags mean.
func (f *adoptFlags) adoption(prefix string, given func(string) bool) (adoption, error) {
	q := adoption{Prefix: folderPrefix(prefix), DryRun: f.dry}
	if f.layout != layoutKeys && f.layout != layoutTags {
		return q, &fault{code: exitUsage, cause: fmt.Sprintf("--layout %q is neither keys nor tags", f.layout), next: "lockerfs help adopt"}
	}
	if part := impossible(f.under); part != "" {
		return q, &fault{code: exitUsage, cause: fmt.Sprintf("--under %q: there can be no folder %q", f.under, part), next: "lockerfs help adopt"}
	}
	for _, glob := range append(slices.Clone(f.include), f.exclude...) {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			return q, &fault{code: exitUsage, cause: fmt.Sprintf("%q is no glob like '*.pdf' or 'Podcasts/'", glob), next: "lockerfs help adopt"}
		}
	}
	if given("layout") {
		q.Layout = &f.layout
	}
	if given("under") {
		q.Under = &f.under
	}
	if given("watch") {
		seconds, err := watchEvery(f.watch)
		if err != nil {
			return q, err
		}
		q.Every = &seconds
	}
	if given("include") {
		q.Include = f.include
	}
	if given("exclude") {
		q.Exclude = f.exclude
	}
	if given("own") {
		q.Own = &f.own
	}
	return q, nil
}

// impossible gives the first part of a path that no folder can be called; none is "".
func impossible(folder string) string {
	for part := range strings.SplitSeq(strings.Trim(folder, "/"), "/") {
		if part != "" && library.ValidName(part) != nil {
			return part
		}
	}
	return ""
}

// folderPrefix gives the prefix of the keys in a folder of the bucket.
func folderPrefix(arg string) string {
	arg = strings.Trim(arg, "/")
	if arg == "" {
		return ""
	}
	return arg + "/"
}

// shortestWatch is how often a bucket is looked at, at most: a listing of many objects is
// many requests.
const shortestWatch = 5 * time.Second

// watchEvery reads an interval, in seconds.
func watchEvery(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	if text == "0" {
		d, err = 0, nil
	}
	if err != nil || d < 0 || d > 0 && d < durationOf("LOCKERFS_WATCH", shortestWatch) {
		return 0, &fault{code: exitUsage, cause: fmt.Sprintf("%q is no interval like 30s or 10m, of %v at least", text, shortestWatch), next: "lockerfs help adopt"}
	}
	return int64((d + time.Second - 1) / time.Second), nil
}

// adopt adopts, and says what became of it. A bucket that is no locker becomes one.
func (a *app) adopt(ctx context.Context, q adoption) error {
	made := false
	for {
		err := a.adoptInto(ctx, q, made)
		if made || !errors.Is(err, catalog.ErrNoLocker) && !errors.Is(err, remote.ErrNoStore) {
			return err
		}
		p, placeErr := a.place()
		if placeErr != nil {
			return placeErr
		}
		if errors.Is(err, remote.ErrNoStore) && (q.DryRun || !isFolder(p.store)) {
			return err
		}
		if q.DryRun {
			return a.adoptDry(ctx, q)
		}
		if _, err := join(ctx, p, false, a); err != nil {
			return err
		}
		made = true
		a.note("made a new locker %q at %s", p.name, shortStore(p.store))
	}
}

// isFolder tells whether a store is a folder of this machine with something in it, which
// need not be a store yet. An empty one may be where a disk is to be mounted.
func isFolder(store string) bool {
	u, err := url.Parse(store)
	if err != nil || u.Scheme != "file" {
		return false
	}
	list, err := os.ReadDir(u.Path)
	return err == nil && len(list) > 0
}

func (a *app) adoptInto(ctx context.Context, q adoption, made bool) error {
	if q.DryRun && q.Layout != nil && *q.Layout == layoutTags {
		return a.adoptDry(ctx, q)
	}
	return a.withLocker(ctx, true, func(p place, l locker) error {
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		return a.runAdopt(ctx, l, q, q.DryRun, made)
	})
}

// runAdopt has a locker adopt, and shows how it goes; dry as what would happen.
func (a *app) runAdopt(ctx context.Context, l locker, q adoption, dry, made bool) error {
	shown := a.showGauge()
	tree := newPlacements()
	defer tree.close()
	moves := &moveLines{out: bufio.NewWriter(a.out), dry: dry}
	hear := adoptListener{progress: func(p intake.AdoptProgress) { shown.show(adoptLine(p), p.Described, p.Wanted) }}
	if q.DryRun {
		hear.placed = tree.add
	}
	if !a.flags.json {
		hear.moved = moves.move
	}
	done, err := l.Adopt(ctx, q, hear)
	shown.end()
	done.Made = made
	if errors.Is(err, catalog.ErrNoLocker) {
		return err
	}
	if err == nil || done.New+done.Present+done.Described > 0 {
		if sayErr := a.sayAdopted(done, dry, tree, moves); sayErr != nil {
			return sayErr
		}
	}
	switch {
	case err == nil && done.FailedCount > 0:
		return &fault{code: exitSomeFailed, cause: count(done.FailedCount, "file", "files") + " could not be taken in or read", next: "run it again; what is in stays in"}
	case err != nil && diagnose(err, a.where).code == exitInterrupted && !dry:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(done.New+done.Present, "file is", "files are") + " shown", next: "run it again, or mount the locker: both go on from here", err: err}
	}
	return err
}

// adoptLine says how far adopting is.
func adoptLine(p intake.AdoptProgress) string {
	if !p.Walked {
		return fmt.Sprintf("%s listed, %s new", count(p.Listed, "object", "objects"), thousands(p.New))
	}
	return fmt.Sprintf("%s of %s read, %s", thousands(p.Described), count(p.Wanted, "file", "files"), humanSize(p.ReadBytes))
}

func (a *app) sayAdopted(d adopted, dry bool, tree *placements, moves *moveLines) error {
	if a.flags.json {
		return a.printJSON(d)
	}
	if err := printTree(a.out, tree.each); err != nil {
		return err
	}
	if d.Organized != nil {
		if err := moves.end(*d.Organized); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(a.out)
	printAdopted(out, d, dry)
	return out.Flush()
}

func printAdopted(out io.Writer, d adopted, dry bool) {
	title := "adopted"
	if dry {
		title = "to adopt"
	}
	fmt.Fprintf(out, "%s: %s, %s\n", title, count(d.New, "file", "files"), humanSize(d.NewBytes))
	for _, r := range []struct {
		n    int64
		text string
	}{
		{d.Present, "in the locker already"}, {d.Changed, "changed in the bucket"}, {d.Same, "the same under another ETag"},
		{d.Missing, "vanished from the bucket, kept as missing"}, {d.Back, "back in the bucket"},
		{d.Ignored, "removed from the locker, left in the bucket"}, {d.Excluded, "excluded"}, {d.Litter, "litter of desktops, left out"},
		{d.Described, "read for their tags"},
	} {
		if r.n > 0 {
			fmt.Fprintf(out, "%s: %s\n", r.text, count(r.n, "file", "files"))
		}
	}
	printNotes(out, "LEFT OUT, cannot be in a locker", d.Left, d.LeftCount)
	printNotes(out, "renamed, another file has the name", d.Renamed, d.RenamedCount)
	printNotes(out, "taken in, but damaged", d.Damaged, d.DamagedCount)
	printNotes(out, "FAILED", d.Failed, d.FailedCount)
	if !dry && d.Elapsed > time.Second {
		fmt.Fprintf(out, "names in %s, all in %s\n", humanElapsed(d.Tree), humanElapsed(d.Elapsed))
	}
	if !dry && d.Watch.Every > 0 {
		fmt.Fprintf(out, "while it is mounted, the locker looks again every %v\n", time.Duration(d.Watch.Every)*time.Second)
	}
}
