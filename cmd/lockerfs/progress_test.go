package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

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
