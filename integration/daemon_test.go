package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// running is what status says of the daemon.
type running struct {
	Mount   string `json:"mount"`
	Process int    `json:"process"`
	Runner  struct {
		By         string `json:"by"`
		Supervisor int    `json:"supervisor"`
		Restarts   int    `json:"restarts"`
		Log        string `json:"log"`
	} `json:"runner"`
	GivenUp *struct {
		Crashes int `json:"crashes"`
	} `json:"given_up"`
}

func (d *device) running() (r running) {
	d.t.Helper()
	if err := json.Unmarshal(d.answer("--json", "status"), &r); err != nil {
		d.t.Fatal(err)
	}
	return r
}

// detach mounts in the background; what is left at the end of the test is ended.
func (d *device) detach(args ...string) running {
	d.t.Helper()
	d.run(append([]string{"mount", "--detach", d.mnt}, args...)...)
	if !mounted(d.mnt) {
		d.t.Fatal("mount --detach returned before the mount was there")
	}
	r := d.running()
	d.t.Cleanup(func() {
		if b, err := os.ReadFile(d.dir + "/state/lockerfs.log"); err == nil && d.t.Failed() {
			d.t.Logf("the log:\n%s", b)
		}
		if alive(r.Runner.Supervisor) {
			unix.Kill(r.Runner.Supervisor, unix.SIGKILL)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(string(readFile(d.dir + "/state/lock")))); err == nil && alive(n) {
			unix.Kill(n, unix.SIGKILL)
		}
	})
	return r
}

func readFile(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return b
}

// alive tells whether a process runs. One that nobody has waited for yet does not.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, ok := bytes.Cut(b, []byte(") "))
	return err == nil && ok && rest[0] != 'Z'
}

// TestCrashUnderSupervisor: kill -9 of a detached daemon while MPD plays. The path is back
// within 2 s, what was acknowledged reaches the store, and MPD's library is intact.
func TestCrashUnderSupervisor(t *testing.T) {
	need(t, "mpd", "mpc")
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	before := d.detach("--allow-other")
	if before.Runner.By != "lockerfs" || !alive(before.Runner.Supervisor) || before.Runner.Log == "" {
		t.Fatalf("got %+v", before)
	}
	m := startMPD(t, d.mnt, playerUser(t))
	m.mpc("update", "--wait")
	library := m.library()
	for round := 1; round <= 2; round++ {
		m.mpc("clear")
		m.mpc("add", "Pink Floyd/The Wall")
		m.mpc("play")
		file := filepath.Join(d.mnt, "written "+strconv.Itoa(round))
		if err := os.WriteFile(file, []byte("acknowledged"), 0o644); err != nil {
			t.Fatal(err)
		}
		process := d.running().Process
		began := time.Now()
		if err := unix.Kill(process, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "the path to answer again", func() bool {
			got, err := os.ReadFile(file)
			return err == nil && string(got) == "acknowledged"
		})
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the path answered after %v, want 2 s", took)
		} else {
			t.Logf("back after %v", took)
		}
		after := d.running()
		if after.Process == process || after.Runner.Supervisor != before.Runner.Supervisor || after.Runner.Restarts != round {
			t.Errorf("after %+v: got %+v", before, after)
		}
		m.mpc("update", "--wait")
		want := append([]string{}, library...)
		if diff := cmp.Diff(want, m.library()); diff != "" {
			t.Errorf("MPD's library (-want +got):\n%s", diff)
		}
	}
	m.stop()
	d.run("sync")
	if out := d.run("status"); !strings.Contains(out, "started again 2 times after a crash") || !strings.HasPrefix(out, "SAFE") {
		t.Errorf("got %s", out)
	}
	process := d.running().Process
	// The supervisor hands signals on, and ends when the mount does.
	if err := unix.Kill(before.Runner.Supervisor, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "both processes to end", func() bool { return !alive(process) && !alive(before.Runner.Supervisor) })
	guarded(t, d.mnt)
}

// TestSupervisorGivesUp: a daemon that crashes again and again is let be, and leaves no
// dead mount.
func TestSupervisorGivesUp(t *testing.T) {
	d := newLocker(t, folder(t))
	first := d.detach()
	last := 0
	eventually(t, time.Minute, "the supervisor to give up", func() bool {
		n, err := strconv.Atoi(strings.TrimSpace(string(readFile(d.dir + "/state/lock"))))
		if err == nil && n != last && n != first.Runner.Supervisor && alive(n) && mounted(d.mnt) {
			last = n
			unix.Kill(n, unix.SIGKILL)
		}
		return !alive(first.Runner.Supervisor)
	})
	guarded(t, d.mnt)
	r := d.running()
	if r.Mount != "" || r.GivenUp == nil || r.GivenUp.Crashes != 5 {
		t.Errorf("got %+v", r)
	}
	if out := d.run("status"); !strings.Contains(out, "NOT RUNNING: given up") || !strings.Contains(out, "lockerfs mount --detach") {
		t.Errorf("got %s", out)
	}
	if log := string(readFile(d.dir + "/state/lockerfs.log")); !strings.Contains(log, "giving up") {
		t.Errorf("the log says %s", log)
	}
	d.detach()
	if r := d.running(); r.GivenUp != nil || r.Runner.Restarts != 0 {
		t.Errorf("mounted again: got %+v", r)
	}
	d.run("umount")
}

// TestDetachSaysWhyNot: what keeps a daemon from mounting is told by who started it, with
// its exit code.
func TestDetachSaysWhyNot(t *testing.T) {
	d := newLocker(t, folder(t))
	d.detach()
	other := newDevice(t, d.at)
	if err := os.WriteFile(filepath.Join(other.mnt, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d    *device
		args []string
		code int
		want string
	}{
		{d, []string{"mount", "--detach", d.dir + "/elsewhere"}, 12, "is mounted at"},
		{other, []string{"mount", "--detach", other.mnt}, 10, "not empty"},
	} {
		out, err := c.d.try(c.args...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != c.code || !strings.Contains(out, c.want) || strings.Count(out, "\n") != 2 {
			t.Errorf("%q: got %v, want code %d: %s", c.args, err, c.code, out)
		}
	}
	d.run("umount")
}
