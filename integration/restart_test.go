package integration

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

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
