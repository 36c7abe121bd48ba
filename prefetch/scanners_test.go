package prefetch

import (
	"fmt"
	"testing"
	"time"
)

// TestScans: a program that scanned is expected to, also when it is started anew; one that
// played or copied since, and a player, are not.
func TestScans(t *testing.T) {
	p := New(nil, nil, nil, Options{})
	now := time.Unix(1000, 0)
	var number uint64
	reads := func(who Process, n int64) {
		number++
		p.Open(Opened{Handle: number, Process: who, Kind: Audio, Track: Track{File: File(number), Size: 4 << 20, AudioFrom: 4096, AudioTo: 4 << 20}}, now)
		for off := int64(0); off < n; off += 128 << 10 {
			p.Read(number, off, 128<<10, now)
			p.Served(number, now)
		}
		p.Release(number, now)
	}
	tagger, again := Process{1, "tagger"}, Process{2, "tagger"}
	if p.Scans(tagger, now) {
		t.Error("an unknown program is expected to scan")
	}
	reads(tagger, 128<<10)
	if !p.Scans(tagger, now) || !p.Scans(again, now) || p.Scans(Process{3, "other"}, now) {
		t.Error("a scan is not remembered by name")
	}
	if p.Scans(again, now.Add(habit+time.Second)) {
		t.Error("it is remembered for ever")
	}
	reads(again, 4<<20)
	if p.Scans(tagger, now) {
		t.Error("who copies is expected to scan")
	}
	reads(Process{4, "mpv"}, 128<<10)
	if p.Scans(Process{4, "mpv"}, now) {
		t.Error("a player is expected to scan")
	}
	mpd := Process{5, "mpd"}
	reads(mpd, 128<<10)
	reads(mpd, 128<<10)
	if !p.Scans(mpd, now) {
		t.Error("a player that scans is not expected to")
	}
	for i := range 3 * maxScanners {
		reads(Process{100 + i, fmt.Sprint("p", i)}, 128<<10)
	}
	if n := len(p.scanners); n > maxScanners {
		t.Errorf("%d names", n)
	}
}
