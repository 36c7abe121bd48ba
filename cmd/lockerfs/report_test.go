package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/intake"
)

func fullReport() intake.Report {
	r := intake.Report{Imported: 40_000, ImportedBytes: 300e9, Updated: 2, UpdatedBytes: 5000, Matched: 1, MatchedBytes: 61e6, Present: 7,
		NotAudio: []intake.Note{{File: "/m/a.txt", What: "not music"}}, NotAudioCount: 1,
		Skipped: []intake.Note{{File: "/m/._x", What: "litter"}}, SkippedCount: 1,
		Damaged: []intake.Note{{File: "/m/b\n.mp3", What: "cut short"}}, DamagedCount: 1,
		Renamed: []intake.Note{{File: "A/B (2).mp3", What: "taken"}}, RenamedCount: 1,
		FailedCount: 2345, Elapsed: 10 * time.Minute}
	for i := range 25 {
		r.Failed = append(r.Failed, intake.Note{File: fmt.Sprintf("/m/%02d.mp3", i), What: "input/output error"})
	}
	return r
}

func TestReportNamesAll(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out, err: &out}
	r := fullReport()
	r.Failed = r.Failed[:2]
	err := a.sayReport(r, newPlacements(), false, nil)
	if f := diagnose(err, where{}); err == nil || f.code != exitSomeFailed || f.cause != "2,345 files could not be taken in" {
		t.Errorf("got %v, want code %d", err, exitSomeFailed)
	}
	want := `imported: 40,000 files, 300 GB
replaced, their files have changed: 2 files, 5.0 kB
matched (in the locker under another name, not uploaded): 1 file, 61 MB
in the locker already: 7 files
not audio, left out: 1 file
  /m/a.txt: not music
left out: 1 file
  /m/._x: litter
taken in, but damaged: 1 file
  /m/b?.mp3: cut short
renamed, another file has the name: 1 file
  A/B (2).mp3: taken
FAILED: 2,345 files
  /m/00.mp3: input/output error
  /m/01.mp3: input/output error
  and 2,343 more (--json names the first 1,000)
in 10 min, 500 MB/s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReportOfAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		report intake.Report
		dry    bool
		err    error
		code   exitCode
		says   bool
	}{
		"all well":                {intake.Report{}, false, nil, exitOK, true},
		"nothing begun":           {intake.Report{}, false, context.DeadlineExceeded, exitUnreachable, false},
		"ended early":             {intake.Report{NotAudioCount: 1}, false, context.DeadlineExceeded, exitUnreachable, true},
		"interrupted":             {intake.Report{Imported: 3}, false, context.Canceled, exitInterrupted, true},
		"interrupted in a dry":    {intake.Report{Imported: 3}, true, context.Canceled, exitInterrupted, true},
		"failed and ended early":  {intake.Report{FailedCount: 3}, false, context.DeadlineExceeded, exitUnreachable, true},
		"failed in a dry run too": {intake.Report{FailedCount: 3}, true, nil, exitSomeFailed, true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := (&app{out: &out}).sayReport(c.report, newPlacements(), c.dry, c.err)
			code := exitOK
			if err != nil {
				code = diagnose(err, where{}).code
			}
			if code != c.code || out.Len() > 0 != c.says {
				t.Errorf("got code %d and %q, want %d", code, out.String(), c.code)
			}
		})
	}
}

// The report of a dry run is one JSON object, with every file.
func TestPlacementsAsJSON(t *testing.T) {
	for _, many := range []int{0, 1, 250} {
		p := &placements{most: 100}
		defer p.close()
		for i := range many {
			p.add(intake.Placed{Path: fmt.Sprintf("A & <B>/%03d.mp3", i), Action: intake.Upload, Source: "/m/x", Size: 3})
		}
		var out bytes.Buffer
		a := &app{out: &out, flags: flags{json: true}}
		r := fullReport()
		r.FailedCount = 0
		if err := a.sayReport(r, p, true, nil); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Placed   []intake.Placed `json:"placed"`
			Imported int64           `json:"imported"`
			Damaged  []intake.Note   `json:"damaged"`
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		if len(got.Placed) != many || got.Imported != r.Imported || !cmp.Equal(got.Damaged, r.Damaged) {
			t.Errorf("%d placed: got %+v", many, got)
		}
		if many > 0 && got.Placed[many-1].Path != fmt.Sprintf("A & <B>/%03d.mp3", many-1) {
			t.Errorf("got %+v", got.Placed[many-1])
		}
	}
}
