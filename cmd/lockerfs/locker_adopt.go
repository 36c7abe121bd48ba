package main

import (
	"context"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// adopting is a locker that shows what others put into its bucket.
type adopting interface {
	// Adopt takes in what lies under a prefix; see intake.Adopter.
	Adopt(ctx context.Context, q adoption, l adoptListener) (adopted, error)
	// Watches gives what is adopted and watched.
	Watches(ctx context.Context) (catalog.Settings, error)
	// Refresh reads the log at once, and looks at all watched prefixes.
	Refresh(ctx context.Context) (refreshed, error)
}

// The layouts of a watch.
const (
	layoutKeys = "keys"
	layoutTags = "tags"
)

// adoption says what is to be adopted, and how. What is nil stays as it was.
type adoption struct {
	Prefix  string   `json:"prefix"`
	Layout  *string  `json:"layout,omitempty"`
	Under   *string  `json:"under,omitempty"`
	Every   *int64   `json:"every,omitempty"` // seconds; 0: it is not watched
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	Own     *bool    `json:"own,omitempty"`
	// DryRun changes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Only says how what was adopted is to be watched; nothing is looked at.
	Only bool `json:"only,omitempty"`
}

// adoptListener hears how adopting goes. Its functions may be nil.
type adoptListener struct {
	progress func(intake.AdoptProgress)
	// placed is told in a dry run where each new file would stand, moved in any run of the
	// files that are filed by their tags.
	placed func(intake.Placed)
	moved  func(intake.Move)
}

// adopted is the answer of `lockerfs adopt`. The JSON names are a promise.
type adopted struct {
	Watch catalog.Watch `json:"watch"`
	intake.AdoptReport
	// Organized is what became of filing by tags.
	Organized *intake.OrganizeReport `json:"organized,omitempty"`
	// Made: the bucket was made a locker.
	Made bool `json:"made,omitempty"`
}

// refreshed is the answer of `lockerfs refresh`. The JSON names are a promise.
type refreshed struct {
	// Commit is the last of the log, Commits how many were new.
	Commit  int64 `json:"commit"`
	Commits int64 `json:"commits"`
	// Looks are the watched prefixes.
	Looks []looked `json:"looks,omitempty"`
}

// looked is what came of a look at a prefix.
type looked struct {
	Prefix  string `json:"prefix"`
	New     int64  `json:"new"`
	Changed int64  `json:"changed"`
	Missing int64  `json:"missing"`
	Back    int64  `json:"back"`
}

// adoptedStats is what status tells of adopted files.
type adoptedStats struct {
	catalog.Adopted
	// Own: gc may delete adopted objects that nothing refers to.
	Own     bool         `json:"own,omitempty"`
	Watches []watchStats `json:"watches"`
}

// watchStats tells of one watch.
type watchStats struct {
	catalog.Watch
	// Looked is when this process looked at it last, Trouble why that failed.
	Looked  *time.Time `json:"looked,omitempty"`
	Trouble string     `json:"trouble,omitempty"`
}
