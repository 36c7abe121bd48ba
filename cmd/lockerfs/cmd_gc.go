package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (a *app) gcCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "gc",
		Short: "Free what the locker no longer needs in the store",
		Long: "Free what the locker no longer needs in the store. What was removed or replaced stays for\n" +
			"30 days, for lockerfs restore. An object that nothing refers to any more, and no upload of\n" +
			"the last 7 days made, is given up first: all devices learn that, and none will use it again.\n" +
			"A gc at least 7 days later deletes it. So freeing takes two runs; once a week is a good\n" +
			"rhythm. Old checkpoints, scan packs that no file uses and uploads that were broken off more\n" +
			"than a day ago go at once. All ages are by the store's clock.\n\n" +
			"What lockerfs did not write is never touched, unless the locker owns what it adopted\n" +
			"(lockerfs adopt --own), and then only what was adopted and removed more than 30 days ago.\n" +
			"When anything cannot be listed or read, nothing is deleted. It may run while the locker is\n" +
			"mounted and used, here and elsewhere.",
		Example: "  lockerfs gc --dry-run\n  lockerfs --json gc | jq .deleted",
		Args:    cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return a.collect(ctx, dry)
		}),
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "change nothing, and say what would be done (ages are by this machine's clock then)")
	return c
}

func (a *app) collect(ctx context.Context, dry bool) error {
	return a.withLocker(ctx, false, func(p place, l locker) error {
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		shown := a.showGauge()
		done, err := l.Collect(ctx, dry, func(listed int64) { shown.show(count(listed, "object", "objects")+" listed", 0, 0) })
		shown.end()
		if err != nil && done.Deleted.Objects == 0 {
			return err
		}
		var sayErr error
		if a.flags.json {
			sayErr = a.printJSON(done)
		} else {
			sayErr = a.sayCollected(done, dry)
		}
		if err == nil {
			err = sayErr
		}
		return err
	})
}

func (a *app) sayCollected(c catalog.Collected, dry bool) error {
	out := bufio.NewWriter(a.out)
	would := ""
	if dry {
		would = "would be "
	}
	said := false
	say := func(s catalog.Sum, one, many, text string) {
		if s.Objects > 0 {
			said = true
			fmt.Fprintf(out, "%s, %s: %s\n", count(s.Objects, one, many), humanSize(s.Bytes), text)
		}
	}
	say(c.Forgotten, "version", "versions", would+"forgotten; removed or replaced more than 30 days ago")
	say(c.Condemned, "object", "objects", would+"given up, to be deleted in 7 days")
	say(c.Waiting, "object", "objects", "given up less than 7 days ago")
	say(c.Deleted, "object", "objects", would+"deleted")
	say(c.Adopted, "of these", "of these", "adopted, and not made by lockerfs")
	say(c.Packs, "scan pack", "scan packs", would+"deleted")
	say(c.Checkpoints, "part of old checkpoints", "parts of old checkpoints", would+"deleted")
	say(c.Loose, "object", "objects", "used by nothing, and less than 7 days old: an upload may be on its way")
	if c.Uploads > 0 {
		said = true
		fmt.Fprintf(out, "%s: %saborted\n", count(c.Uploads, "unfinished upload", "unfinished uploads"), would)
	}
	if !said {
		fmt.Fprintln(out, "nothing to free")
	}
	if c.More {
		fmt.Fprintln(out, "there is more than one run takes on; run it again")
	}
	return out.Flush()
}
