package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/pending"
)

// TestStatusTellsOfFiles: what is read and what is sent has a line each, and many are
// counted.
func TestStatusTellsOfFiles(t *testing.T) {
	s := status{Activity: []activity{
		{Path: "A/B/01 x.flac", Program: "mpv", Does: "play", At: 25, Size: 100, Here: 100},
		{Path: "A/B/02\x1b.flac", Program: "cp", Does: "copy", At: 1 << 40, Size: 1 << 41, Here: 1 << 40, Waits: true},
		{Program: "file", Does: "scan", Size: 100},
		{Path: "empty", Program: "cat", Does: "unknown"},
	}, Waiting: &pending.Waiting{Sending: []pending.Sending{{Path: "A/new.flac", Size: 3 << 20, Sent: 1 << 20}}}}
	want := "mpv plays /A/B/01 x.flac, at 25 %, all of it here\n" +
		"cp copies /A/B/02?.flac, at 50 %, 50 % here, waiting for the store\n" +
		"file looks at a removed file, 0 % here\n" +
		"cat has open /empty, all of it here\n" +
		"uploading /A/new.flac, 1.0 MB of 3.1 MB\n"
	if diff := cmp.Diff(want, s.files()); diff != "" {
		t.Error(diff)
	}
	for range 5 {
		s.Activity = append(s.Activity, s.Activity[0])
	}
	if got := s.files(); !strings.HasSuffix(got, "\nand 2 more\n") {
		t.Errorf("got %s", got)
	}
	if got := (status{}).files(); got != "" {
		t.Errorf("of nothing it says %q", got)
	}
}

// TestStatusTellsOfAges: what waits long is said with its age.
func TestStatusTellsOfAges(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]string{time.Minute: "", 5 * time.Minute: ", the first for 5 min"} {
		if got := sinceText(now.Add(-age).UnixNano(), now); got != want {
			t.Errorf("after %v it says %q, want %q", age, got, want)
		}
	}
	if got := sinceText(0, now); got != "" {
		t.Errorf("of nothing it says %q", got)
	}
}
