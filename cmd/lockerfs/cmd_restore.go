package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

func (a *app) restoreCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "restore PATH[@COMMIT]",
		Short: "Bring back what was removed, or a former version of it",
		Long: "Bring back a file or folder that was removed, bit by bit as it was and where it was. Only\n" +
			"names change, in the locker and on every device: nothing is downloaded or uploaded.\n\n" +
			"With @COMMIT it comes back as it was after that commit, which lockerfs history names: a\n" +
			"file that is there gets its former content, a folder is filled up with what was in it.\n" +
			"Nothing that is there is removed; what is replaced is in the history. Without @COMMIT a\n" +
			"folder comes back as it was when it was removed, with what was removed from it in one go:\n" +
			"no two files more than an hour apart. A name that is taken by now stays with what has it;\n" +
			"what comes back gets a numbered one.\n\n" +
			"PATH is a path in the locker, or a real one under its mount. One that itself ends in @ and\n" +
			"digits is written with another @ after it. Ends with code 13 when some files could not be\n" +
			"brought back; all others are.",
		Example: "  lockerfs restore 'Björk/Homogenic'\n  lockerfs restore --dry-run 'Björk/Homogenic@1041'",
		Args:    cobra.ExactArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.restore(ctx, args[0], dry)
		}),
		ValidArgsFunction: a.completePaths,
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would come back")
	return c
}

func (a *app) restore(ctx context.Context, arg string, dry bool) error {
	name, commit, err := splitCommit(arg)
	if err != nil {
		return err
	}
	at, err := a.locate(name)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, false, func(p place, l locker) error {
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		r, err := l.Restore(ctx, at, commit, dry)
		if err != nil {
			return err
		}
		if a.flags.json {
			err = a.printJSON(r)
		} else {
			err = printRestored(a.out, r, dry)
		}
		if err == nil && r.Waiting > 0 {
			a.note("lockerfs: %s of this device not committed yet, and not looked at; lockerfs sync", count(int64(r.Waiting), "change is", "changes are"))
		}
		if n := int64(len(r.Failed)); err == nil && n > 0 {
			err = &fault{code: exitSomeFailed, cause: count(n, "file or folder", "files or folders") + " could not be brought back", next: "lockerfs history PATH"}
		}
		return err
	})
}

// splitCommit takes PATH@COMMIT apart. An @ that no digits follow ends a path that could
// be mistaken for one.
func splitCommit(arg string) (at string, commit int64, err error) {
	cut := strings.LastIndexByte(arg, '@')
	if cut < 0 || strings.Trim(arg[cut+1:], "0123456789") != "" {
		return arg, catalog.AtRemoval, nil
	}
	if arg[cut+1:] == "" {
		return arg[:cut], catalog.AtRemoval, nil
	}
	commit, err = strconv.ParseInt(arg[cut+1:], 10, 64)
	if err != nil {
		err = &fault{code: exitUsage, cause: fmt.Sprintf("%s is not the number of a commit", arg[cut+1:]), next: "lockerfs history PATH"}
	}
	return arg[:cut], commit, err
}

// printRestored names what came back, a heading for each folder.
func printRestored(to io.Writer, r restored, dry bool) error {
	out := bufio.NewWriter(to)
	slices.SortStableFunc(r.Back, func(a, b cameBack) int { return comparePaths(a.Path, b.Path) })
	heading := ""
	for _, b := range r.Back {
		if b.Kind == catalog.Dir && b.Wanted == "" {
			continue // it is named with what is in it, and counted
		}
		if dir := path.Dir(b.Path); dir != heading {
			heading = dir
			fmt.Fprintln(out, folderName(dir))
		}
		fmt.Fprintf(out, "  %s\n", printable(b.text()))
	}
	fmt.Fprintln(out, r.summary(dry))
	if r.Earlier > 0 {
		fmt.Fprintf(out, "removed earlier, and not brought back: %s; lockerfs history shows them\n", count(int64(r.Earlier), "file", "files"))
	}
	printNotes(out, "FAILED", r.Failed[:min(len(r.Failed), intake.MaxNotes)], int64(len(r.Failed)))
	return out.Flush()
}

func (b *cameBack) text() string {
	name := path.Base(b.Path)
	if b.Kind == catalog.Dir {
		name += "/"
	}
	switch {
	case b.Replaces:
		return name + "  (its former content)"
	case b.Wanted != "":
		return name + "  (" + path.Base(b.Wanted) + " is taken)"
	}
	return name
}

func (r *restored) summary(dry bool) string {
	if len(r.Back) == 0 {
		return "nothing to bring back: /" + printable(r.Path) + " is as it was"
	}
	line := "brought back"
	if dry {
		line = "to bring back"
	}
	line += fmt.Sprintf(": %s (%s)", count(r.Files, "file", "files"), humanSize(r.Bytes))
	if r.Folders > 0 {
		line += ", " + count(r.Folders, "folder", "folders")
	}
	return line
}
