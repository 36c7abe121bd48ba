package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// showEvery is how often status is shown again.
const showEvery = time.Second

// watchStatus shows the status again and again until ctx ends, which is no error: in place
// on a terminal, one block after the other elsewhere.
func (a *app) watchStatus(ctx context.Context, l locker) error {
	f, ok := a.out.(*os.File)
	inPlace := ok && isTerminal(f) && !a.flags.json
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	var before status
	for {
		s, err := l.Status(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.showAgain(s, before, inPlace); err != nil {
			return err
		}
		before = s
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *app) showAgain(s, before status, inPlace bool) error {
	if a.flags.json {
		return a.printJSON(s)
	}
	text := s.text(time.Now(), homeDir()) + s.pace(before)
	if inPlace {
		// Home, every line to its end, and what is below.
		text = "\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J"
	} else {
		text += "\n"
	}
	_, err := fmt.Fprint(a.out, text)
	return err
}

// pace says what came and is on its way since the status before, a second ago.
func (s status) pace(before status) string {
	if s.Traffic == nil || s.Cache == nil || before.Cache == nil {
		return ""
	}
	going, waiting := 0, 0
	for i := range s.Traffic.Going {
		going += s.Traffic.Going[i]
		waiting += s.Traffic.Waiting[i]
	}
	line := fmt.Sprintf("fetching %s/s · %s on their way, %d waiting", humanSize(max(s.Cache.Fetched-before.Cache.Fetched, 0)), count(int64(going), "request", "requests"), waiting)
	if s.Traffic.Rate > 0 {
		line += fmt.Sprintf(" · the link carries %s/s", humanSize(s.Traffic.Rate))
	}
	if s.Memory > 0 {
		line += " · " + humanSize(s.Memory) + " of memory"
	}
	if l := s.Traffic.Limits; l.Up > 0 || l.Down > 0 {
		line += fmt.Sprintf(" · limited to %s up, %s down", limitText(l.Up), limitText(l.Down))
	}
	return line + "\n"
}

func limitText(rate int64) string {
	if rate == 0 {
		return "no limit"
	}
	return humanSize(rate) + "/s"
}

// metrics is the status for machines that gather numbers over time: the text form of
// Prometheus. Names and units are a promise.
func (s status) metrics() string {
	var b strings.Builder
	add := func(name, kind, help string, value float64) {
		fmt.Fprintf(&b, "# HELP lockerfs_%s %s\n# TYPE lockerfs_%s %s\nlockerfs_%s %g\n", name, help, name, kind, name, value)
	}
	gauge := func(name, help string, value int64) { add(name, "gauge", help, float64(value)) }
	counter := func(name, help string, value int64) { add(name, "counter", help, float64(value)) }
	gauge("safe", "1 when everything acknowledged is in the store.", oneIf(s.Safe))
	gauge("online", "1 while the store can be reached.", oneIf(s.Network == linkOnline))
	gauge("mounted", "1 while the locker is mounted.", oneIf(s.Mount != ""))
	gauge("commit", "Number of the last commit that this device has read.", s.Commit)
	if s.Memory > 0 {
		gauge("resident_memory_bytes", "Memory that lockerfs has.", s.Memory)
	}
	gauge("files", "Files in the locker.", s.Totals.Files)
	gauge("bytes", "Bytes of all files in the locker.", s.Totals.Bytes)
	if w := s.Waiting; w != nil {
		gauge("pending_files", "Files that are not in the store yet.", int64(w.Files))
		gauge("pending_bytes", "Bytes of those.", w.Bytes)
		gauge("pending_changes", "Changes that are not committed yet.", int64(w.Changes))
		if w.Oldest > 0 {
			gauge("pending_oldest_seconds", "When the change that waits longest was made, seconds since 1970.", w.Oldest/int64(time.Second))
		}
		gauge("failed_uploads", "Uploads that do not go as they should.", int64(len(w.Failed)))
		gauge("conflicts", "Conflicts that a person may want to look at.", int64(len(w.Conflicts)))
	}
	if c := s.Cache; c != nil {
		gauge("cache_bytes", "Bytes kept on this machine.", c.Held)
		gauge("cache_limit_bytes", "Most bytes kept on this machine.", c.Limit)
		counter("cache_hits_total", "Reads answered from this machine.", c.Hits)
		counter("cache_misses_total", "Reads that waited for the store.", c.Misses)
		counter("fetched_bytes_total", "Bytes received from the store.", c.Fetched)
		counter("damaged_blocks_total", "Blocks whose checksum failed and that were fetched again.", c.Damaged)
		counter("corrupt_objects_total", "Objects that were not what the catalog says.", c.Corrupt)
	}
	if t := s.Traffic; t != nil {
		gauge("link_bytes_per_second", "What the link was measured to carry.", t.Rate)
		add("first_byte_seconds", "gauge", "Least time to a first byte in the last minute.", t.FirstByte.Seconds())
		counter("hedged_requests_total", "Reads that were asked for a second time.", t.Hedged.Second)
	}
	return b.String()
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
