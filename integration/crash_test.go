package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// hurry makes everything that waits for quiet be quick.
var hurry = []string{"LOCKERFS_QUIET=50ms", "LOCKERFS_POLL=100ms"}

// fragile builds the binary that has the points to crash at.
var fragile = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built.dir, "lockerfs-crashpoints")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", path, "../cmd/lockerfs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building lockerfs with crash points: %w\n%s", err, out)
	}
	return path, nil
})

// doomed is a daemon that will kill itself.
type doomed struct {
	d    *device
	over chan struct{} // closed when it has ended
	said *bytes.Buffer // to be read after that
	c    *exec.Cmd
}

// doom starts a daemon that is to end at a point, and waits until it is mounted or gone.
func (d *device) doom(point string) *doomed {
	d.t.Helper()
	path, err := fragile()
	if err != nil {
		d.t.Fatal(err)
	}
	x := &doomed{d: d, over: make(chan struct{}), said: new(bytes.Buffer)}
	x.c = d.command(context.Background(), "mount", d.mnt)
	x.c.Path, x.c.Err = path, nil
	x.c.Env = append(x.c.Env, "LOCKERFS_CRASH="+point)
	x.c.Stdout, x.c.Stderr = x.said, x.said
	if err := x.c.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		defer close(x.over)
		x.c.Wait()
	}()
	d.t.Cleanup(x.kill)
	eventually(d.t, 20*time.Second, "the mount to appear", func() bool { return x.ended() || mounted(d.mnt) })
	return x
}

func (x *doomed) kill() {
	x.c.Process.Kill()
	<-x.over
}

func (x *doomed) ended() bool {
	select {
	case <-x.over:
		return true
	default:
		return false
	}
}

// struck waits until it has killed itself, and clears the dead mount away.
func (x *doomed) struck() {
	x.d.t.Helper()
	eventually(x.d.t, 15*time.Second, "the daemon to come to the point", x.ended)
	if s, ok := x.c.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		x.d.t.Fatalf("the daemon did not crash, it ended: %v\n%s", x.c.ProcessState, x.said)
	}
	x.d.clear()
}

// clear clears a dead mount away, if there is one.
func (d *device) clear() {
	d.t.Helper()
	if mounted(d.mnt) {
		d.run("umount", d.mnt)
	}
}

// kept looks whether all that writers were promised on a device that is mounted is there,
// whether it all gets into the store, and whether another device reads the same.
func (d *device) kept(writers ...*writer) {
	d.t.Helper()
	writing := d.stillThere(writers...)
	d.run("sync", "--wait")
	s := d.standing()
	if !s.Safe || len(s.Waiting.Failed)+len(s.Waiting.Conflicts) > 0 || s.Waiting.Commit != "" {
		d.t.Fatalf("after sync --wait: %+v\n%s", s, d.out)
	}
	if len(s.Waiting.Quarantined) > 0 && !writing {
		d.t.Fatalf("in quarantine, though nothing was being written: %q; %s\n%s", s.Waiting.Quarantined, lately(writers), d.out)
	}
	for _, w := range writers {
		found, err := readTree(w.root)
		if err != nil {
			d.t.Fatalf("reading after sync: %v\n%s", err, d.out)
		}
		if err := w.found(found); err != nil {
			d.t.Fatalf("after sync: %v\n%s", err, d.out)
		}
	}
	here, err := readTree(d.mnt)
	if err != nil {
		d.t.Fatal(err)
	}
	d.elsewhere(here)
}

// lately tells what writers did last before the first crash.
func lately(writers []*writer) (out string) {
	for _, w := range writers {
		if i := slices.Index(w.log, "a crash"); i > 0 {
			out += strings.Join(w.log[max(0, i-4):i], "; ")
		}
	}
	return out
}

// stillThere looks whether all that writers were promised is there after a crash, and tells
// whether bytes were on their way that nothing was promised for.
func (d *device) stillThere(writers ...*writer) (writing bool) {
	d.t.Helper()
	for _, w := range writers {
		writing = writing || w.writing || w.torn
		found, err := readTree(w.root)
		if err != nil {
			d.t.Fatalf("reading after the crash: %v\n%s", err, d.out)
		}
		if err := w.found(found); err != nil {
			d.t.Fatalf("after the crash: %v\n%s", err, d.out)
		}
		if same := found.twice(); same != nil {
			d.t.Fatalf("after the crash there are twice: %q", same)
		}
	}
	return writing
}

// elsewhere looks whether a new device, which has nothing of its own, reads the same.
func (d *device) elsewhere(want tree) {
	d.t.Helper()
	other := newDevice(d.t, d.at)
	defer func() {
		other.kill()
		other.clear()
	}()
	other.mount()
	found, err := readTree(other.mnt)
	if err != nil {
		d.t.Fatalf("reading on another device: %v\n%s", err, other.out)
	}
	if why := want.differs(found); why != "" {
		d.t.Fatalf("another device reads otherwise:\n%s\n%s", why, other.out)
	}
}

// seasoned is a locker with something committed, to be copied.
type seasoned struct {
	at   place
	d    *device
	tree tree
}

func season(t *testing.T, at place) seasoned {
	t.Helper()
	d := newLocker(t, at)
	d.mount()
	w := newWriter(d.mnt, 1)
	w.prelude()
	if w.failed != nil || w.dead {
		t.Fatalf("%v\n%s", w.failed, d.out)
	}
	d.run("sync", "--wait")
	d.unmount()
	return seasoned{at, d, w.now}
}

// copied gives a device of its own locker that is a copy.
func (s seasoned) copied(t *testing.T) *device {
	t.Helper()
	at := folder(t)
	at.env = hurry
	d := newDevice(t, at)
	for from, to := range map[string]string{s.at.root: at.root, s.d.dir + "/state": d.dir + "/state", s.d.dir + "/cache": d.dir + "/cache"} {
		if out, err := command(t, "cp", "-a", from, to); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return d
}

// TestCrashPointsAreKnown: every point that the write path has is in the table of
// TestCrash, and none else.
func TestCrashPointsAreKnown(t *testing.T) {
	files, err := filepath.Glob("../fs/pending/*.go")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`\bcrash\("([^"]+)"\)`)
	var there []string
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(b), -1) {
			there = append(there, m[1])
		}
	}
	slices.Sort(there)
	var known []string
	for _, c := range crashCases() {
		point, _, _ := strings.Cut(c.point, ":")
		known = append(known, point)
	}
	slices.Sort(known)
	if known = slices.Compact(known); !slices.Equal(there, known) {
		t.Errorf("fs/pending has the points\n%q\nTestCrash goes through\n%q", there, known)
	}
}

// TestCrash kills the daemon at every step of the way from a write to the store.
func TestCrash(t *testing.T) {
	at := folder(t)
	at.env = hurry
	template := season(t, at)
	for _, c := range crashCases() {
		t.Run(strings.TrimPrefix(c.before+" "+c.point, " "), func(t *testing.T) {
			t.Parallel()
			d := template.copied(t)
			w := newWriter(d.mnt, 2)
			w.now = template.tree
			c.run(d, w)
		})
	}
}

// TestCrashS3 does the same at a few points with a real S3 server.
func TestCrashS3(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	for _, point := range []string{"upload.there", "sent.recorded:3", "commit.sent", "commit.taken", "leave.kept"} {
		t.Run(point, func(t *testing.T) {
			at := bucket(t, g)
			at.env = append(at.env, hurry...)
			s := season(t, at)
			w := newWriter(s.d.mnt, 3)
			w.now = s.tree
			crashCase{point: point}.run(s.d, w)
		})
	}
}
