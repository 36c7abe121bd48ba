package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (a *app) pinCommand() *cobra.Command {
	var later bool
	c := &cobra.Command{
		Use:   "pin PATH...",
		Short: "Keep albums, artists, playlists or files on this machine",
		Long: "Keep what is at PATH on this machine, so that it plays without a network: a file, a folder\n" +
			"with all that is in it now and later, or a playlist (.m3u8, .m3u, .pls) with the tracks it\n" +
			"names. A pin follows a rename. What is kept is verified, lies beside the locker's state and\n" +
			"not in its cache, and is never given up for room; lockerfs unpin lets go of it.\n\n" +
			"PATH is a path in the locker, or a real one under its mount, where\n" +
			"setfattr -n user.lockerfs.pin -v 1 PATH does the same.\n\n" +
			"Nothing is pinned when there is not enough disk for all of it. Ctrl-C ends the waiting and\n" +
			"not the pin. Ends with code 13 when the store does not have some of the files.",
		Example: "  lockerfs pin 'Björk/Homogenic' Playlists/Run.m3u8\n  lockerfs pin --no-wait ~/Locker/Björk",
		Args:    cobra.MinimumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.pin(ctx, args, !later)
		}),
		ValidArgsFunction: a.completePaths,
	}
	c.Flags().BoolVar(&later, "no-wait", false, "return at once; what is pinned comes in the background")
	return c
}

func (a *app) pin(ctx context.Context, args []string, wait bool) error {
	paths, err := a.locateAll(args)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, true, func(p place, l locker) error {
		served, err := a.serveMeanwhile(p, l)
		if err != nil {
			return err
		}
		defer served()
		shown := a.showPinning()
		answer, err := l.Pin(ctx, paths, wait, shown.update)
		shown.end()
		_, background := l.(*client)
		if len(answer.Pins) > 0 {
			if err := a.printPinned(answer); err != nil {
				return err
			}
			if !wait && !background {
				a.note("lockerfs: it comes when the locker is mounted")
			}
		}
		if err != nil && diagnose(err, a.where).code == exitInterrupted {
			next := "lockerfs mount, and the rest comes"
			if background {
				next = "nothing; the rest comes in the background, and lockerfs pins shows how far it is"
			}
			return &fault{code: exitInterrupted, cause: "interrupted; it stays pinned", next: next, err: err}
		}
		return err
	})
}

// locateAll gives the locker paths that arguments mean, all of one locker.
func (a *app) locateAll(args []string) ([]string, error) {
	paths := make([]string, len(args))
	for i, arg := range args {
		at, err := a.locate(arg)
		if err != nil {
			return nil, err
		}
		paths[i] = at
	}
	return paths, nil
}

func (a *app) printPinned(answer pinAnswer) error {
	if a.flags.json {
		return a.printJSON(answer)
	}
	for _, l := range answer.Pins {
		if _, err := fmt.Fprintf(a.out, "pinned %s\n", l.text()); err != nil {
			return err
		}
	}
	return nil
}

// text is a pin in one line.
func (l pinLine) text() string {
	what := count(int64(l.Tracks), "track", "tracks")
	if l.Tracks < l.Files {
		what = count(int64(l.Files), "file", "files")
	}
	line := fmt.Sprintf("%s: %s, ", printable("/"+l.Path), what)
	switch l.State {
	case pinGone:
		return printable("/"+l.Path) + ": gone from the locker; lockerfs unpin forgets it"
	case pinComplete:
		return line + humanSize(l.Bytes) + ", complete"
	case pinUnread:
		return line + "the playlist has not been read yet"
	}
	line += fmt.Sprintf("%s of %s here", humanSize(l.HereBytes), humanSize(l.Bytes))
	if l.Failed > 0 {
		line += fmt.Sprintf(", %s not to be had", thousands(int64(l.Failed)))
	}
	return line
}

// pinDisplay shows how far pins are.
type pinDisplay interface {
	update(pinProgress)
	end()
}

// showPinning gives a bar on a terminal and lines elsewhere, both on stderr.
func (a *app) showPinning() pinDisplay {
	if f, ok := a.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &pinBar{out: f}
	}
	return &pinLines{lines{out: a.err, last: time.Now(), every: lineEvery}}
}

type pinBar struct {
	out io.Writer
	bar *progressbar.ProgressBar
	max int64
}

func (b *pinBar) update(p pinProgress) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(b.out), progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(24), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	if total := max(p.Bytes, 1); total != b.max {
		b.max = total
		b.bar.ChangeMax64(total)
	}
	// Errors are those of a terminal that is gone. At its full length the bar would take
	// itself for finished.
	_ = b.bar.Set64(min(p.HereBytes, b.max-1))
	b.bar.Describe(p.text(false))
}

func (b *pinBar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

type pinLines struct{ lines }

func (l *pinLines) update(p pinProgress) { l.tell(func() string { return p.text(true) }) }

// text says how far pins are, with bytes or without.
func (p pinProgress) text(bytes bool) string {
	line := fmt.Sprintf("%s of %s here", thousands(int64(p.Here)), count(int64(p.Files), "file", "files"))
	if bytes {
		line += fmt.Sprintf(", %s of %s", humanSize(p.HereBytes), humanSize(p.Bytes))
	}
	if p.Waiting != "" {
		line += ", waiting: " + oneLine(p.Waiting)
	}
	return line
}
