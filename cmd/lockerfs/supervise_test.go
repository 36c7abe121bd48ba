package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The log never takes more than its limit twice, also when two processes write to it, and
// loses no line that fits.
func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	const most, lines = 4000, 300
	var writing sync.WaitGroup
	for _, who := range []string{"a", "b"} {
		l, err := openLog(path, most, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		writing.Go(func() {
			for i := range lines {
				fmt.Fprintf(l, "%s says line %d\n", who, i)
			}
		})
	}
	writing.Wait()
	var held []byte
	for _, name := range []string{path + ".1", path} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// Both may write a line after either has looked.
		if len(b) > most+200 {
			t.Errorf("%s has %d bytes, want at most %d", name, len(b), most)
		}
		held = append(held, b...)
	}
	for line := range bytes.Lines(held) {
		if !bytes.Contains(line, []byte(" says line ")) || !bytes.HasSuffix(line, []byte("\n")) {
			t.Errorf("a torn line: %q", line)
		}
	}
	if !bytes.Contains(held, []byte(fmt.Sprintf("says line %d\n", lines-1))) {
		t.Error("the last line is lost")
	}
}

func TestSupervisorPauses(t *testing.T) {
	for n, want := range []time.Duration{0, 0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		got := pauseAfter(n)
		if got != want {
			t.Errorf("after %d crashes: got %v, want %v", n, got, want)
		}
	}
	if got := pauseAfter(1000); got != longestPause {
		t.Errorf("got %v", got)
	}
}

// Only what another try would not change is not tried again; a crash says nothing and is.
func TestHopeless(t *testing.T) {
	for code, want := range map[exitCode]bool{exitNewer: true, exitNotLocker: true, exitNoFUSE: true, exitUsage: true, exitNoLocker: true,
		exitUnreachable: false, exitFull: false, exitInUse: false, exitMountPoint: false, exitOther: false} {
		if got := (ended{fault: &fault{code: code}}).hopeless(); got != want {
			t.Errorf("code %d: got %v, want %v", code, got, want)
		}
	}
	if (ended{}).hopeless() {
		t.Error("a crash is hopeless")
	}
}

func TestUnitOfCgroup(t *testing.T) {
	for text, want := range map[string]string{
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/lockerfs-music.service\n": "lockerfs-music.service",
		"0::/system.slice/lockerfs-music.service\n":                                           "lockerfs-music.service",
		"0::/user.slice/user-1000.slice/session-2.scope\n":                                    "",
		"0::/system.slice/ssh.service\n":                                                      "",
		"":                                                                                    "",
	} {
		if got := unitOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestRunningInWords(t *testing.T) {
	now := time.Now()
	s := status{GivenUp: &givenUp{Time: now.Add(-3 * time.Minute), Crashes: 5, Cause: "the mount has crashed: signal: killed", Log: "/s/lockerfs.log"}}
	if got := s.running(now); !strings.HasPrefix(got, "NOT RUNNING: given up 3 min ago after 5 crashes: ") {
		t.Errorf("got %q", got)
	}
	s.Mount = "/m"
	if got := s.running(now); got != "" {
		t.Errorf("mounted again: got %q", got)
	}
}
