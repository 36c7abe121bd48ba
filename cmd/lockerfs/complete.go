package main

import (
	"context"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// completionTime bounds what a press of Tab may cost.
const completionTime = time.Second

// mostCompletions bounds how many names a shell is given.
const mostCompletions = 1000

// completePaths completes locker paths. It never asks the network, and when the
// locker cannot be asked in time it gives none.
func (a *app) completePaths(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const quiet = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), durationOf("LOCKERFS_COMPLETION", completionTime))
	defer cancel()
	answer := make(chan []string, 1)
	go func() { answer <- a.complete(ctx, typed) }()
	select {
	case found := <-answer:
		return found, quiet
	case <-ctx.Done():
		return nil, quiet
	}
}

func (a *app) complete(ctx context.Context, typed string) []string {
	p, err := a.place()
	if err != nil {
		return nil
	}
	var l locker
	if c, ok := dial(ctx, p.state); ok {
		l = c
	} else {
		e, err := openEngine(ctx, p, false, a.ground())
		if err != nil {
			return nil
		}
		e.contacted.Store(true) // as the index stands, without the store
		l = e
	}
	defer l.Close()
	folder, begin := path.Split(typed)
	var found []string
	_ = l.List(ctx, folder, false, func(entry listed) error {
		name := path.Base(entry.Path)
		if entry.Path == clean(folder) || !strings.HasPrefix(name, begin) || len(found) == mostCompletions {
			return nil
		}
		if entry.Kind == catalog.Dir {
			name += "/"
		}
		found = append(found, folder+name)
		return nil
	}) // what was found before an error is still right
	return found
}
