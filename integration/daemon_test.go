package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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
	for last := 0; alive(first.Runner.Supervisor); {
		n, err := strconv.Atoi(strings.TrimSpace(string(readFile(d.dir + "/state/lock"))))
		if err == nil && n != last && n != first.Runner.Supervisor && alive(n) && mounted(d.mnt) {
			last = n
			unix.Kill(n, unix.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond)
	}
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

// TestRestart: the daemon becomes the program that is installed now. Closed files notice
// a short gap, one that is open fails at once when its time is over, and what was written
// stays.
func TestRestart(t *testing.T) {
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	own := filepath.Join(d.dir, "lockerfs")
	if err := os.Link(built.lockerfs, own); err != nil {
		t.Fatal(err)
	}
	c := d.command(t.Context(), "mount", "--detach", d.mnt)
	c.Path = own
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := d.running()
	t.Cleanup(func() {
		unix.Kill(before.Runner.Supervisor, unix.SIGKILL)
		unix.Kill(before.Process, unix.SIGKILL)
	})
	replaceBinary(t, own)
	if err := os.WriteFile(filepath.Join(d.mnt, "written"), []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	gap := watchGap(filepath.Join(d.mnt, "written"))
	d.run("restart")
	t.Logf("the path was away for %v", gap())
	after := d.running()
	if after.Process != before.Process || after.Runner.Supervisor != before.Runner.Supervisor || after.Runner.Restarts != 0 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if now, err := os.Readlink("/proc/" + strconv.Itoa(after.Process) + "/exe"); err != nil || now != own {
		t.Errorf("the process runs %q, %v, want %s", now, err, own)
	}
	f, err := os.Open(filepath.Join(d.mnt, tracks[0].path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d.run("restart", "--wait", "100ms")
	late := make(chan error, 1)
	go func() { _, err := f.ReadAt(make([]byte, 1), 0); late <- err }()
	select {
	case err := <-late:
		if !errors.Is(err, syscall.ENOTCONN) && !errors.Is(err, io.EOF) && err != nil {
			t.Errorf("an open file: got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("who reads an open file waits for ever")
	}
	if diff := cmp.Diff(wanted(t), musicOnly(sums(t, d.mnt))); diff != "" {
		t.Errorf("after two restarts (-want +got):\n%s", diff)
	}
	// A program that does not run changes nothing.
	if err := errors.Join(os.Remove(own), os.WriteFile(own, []byte("#!/bin/false\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if out, err := d.try("restart"); err == nil || !strings.Contains(out, "does not run") {
		t.Errorf("got %v: %s", err, out)
	}
	if r := d.running(); r.Process != before.Process || !mounted(d.mnt) {
		t.Errorf("got %+v", r)
	}
	d.run("umount")
}

// replaceBinary installs a program over one that runs.
func replaceBinary(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = errors.Join(os.WriteFile(path+".new", b, 0o755), os.Rename(path+".new", path))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// watchGap looks at a path until the function it gives is called, which tells the longest
// time that it was not there.
func watchGap(path string) func() time.Duration {
	stop, told := make(chan struct{}), make(chan time.Duration)
	go func() {
		var longest time.Duration
		for last := time.Now(); ; {
			if _, err := os.Stat(path); err == nil {
				longest, last = max(longest, time.Since(last)), time.Now()
			}
			select {
			case <-stop:
				told <- longest
				return
			default:
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-told
	}
}

func musicOnly(all map[string]string) map[string]string {
	delete(all, "written")
	return all
}

// TestFstab mounts as fstab does, through mount(8).
func TestFstab(t *testing.T) {
	need(t, "mount", "unshare")
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	config := filepath.Join(d.dir, "config.toml")
	if err := os.WriteFile(config, []byte("[locker.music]\nstore = \""+d.at.url+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The link in /sbin is made and taken away by the test: nobody else's is touched.
	link := "/sbin/mount.lockerfs"
	if _, err := os.Lstat(link); err == nil {
		t.Fatalf("%s is there already", link)
	}
	t.Cleanup(func() { os.Remove(link) })
	d.run("service", "install", "--fstab")
	options := "ro,_netdev,nofail,x-systemd.automount,allow_other,uid=1234,umask=027,config=" + config + ",state=" + d.dir + "/state,cache=" + d.dir + "/cache"
	c := d.command(t.Context(), "unused")
	c.Path, c.Args = "/usr/bin/mount", []string{"mount", "-t", "lockerfs", "music", d.mnt, "-o", options}
	c.Env = []string{"PATH=" + os.Getenv("PATH")} // as at the start of the system
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "mounted music at") {
		t.Fatalf("%v\n%s", err, out)
	}
	r := d.running()
	t.Cleanup(func() {
		if alive(r.Runner.Supervisor) {
			unix.Kill(r.Runner.Supervisor, unix.SIGKILL)
			unix.Kill(r.Process, unix.SIGKILL)
		}
	})
	if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(d.mnt, "x"), nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Errorf("ro: got %v", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(d.mnt, tracks[0].path), &st); err != nil || st.Uid != 1234 || st.Mode&0o007 != 0 {
		t.Errorf("owner and mode: got %d, %o, %v", st.Uid, st.Mode, err)
	}
	if out, err := command(t, "umount", d.mnt); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, 30*time.Second, "the daemon to end", func() bool { return !alive(r.Process) && !alive(r.Runner.Supervisor) })
	guarded(t, d.mnt)
	if out, err := command(t, "mount", "-t", "lockerfs", "music", d.mnt, "-o", "whatever,config="+config); err == nil || !strings.Contains(out, `unknown option "whatever"`) {
		t.Errorf("got %v: %s", err, out)
	}
}

// TestNotify: systemd is told when the mount answers, and when it goes.
func TestNotify(t *testing.T) {
	d := newLocker(t, folder(t))
	socket := filepath.Join(d.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear := func(want string) {
		t.Helper()
		buf := make([]byte, 4096)
		for {
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if strings.HasPrefix(string(buf[:n]), want) {
				return
			}
		}
	}
	d.at.env = append(d.at.env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=200000")
	d.mount()
	hear("READY=1")
	if !mounted(d.mnt) {
		t.Error("ready, and not mounted")
	}
	hear("STATUS=")
	hear("WATCHDOG=1")
	d.run("restart")
	hear("READY=1")
	d.unmount()
	hear("STOPPING=1")
}
