package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

func TestSplitCommit(t *testing.T) {
	for arg, want := range map[string]struct {
		at     string
		commit int64
	}{
		"A/b.mp3":            {"A/b.mp3", catalog.AtRemoval},
		"A/b.mp3@12":         {"A/b.mp3", 12},
		"A@5/b.mp3":          {"A@5/b.mp3", catalog.AtRemoval},
		"live@home":          {"live@home", catalog.AtRemoval},
		"live@1999@":         {"live@1999", catalog.AtRemoval},
		"live@1999@0":        {"live@1999", 0},
		"me@":                {"me", catalog.AtRemoval},
		"a@-1":               {"a@-1", catalog.AtRemoval},
		"a@9223372036854775": {"a", 9223372036854775},
	} {
		at, commit, err := splitCommit(arg)
		if err != nil || at != want.at || commit != want.commit {
			t.Errorf("%q: got %q, %d, %v", arg, at, commit, err)
		}
	}
	var f *fault
	if _, _, err := splitCommit("a@99999999999999999999"); !errors.As(err, &f) || f.code != exitUsage {
		t.Errorf("too large a number: %v", err)
	}
}

func TestPrintRestored(t *testing.T) {
	r := restored{Path: "A", Files: 3, Bytes: 4_000_000, Folders: 2, Earlier: 1,
		Back: []cameBack{
			{Path: "A", Kind: catalog.Dir}, {Path: "A/z.mp3", Kind: catalog.File}, {Path: "A/B", Kind: catalog.Dir},
			{Path: "A/B/x\n.mp3", Kind: catalog.File, Replaces: true}, {Path: "A/a (2).mp3", Wanted: "A/a.mp3", Kind: catalog.File},
			{Path: "A/C (2)", Wanted: "A/C", Kind: catalog.Dir}},
		Failed: []intake.Note{{File: "A/q", What: "cannot come back"}}}
	var b strings.Builder
	if err := printRestored(&b, r, true); err != nil {
		t.Fatal(err)
	}
	want := `A/B/
  x?.mp3  (its former content)
A/
  C (2)/  (C is taken)
  a (2).mp3  (a.mp3 is taken)
  z.mp3
to bring back: 3 files (4.0 MB), 2 folders
removed earlier, and not brought back: 1 file; lockerfs history shows them
FAILED: 1 file
  A/q: cannot come back
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPrintHistory(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.Local)
	var b strings.Builder
	h := history{Path: "A/B", Past: []formerly{
		{Path: "A/B", Kind: catalog.Dir, Fate: catalog.Present},
		{Path: "A/B/x\x1b.mp3", Kind: catalog.File, Fate: catalog.Removed, Size: 2_000_000, SHA256: strings.Repeat("ab", 32), Time: &at, Restore: "A/B/x.mp3@7", Device: "studio"},
		{Path: "A/B/y", Kind: catalog.File, Fate: catalog.Replaced, Time: &at, Restore: "A/B/y@0", Now: "C/y"}}}
	if err := (&app{out: &b}).printHistory(h); err != nil {
		t.Fatal(err)
	}
	want := `now                  present   -       -             -   B/
2026-11-20 10:00:00  removed   2.0 MB  abababababab  @7  x?.mp3  (by studio)
2026-11-20 10:00:00  replaced  0 B     -             @0  y  (now C/y)
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
