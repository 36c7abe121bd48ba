package main

import (
	"encoding/json"
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
	for _, c := range []struct {
		times       []time.Duration
		median, max float64
	}{
		{durations(7), 7, 7},
		{durations(9, 1, 2), 2, 9},
		{durations(1, 10, 4, 2), 3, 10},
	} {
		r := row{}.times(c.times)
		if r.Median != c.median || r.Max != c.max || r.Samples != len(c.times) || r.Rate != 0 {
			t.Errorf("%v give %+v, want a median of %v and a maximum of %v", c.times, r, c.median, c.max)
		}
	}
	if got, want := (row{bytes: 3e6}).times(durations(500, 1000)).Rate, 2.0; got != want {
		t.Errorf("3 MB in 1.5 s are %v MB/s, want %v", got, want)
	}
}

func TestJudged(t *testing.T) {
	const walk, join = "known device: first walk", "new device: mount and first walk"
	for name, c := range map[string]struct {
		row    row
		budget string
		missed bool
	}{
		"kept":             {row{Work: walk, RTT: 50, Median: 3, traffic: &traffic{}}, "≤ 300 ms, ≤ 0 req, ≤ 150 MB", false},
		"too slow":         {row{Work: walk, Median: 301, traffic: &traffic{}}, "≤ 300 ms, ≤ 0 req, ≤ 150 MB", true},
		"a request":        {row{Work: walk, traffic: &traffic{Requests: 1}}, "≤ 300 ms, ≤ 0 req, ≤ 150 MB", true},
		"too large":        {row{Work: walk, traffic: &traffic{}, Memory: 151e6}, "≤ 300 ms, ≤ 0 req, ≤ 150 MB", true},
		"with the log":     {row{Work: join, traffic: &traffic{Requests: 8}, commits: 3}, "≤ 600 ms, ≤ 8 req, ≤ 150 MB", false},
		"beyond the log":   {row{Work: join, traffic: &traffic{Requests: 9}, commits: 3}, "≤ 600 ms, ≤ 8 req, ≤ 150 MB", true},
		"share of local":   {row{Work: "whole track of 30 MB again, from the kernel", OfLocal: 0.49, traffic: &traffic{}}, "≤ 0 req, ≥ 0.50", true},
		"a longer way":     {row{Work: walk, RTT: 51, Median: 1000, traffic: &traffic{}}, "", false},
		"nothing promised": {row{Work: "import", Median: 1e6, traffic: &traffic{}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.row.judged()
			if got.Budget != c.budget || got.Missed != c.missed {
				t.Errorf("got %q, missed %v; want %q, %v", got.Budget, got.Missed, c.budget, c.missed)
			}
		})
	}
}

// TestBudgetsAreOfRows: each budget is for a row that a run has.
func TestBudgetsAreOfRows(t *testing.T) {
	rows := benched(t)
	for _, b := range budgets() {
		found := false
		for _, r := range rows {
			found = found || r.Work == b.work
		}
		if !found {
			t.Errorf("no row is called %q", b.work)
		}
	}
}

func TestPrint(t *testing.T) {
	r := report{Machine: "2 cores", Tracks: 10, Bytes: 2e6, Rows: []row{
		row{Work: "länger als", traffic: &traffic{Requests: 1234, Down: 5500}}.times(durations(1)),
		row{Work: "kurz", RTT: 50, OfLocal: 0.5, Budget: "≤ 1 ms", Missed: true}.times(durations(100, 150)),
	}}
	var b strings.Builder
	r.print(&b)
	lines := strings.Split(b.String(), "\n")
	want := []string{
		"",
		"round trip 0 ms   times  p50 ms  max ms  MB/s  local  requests  files  down KB  up KB  RSS MB  budget",
		"länger als            1    1.00                           1234      0        6      0",
		"",
		"round trip 50 ms  times  p50 ms  max ms  MB/s  local  requests  files  down KB  up KB  RSS MB  budget",
		"kurz                  2     125     150         0.50                                           ≤ 1 ms  MISSED",
	}
	if diff := cmp.Diff(want, lines[3:9]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestJSON: the names stay, other programs draw charts from them.
func TestJSON(t *testing.T) {
	b, err := json.Marshal(row{Work: "w", RTT: 50, traffic: &traffic{Requests: 3, FileRequests: 2, Down: 1}}.times(durations(2, 4)))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"work":"w","rtt_ms":50,"samples":2,"median_ms":3,"max_ms":4,"requests":3,"file_requests":2,"bytes_down":1,"bytes_up":0}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
