package integration

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

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
