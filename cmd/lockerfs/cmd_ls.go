package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

func (a *app) lsCommand() *cobra.Command {
	var long, deep bool
	c := &cobra.Command{
		Use:   "ls [PATH]",
		Short: "List a folder of the locker",
		Long:  "List a folder of the locker. PATH is a path in the locker, or a real one under its mount.",
		Args:  cobra.MaximumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			return a.list(ctx, append(args, "/")[0], long, deep)
		}),
		ValidArgsFunction: a.completePaths,
	}
	c.Flags().BoolVarP(&long, "long", "l", false, "with sizes and times")
	c.Flags().BoolVarP(&deep, "recursive", "R", false, "all the way down")
	return c
}

// list prints as entries come, so that a locker of any size begins at once.
func (a *app) list(ctx context.Context, arg string, long, deep bool) error {
	at, err := a.locate(arg)
	if err != nil {
		return err
	}
	return a.withLocker(ctx, false, func(_ place, l locker) error {
		out := bufio.NewWriter(a.out)
		line := printNames(out, clean(at), long, deep)
		if a.flags.json {
			line = printArray(out)
		}
		seen := 0
		err := l.List(ctx, at, deep, func(entry listed) error {
			// The first is the path itself: shown only when it is a file.
			if seen++; seen == 1 && entry.Kind == catalog.Dir {
				return nil
			}
			return line(&entry)
		})
		if a.flags.json && err == nil {
			err = line(nil)
		}
		if flushErr := out.Flush(); err == nil {
			err = flushErr
		}
		return err
	})
}

func printNames(out *bufio.Writer, at string, long, deep bool) func(*listed) error {
	return func(l *listed) error {
		name := path.Base(l.Path)
		if deep && l.Path != at {
			name = l.Path
		}
		if name = printable(name); l.Kind == catalog.Dir {
			name += "/"
		}
		if !long {
			_, err := fmt.Fprintln(out, name)
			return err
		}
		size := "-"
		if l.Kind == catalog.File {
			size = humanSize(l.Size)
		}
		_, err := fmt.Fprintf(out, "%8s  %s  %s\n", size, l.MTime.Local().Format(time.DateTime), name)
		return err
	}
}

// printArray writes entries as one JSON array; nil ends it.
func printArray(out *bufio.Writer) func(*listed) error {
	before := "[\n  "
	return func(l *listed) error {
		if l == nil {
			if before == "[\n  " {
				_, err := out.WriteString("[]\n")
				return err
			}
			_, err := out.WriteString("\n]\n")
			return err
		}
		b, err := json.Marshal(l)
		if err != nil {
			return err
		}
		_, _ = out.WriteString(before) // an error stays with the writer
		before = ",\n  "
		_, err = out.Write(b)
		return err
	}
}
