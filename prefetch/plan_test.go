package prefetch

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the plans of testdata/plans anew")

// story tells what a program does, and what the plan makes of it.
type story struct {
	*replay
	text  strings.Builder
	reads map[uint64][]event // not told yet
	order []uint64
	is    map[uint64]Behaviour
}

// tell gives the story of a trace.
func tell(t *testing.T, lib *library, tr *trace) string {
	s := &story{replay: newReplay(t, lib, Options{}), reads: map[uint64][]event{}, is: map[uint64]Behaviour{}}
	s.onWant = s.want
	s.onTick = s.behaviours
	fmt.Fprintf(&s.text, "# %s\n", tr.how)
	for _, e := range tr.answered() {
		s.until(start.Add(e.at))
		switch e.op {
		case opOpen:
			s.tellReads()
			s.line(e.at, "", "%s opens %d, %s", e.process.Name, e.file, path.Base(s.lib.entry(e.file).path))
			s.order = append(s.order, e.handle)
		case opRead:
			s.reads[e.handle] = append(s.reads[e.handle], e)
		case opFlush:
			s.tellReads()
			s.line(e.at, "", "%s closes %d", e.process.Name, e.file)
		}
		s.send(e)
	}
	s.tellReads()
	s.until(s.now.Add(time.Hour))
	return s.text.String()
}

// line writes a line; what the plan does stands further right.
func (s *story) line(at time.Duration, indent, format string, args ...any) {
	fmt.Fprintf(&s.text, "%8.3f  %s%s\n", at.Seconds(), indent, fmt.Sprintf(format, args...))
}

// tellReads writes what was read since the last line.
func (s *story) tellReads() {
	for _, h := range s.order {
		reads := s.reads[h]
		if len(reads) == 0 {
			continue
		}
		var parts []Range
		for _, e := range reads {
			r := Range{e.off, min(e.off+e.len, s.size(e.file))}
			if n := len(parts); n > 0 && r.From <= parts[n-1].To+slack && r.From >= parts[n-1].From-slack {
				parts[n-1] = Range{min(parts[n-1].From, r.From), max(parts[n-1].To, r.To)}
			} else {
				parts = append(parts, r)
			}
		}
		s.line(reads[0].at, "", "%s reads of %d: %s", reads[0].process.Name, reads[0].file, spell(parts))
	}
	clear(s.reads)
}

func (s *story) want(c told) {
	s.tellReads()
	if len(c.ranges) == 0 {
		s.line(c.at, "    ", "no more %v of %d", c.class, c.file)
		return
	}
	s.line(c.at, "    ", "%v of %d: %s", c.class, c.file, spell(c.ranges))
}

// behaviours writes what handles have turned out to be.
func (s *story) behaviours() {
	for _, h := range s.order {
		if is := s.planner.Behaviour(h); is != Unknown && is != s.is[h] {
			s.is[h] = is
			s.tellReads()
			s.line(s.now.Sub(start), "  ", "that is %v", is)
		}
	}
}

func spell(ranges []Range) string {
	var parts []string
	for _, r := range ranges {
		parts = append(parts, bytes(r.From)+"-"+bytes(r.To))
	}
	return strings.Join(parts, ", ")
}

// TestPlans holds the plans of some traces against those in testdata/plans, which
// are meant to be read.
func TestPlans(t *testing.T) {
	lib := readLibrary(t)
	for _, name := range []string{
		"cp.album", "ffprobe.flac", "file.long", "mpd.both", "mpd.list", "mpd.play.mp3", "mpd.play.slow", "mpd.seek", "mpd.update",
		"mpd.update.slow", "mpv.again", "mpv.flac", "mpv.gapless", "mpv.m4a", "mpv.playlist", "mpv.seek.slow", "mpv.shuffle",
		"mpv.skim", "mpv.slow", "mutagen.mp3",
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(t, lib, readTrace(t, name))
			file := filepath.Join("testdata", "plans", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the plan changed (-want +got); go test -update writes it anew:\n%s", diff)
			}
		})
	}
	found, _ := filepath.Glob(filepath.Join("testdata", "plans", "*"))
	if !slices.IsSorted(found) || len(found) != 20 {
		t.Errorf("%d plans for 20 traces", len(found))
	}
}
