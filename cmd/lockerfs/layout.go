package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/library"
)

// layoutHelp tells what --layout takes.
const layoutHelp = `How files are filed is their layout, one of
  plain      Artist/Album/01 Title (the default)
  year       Artist/Album (1999)/01 Title
  classical  Composer/Album/01 Title
  keep       the folders as they are
or a template like '{albumartist}/{year} {album}/{track} {title}'. Without --layout it is
that of the locker in config.toml.`

// layouts are the names of layouts.
func layouts() []string { return []string{"plain", "year", "classical", "keep"} }

// checkLayout refuses what cannot be read as a layout. what names where it was given.
func checkLayout(what, text string) error {
	if _, err := library.ParseLayout(text); err != nil {
		return &fault{code: exitUsage, cause: fmt.Sprintf("%s: %v", what, err), next: "lockerfs help import shows the layouts", err: err}
	}
	return nil
}

func addLayoutFlag(c *cobra.Command, layout *string) {
	c.Flags().StringVar(layout, "layout", "", "how files are filed: plain, year, classical, keep or a template")
	// The flag is there, so this cannot fail.
	_ = c.RegisterFlagCompletionFunc("layout", cobra.FixedCompletions(layouts(), cobra.ShellCompDirectiveNoFileComp))
}
