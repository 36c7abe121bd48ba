package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// report is the outcome of a run.
type report struct {
	Machine string `json:"machine"`
	Tracks  int    `json:"tracks"`
	Bytes   int64  `json:"bytes"`
	Rows    []row  `json:"rows"`
}

// row is one line of the table. What was not measured is zero, nil for traffic.
type row struct {
	Work string  `json:"work"`
	RTT  float64 `json:"rtt_ms"`
	// Samples is how many times are behind the median and the maximum.
	Samples int     `json:"samples"`
	Median  float64 `json:"median_ms"`
	Max     float64 `json:"max_ms"`
	// Rate is in MB (10^6 bytes) a second.
	Rate float64 `json:"mb_per_s,omitempty"`
	// OfLocal is the rate as a share of the local file system's, or of sha256sum's.
	OfLocal float64 `json:"of_local,omitempty"`
	// Memory is what the daemon holds then, in bytes.
	Memory int64 `json:"memory_bytes,omitempty"`
	*traffic
	// Budget is what the design allows, Missed whether this is beyond it.
	Budget string `json:"budget,omitempty"`
	Missed bool   `json:"missed,omitempty"`

	bytes   int64 // that the times moved, for the rate
	commits int64 // in the log that had to be read
}

// times gives the row with its times filled in, and the rate they make.
func (r row) times(t []time.Duration) row {
	r.Samples, r.Median, r.Max = len(t), ms(median(t)), ms(slices.Max(t))
	if r.bytes > 0 {
		r.Rate = float64(r.bytes) / 1e6 / sum(t).Seconds()
	}
	return r
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median gives the middle one, or the mean of the middle two.
func median(t []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(t))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

func sum(t []time.Duration) (all time.Duration) {
	for _, d := range t {
		all += d
	}
	return all
}

// budget is what a row may cost by the design, at round trips up to rtt. Zero is
// no limit, for requests it is -1.
type budget struct {
	work     string
	rtt      float64 // ms
	median   float64 // ms
	requests int64
	perLog   bool // and one more for each commit of the log
	ofLocal  float64
	memory   int64
}

// budgets are the rows of the design's table that this program measures.
func budgets() []budget {
	return []budget{
		{work: examining, ofLocal: 0.8, requests: -1},
		{work: "new device: mount and first walk", rtt: 50, median: 600, requests: 5, perLog: true, memory: 150e6},
		{work: "known device: mount ready", rtt: 50, median: 100, requests: -1},
		{work: "known device: first walk", rtt: 50, median: 300, requests: 0, memory: 150e6},
		{work: "first 64 KB of a track never seen", rtt: 50, median: 75, requests: -1},
		{work: "whole track of 30 MB again, from the cache", rtt: 50, ofLocal: 0.15, requests: 0},
		{work: "whole track of 30 MB again, from the kernel", rtt: 50, ofLocal: 0.5, requests: 0},
	}
}

// judged gives the row held against its budget, if it has one.
func (r row) judged() row {
	for _, b := range budgets() {
		if b.work != r.Work || r.RTT > b.rtt {
			continue
		}
		var terms []string
		allow := func(kept bool, format string, args ...any) {
			terms = append(terms, fmt.Sprintf(format, args...))
			r.Missed = r.Missed || !kept
		}
		if b.median > 0 {
			allow(r.Median <= b.median, "≤ %.0f ms", b.median)
		}
		if b.perLog {
			b.requests += r.commits
		}
		if b.requests >= 0 && r.traffic != nil {
			allow(r.Requests <= b.requests, "≤ %d req", b.requests)
		}
		if b.ofLocal > 0 {
			allow(r.OfLocal >= b.ofLocal, "≥ %.2f", b.ofLocal)
		}
		if b.memory > 0 {
			allow(r.Memory <= b.memory, "≤ %d MB", b.memory/1e6)
		}
		r.Budget = strings.Join(terms, ", ")
	}
	return r
}

// print writes the table, a block for each round trip.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", r.Machine)
	fmt.Fprintf(w, "%d tracks, %.0f MB, in versitygw on the same machine behind a link of the bench's own; MB are 10^6 bytes\n", r.Tracks, float64(r.Bytes)/1e6)
	table := [][]string{}
	for i, row := range r.Rows {
		if i == 0 || row.RTT != r.Rows[i-1].RTT {
			table = append(table, nil, append([]string{fmt.Sprintf("round trip %g ms", row.RTT)}, head()...))
		}
		table = append(table, row.cells())
	}
	align(w, table)
	fmt.Fprintln(w, "\nfiles: requests for the content of files, the others are for the catalog · local: rate as a share of reading the same bytes from the local file system, for an import of sha256sum's")
	fmt.Fprintln(w, "devices do not poll for news here; that is one small request every 4 s")
}

func head() []string {
	return []string{"times", "p50 ms", "max ms", "MB/s", "local", "requests", "files", "down KB", "up KB", "RSS MB", "budget"}
}

func (r row) cells() []string {
	c := []string{r.Work, fmt.Sprint(r.Samples), significant(r.Median), "", "", "", "", "", "", "", "", ""}
	if r.Samples > 1 {
		c[3] = significant(r.Max)
	}
	if r.Rate > 0 {
		c[4] = fmt.Sprintf("%.0f", r.Rate)
	}
	if r.OfLocal > 0 {
		c[5] = fmt.Sprintf("%.2f", r.OfLocal)
	}
	if t := r.traffic; t != nil {
		c[6], c[7], c[8], c[9] = fmt.Sprint(t.Requests), fmt.Sprint(t.FileRequests), kilobytes(t.Down), kilobytes(t.Up)
	}
	if r.Memory > 0 {
		c[10] = fmt.Sprintf("%.0f", float64(r.Memory)/1e6)
	}
	if c[11] = r.Budget; r.Missed {
		c[11] += "  MISSED"
	}
	return c
}

// significant shows three digits or so, whatever the size.
func significant(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func kilobytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e3) }

// align writes lines of cells under each other: the first and last columns to the
// left, figures to the right. A nil line stays empty.
func align(w io.Writer, table [][]string) {
	var widths []int
	for _, line := range table {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, line := range table {
		var b strings.Builder
		for i, c := range line {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			switch i {
			case 0:
				b.WriteString(c + space)
			case len(line) - 1:
				b.WriteString("  " + c)
			default:
				b.WriteString("  " + space + c)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
