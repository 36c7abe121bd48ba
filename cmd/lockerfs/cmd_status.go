package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/pending"
)

func (a *app) statusCommand() *cobra.Command {
	var watch, metrics bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Say how the locker is, and whether the lid may be closed",
		Args:  cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				switch {
				case watch:
					return a.watchStatus(ctx, l)
				case metrics:
					s, err := l.Status(ctx)
					if err == nil {
						_, err = fmt.Fprint(a.out, s.metrics())
					}
					return err
				}
				return a.printStatus(ctx, l)
			})
		}),
	}
	c.Flags().BoolVar(&watch, "watch", false, "show it again every second, until Ctrl-C")
	c.Flags().BoolVar(&metrics, "metrics", false, "answer in the text form of Prometheus")
	c.MarkFlagsMutuallyExclusive("watch", "metrics")
	return c
}

func (a *app) printStatus(ctx context.Context, l locker) error {
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(s)
	}
	_, err = fmt.Fprint(a.out, s.text(time.Now(), homeDir()))
	return err
}

// text is the status for people: the answer to their question first.
func (s status) text(now time.Time, home string) string {
	var b strings.Builder
	if s.Safe {
		b.WriteString("SAFE: everything is in the store\n")
	} else {
		fmt.Fprintf(&b, "NOT YET SAFE: %s\n", strings.Join(s.Unsafe, " · "))
	}
	b.WriteString(s.running(now))
	mount := "not mounted"
	if s.Mount != "" {
		mount = tilde(s.Mount, home)
	}
	network := s.Network
	if s.Metered {
		network += " (metered: only what is asked for)"
	}
	if s.Network == linkOffline {
		network += " for " + humanDuration(now.Sub(s.Since))
	}
	fmt.Fprintf(&b, "%s  %s ← %s   %s · %s\n", s.Name, mount, shortStore(s.Store), network, s.Access)
	if s.Trouble != "" {
		fmt.Fprintf(&b, "%s\n", s.Trouble)
	}
	if s.Barred != "" {
		fmt.Fprintf(&b, "read-only: %s\n", s.Barred)
	}
	b.WriteString(s.writes())
	b.WriteString(s.contents(now))
	b.WriteString(s.Adopted.text())
	if c := s.Cache; c != nil && c.Counting {
		fmt.Fprintf(&b, "here %s, counting\n", humanSize(c.Held))
	} else if c != nil {
		fmt.Fprintf(&b, "here %s of %s\n", humanSize(c.Held), humanSize(c.Limit))
	}
	if p := s.Packs; p != nil && p.Count > 0 {
		fmt.Fprintf(&b, "heads of files for scans: %s, %s of %s\n", count(int64(p.Count), "pack", "packs"), humanSize(p.Bytes), humanSize(p.Limit))
	}
	if h := s.Heads; h != nil && h.Wanted > 0 {
		fmt.Fprintf(&b, "%s of %s begin at once\n", thousands(int64(h.Count)), count(int64(h.Wanted), "track", "tracks"))
	}
	b.WriteString(s.Pins.text())
	b.WriteString(s.reads())
	b.WriteString(s.files())
	b.WriteString(s.Requests.text())
	if s.Device.Shared != nil && !*s.Device.Shared {
		b.WriteString("this store cannot be shared: only one device may write to it\n")
	}
	return b.String()
}

// shownTroubles is how many of a kind are shown to people; --json has all.
const shownTroubles = 5

// writes says what does not go as it should with what was changed here.
func (s status) writes() string {
	w := s.Waiting
	if w == nil {
		return ""
	}
	var b strings.Builder
	if w.Commit != "" {
		fmt.Fprintf(&b, "changes cannot be committed yet: %s\n", oneLine(w.Commit))
	}
	troubles(&b, "not uploaded", w.Failed)
	troubles(&b, "conflict", w.Conflicts)
	if n := len(w.Quarantined); n > 0 {
		fmt.Fprintf(&b, "%s left by a crash and put aside: %s\n", count(int64(n), "file was", "files were"), printable(filepath.Dir(w.Quarantined[0])))
	}
	return b.String()
}

func troubles(b *strings.Builder, kind string, list []pending.Trouble) {
	for _, t := range list[max(0, len(list)-shownTroubles):] {
		fmt.Fprintf(b, "%s: %s: %s\n", kind, printable("/"+t.Path), oneLine(t.What))
	}
	if more := len(list) - shownTroubles; more > 0 {
		fmt.Fprintf(b, "and %s more (lockerfs status --json)\n", thousands(int64(more)))
	}
}

// reads says who reads what is here whole: the kernel, or why not.
func (s status) reads() string {
	switch p := s.Passthrough; {
	case p == nil || p.Off == "" && p.Open == 0:
		return ""
	case p.Off != "":
		return "files that are here are read through lockerfs: " + p.Off + "\n"
	default:
		return count(p.Open, "file is", "files are") + " being read by the kernel itself\n"
	}
}

func (s status) contents(now time.Time) string {
	if !s.Synced {
		return "this device has not read the catalog yet\n"
	}
	line := fmt.Sprintf("%s · %s", count(s.Totals.Files, "file", "files"), humanSize(s.Totals.Bytes))
	if s.Change != nil {
		line += fmt.Sprintf(" · last change %s ago", humanDuration(now.Sub(s.Change.Time)))
		if s.Change.Device != "" {
			line += fmt.Sprintf(" (%s)", printable(s.Change.Device))
		}
	}
	if s.Totals.Invalid > 0 {
		line += " · " + count(s.Totals.Invalid, "broken commit was passed over", "broken commits were passed over")
	}
	line += "\n"
	for _, c := range s.Totals.Broken {
		line += fmt.Sprintf("commit %d was passed over: %s\n", c.N, printable(oneLine(strings.TrimPrefix(c.Reason, fmt.Sprintf("commit %d, ", c.N)))))
	}
	return line
}
