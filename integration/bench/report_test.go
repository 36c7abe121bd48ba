package main

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func durations(ms ...int) (t []time.Duration) {
	for _, n := range ms {
		t = append(t, time.Duration(n)*time.Millisecond)
	}
	return t
}

func TestTimes(t *testing.T) {
	many := make([]int, 100)
	for i := range many {
		many[i] = 100 - i
	}
	for _, c := range []struct {
		times            []time.Duration
		median, p95, max float64
	}{
		{durations(7), 7, 7, 7},
		{durations(9, 1, 2), 2, 9, 9},
		{durations(1, 10, 4, 2), 3, 10, 10},
		{durations(many...), 50.5, 95, 100},
	} {
		f := figures{}.times(c.times...)
		if f.Median != c.median || f.P95 != c.p95 || f.Max != c.max || f.Samples != len(c.times) || f.Rate != 0 {
			t.Errorf("%v give %+v, want a median of %v, 95 %% within %v and a maximum of %v", c.times, f, c.median, c.p95, c.max)
		}
	}
	if got, want := (figures{bytes: 3e6}).times(durations(500, 1000)...).Rate, 2.0; got != want {
		t.Errorf("3 MB in 1.5 s are %v MB/s, want %v", got, want)
	}
	if got, want := (figures{Units: 4}).each(time.Second).Median, 250.0; got != want {
		t.Errorf("four in a second take %v ms each, want %v", got, want)
	}
}

func TestHold(t *testing.T) {
	one := 1
	for name, c := range map[string]struct {
		budget budget
		f      *figures
		terms  string
		missed bool
	}{
		"kept":         {budget{median: 300}, &figures{Median: 300, traffic: &traffic{}}, "≤ 300 ms, ≤ 0 req, 0 stalls", false},
		"too slow":     {budget{median: 300, requests: -1, stalls: -1}, &figures{Median: 301}, "≤ 300 ms", true},
		"the longest":  {budget{max: 10, requests: -1, stalls: -1}, &figures{Median: 1, Max: 11}, "max ≤ 10.0 ms", true},
		"a request":    {budget{stalls: -1}, &figures{Units: 1, traffic: &traffic{Requests: 1}}, "≤ 0 req", true},
		"of each":      {budget{requests: 0.05, stalls: -1}, &figures{Units: 100, traffic: &traffic{Requests: 5}}, "≤ 0.05 req", false},
		"bytes":        {budget{down: 1e5, requests: -1, stalls: -1}, &figures{Units: 2, traffic: &traffic{Down: 200_002}}, "≤ 100 KB", true},
		"of names":     {budget{names: true, stalls: -1}, &figures{Units: 1, traffic: &traffic{Requests: 3, PackRequests: 3}}, "≤ 0 req", false},
		"with the log": {budget{requests: 5, perLog: true, stalls: -1}, &figures{Units: 1, traffic: &traffic{Requests: 8}, commits: 3}, "≤ 8 req", false},
		"of local":     {budget{ofLocal: 0.5, requests: -1, stalls: -1}, &figures{OfLocal: 0.49}, "≥ 0.50", true},
		"of the link":  {budget{ofLink: 0.85, requests: -1, stalls: -1}, &figures{OfLink: 0.85}, "≥ 0.85", false},
		"content":      {budget{noContent: true, requests: -1, stalls: -1}, &figures{traffic: &traffic{Requests: 2, FileRequests: 1}}, "0 data req", true},
		"names only":   {budget{noContent: true, requests: -1, stalls: -1}, &figures{traffic: &traffic{Requests: 2}}, "0 data req", false},
		"memory":       {budget{memory: 150e6, requests: -1, stalls: -1}, &figures{Memory: 151e6}, "≤ 150 MB", true},
		"a stall":      {budget{requests: -1}, &figures{Stalls: &one}, "0 stalls", true},
		"not measured": {budget{median: 1, requests: -1, stalls: -1}, nil, "≤ 1.00 ms", false},
	} {
		t.Run(name, func(t *testing.T) {
			terms, missed := c.budget.hold(c.f)
			if terms != c.terms || missed != c.missed {
				t.Errorf("got %q, missed %v; want %q, %v", terms, missed, c.terms, c.missed)
			}
		})
	}
}

// example is a report with a row of each kind.
func example() *report {
	none := 0
	r := &report{Machine: "2 cores", Tracks: 10, Bytes: 2e6}
	home := wire{50 * time.Millisecond, 50e6}
	r.add(ours, "länger als", wire{}, figures{Units: 10, traffic: &traffic{Requests: 5, Down: 55_000}}.times(durations(1)...))
	r.add(ours, workKnown, home, figures{Units: 1, Memory: 30e6, MostMemory: 40e6, traffic: &traffic{Requests: 1}}.times(durations(100, 150)...))
	r.add(theirs, workKnown, home, figures{Units: 1}.times(durations(11_300)...))
	r.add(ours, workThin, home, figures{Stalls: &none}.times(durations(2)...))
	r.note(workScanHere, home, notHere)
	r.judge()
	return r
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	example().print(&b)
	lines := strings.Split(b.String(), "\n")
	want := []string{
		"",
		"no delay, no limit                       by        times  p50 ms  p95  max  MB/s  share   req  KB down  KB up   RSS MB   gain  budget",
		"länger als                               lockerfs      1    1.00                        0.500     5.50  0",
		"",
		"RTT 50ms, 50 Mbit/s                      by        times  p50 ms  p95  max  MB/s  share   req  KB down  KB up   RSS MB   gain  budget",
		"walk, known device                       lockerfs      2     125  150  150               1.00        0  0  30 (40)  90.4×  ≤ 300 ms, ≤ 0 req, ≤ 150 MB  MISSED",
		"                                         rclone        1   11300",
		"320 kbit/s beside a copy, reads of 16 KB  lockerfs      1    2.00                                                        0 stalls  ok  0 stalls, 0 ms",
		"scan with mutagen, a track, packs here   lockerfs                                                                        ≤ 5.00 ms, ≤ 0 req, ≤ 268 MB  not measured  (status does not say that they are here)",
	}
	squeeze := func(lines []string) (out []string) {
		for _, l := range lines {
			out = append(out, strings.Join(strings.Fields(l), " "))
		}
		return out
	}
	if diff := cmp.Diff(squeeze(want), squeeze(lines[3:12])); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, b.String())
	}
	if !strings.Contains(b.String(), "MISSED: walk, known device\n") {
		t.Errorf("it does not end with what was missed:\n%s", b.String())
	}
	for _, column := range []string{"p50 ms", "RSS MB"} { // they end below their names
		if at := strings.Index(lines[4], column); at != strings.Index(lines[7], column) {
			t.Errorf("the blocks are not aligned at %q", column)
		}
	}
}

// TestJSON: the names stay, other programs draw charts from them.
func TestJSON(t *testing.T) {
	r := example()
	b, err := json.Marshal(r.Rows[1])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"work":"walk, known device","link":"RTT 50ms, 50 Mbit/s",` +
		`"lockerfs":{"samples":2,"median_ms":125,"p95_ms":150,"max_ms":150,"units":1,"memory_bytes":30000000,"most_memory_bytes":40000000,` +
		`"requests":1,"file_requests":0,"pack_requests":0,"bytes_down":0,"bytes_up":0},` +
		`"rclone":{"samples":1,"median_ms":11300,"p95_ms":11300,"max_ms":11300,"units":1},` +
		`"gain":90.4,"budget":"≤ 300 ms, ≤ 0 req, ≤ 150 MB","budget_ms":300,"missed":true}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestChart: it is an SVG with a bar for each program, and without holes where a
// format was wrong; without any row it is one still.
func TestChart(t *testing.T) {
	for _, r := range []*report{example(), {Machine: "<2 & cores>"}} {
		text := r.chart()
		if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil || strings.Contains(text, "%!") || strings.Contains(text, "NaN") {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	text := example().chart()
	for _, want := range []string{">walk, known device<", ">125 ms<", ">11.3 s<"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}
