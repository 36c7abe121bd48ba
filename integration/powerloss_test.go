package integration

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// `go test ./integration -run TestPowerLoss$ -powerloss.points 0` goes through all.
var (
	powerPoints = flag.Int("powerloss.points", 60, "at how many points TestPowerLoss cuts the power; 0 is at all")
	powerSeed   = flag.Uint64("powerloss.seed", 1, "which points TestPowerLoss chooses, and which writes are lost")
)

// TestPowerLoss records all calls to the disk under the state folder while programs write,
// cuts the power at syncs, and looks whether what was promised is there. What is in the
// store then is there: it stands for another machine.
func TestPowerLoss(t *testing.T) {
	w := newDevice(t, place{})
	disk := w.dir + "/disk"
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	rec := newRecorder(t, disk, "store", "state")
	w.at = place{"file://" + disk + "/store", nil, disk + "/store"}
	t.Cleanup(func() { // before the recorder is unmounted
		if t.Failed() {
			t.Logf("the daemon said:\n%s\n%s", w.out, told(rec.recording()))
		}
		w.kill()
		unix.Unmount(w.mnt, unix.MNT_DETACH)
	})
	w.recorded(disk, "1h")
	w.run("init", w.at.url)
	a := newAuthor(w.mnt, rec)
	a.live(t, w, disk)
	rec.end()
	calls := rec.recording()
	all := pointsOf(calls, a.diary[0].done)
	points := someOf(all, *powerPoints, *powerSeed)
	t.Logf("%d moments, %d calls, %d of %d points", len(a.diary), len(calls), len(points), len(all))
	t.Run("cut", func(t *testing.T) {
		for i, p := range points {
			t.Run(fmt.Sprintf("%d, %v", p.calls, p.damage), func(t *testing.T) {
				t.Parallel()
				p.check(t, calls[:p.calls], a.diary, i%6 == 0)
			})
		}
	})
}

// recorded has the device's state be on the recorded disk, and uploads wait so long.
func (d *device) recorded(disk, quiet string) {
	d.at.env = []string{"LOCKERFS_STATE=" + disk + "/state", "LOCKERFS_QUIET=" + quiet, "LOCKERFS_POLL=100ms"}
}

// live does all that is recorded.
func (a *author) live(t *testing.T, w *device, disk string) {
	t.Helper()
	phase := func(quiet string, script func()) {
		w.recorded(disk, quiet)
		w.mount()
		script()
		if a.err != nil {
			t.Fatalf("%v\n%s", a.err, w.out)
		}
		w.unmount()
	}
	phase("50ms", func() {
		a.prelude()
		w.run("sync", "--wait")
	})
	phase("1h", func() {
		a.act("Quiet")
		a.wait(t)
	})
	phase("50ms", func() {
		a.act("Busy")
		w.run("sync", "--wait")
		a.act("Busy again")
		a.wait(t)
		w.run("sync", "--wait")
	})
}

// wait waits until names have become safe by themselves, and a little longer.
func (a *author) wait(t *testing.T) {
	t.Helper()
	a.rename("Album/moved.flac", "Album/moving.flac")
	a.rename("Album/moving.flac", "Album/moved.flac")
	last := a.diary[len(a.diary)-1]
	eventually(t, nameLimit, "names to be synced", func() bool {
		for _, c := range a.rec.recording()[last.done:] {
			if c.verb == didSync && !c.firm {
				return true
			}
		}
		return false
	})
	for time.Since(last.at) < nameLimit {
		time.Sleep(10 * time.Millisecond)
	}
	a.create("Album/after.flac", 3000)
}

// prelude makes what is committed before anything else.
func (a *author) prelude() {
	a.mkdir("Album")
	a.mkdir("Old")
	for _, name := range []string{"edit", "over", "gone", "moved", "saved", "left", "right", "short"} {
		a.create("Album/"+name+".flac", 20_000)
	}
	a.create("Old/a.flac", 150_000)
}

// act does everything that programs do to files, to committed ones and to its own.
func (a *author) act(dir string) {
	in := func(name string) string { return dir + "/" + name }
	a.mkdir(dir)
	a.create(in("a.flac"), 1000)
	a.create(in("b.flac"), 120_000)
	a.rename(in("a.flac"), in("c.flac"))
	a.edit("Album/edit.flac", false, 3000, 7000)
	a.edit("Album/edit.flac", true, 4000, 19_500)
	a.edit(in("b.flac"), false, 500, 90_000)
	a.create("Album/saved.flac", 15_000)
	a.create(in("c.flac"), 2500)
	a.save("Album/over.flac", 12_000)
	a.save("Album/over.flac", 9_000)
	a.create(in("gone.flac"), 5000)
	a.rename(in("gone.flac"), in("c.flac"))
	a.truncate("Album/short.flac", 15_000)
	a.truncate(in("b.flac"), 130_000)
	a.truncate(in("b.flac"), 50_000)
	a.edit(in("b.flac"), false, 49_000)
	a.remove("Album/gone.flac")
	a.create("Album/gone.flac", 700)
	a.remove(in("c.flac"))
	a.syncFolder(dir)
	a.rename("Old", in("Old"))
	a.create(in("Old/new.flac"), 100)
	a.rename(in("Old"), "Old")
	a.remove("Old/new.flac")
	a.exchange("Album/left.flac", "Album/right.flac")
	a.create(in("last.flac"), 4000)
}

// check starts lockerfs on what is left after the cut. All is right at once, without a
// look at the store; what is thorough waits until all is there.
func (p point) check(t *testing.T, calls []call, diary diary, thorough bool) {
	d := newDevice(t, place{})
	d.at = place{"file://" + d.dir + "/store", []string{"LOCKERFS_QUIET=1h", "LOCKERFS_POLL=100ms"}, d.dir + "/store"}
	if err := cutPower(calls, p.damage, *powerSeed+uint64(p.calls)).put(rootNode, d.dir); err != nil {
		t.Fatal(err)
	}
	if err := d.revive(); err != nil {
		t.Fatalf("the daemon does not start: %v\n%s\n%s", err, d.out, told(calls))
	}
	found, err := readTree(d.mnt)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, d.out, told(calls))
	}
	first, last := diary.possible(calls)
	if why := diary.allows(first, last, found); why != "" {
		t.Fatalf("between moments %d and %d:\n%s\n%s\n%s", first, last, why, d.out, told(calls))
	}
	if thorough {
		d.arrives(found)
	}
}

// revive starts the daemon and waits until it is mounted, or has ended.
func (d *device) revive() error {
	d.out = new(bytes.Buffer)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	d.t.Cleanup(cancel)
	d.daemon = d.command(ctx, "mount", d.mnt)
	d.daemon.Stdout, d.daemon.Stderr = d.out, d.out
	if err := d.daemon.Start(); err != nil {
		return err
	}
	over := make(chan error, 1)
	c := d.daemon
	go func() { over <- c.Wait() }()
	d.t.Cleanup(func() {
		c.Process.Kill()
		<-over
		d.daemon = nil
	})
	for deadline := time.Now().Add(20 * time.Second); !mounted(d.mnt); time.Sleep(10 * time.Millisecond) {
		if len(over) > 0 {
			return errors.New("it ended")
		}
		if time.Now().After(deadline) {
			return errors.New("it is not mounted after 20 s")
		}
	}
	return nil
}

// arrives looks whether all that was found gets into the store.
func (d *device) arrives(found tree) {
	d.t.Helper()
	d.run("sync", "--wait")
	d.safe()
	s := d.standing()
	if len(s.Waiting.Failed)+len(s.Waiting.Conflicts) > 0 || s.Waiting.Commit != "" {
		d.t.Fatalf("after sync --wait: %+v\n%s", s, d.out)
	}
	again, err := readTree(d.mnt)
	if err != nil {
		d.t.Fatal(err)
	}
	if why := found.differs(again); why != "" {
		d.t.Fatalf("after sync --wait:\n%s\n%s", why, d.out)
	}
}

// told gives the last calls before a cut.
func told(calls []call) string {
	names := map[uint64]string{rootNode: ""}
	var out []string
	for i, c := range calls {
		line := fmt.Sprintf("%d %s %s", i, [...]string{"name", "write", "resize", "blank", "set", "sync"}[c.verb], names[c.node])
		for _, s := range c.slots {
			at := names[s.folder] + "/" + s.name
			line += fmt.Sprintf(" %s = %d", at, s.node)
			if s.node != 0 {
				names[s.node] = at
			}
		}
		if c.verb == didWrite {
			line += fmt.Sprintf(" %d bytes at %d", len(c.bytes), c.off)
		}
		out = append(out, line)
	}
	return strings.Join(out[max(0, len(out)-40):], "\n")
}
