package main

import (
	"fmt"
	"strings"
)

// budget is what the work of a row may cost by the design. Zero is no limit, for
// requests and stalls it is -1.
type budget struct {
	work        string
	median, max float64 // ms
	requests    float64 // of one unit
	names       bool    // without those for packs, which come in the background
	noContent   bool    // no requests for the content of files
	perLog      bool    // and one more for each commit of the log
	down        float64 // bytes of one unit
	ofLocal     float64
	ofLink      float64
	memory      int64
	stalls      int
}

// budgets are the rows of the design's table that this program measures. MPD's are
// of 2,000 tracks there.
func budgets() []budget {
	const memory, limit = 150e6, 256 << 20
	return []budget{
		{work: examining, ofLocal: 0.8, requests: -1, stalls: -1},
		{work: workReady, median: 100, requests: -1, stalls: -1},
		{work: workKnown, median: 300, requests: 0, names: true, memory: memory, stalls: -1},
		{work: workNew, median: 600, requests: 5, names: true, perLog: true, memory: memory, stalls: -1},
		{work: workScanHere, median: 5, requests: 0, memory: limit, stalls: -1},
		{work: workScan, median: 20, requests: 0.05, down: 100e3, memory: limit, stalls: -1},
		{work: workMPDHere, median: 20e3 / 2000, requests: 0, memory: limit, stalls: -1},
		{work: workMPD, median: 200e3 / 2000, requests: -1, down: 1.05e9 / 2000, memory: limit, stalls: -1},
		{work: workStart, median: 75, requests: -1, stalls: -1},
		{work: workStartHere, median: 5, requests: -1, stalls: -1},
		{work: workSeek, median: 71, requests: -1, stalls: -1}, // 1.2 round trips and 64 KB
		{work: workSeekHere, requests: 0, stalls: -1},
		{work: workGap, median: 2, max: 10, requests: -1, stalls: 0},
		{work: workThin, requests: -1, stalls: 0},
		{work: workUp, requests: -1, stalls: 0},
		{work: workCold, ofLink: 0.85, requests: -1, stalls: -1},
		{work: workStreams, memory: limit, requests: -1, stalls: -1},
		{work: workPassedSequential, ofLocal: 0.95, requests: 0, stalls: -1},
		{work: workPassedRandom, ofLocal: 0.7, requests: 0, stalls: -1},
		{work: workWarm, ofLocal: 0.5, requests: 0, stalls: -1},
		{work: workDropped, ofLocal: 0.15, requests: 0, stalls: -1},
		{work: workCopy, ofLocal: 0.5, requests: -1, stalls: -1},
		{work: workRename, median: 20, noContent: true, requests: -1, stalls: -1},
	}
}

// hold says what the budget allows, and whether the figures are beyond it.
func (b budget) hold(f *figures) (terms string, missed bool) {
	var all []string
	allow := func(kept func() bool, format string, args ...any) {
		all = append(all, fmt.Sprintf(format, args...))
		missed = missed || f != nil && !kept()
	}
	if b.median > 0 {
		allow(func() bool { return f.Median <= b.median }, "≤ %s ms", significant(b.median))
	}
	if b.max > 0 {
		allow(func() bool { return f.Max <= b.max }, "max ≤ %s ms", significant(b.max))
	}
	if b.perLog && f != nil {
		b.requests += float64(f.commits)
	}
	if b.requests >= 0 {
		allow(func() bool { return f.traffic == nil || f.requestsEach(b.names) <= b.requests }, "≤ %g req", b.requests)
	}
	if b.noContent {
		allow(func() bool { return f.traffic == nil || f.FileRequests == 0 }, "0 data req")
	}
	if b.down > 0 {
		allow(func() bool { return f.traffic == nil || f.downEach() <= b.down }, "≤ %.0f KB", b.down/1e3)
	}
	if b.ofLocal > 0 {
		allow(func() bool { return f.OfLocal >= b.ofLocal }, "≥ %.2f", b.ofLocal)
	}
	if b.ofLink > 0 {
		allow(func() bool { return f.OfLink >= b.ofLink }, "≥ %.2f", b.ofLink)
	}
	if b.memory > 0 {
		allow(func() bool { return f.Memory <= b.memory }, "≤ %d MB", b.memory/1e6)
	}
	if b.stalls >= 0 {
		allow(func() bool { return f.Stalls == nil || *f.Stalls <= b.stalls }, "%d stalls", b.stalls)
	}
	return strings.Join(all, ", "), missed
}
