package main

import (
	"bufio"
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func TestMoveLines(t *testing.T) {
	var b bytes.Buffer
	l := &moveLines{out: bufio.NewWriter(&b)}
	for _, m := range []intake.Move{
		{From: "dump/b\n.mp3", To: "B/One/01 b.mp3", Files: 1},
		{From: "dump/a.mp3", To: "A/One/01 a.mp3", Files: 1},
		{From: "dump/c.mp3", To: "B/One/02 c.mp3", Files: 1},
		{From: "loose.mp3", To: "A/One/loose.mp3", Files: 1},
		{From: "A/Two", To: "A/Zwei", Dir: true, Files: 1234},
		{From: "A/Two/1.mp3", To: "A/Zwei/01 x.mp3", Files: 1},
		{From: "A/Three/1.mp3", To: "A/Three/01 y.mp3", Files: 1},
		{From: "A/Four", To: "A/Vier", Dir: true, Files: 1},
	} {
		l.move(m)
	}
	r := intake.OrganizeReport{Looked: 5000, Moved: 1239, Folders: 2, Removed: 1, Untagged: 3,
		Playlists: []intake.Note{{File: "x.m3u", What: "stays"}}, PlaylistsCount: 1,
		Renamed: []intake.Note{{File: "A/One/01 a (2).mp3", What: "taken"}}, RenamedCount: 1,
		Failed: []intake.Note{{File: "A/Z.mp3", What: "gone"}}, FailedCount: 1}
	if err := l.end(r); err != nil {
		t.Fatal(err)
	}
	want := `dump/ → A/One/
  a.mp3 → 01 a.mp3
dump/ → B/One/
  b?.mp3 → 01 b.mp3
  c.mp3 → 02 c.mp3
/ → A/One/
  loose.mp3
A/Two/ → A/Zwei/  (all of it, 1,234 files)
  1.mp3 → 01 x.mp3
A/Three/
  1.mp3 → 01 y.mp3
A/Four/ → A/Vier/  (all of it, 1 file)
moved: 1,239 of 5,000 files, 2 folders as a whole; 1 empty folder removed
left where they are, their tags tell nothing: 3 files
renamed, another file has the name: 1 file
  A/One/01 a (2).mp3: taken
playlists that may name what has moved: 1 file
  x.m3u: stays
FAILED: 1 file
  A/Z.mp3: gone
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// However many move out of one folder, they are shown, and not kept.
func TestMoveLinesAreBounded(t *testing.T) {
	var b bytes.Buffer
	l := &moveLines{out: bufio.NewWriter(&b), dry: true}
	for range 3*maxMoves + 1 {
		l.move(intake.Move{From: "dump/x", To: "A/x", Files: 1})
		if len(l.batch) > maxMoves {
			t.Fatalf("%d are kept", len(l.batch))
		}
	}
	if err := l.end(intake.OrganizeReport{Looked: 1, Moved: 1}); err != nil {
		t.Fatal(err)
	}
	if got, want := bytes.Count(b.Bytes(), []byte("\n")), 3*maxMoves+1+2; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}
}

func TestOrganizeEnds(t *testing.T) {
	for name, c := range map[string]struct {
		report intake.OrganizeReport
		dry    bool
		err    error
		code   exitCode
	}{
		"all well":    {intake.OrganizeReport{Moved: 1}, false, nil, exitOK},
		"some failed": {intake.OrganizeReport{FailedCount: 1}, false, nil, exitSomeFailed},
		"offline":     {intake.OrganizeReport{FailedCount: 1}, false, context.DeadlineExceeded, exitUnreachable},
		"keep":        {intake.OrganizeReport{}, false, intake.ErrNothingToOrganize, exitUsage},
		"a file":      {intake.OrganizeReport{}, true, intake.ErrNotFolder, exitUsage},
		"interrupted": {intake.OrganizeReport{}, true, context.Canceled, exitInterrupted},
	} {
		err := (&app{}).organized(c.report, c.dry, c.err)
		code := exitOK
		if err != nil {
			code = diagnose(err, where{}).code
		}
		if code != c.code {
			t.Errorf("%s: got %d (%v), want %d", name, code, err, c.code)
		}
	}
}
