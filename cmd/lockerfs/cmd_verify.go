package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (a *app) verifyCommand() *cobra.Command {
	var opts catalog.VerifyOptions
	var limit string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Look whether the locker is whole",
		Long: "Look whether everything that the catalog names, of the last 30 days too, is in the store: by\n" +
			"its listing, a request for 1,000 objects, which tells size and ETag of each; scan packs, the\n" +
			"log, and the newest checkpoint, which is read and compared with this device's index.\n\n" +
			"With --data every object is also read and its SHA-256 compared, when nothing else is to be\n" +
			"done. Broken off, it goes on where it was; what was read before is not read again, unless\n" +
			"--again. Of an adopted file no hash is known before it was read whole once.\n\n" +
			"Nothing is changed. It may run while the locker is mounted and used.\n" +
			"Ends with code 16 when something is missing or damaged.",
		Example: "  lockerfs verify\n  lockerfs verify --data --bwlimit 2M\n  lockerfs --json verify | jq -r '.faults[].path'",
		Args:    cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) (err error) {
			if opts.Bandwidth, err = bandwidth(limit, "verify"); err != nil {
				return err
			}
			if (opts.Again || opts.Bandwidth > 0) && !opts.Data {
				return &fault{code: exitUsage, cause: "--again and --bwlimit are about reading", next: "lockerfs verify --data"}
			}
			return a.verify(ctx, opts)
		}),
	}
	c.Flags().BoolVar(&opts.Data, "data", false, "read everything and compare its SHA-256")
	c.Flags().BoolVar(&opts.Again, "again", false, "with --data: read also what was read before")
	c.Flags().StringVar(&limit, "bwlimit", "", "with --data: read at most so many bytes a second, for instance 2M")
	return c
}

// bandwidth reads the value of --bwlimit; 0 for none.
func bandwidth(limit, command string) (int64, error) {
	if limit == "" {
		return 0, nil
	}
	n, err := parseSize(limit)
	if err != nil || n == 0 {
		return 0, &fault{code: exitUsage, cause: fmt.Sprintf("--bwlimit %q is not a rate like 2M (bytes a second)", limit), next: "lockerfs help " + command}
	}
	return n, nil
}

func (a *app) verify(ctx context.Context, opts catalog.VerifyOptions) error {
	defer debug.SetGCPercent(debug.SetGCPercent(importGC)) // it makes much garbage and keeps little
	return a.withLocker(ctx, false, func(p place, l locker) error {
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		shown := a.showGauge()
		report, err := l.Verify(ctx, opts, func(p catalog.VerifyProgress) {
			shown.show(verifyLine(p), p.ReadBytes, p.ToRead)
		})
		shown.end()
		if err == nil || report.FaultCount > 0 || report.Read > 0 {
			if sayErr := a.sayVerified(report, opts); sayErr != nil {
				return sayErr
			}
		}
		return a.verified(report, opts, err)
	})
}

// verified gives the error that verify ends with.
func (a *app) verified(r catalog.VerifyReport, opts catalog.VerifyOptions, err error) error {
	switch {
	case err != nil && opts.Data && diagnose(err, a.where).code == exitInterrupted:
		return &fault{code: exitInterrupted, cause: "interrupted; " + count(r.Read, "object is", "objects are") + " read and good", next: "run it again; it goes on from here", err: err}
	case err != nil:
		return err
	case r.FaultCount > 0:
		return &fault{code: exitDamaged, cause: count(r.FaultCount, "thing is", "things are") + " missing or damaged", next: remedies()[classOf(r.Faults[0])].next}
	}
	return nil
}

// verifyLine says how far a look has come.
func verifyLine(p catalog.VerifyProgress) string {
	line := fmt.Sprintf("%s listed, %s wanted", count(p.Listed, "object", "objects"), thousands(p.Wanted))
	switch {
	case p.ToRead > 0:
		line = fmt.Sprintf("%s of %s read", humanSize(p.ReadBytes), humanSize(p.ToRead))
	case p.Wanted == 0:
		line = "reading the catalog"
	}
	if p.Faults > 0 {
		line += ", " + count(p.Faults, "fault", "faults")
	}
	return line
}

func (a *app) sayVerified(r catalog.VerifyReport, opts catalog.VerifyOptions) error {
	if a.flags.json {
		return a.printJSON(r)
	}
	out := bufio.NewWriter(a.out)
	fmt.Fprintf(out, "commit %s: %s, %s", thousands(r.Commit), count(r.Objects, "object", "objects"), humanSize(r.Bytes))
	if r.Past > 0 {
		fmt.Fprintf(out, "; %s of them only in the history", thousands(r.Past))
	}
	if r.Foreign > 0 {
		fmt.Fprintf(out, "; %s adopted", thousands(r.Foreign))
	}
	fmt.Fprintf(out, "\n%s, %s, ", count(r.Packs, "scan pack", "scan packs"), count(r.Commits, "commit", "commits"))
	if r.Checkpoint > 0 {
		fmt.Fprintf(out, "checkpoint %s\n", thousands(r.Checkpoint))
	} else {
		fmt.Fprintln(out, "no checkpoint")
	}
	if opts.Data {
		sayRead(out, r)
	}
	if r.Spare > 0 {
		fmt.Fprintf(out, "nothing refers to: %s of lockerfs, %s\n", count(r.Spare, "object", "objects"), humanSize(r.SpareBytes))
	}
	if r.Strange > 0 {
		fmt.Fprintf(out, "not of this locker: %s, %s\n", count(r.Strange, "object", "objects"), humanSize(r.StrangeBytes))
	}
	sayFaults(out, r)
	return out.Flush()
}

func sayRead(out io.Writer, r catalog.VerifyReport) {
	fmt.Fprintf(out, "read and good: %s of %s", thousands(r.Read), count(r.Objects+r.Packs, "object or pack", "objects and packs"))
	if r.Earlier > 0 {
		fmt.Fprintf(out, "; %s of them earlier, since %s (--again reads all)", thousands(r.Earlier), time.Unix(0, r.Since).Format(time.DateOnly))
	}
	fmt.Fprintln(out)
	if r.Unhashed > 0 {
		fmt.Fprintf(out, "not known yet: the SHA-256 of %s\n", count(r.Unhashed, "adopted object", "adopted objects"))
	}
}

// class is a sort of fault with one remedy.
type class int

const (
	lostFiles class = iota
	rottenFiles
	pastFiles
	adoptedFiles
	brokenPacks
	brokenCatalog
	wrongIndex
)

// remedies gives the words of each class, and what helps.
func remedies() map[class]struct{ title, next string } {
	return map[class]struct{ title, next string }{
		lostFiles:     {"MISSING OR WRITTEN OVER", "lockerfs import a copy of them: it is uploaded again; lockerfs history PATH names former versions"},
		rottenFiles:   {"DAMAGED", "delete these objects from the bucket and lockerfs import a copy of the files; lockerfs history PATH names former versions"},
		pastFiles:     {"missing or damaged, only in the history", "nothing to do: these versions cannot be restored"},
		adoptedFiles:  {"adopted, and missing or changed since", "lockerfs refresh reads them anew; put back what is missing under the same key"},
		brokenPacks:   {"scan packs missing or damaged", "nothing to do: scans read these files themselves"},
		brokenCatalog: {"CATALOG", "lockerfs umount, then lockerfs rebuild --damaged publishes it again from this device's index"},
		wrongIndex:    {"INDEX of this device", "lockerfs umount, then move index.db out of the state folder: it is read from the store again"},
	}
}

func classOf(f catalog.Fault) class {
	switch {
	case f.Kind == catalog.IndexFault:
		return wrongIndex
	case f.Kind == catalog.LogFault, f.Kind == catalog.CheckpointFault:
		return brokenCatalog
	case f.Kind == catalog.PackFault:
		return brokenPacks
	case f.Past:
		return pastFiles
	case f.Foreign:
		return adoptedFiles
	case f.Kind == catalog.ObjectDamaged:
		return rottenFiles
	}
	return lostFiles
}

// sayFaults names faults by what helps against them.
func sayFaults(out io.Writer, r catalog.VerifyReport) {
	if r.FaultCount == 0 {
		fmt.Fprintln(out, "all of it is there")
		return
	}
	by := map[class][]catalog.Fault{}
	for _, f := range r.Faults {
		by[classOf(f)] = append(by[classOf(f)], f)
	}
	for c := lostFiles; c <= wrongIndex; c++ {
		if len(by[c]) == 0 {
			continue
		}
		words := remedies()[c]
		fmt.Fprintf(out, "%s: %s\n", words.title, thousands(int64(len(by[c]))))
		for _, f := range by[c][:min(maxNotes, len(by[c]))] {
			fmt.Fprintf(out, "  %s\n", faultLine(f))
		}
		if more := len(by[c]) - maxNotes; more > 0 {
			fmt.Fprintf(out, "  and %s more (--json names them)\n", thousands(int64(more)))
		}
		fmt.Fprintf(out, "  next: %s\n", words.next)
	}
	if more := r.FaultCount - int64(len(r.Faults)); more > 0 {
		fmt.Fprintf(out, "and %s more that are not named\n", thousands(more))
	}
}

func faultLine(f catalog.Fault) string {
	line := f.What
	if f.Path != "" {
		line = printable(f.Path) + ": " + f.What
	} else if f.Kind == catalog.PackFault {
		line = printable(f.Key) + ": " + f.What
	}
	if f.Others > 0 {
		line += fmt.Sprintf(" (and of %s)", count(f.Others, "other file", "other files"))
	}
	if f.Kind == catalog.ObjectDamaged {
		line += "; object " + printable(f.Key)
	}
	return oneLine(line)
}

// gauge shows how far something long is, by bytes where they are known.
type gauge interface {
	show(line string, done, all int64)
	end()
}

// showGauge gives a bar on a terminal and lines elsewhere, both on stderr.
func (a *app) showGauge() gauge {
	if f, ok := a.err.(*os.File); ok && isTerminal(f) {
		return &bar{out: f}
	}
	return &lines{out: a.err, last: time.Now(), every: lineEvery}
}
