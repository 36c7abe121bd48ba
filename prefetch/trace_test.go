package prefetch

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// entry is a file of the folder that was read while the traces were recorded.
type entry struct {
	Track
	kind Kind
	path string
}

// library is that folder; its files are numbered from 1 in the order of a walk. It
// knows what comes next, as the catalog will.
type library struct{ entries []entry }

func (l *library) entry(f File) *entry { return &l.entries[f-1] }

// mix is the playlist that was recorded.
var mix = []File{2, 10, 16}

func readLibrary(t testing.TB) *library {
	t.Helper()
	l := &library{}
	for line := range lines(t, "library.txt") {
		f := strings.SplitN(line, " ", 7)
		e := entry{path: f[6], kind: map[string]Kind{"audio": Audio, "playlist": Playlist}[f[5]]}
		e.File, e.Size = File(number(t, f[0])), number(t, f[1])
		e.AudioFrom, e.AudioTo = number(t, f[3]), number(t, f[4])
		e.Duration, e.Format = clock(t, f[2]), path.Ext(f[6])
		l.entries = append(l.entries, e)
	}
	return l
}

func (l *library) Folder(_ context.Context, of File, n int) (Sequence, error) {
	var q Sequence
	for _, e := range l.entries {
		if e.kind == Audio && path.Dir(e.path) == path.Dir(l.entry(of).path) {
			if e.File == of {
				q.At = len(q.Tracks)
			}
			q.Tracks = append(q.Tracks, e.Track)
		}
	}
	return q, nil
}

func (l *library) Playlist(_ context.Context, list, of File, n int) (Sequence, error) {
	at := slices.Index(mix, of)
	if at < 0 || l.entry(list).kind != Playlist {
		return Sequence{}, nil
	}
	q := Sequence{At: at}
	for _, f := range mix {
		q.Tracks = append(q.Tracks, l.entry(f).Track)
	}
	return q, nil
}

func (l *library) Following(_ context.Context, after File, n int) ([]Track, error) {
	var out []Track
	for _, e := range l.entries {
		if e.kind == Audio && e.File > after && len(out) < n {
			out = append(out, e.Track)
		}
	}
	return out, nil
}

// op is what happens to a handle.
type op uint8

const (
	opOpen op = iota
	opRead
	opServed
	opFlush
	opRelease
)

// event is a line of a trace; a read that was answered is two.
type event struct {
	at       time.Duration
	op       op
	handle   uint64
	file     File
	off, len int64
	process  Process
	took     time.Duration
}

// trace is what one program did.
type trace struct {
	name, how string
	events    []event
}

// start is the time at which all traces begin.
var start = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func readTrace(t testing.TB, name string) *trace {
	t.Helper()
	tr := &trace{name: name}
	files := map[uint64]File{}
	process := map[uint64]Process{}
	for line := range lines(t, name+".trace") {
		f := strings.Fields(line)
		e := event{at: clock(t, f[0]), handle: uint64(number(t, f[2]))}
		switch f[1] {
		case "open":
			program, pid, _ := strings.Cut(f[4], "/")
			e.file, e.process = File(number(t, f[3])), Process{int(number(t, pid)), program}
			files[e.handle], process[e.handle] = e.file, e.process
		case "read":
			e.op, e.off, e.len, e.took = opRead, number(t, f[3]), number(t, f[4]), clock(t, f[5])
		case "flush":
			e.op = opFlush
		case "release":
			e.op = opRelease
		}
		e.file, e.process = files[e.handle], process[e.handle]
		tr.events = append(tr.events, e)
	}
	text, _ := os.ReadFile(filepath.Join("testdata", name+".trace"))
	tr.how, _, _ = strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
	return tr
}

// as gives the trace with another name for its programs; "" leaves them.
func (tr *trace) as(program string) *trace {
	other := *tr
	other.events = slices.Clone(tr.events)
	for i := range other.events {
		if program != "" {
			other.events[i].process.Name = program
		}
	}
	return &other
}

// answered adds the answers of reads as events.
func (tr *trace) answered() []event {
	events := slices.Clone(tr.events)
	for _, e := range tr.events {
		if e.op == opRead {
			e.op, e.at = opServed, e.at+e.took
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return events
}

// traces are the names of all traces that match a pattern.
func traces(t testing.TB, patterns ...string) (names []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join("testdata", pattern+".trace"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no trace is called %s", pattern)
		}
		for _, f := range found {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".trace"))
		}
	}
	return names
}

// lines gives the lines of a file of testdata that are no remarks.
func lines(t testing.TB, name string) func(yield func(string) bool) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if !strings.HasPrefix(s.Text(), "#") && !yield(s.Text()) {
				return
			}
		}
	}
}

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func clock(t testing.TB, s string) time.Duration {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(f * float64(time.Second)).Round(100 * time.Microsecond)
}

// bytes shortens a number of bytes.
func bytes(n int64) string {
	switch {
	case n == 0:
		return "0"
	case n%(1<<20) == 0:
		return fmt.Sprintf("%dM", n>>20)
	case n%(1<<10) == 0:
		return fmt.Sprintf("%dK", n>>10)
	}
	return fmt.Sprintf("%.1fK", float64(n)/(1<<10))
}
