package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

func TestProgressLine(t *testing.T) {
	p := intake.Progress{Found: 1200, FoundBytes: 8e9, Done: 7, DoneBytes: 61e6, UploadedBytes: 40e6}
	if got, want := progressLine(p, true), "7 of 1,200 files found so far, 61 MB of 8.0 GB, 40 MB uploaded"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Walked = true
	if got, want := progressLine(p, false), "7 of 1,200 files"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	l := &lines{out: &out, every: time.Hour, last: time.Now()}
	for range 100 {
		l.update(intake.Progress{})
	}
	if out.Len() > 0 {
		t.Errorf("said %q at once", out.String())
	}
	l.every = 0
	l.update(intake.Progress{Found: 1, Walked: true})
	if got, want := strings.Count(out.String(), "\n"), 1; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}
}

// A bar follows what is found while it is already running, and goes away.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := &bar{out: &out}
	for i := range int64(20) {
		b.update(intake.Progress{Found: i + 1, FoundBytes: 100 * (i + 1), Done: i, DoneBytes: 100 * i})
		if got, want := b.bar.State(), 100*i; got.CurrentNum != want || got.Max != want+100 {
			t.Fatalf("got %d of %d, want %d of %d", got.CurrentNum, got.Max, want, want+100)
		}
	}
	b.update(intake.Progress{Found: 20, FoundBytes: 2000, Done: 20, DoneBytes: 2000, Walked: true})
	if b.bar.IsFinished() {
		t.Error("the bar has finished before the import")
	}
	b.end()
	if !b.bar.IsFinished() || !strings.HasSuffix(out.String(), "\r") {
		t.Errorf("the bar stays: %q", out.String())
	}
	(&bar{out: &out}).end() // nothing was ever shown
}

// Every kind of long work says how far it is in one line, word for word.
func TestProgressOfEachKind(t *testing.T) {
	for _, c := range [][2]string{
		{"1 object listed, 1 new", adoptLine(intake.AdoptProgress{Listed: 1, New: 1})},
		{"17 of 40,112 files read, 3.3 GB", adoptLine(intake.AdoptProgress{Walked: true, Listed: 41_000, Wanted: 40_112, Described: 17, ReadBytes: 33e8})},
		{"1,200 files looked at, 3 to move so far", organizeLine(intake.OrganizeProgress{Looked: 1200, Planned: 3})},
		{"2 of 3 files moved", organizeLine(intake.OrganizeProgress{Looked: 1200, Planned: 3, Done: 2})},
		{"reading the catalog", verifyLine(catalog.VerifyProgress{})},
		{"2,000 objects listed, 40,112 wanted", verifyLine(catalog.VerifyProgress{Listed: 2000, Wanted: 40_112})},
		{"61 MB of 8.0 GB read, 1 fault", verifyLine(catalog.VerifyProgress{Listed: 2000, Wanted: 2000, ReadBytes: 61e6, ToRead: 8e9, Faults: 1})},
		{"3 of 21 files, 61 MB of 500 MB", exportLine(intake.ExportProgress{Files: 21, Bytes: 5e8, Done: 3, DoneBytes: 61e6})},
		{"0 of 1 file here", pinProgress{Files: 1, Bytes: 5e8}.text(false)},
		{"3 of 21 files here, 61 MB of 500 MB, waiting: the disk is full", pinProgress{Files: 21, Here: 3, Bytes: 5e8, HereBytes: 61e6, Waiting: "the disk is\nfull"}.text(true)},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[1], c[0])
		}
	}
}
