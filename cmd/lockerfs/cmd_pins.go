package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) pinsCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "pins",
		Short: "Say what is pinned, and how much of it is here",
		Long: "Say what is kept on this machine by lockerfs pin, and how much of it is here yet.\n\n" +
			"With --check all of it is read and compared with its SHA-256 before; what is damaged is\n" +
			"fetched again. This happens little by little anyway while the locker is mounted.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			return a.withLocker(ctx, true, func(_ place, l locker) error {
				r, err := l.Pins(ctx, check)
				if err != nil {
					return err
				}
				if a.flags.json {
					return a.printJSON(r)
				}
				return a.printPins(r, check)
			})
		}),
	}
	c.Flags().BoolVar(&check, "check", false, "read and compare all that is here")
	return c
}

func (a *app) printPins(r pinReport, checked bool) error {
	out := bufio.NewWriter(a.out)
	for _, l := range r.Pins {
		fmt.Fprintln(out, l.text())
	}
	if len(r.Pins) == 0 {
		fmt.Fprintln(out, "nothing is pinned")
	}
	if len(r.Pins) > 1 {
		fmt.Fprint(out, r.Total.text())
	}
	if checked {
		fmt.Fprintf(out, "checked %s, %s damaged\n", count(int64(r.Checked), "file", "files"), thousands(int64(r.Damaged)))
	}
	return out.Flush()
}

// text is what status says of pins.
func (s *pinStats) text() string {
	if s == nil {
		return ""
	}
	var b strings.Builder
	for _, file := range s.Aside {
		fmt.Fprintf(&b, "a list of pins could not be read; nothing pinned is removed while %s is there\n", printable(file))
	}
	if s.Pins == 0 {
		return b.String()
	}
	var what []string
	for _, k := range []struct {
		n         int
		one, many string
	}{{s.Albums, "album", "albums"}, {s.Playlists, "playlist", "playlists"}, {s.Tracks, "track", "tracks"}} {
		if k.n > 0 {
			what = append(what, count(int64(k.n), k.one, k.many))
		}
	}
	if len(what) == 0 && s.Counting {
		return b.String() + "what is pinned is being counted\n"
	}
	if len(what) == 0 {
		what = []string{count(int64(s.Files), "file", "files")}
	}
	fmt.Fprintf(&b, "pinned %s, ", strings.Join(what, ", "))
	if s.Complete {
		fmt.Fprintf(&b, "%s, complete\n", humanSize(s.Bytes))
		return b.String()
	}
	fmt.Fprintf(&b, "%s of %s here", humanSize(s.HereBytes), humanSize(s.Bytes))
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %s not to be had", count(int64(s.Failed), "file", "files"))
	}
	if s.Waiting != "" {
		fmt.Fprintf(&b, "; waiting: %s", oneLine(s.Waiting))
	}
	return b.String() + "\n"
}
