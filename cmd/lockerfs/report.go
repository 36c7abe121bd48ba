package main

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/lockerfs/lockerfs/fs/intake"
)

// maxNotes is how many files of a sort a report for people names.
const maxNotes = 20

// sayReport prints the report, also after an import that ended early, and gives the
// error the command ends with.
func (a *app) sayReport(r intake.Report, tree *placements, dry bool, err error) error {
	began := r.Imported+r.Updated+r.Matched+r.Present+r.FailedCount+r.SkippedCount+r.NotAudioCount > 0
	if err == nil || began {
		if sayErr := a.printReport(r, tree, dry); sayErr != nil {
			return sayErr
		}
	}
	switch {
	case err == nil && r.FailedCount > 0:
		return &fault{code: exitSomeFailed, cause: count(r.FailedCount, "file", "files") + " could not be taken in", next: "run the same import again; what is in stays in"}
	case err == nil:
		return nil
	case diagnose(err, a.where).code == exitInterrupted && !dry:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(r.Imported+r.Updated+r.Matched, "file is", "files are") + " in and safe", next: "run the same import again; it goes on from here", err: err}
	}
	return err
}

func (a *app) printReport(r intake.Report, tree *placements, dry bool) error {
	if a.flags.json && dry {
		return printPlacements(a.out, r, tree)
	}
	if a.flags.json {
		return a.printJSON(r)
	}
	if err := printTree(a.out, tree.each); err != nil {
		return err
	}
	out := bufio.NewWriter(a.out)
	if dry {
		printCounts(out, r, "to upload", "to replace, their files have changed", "to match (in the locker under another name)")
	} else {
		printCounts(out, r, "imported", "replaced, their files have changed", "matched (in the locker under another name, not uploaded)")
	}
	printNotes(out, "not audio, left out", r.NotAudio, r.NotAudioCount)
	printNotes(out, "left out", r.Skipped, r.SkippedCount)
	printNotes(out, "taken in, but damaged", r.Damaged, r.DamagedCount)
	printNotes(out, "renamed, another file has the name", r.Renamed, r.RenamedCount)
	printNotes(out, "FAILED", r.Failed, r.FailedCount)
	if !dry && r.Elapsed > time.Second && r.ImportedBytes > 0 {
		fmt.Fprintf(out, "in %s, %s/s\n", humanDuration(r.Elapsed), humanSize(int64(float64(r.ImportedBytes)/r.Elapsed.Seconds())))
	}
	return out.Flush()
}

func printCounts(w io.Writer, r intake.Report, imported, updated, matched string) {
	fmt.Fprintf(w, "%s: %s, %s\n", imported, count(r.Imported, "file", "files"), humanSize(r.ImportedBytes))
	if r.Updated > 0 {
		fmt.Fprintf(w, "%s: %s, %s\n", updated, count(r.Updated, "file", "files"), humanSize(r.UpdatedBytes))
	}
	if r.Matched > 0 {
		fmt.Fprintf(w, "%s: %s, %s\n", matched, count(r.Matched, "file", "files"), humanSize(r.MatchedBytes))
	}
	if r.Present > 0 {
		fmt.Fprintf(w, "in the locker already: %s\n", count(r.Present, "file", "files"))
	}
}

// printNotes names the first files of a sort; there are all in all of them.
func printNotes(w io.Writer, title string, notes []intake.Note, all int64) {
	if all == 0 {
		return
	}
	fmt.Fprintf(w, "%s: %s\n", title, count(all, "file", "files"))
	named := notes[:min(maxNotes, len(notes))]
	for _, n := range named {
		fmt.Fprintf(w, "  %s: %s\n", printable(n.File), printable(n.What))
	}
	if more := all - int64(len(named)); more > 0 {
		fmt.Fprintf(w, "  and %s more (--json names the first %s)\n", thousands(more), thousands(intake.MaxNotes))
	}
}

// printPlacements prints the report of a dry run as one JSON object whose list placed
// has all files, however many.
func printPlacements(w io.Writer, r intake.Report, tree *placements) error {
	r.Placed = nil
	out := bufio.NewWriter(w)
	begun := false
	err := tree.each(func(x intake.Placed) error {
		err := writeElement(out, "placed", !begun, x)
		begun = true
		return err
	})
	if err != nil {
		return err
	}
	return endElements(out, "placed", !begun, r)
}
