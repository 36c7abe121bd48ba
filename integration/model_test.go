package integration

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

var modelChecks = flag.Int("model.checks", 12, "how many runs TestTwoMountsAreTheirModel does, and TestTwoMountsAtOnce")

// pair is two devices of one locker, both mounted.
type pair struct {
	t     *testing.T
	a, b  *device
	runs  int
	spent bool // a run failed: the next one is to find others
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t}
	p.begin()
	return p
}

// begin makes a new locker with two devices.
func (p *pair) begin() {
	at := folder(p.t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms", "LOCKERFS_POLL=50ms")
	p.a, p.b = newLocker(p.t, at), newDevice(p.t, at)
	p.a.mount()
	p.b.mount()
	settled(p.t, p.a, p.b)
}

// check has rapid do so many runs as the flag says, each in a folder of its own.
func (p *pair) check(do func(rt *rapid.T, folder string)) {
	p.t.Helper()
	checks := flag.Lookup("rapid.checks").Value
	before := checks.String()
	defer checks.Set(before)
	checks.Set(fmt.Sprint(*modelChecks))
	rapid.Check(p.t, func(rt *rapid.T) {
		if p.spent {
			p.a.kill()
			p.b.kill()
			p.begin()
		}
		p.runs, p.spent = p.runs+1, true
		folder := fmt.Sprintf("run %d", p.runs)
		if err := os.Mkdir(filepath.Join(p.a.mnt, folder), 0o755); err != nil {
			rt.Fatal(err)
		}
		p.settle(rt)
		do(rt, folder)
		p.spent = false
	})
}

// settle waits until both devices have the same and everything is in the store.
func (p *pair) settle(rt *rapid.T) {
	var a, b standing
	for deadline := time.Now().Add(10 * time.Second); ; {
		a, b = p.a.standing(), p.b.standing()
		if a.Safe && b.Safe && a.Commit == b.Commit {
			break
		}
		if time.Now().After(deadline) {
			rt.Fatalf("the devices do not come together:\n%+v\n%s\n%+v\n%s", a, p.a.out, b, p.b.out)
		}
	}
	for _, s := range []standing{a, b} {
		if len(s.Waiting.Quarantined) > 0 || len(s.Waiting.Failed) > 0 {
			rt.Fatalf("something went wrong: %+v", s)
		}
	}
}

// mounts is one run: what is done on the mounts and in the model.
type mounts struct {
	rt     *rapid.T
	folder string // the folder of the run
	on     *device
	model  *imagined
	writes int
}

// TestTwoMountsAreTheirModel: devices change the tree in turns, and both show what the
// model says after each.
func TestTwoMountsAreTheirModel(t *testing.T) {
	p := newPair(t)
	p.check(func(rt *rapid.T, folder string) {
		m := &mounts{rt: rt, folder: folder, model: imaginedFolder(0o755)}
		for turn := range rapid.IntRange(1, 6).Draw(rt, "turns") {
			m.on = []*device{p.a, p.b}[turn%2]
			for range rapid.IntRange(1, 15).Draw(rt, "deeds") {
				m.step()
			}
			m.compare(m.on, "before it is in the store")
			if rapid.IntRange(0, 5).Draw(rt, "end") == 5 {
				m.restart(rapid.Bool().Draw(rt, "kill"))
				m.compare(m.on, "after a new mount")
			}
			p.settle(rt)
			// The kernel is told of another's commit just after it has come in.
			m.compareSoon(p.a, "on the first device")
			m.compareSoon(p.b, "on the second device")
		}
	})
	p.a.unmount()
	p.b.unmount()
}

func (m *mounts) compare(d *device, when string) {
	if diff := cmp.Diff(m.model.told(), shownTree(d.t, filepath.Join(d.mnt, m.folder))); diff != "" {
		m.rt.Fatalf("%s (-model +mount):\n%s\n%s", when, diff, d.out)
	}
}

func (m *mounts) compareSoon(d *device, when string) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if cmp.Equal(m.model.told(), shownTree(d.t, filepath.Join(d.mnt, m.folder))) {
			return
		}
	}
	m.compare(d, when)
}

func (m *mounts) restart(kill bool) {
	if m.on.unmount(); kill {
		m.on.mount()
		m.on.kill()
		m.on.run("umount", m.on.mnt)
	}
	m.on.mount()
}

// at gives the path of a name in the mount.
func (m *mounts) at(path string) string { return filepath.Join(m.on.mnt, m.folder, path) }

// path draws one: most are there, or could be.
func (m *mounts) path(what string) string {
	names := rapid.SampledFrom([]string{"a", "b", "c", "x.flac", "y.mp3", "Ü"})
	return strings.Join(rapid.SliceOfN(names, 1, 3).Draw(m.rt, what), "/")
}

// existing draws a path that is there, if there is one; mostly.
func (m *mounts) existing(what string) string {
	var paths []string
	for path := range m.model.told() {
		paths = append(paths, path)
	}
	if len(paths) == 0 || rapid.IntRange(0, 7).Draw(m.rt, "somewhere") == 0 {
		return m.path(what)
	}
	slices.Sort(paths)
	return rapid.SampledFrom(paths).Draw(m.rt, what)
}

// agree fails unless the mount answered as the model did.
func (m *mounts) agree(what string, got, want error) bool {
	var errno syscall.Errno
	if errors.As(got, &errno) {
		got = errno
	}
	if got != want {
		m.rt.Fatalf("%s: the mount says %v, the model %v\n%s", what, got, want, m.on.out)
	}
	return want == nil
}

// learn takes a file's time from the mount, just after it was written.
func (m *mounts) learn(path string, e *imagined) {
	info, err := os.Stat(m.at(path))
	if err != nil {
		m.rt.Fatal(err)
	}
	e.mtime = info.ModTime().UnixNano()
}

func (m *mounts) text() string {
	m.writes++
	return fmt.Sprintf("%s, write %d ", m.folder, m.writes) + strings.Repeat("~", rapid.IntRange(0, 5000).Draw(m.rt, "bytes"))
}

// renameat2 is rename with flags.
func renameat2(from, to string, flags uint) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
}
