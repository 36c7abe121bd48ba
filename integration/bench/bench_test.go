package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// built is the lockerfs that TestMain builds.
var built string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lockerfs-built-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "lockerfs")
	build := exec.Command("go", "build", "-o", built, "../../cmd/lockerfs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building lockerfs: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// small gives settings for a run of seconds.
func small(t *testing.T) settings {
	t.Helper()
	gateway, err := remotetest.FindVersityGW()
	if err != nil {
		t.Fatal(err)
	}
	s := settings{lockerfs: built, versitygw: gateway, starts: 1, turns: 1, limit: 10 * time.Second, patience: 5 * time.Second,
		size: size{tracks: 12, cut: 8, larges: 1, large: 3, mix: 3, album: 2, play: 2, thin: 2, copied: 2}}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	return s
}

// roomy makes the temporary folder one of the test's own, and fails the test when
// something is left there.
func roomy(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := filepath.Glob(dir + "/*"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if b, err := os.ReadFile("/proc/self/mountinfo"); err == nil && strings.Contains(string(b), dir) {
			t.Errorf("still mounted below %s", dir)
		}
	})
}

// TestRun measures every scenario over a small collection: each budget is for a row
// that there is, each row has figures or says why not, and nothing is left behind.
func TestRun(t *testing.T) {
	s := small(t)
	roomy(t)
	files := t.TempDir()
	s.json, s.svg = files+"/out.json", files+"/out.svg"
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var table, news strings.Builder
	if err := s.run(ctx, &table, &news); err != nil {
		t.Fatalf("%v\n%s", err, news.String())
	}
	t.Log(news.String(), table.String())
	b, err := os.ReadFile(s.json)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Rows []struct {
			Work, Budget, Note string
			Lockerfs           struct {
				Samples int
				Median  float64 `json:"median_ms"`
			}
		}
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	budget := map[string]string{}
	for _, x := range r.Rows {
		budget[x.Work] = x.Budget
		if f := x.Lockerfs; x.Note == "" && (f.Samples == 0 || f.Median <= 0) || !strings.Contains(table.String(), x.Work) {
			t.Errorf("a row without figures, or not in the table: %+v", x)
		}
	}
	for _, b := range budgets() {
		if budget[b.work] == "" {
			t.Errorf("no row is called %q and has a budget", b.work)
		}
	}
	if b, err = os.ReadFile(s.svg); err != nil || xml.Unmarshal(b, new(struct{})) != nil {
		t.Errorf("the chart is not XML: %v\n%s", err, b)
	}
}

// TestInterrupted ends the program while it reads or writes: it leaves nothing behind.
func TestInterrupted(t *testing.T) {
	for _, scenario := range []string{"thin", "copy"} {
		t.Run(scenario, func(t *testing.T) {
			s := small(t)
			roomy(t)
			s.only, s.turns = []string{scenario}, 50
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			news := &trigger{word: scenario + ": lockerfs", pull: func() { time.AfterFunc(300*time.Millisecond, cancel) }}
			if err := s.run(ctx, io.Discard, news); err == nil || err.Error() != "interrupted" {
				t.Errorf("got %v, want that it was interrupted", err)
			}
			if !news.pulled() {
				t.Error("it ended before it was interrupted")
			}
		})
	}
}

// trigger is told news, and pulls once when it hears the word.
type trigger struct {
	word string
	pull func()

	mu   sync.Mutex // guards done
	done bool
}

func (w *trigger) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done && strings.Contains(string(p), w.word) {
		w.done = true
		w.pull()
	}
	return len(p), nil
}

func (w *trigger) pulled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// TestRefuses: what is missing or wrong is said in one line, before any work.
func TestRefuses(t *testing.T) {
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no lockerfs": {[]string{"-lockerfs", "/none", "-versitygw", here, "-rclone", ""}, "/none is missing: run `make build`"},
		"no server":   {[]string{"-lockerfs", here, "-versitygw", "/none", "-rclone", ""}, "/none is missing: run `make tools`"},
		"no rclone":   {[]string{"-lockerfs", here, "-versitygw", here, "-rclone", "/none"}, "/none is missing: run `go install"},
		"no scenario": {[]string{"-only", "walk,fly"}, `no scenario "fly", but import, walk,`},
		"too few":     {[]string{"-tracks", "3"}, "-tracks: from"},
		"not a flag":  {[]string{"fast"}, "is no flag"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, c.want)
			}
		})
	}
}

func TestRoom(t *testing.T) {
	z := usualSize()
	if err := room(z, "/tmp", 5*z.bytes()); err != nil {
		t.Error(err)
	}
	if err := room(z, "/tmp", 5e9); err == nil || !strings.Contains(err.Error(), "/tmp has 5000 MB free") {
		t.Errorf("got %v", err)
	}
}

func TestForFile(t *testing.T) {
	for target, want := range map[string]bool{
		"/bench/home/Music/A/B/01%20C.flac?x-id=GetObject":              true,
		"/bench/home/.lockerfs/log/00000000000000000001?x-id=GetObject": false,
		"/bench/home/.lockerfs/scan/1234?x-id=GetObject":                false,
		"/bench?list-type=2&prefix=home%2FMusic":                        false,
		"/bench/home/Music/A/B/01%20list-type%3F.flac?x-id=PutObject":   true,
		"/bench/home/.lockerfs/probe/X-create?x-id=PutObject":           false,
		"no target at all": false,
	} {
		if got := forFile(target); got != want {
			t.Errorf("%s: got %v, want %v", target, got, want)
		}
	}
}

// TestDaemonThatDies: the error says what the daemon said.
func TestDaemonThatDies(t *testing.T) {
	script := filepath.Join(t.TempDir(), "lockerfs")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho no such luck; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := &rig{gateway: &remotetest.Gateway{}, store: "s3://none/at-all"}
	d, err := newDevice(t.TempDir(), script, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.mount(t.Context()); err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v, want what it said", err)
	}
	if _, err := d.run(t.Context(), "init"); err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v, want what it said", err)
	}
	if err := d.unmount(); err != nil {
		t.Errorf("nothing is mounted: %v", err)
	}
}

func TestWholeIn(t *testing.T) {
	for status, want := range map[string][2]bool{
		`{}`:                                     {false, false},
		`{"packs":{"complete":false,"count":9}}`: {true, false},
		`{"packs":{"complete":true}}`:            {true, true},
		`{"packs":{"count":2}}`:                  {true, false},
		`{"packs":{"count":3}}`:                  {true, true},
		`{"packs":{"bytes":3}}`:                  {false, false},
	} {
		known, whole, err := wholeIn([]byte(status), "packs", 3)
		if got := [2]bool{known, whole}; got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", status, got, err, want)
		}
	}
	if _, _, err := wholeIn([]byte("not JSON"), "packs", 3); err == nil {
		t.Error("what is no JSON was taken for a status")
	}
}

// TestObjects: rclone's name of a track is found by what our names of objects promise.
func TestObjects(t *testing.T) {
	dir := t.TempDir()
	m := &rcloneMount{mnt: "/mnt"}
	write(t, dir+"/A/B/01 C.0123456789ab.flac", "")
	write(t, dir+"/A/B/cover.jpg", "")
	var err error
	if m.names, err = objects(dir); err != nil {
		t.Fatal(err)
	}
	for of, want := range map[string]string{"A/B/01 C.flac": "/mnt/A/B/01 C.0123456789ab.flac", "A": "/mnt/A", "": "/mnt"} {
		if got := m.path(of); got != want {
			t.Errorf("%q is at %s, want %s", of, got, want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestWrongBytesAreNoticed(t *testing.T) {
	dir := t.TempDir()
	d := &device{mnt: filepath.Join(dir, "mnt")}
	tr := track{source: filepath.Join(dir, "source"), path: "file", size: 9}
	write(t, tr.source, "as it was")
	write(t, d.path(tr.path), "as it was")
	if _, err := slurp(d, tr); err != nil {
		t.Error(err)
	}
	write(t, d.path(tr.path), "as it wAs")
	if _, err := slurp(d, tr); !errors.Is(err, errWrongBytes) {
		t.Errorf("other bytes: got %v", err)
	}
	if err := same(tr, []byte("it wA"), 3); !errors.Is(err, errWrongBytes) {
		t.Errorf("another part: got %v", err)
	}
	tr.size = 10
	if _, err := slurp(d, tr); err == nil {
		t.Error("a short file was taken for a whole one")
	}
}

// TestMPDLog counts what MPD adds, in whatever pieces it says it.
func TestMPDLog(t *testing.T) {
	var l mpdLog
	for _, piece := range []string{"update: starting\nupdate: reading A\nupda", "te: added A\n", "update: added B\nupdate: finished"} {
		if _, err := l.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if added, _, ended := l.progress(); added != 2 || ended {
		t.Errorf("%d added, ended %v: want 2, and that its line is not complete", added, ended)
	}
	_, _ = l.Write([]byte("\n"))
	if added, took, ended := l.progress(); added != 2 || !ended || took < 0 {
		t.Errorf("%d added, ended %v after %v", added, ended, took)
	}
}
