package main

import (
	"bufio"
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func (a *app) organizeCommand() *cobra.Command {
	var opts intake.OrganizeOptions
	c := &cobra.Command{
		Use:   "organize [PATH]",
		Short: "File music of the locker anew, by its tags",
		Long: "Move what is in a folder of the locker, or in all of it, to where its tags say. Only names\n" +
			"change, in the locker and on every device: no file is written or uploaded. Albums move as\n" +
			"a whole, with their covers. PATH is a path in the locker, or a real one under its mount.\n\n" + layoutHelp + "\n\n" +
			"Ends with code 13 when some files could not be moved; all others are.",
		Example: "  lockerfs organize --dry-run\n  lockerfs organize 'Unknown Artist'\n  lockerfs organize --layout year ~/Locker/Björk",
		Args:    cobra.MaximumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			if err := checkLayout("--layout", opts.Layout); err != nil {
				return err
			}
			return a.organize(ctx, append(args, "/")[0], opts)
		}),
		ValidArgsFunction: a.completePaths,
	}
	c.Flags().BoolVar(&opts.DryRun, "dry-run", false, "only say what would move")
	addLayoutFlag(c, &opts.Layout)
	return c
}

func (a *app) organize(ctx context.Context, arg string, opts intake.OrganizeOptions) error {
	at, err := a.locate(arg)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, false, func(p place, l locker) error {
		opts.Layout = first(opts.Layout, p.layout)
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		out := moveList(&moveLines{out: bufio.NewWriter(a.out), dry: opts.DryRun})
		if a.flags.json {
			out = &moveArray{out: bufio.NewWriter(a.out)}
		}
		shown := &lines{out: a.err, last: time.Now(), every: lineEvery}
		report, err := l.Organize(ctx, at, opts, organizeListener{
			progress: func(p intake.OrganizeProgress) { shown.tell(func() string { return organizeLine(p) }) },
			moved:    out.move,
		})
		if err == nil || report.Looked > 0 {
			if sayErr := out.end(report); sayErr != nil {
				return sayErr
			}
		}
		return a.organized(report, opts.DryRun, err)
	})
}

// organized gives the error that organize ends with.
func (a *app) organized(r intake.OrganizeReport, dry bool, err error) error {
	switch {
	case err == nil && r.FailedCount > 0:
		return &fault{code: exitSomeFailed, cause: count(r.FailedCount, "file", "files") + " could not be moved", next: "run it again; what has moved stays"}
	case err != nil && !dry && diagnose(err, a.where).code == exitInterrupted:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(r.Moved, "file has", "files have") + " moved", next: "run it again; it goes on from here", err: err}
	}
	return err
}

// moveList shows moves as they come, and the report at the end. What cannot be written
// is said there.
type moveList interface {
	move(intake.Move)
	end(intake.OrganizeReport) error
}

// maxMoves is how many moves out of one folder are put in order at once.
const maxMoves = 10_000

// moveLines is for people: the moves from one folder to another stand together.
type moveLines struct {
	out *bufio.Writer
	dry bool
	// batch are moves out of one folder that are not shown yet.
	batch []intake.Move
	// from and to are the folders of the last heading.
	from, to string
}

func (l *moveLines) move(m intake.Move) {
	dir := path.Dir(m.From)
	if len(l.batch) > 0 && (m.Dir || dir != path.Dir(l.batch[0].From) || len(l.batch) == maxMoves) {
		l.show()
	}
	if !m.Dir {
		l.batch = append(l.batch, m)
		return
	}
	l.from, l.to = m.From, m.To
	fmt.Fprintf(l.out, "%s → %s  (all of it, %s)\n", folderName(m.From), folderName(m.To), count(m.Files, "file", "files"))
}

// show writes the batch, a heading for each folder that its files go to.
func (l *moveLines) show() {
	slices.SortStableFunc(l.batch, func(a, b intake.Move) int { return comparePaths(a.To, b.To) })
	for _, m := range l.batch {
		from, to := path.Dir(m.From), path.Dir(m.To)
		switch {
		case from == l.from && to == l.to:
		case from == to:
			fmt.Fprintln(l.out, folderName(from))
		default:
			fmt.Fprintf(l.out, "%s → %s\n", folderName(from), folderName(to))
		}
		l.from, l.to = from, to
		if old, fresh := path.Base(m.From), path.Base(m.To); old == fresh {
			fmt.Fprintf(l.out, "  %s\n", printable(old))
		} else {
			fmt.Fprintf(l.out, "  %s → %s\n", printable(old), printable(fresh))
		}
	}
	l.batch = l.batch[:0]
}

// folderName shows a folder of the locker; "." is all of it.
func folderName(dir string) string {
	if dir == "." {
		return "/"
	}
	return printable(dir) + "/"
}

func (l *moveLines) end(r intake.OrganizeReport) error {
	l.show()
	fmt.Fprintln(l.out, organizeSummary(r, l.dry))
	if r.Untagged > 0 {
		fmt.Fprintf(l.out, "left where they are, their tags tell nothing: %s\n", count(r.Untagged, "file", "files"))
	}
	printNotes(l.out, "renamed, another file has the name", r.Renamed, r.RenamedCount)
	if r.Moved > 0 {
		printNotes(l.out, "playlists that may name what has moved", r.Playlists, r.PlaylistsCount)
	}
	printNotes(l.out, "FAILED", r.Failed, r.FailedCount)
	return l.out.Flush()
}

func organizeSummary(r intake.OrganizeReport, dry bool) string {
	if r.Moved == 0 {
		return "nothing to move: " + count(r.Looked, "file", "files") + " looked at"
	}
	line := "moved"
	if dry {
		line = "to move"
	}
	line += fmt.Sprintf(": %s of %s", thousands(r.Moved), count(r.Looked, "file", "files"))
	if r.Folders > 0 {
		line += ", " + count(r.Folders, "folder", "folders") + " as a whole"
	}
	if r.Removed > 0 {
		line += "; " + count(r.Removed, "empty folder", "empty folders") + " removed"
	}
	return line
}

// moveArray is for machines: one JSON object, with a list of all moves.
type moveArray struct {
	out   *bufio.Writer
	begun bool
	err   error
}

func (l *moveArray) move(m intake.Move) {
	if l.err == nil {
		l.err = writeElement(l.out, "moves", !l.begun, m)
		l.begun = true
	}
}

func (l *moveArray) end(r intake.OrganizeReport) error {
	if l.err != nil {
		return l.err
	}
	return endElements(l.out, "moves", !l.begun, r)
}
