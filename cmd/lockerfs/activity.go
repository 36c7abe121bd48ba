package main

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/prefetch"
)

// activity is a file that a program has open for reading.
type activity struct {
	// Path is the file's in the locker, without a leading slash; empty when it was removed.
	Path    string `json:"path"`
	Program string `json:"program"`
	Process int    `json:"process"`
	// Does is play, scan, copy, slurp (reads much, perhaps not all) or unknown.
	Does string `json:"does"`
	// At is the end of what was asked for last, in bytes. What the kernel reads by itself
	// is not seen.
	At   int64 `json:"at"`
	Size int64 `json:"size"`
	// Here is how much of it is on this machine, in bytes.
	Here int64 `json:"here"`
	// Waits tells whether a read has no answer yet.
	Waits bool      `json:"waits"`
	Since time.Time `json:"since"`
}

// maxActivity is how many open files status tells of.
const maxActivity = 100

// activity tells what is open; nothing while nothing is mounted.
func (e *engine) activity(ctx context.Context) []activity {
	plan := e.plan.Load()
	if plan == nil {
		return nil
	}
	var all []activity
	for _, a := range plan.planner.Activity() {
		v, err := e.index.Version(ctx, catalog.ID(a.File))
		if err != nil {
			continue // it is no more, and its reader will learn that
		}
		all = append(all, activity{Path: e.pathOfNode(ctx, catalog.ID(a.File)), Program: a.Process.Name, Process: a.Process.ID,
			Does: a.Does.String(), At: a.At, Size: v.Size, Here: e.contents().Present(v), Waits: a.Waits, Since: a.Since})
		if len(all) == maxActivity {
			break
		}
	}
	return all
}

// pathOfNode gives the path of what the kernel knows as node; empty when it has none.
func (e *engine) pathOfNode(ctx context.Context, node catalog.ID) string {
	at, err := e.overlay.Node(ctx, node)
	if err != nil || at.Gone {
		return ""
	}
	folder, err := e.overlay.Path(ctx, at.Parent)
	if err != nil {
		return ""
	}
	return path.Join(folder, at.Name)
}

// doing is how people are told what a program does.
var doing = map[string]string{
	prefetch.Unknown.String(): "has open",
	prefetch.Scan.String():    "looks at",
	prefetch.Slurp.String():   "reads",
	prefetch.Copy.String():    "copies",
	prefetch.Play.String():    "plays",
}

// shownFiles is how many files people are shown; --json has more.
const shownFiles = 8

// files says what is read and what is sent, a line for each file.
func (s status) files() string {
	var lines []string
	for _, a := range s.Activity {
		lines = append(lines, a.text())
	}
	if s.Waiting != nil {
		for _, f := range s.Waiting.Sending {
			lines = append(lines, fmt.Sprintf("uploading %s, %s of %s", printable("/"+f.Path), humanSize(f.Sent), humanSize(f.Size)))
		}
	}
	if more := len(lines) - shownFiles; more > 0 {
		lines = append(lines[:shownFiles], fmt.Sprintf("and %s more", thousands(int64(more))))
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func (a activity) text() string {
	name := "/" + a.Path
	if a.Path == "" {
		name = "a removed file"
	}
	line := fmt.Sprintf("%s %s %s", printable(a.Program), doing[a.Does], printable(name))
	if a.At > 0 && a.Size > 0 {
		line += fmt.Sprintf(", at %d %%", a.At*100/a.Size)
	}
	switch {
	case a.Here >= a.Size:
		line += ", all of it here"
	case a.Size > 0:
		line += fmt.Sprintf(", %d %% here", a.Here*100/a.Size)
	}
	if a.Waits {
		line += ", waiting for the store"
	}
	return line
}
