package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/library"
)

// layoutHelp tells in short what --layout takes.
const layoutHelp = `How music is filed is its layout: plain, year, classical, keep, or a template; lockerfs
help layout tells more. Without --layout it is that of the locker in config.toml.`

// layoutManual is about layouts as package library reads them.
const layoutManual = `A layout says at which path music is filed. It is a name:

  plain      Artist/Album/03 Title, the default
             Various Artists/Album/03 Artist - Title
  year       Artist/Album (1997)/03 Title
  classical  Composer/Album/03 Title; as plain where an album has several composers
  keep       folders and names as they are

or a template, a path with the fields of the tags in braces:

  {albumartist}/{album}/{disc-}{track} {title}
  {sort(albumartist)}/{[year] }{album}/{track - }{title}
  {if compilation}Compilations{else}{albumartist}{end}/{album}/{track} {title}

Text in the braces, before or after the field, is there only with a value: "{[year] }"
gives "[1997] " or nothing. {composer|albumartist} takes the first that has a value.
A template must name the album in a folder; the extension is added to it.

Fields of the album: albumartist, album, albumartistsort, albumsort, year, originalyear,
date, originaldate, composer, genre, codec, discs, tracks, compilation.
Fields of the track: title, titlesort, artist, artistsort, artists, track, disc.
Functions: first, sort, year, pad(track, 3), lower, upper.

Write it after --layout, or as layout = "…" of a locker in config.toml.`

func layoutTopic() *cobra.Command {
	return &cobra.Command{Use: "layout", Short: "How music is filed: layouts and templates", Long: layoutManual}
}

// layouts are the names of layouts.
func layouts() []string { return []string{"plain", "year", "classical", "keep"} }

// checkLayout refuses what cannot be read as a layout. what names where it was given.
func checkLayout(what, text string) error {
	if text == "" {
		return nil // the default
	}
	if _, err := library.ParseLayout(text); err != nil {
		return &fault{code: exitUsage, cause: fmt.Sprintf("%s: %v", what, err), next: "lockerfs help layout", err: err}
	}
	return nil
}

func addLayoutFlag(c *cobra.Command, layout *string) {
	c.Flags().StringVar(layout, "layout", "", "how music is filed: plain, year, classical, keep or a template (lockerfs help layout)")
	// The flag is there, so this cannot fail.
	_ = c.RegisterFlagCompletionFunc("layout", cobra.FixedCompletions(layouts(), cobra.ShellCompDirectiveNoFileComp))
}
