package main

import (
	"context"
	"encoding/json"
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

// programs builds lockerfs and gives the flags that name it and the S3 server.
func programs(t *testing.T) []string {
	t.Helper()
	gateway, err := remotetest.FindVersityGW()
	if err != nil {
		t.Fatal(err)
	}
	lockerfs := filepath.Join(t.TempDir(), "lockerfs")
	build := exec.Command("go", "build", "-o", lockerfs, "../../cmd/lockerfs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building lockerfs: %v\n%s", err, out)
	}
	return []string{"-lockerfs", lockerfs, "-versitygw", gateway, "-tracks", "31", "-rtt", "0,5ms"}
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

// benched runs the whole program over a small collection and gives its rows.
func benched(t *testing.T) []row {
	t.Helper()
	args := programs(t)
	roomy(t)
	out := filepath.Join(t.TempDir(), "out.json")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var table, news strings.Builder
	if err := run(ctx, append(args, "-json", out), &table, &news); err != nil {
		t.Fatalf("%v\n%s", err, news.String())
	}
	t.Log(table.String())
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Rows []struct {
			Work    string  `json:"work"`
			RTT     float64 `json:"rtt_ms"`
			Samples int     `json:"samples"`
			Median  float64 `json:"median_ms"`
			Files   int64   `json:"file_requests"`
		} `json:"rows"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, got := range r.Rows {
		if got.Samples == 0 || got.Median <= 0 || !strings.Contains(table.String(), got.Work) {
			t.Errorf("a row without figures, or not in the table: %+v", got)
		}
		if seen := strings.HasPrefix(got.Work, "first 64 KB"); seen && got.Files < firsts {
			t.Errorf("%d requests for the starts of %d tracks: they had been read before", got.Files, firsts)
		}
		rows = append(rows, row{Work: got.Work, RTT: got.RTT})
	}
	return rows
}

// TestInterrupted ends the program while it works: it leaves nothing behind.
func TestInterrupted(t *testing.T) {
	args := programs(t)
	roomy(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	news := &trigger{word: "measuring at a round trip of 5ms", pull: func() { time.AfterFunc(300*time.Millisecond, cancel) }}
	if err := run(ctx, args, io.Discard, news); err == nil || err.Error() != "interrupted" {
		t.Errorf("got %v, want that it was interrupted", err)
	}
	if !news.pulled() {
		t.Error("it ended before it was interrupted")
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
		"no lockerfs": {[]string{"-lockerfs", "/none", "-versitygw", here}, "/none is missing: run `make build`"},
		"no server":   {[]string{"-lockerfs", here, "-versitygw", "/none"}, "/none is missing: run `make tools`"},
		"no number":   {[]string{"-rtt", "0,soon"}, "is not a round trip"},
		"negative":    {[]string{"-rtt", "-5ms"}, "is not a round trip"},
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
	if err := room(1000, "/tmp", 7e9); err != nil {
		t.Error(err)
	}
	if err := room(1000, "/tmp", 5e9); err == nil || !strings.Contains(err.Error(), "/tmp has 5000 MB free") {
		t.Errorf("got %v", err)
	}
}

func TestForFile(t *testing.T) {
	for target, want := range map[string]bool{
		"/bench/home/Music/A/B/01%20C.flac?x-id=GetObject":              true,
		"/bench/home/.lockerfs/log/00000000000000000001?x-id=GetObject": false,
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

func TestWrongBytesAreNoticed(t *testing.T) {
	dir := t.TempDir()
	d := &device{mnt: filepath.Join(dir, "mnt")}
	f := track{source: filepath.Join(dir, "source"), path: "file"}
	write := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(f.source, "as it was")
	write(filepath.Join(d.mnt, f.path), "as it was")
	if err := sameWhole(d, f); err != nil {
		t.Error(err)
	}
	write(filepath.Join(d.mnt, f.path), "as it wAs")
	if err := sameWhole(d, f); err == nil {
		t.Error("other bytes were taken for the same")
	}
	if err := same(f.source, []byte("as it wA")); err == nil {
		t.Error("another start was taken for the same")
	}
	if _, err := slurp(f.source, 10, false); err == nil {
		t.Error("a short file was taken for a whole one")
	}
}
