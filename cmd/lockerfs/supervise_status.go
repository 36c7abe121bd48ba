package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// runner is who starts the daemon again after a crash.
type runner struct {
	// By is systemd, or lockerfs for a mount that was detached; empty for nobody.
	By string `json:"by,omitempty"`
	// Unit is systemd's.
	Unit string `json:"unit,omitempty"`
	// Supervisor is the process number of lockerfs' own.
	Supervisor int `json:"supervisor,omitempty"`
	// Restarts counts how often that had to be done.
	Restarts int `json:"restarts"`
	// Log is the file that the daemon logs to, if it does.
	Log string `json:"log,omitempty"`
}

// unitOf gives the systemd unit that a process is in, from /proc/PID/cgroup. One of a
// terminal's session is none.
func unitOf(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		unit := filepath.Base(strings.TrimSpace(line))
		if strings.HasSuffix(unit, ".service") && strings.HasPrefix(unit, "lockerfs") {
			return unit
		}
	}
	return ""
}

// keptBySystemd tells whether systemd runs this process as a unit of its own.
func keptBySystemd() runner {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || os.Getenv("NOTIFY_SOCKET") == "" {
		return runner{}
	}
	return runner{By: "systemd", Unit: unitOf(string(b))}
}

// givenUp is given-up.json of the state folder: a mount that crashed too often, until the
// next one is there.
type givenUp struct {
	Time    time.Time `json:"time"`
	Crashes int       `json:"crashes"`
	Cause   string    `json:"cause"`
	Log     string    `json:"log"`
}

func givenUpPath(state string) string { return filepath.Join(state, "given-up.json") }

func keepGivenUp(state string, g givenUp) {
	if b, err := json.Marshal(g); err == nil {
		_ = writePrivately(givenUpPath(state), append(b, '\n')) // the log says it too
	}
}

func forgetGivenUp(state string) { _ = os.Remove(givenUpPath(state)) }

// readGivenUp gives what is known of a mount that was given up; nil if there was none.
func readGivenUp(state string) *givenUp {
	b, err := os.ReadFile(givenUpPath(state))
	var g givenUp
	if err != nil || json.Unmarshal(b, &g) != nil {
		return nil
	}
	return &g
}

// running says what people must know of how the daemon runs.
func (s status) running(now time.Time) string {
	if g := s.GivenUp; g != nil && s.Mount == "" {
		return fmt.Sprintf("NOT RUNNING: given up %s ago after %s: %s\nnext: lockerfs mount --detach (%s says more)\n",
			humanDuration(now.Sub(g.Time)), count(int64(g.Crashes), "crash", "crashes"), oneLine(g.Cause), printable(g.Log))
	}
	if k := s.Runner; k != nil && k.Restarts > 0 {
		return fmt.Sprintf("started again %s after a crash; %s says why\n", count(int64(k.Restarts), "time", "times"), printable(k.Log))
	}
	return ""
}
