package integration

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// tour gives the script of `make demo TOUR=1`, shortened and in a folder of its own, and
// what it will have said.
func tour(t *testing.T, folder string, settings ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	need(t, "bash", "mpv", "ffmpeg", "curl", "fusermount3")
	gateway, err := remotetest.FindVersityGW()
	if err != nil {
		t.Fatal(err)
	}
	way := filepath.Join(t.TempDir(), "link")
	if out, err := command(t, "go", "build", "-o", way, "./scripts/link"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		said.Close()
		if t.Failed() {
			t.Logf("the tour:\n%s", readFile(said.Name()))
		}
	})
	c := exec.Command("bash", "scripts/tour.sh")
	c.Env = append(os.Environ(), "LOCKERFS="+built.lockerfs, "VERSITYGW="+gateway, "LINK="+way, "TMPDIR="+folder)
	c.Env = append(c.Env, settings...)
	c.Stdout, c.Stderr = said, said
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	t.Cleanup(func() {
		for _, pid := range processesIn(t, folder) {
			unix.Kill(pid, unix.SIGKILL)
		}
	})
	return c, said
}

// processesIn gives the processes that name a folder in their command line.
func processesIn(t *testing.T, folder string) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if pid, err := strconv.Atoi(filepath.Base(p)); err == nil && bytes.Contains(readFile(p+"/cmdline"), []byte(folder+"/")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// nothingLeft checks that a tour took everything away that it made.
func nothingLeft(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left in its folder: %v, %v", left, err)
	}
	if pids := processesIn(t, folder); len(pids) > 0 {
		t.Errorf("processes that still run: %v", pids)
	}
	if strings.Contains(string(readFile("/proc/self/mountinfo")), folder) {
		t.Error("it left a mount")
	}
}

// tourLines is what the tour says of each step, in order.
var tourLines = []string{
	`^   15 objects, .* no trace of lockerfs`,
	`^   adopted: 15 files, `, `^   both took .*: [0-9]+ requests, `,
	`^   mounted in `, `^   15 files in `,
	`^   mutagen read 12 tracks in .*: [01] requests?, `,
	`mpv is playing 01 Harbour.flac$`, `kill -9 of the S3 server$`, `^   lockerfs knew after .*: offline for `,
	`^   15 files in [0-9.]+ m?s$`, `^   This one is not here: Input/output error, after `, `mpv has played 8 s of music to the end$`, `online after `,
	`^   renamed in `, `^   and for all devices in .*: [0-9] requests, `,
	`^   NOT YET SAFE: 1 file`, `kill -KILL`, `^   the path answers again after [0-9.]+ m?s, and the track is there, bit by bit$`, `^   SAFE: everything is in the store, after `,
	`^   20.* removed .* @[0-9]+ +02 Lanterns.flac`, `^   brought back: 1 file`, `^   its bytes are those that were deleted$`,
	`^   All 15 objects are as they were`, `^   Music/Aurora Tide/Slow Light/05 Afterglow\.[0-9a-f]{12}\.flac$`,
}

// TestTour: the tour shows what the README says it shows, and leaves nothing.
func TestTour(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c, said := tour(t, folder, "TOUR_ALBUMS=3", "TOUR_TRACKS=4", "TOUR_SECONDS=2")
	if err := c.Run(); err != nil {
		t.Error(err)
	}
	nothingLeft(t, folder)
	rest := strings.Split(string(readFile(said.Name())), "\n")
	for _, want := range tourLines {
		at := 0
		for at < len(rest) && !regexp.MustCompile(want).MatchString(rest[at]) {
			at++
		}
		if at == len(rest) {
			t.Fatalf("nothing matches %s", want)
		}
		rest = rest[at+1:]
	}
}

// TestTourInterrupted: so does one that is interrupted while music plays from the mount.
func TestTourInterrupted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c, said := tour(t, folder, "TOUR_ALBUMS=1", "TOUR_SECONDS=4")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "music", func() bool { return bytes.Contains(readFile(said.Name()), []byte("mpv is playing")) })
	if err := unix.Kill(-c.Process.Pid, unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("it ended with %v, want code 130", err)
	}
	nothingLeft(t, folder)
}
