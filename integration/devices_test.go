package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestAnotherDevicesImportShows: what one device imports appears in the mount of
// another by itself, also for a program that has listed the folder before.
func TestAnotherDevicesImportShows(t *testing.T) {
	stores(t, func(t *testing.T, at place) {
		a := newLocker(t, at)
		a.run("import", filepath.Join(built.music, "MP3s"))
		b := newDevice(t, at)
		b.mount()
		listed := func() string {
			out, err := command(t, "find", b.mnt, "-type", "f")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return out
		}
		if out := listed(); strings.Count(out, "\n") != 3 {
			t.Fatalf("the second device has\n%s", out)
		}
		if _, err := os.Stat(b.mnt + "/The Necks"); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("before the import: %v", err)
		}
		a.run("import", built.music)
		eventually(t, 6*time.Second, "the import to show", func() bool { return strings.Count(listed(), "\n") == len(places()) })
		if diff := cmp.Diff(wanted(t), sums(t, b.mnt)); diff != "" {
			t.Error(diff)
		}
		b.unmount()
	})
}

// TestImportBesideTheMount: the daemon owns the state folder, and an import on the
// same device goes through it.
func TestImportBesideTheMount(t *testing.T) {
	d := newLocker(t, folder(t))
	d.mount()
	out := d.run("import", built.music)
	if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
		t.Errorf("%s\nimport said %s", diff, out)
	}
	var report struct{ Present, Imported int }
	if err := json.Unmarshal(d.answer("import", "--json", built.music), &report); err != nil || report.Present != len(places()) || report.Imported != 0 {
		t.Errorf("the second import: %+v, %v", report, err)
	}
	d.unmount()
}

// TestTwoDevicesImportAtOnce: both imports survive, and both devices agree.
func TestTwoDevicesImportAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, at place) {
		a := newLocker(t, at)
		b := newDevice(t, at)
		var wg sync.WaitGroup
		for d, folders := range map[*device][]string{a: {"FLAC", "MP3s", "m4a", "Wall"}, b: {"Wall", "ogg", "opus", "wav", "MP3s"}} {
			wg.Go(func() {
				args := []string{"import"}
				for _, f := range folders {
					args = append(args, filepath.Join(built.music, f))
				}
				if out, err := d.try(args...); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
		wg.Wait()
		for _, d := range []*device{a, b} {
			d.mount()
			// A mount begins with what the device knew last.
			eventually(t, 10*time.Second, "the other's files to show", func() bool {
				out, err := command(t, "find", d.mnt, "-type", "f")
				return err == nil && strings.Count(out, "\n") == len(places())
			})
			if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
				t.Error(diff)
			}
			d.unmount()
		}
	})
}

// TestImportKilled kills imports at random moments: nothing half comes in, and the
// next one goes on.
func TestImportKilled(t *testing.T) {
	music := t.TempDir() + "/Kept"
	copies := manyTracks(t, music, 150)
	d := newLocker(t, folder(t))
	r := rand.New(rand.NewPCG(7, 7))
	for range 6 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+r.IntN(400))*time.Millisecond)
		c := d.command(ctx, "import", music) // killed with SIGKILL when ctx ends
		out, err := c.CombinedOutput()
		cancel()
		if err != nil && c.ProcessState.ExitCode() != -1 {
			t.Fatalf("%v\n%s", err, out)
		}
		d.mount()
		for path, got := range sums(t, d.mnt) {
			if !copies[got] {
				t.Errorf("%s is not one of the sources", path)
			}
		}
		d.unmount()
	}
	d.run("import", music)
	d.mount()
	got := map[string]bool{}
	for _, h := range sums(t, d.mnt) {
		if got[h] {
			t.Errorf("content %s came in twice", h)
		}
		got[h] = true
	}
	if diff := cmp.Diff(copies, got); diff != "" {
		t.Error(diff)
	}
	d.unmount()
}

// manyTracks makes n tagged files with contents of their own, and gives their hashes.
func manyTracks(t *testing.T, dir string, n int) map[string]bool {
	t.Helper()
	base, err := os.ReadFile(filepath.Join(built.music, "wav/x.wav"))
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]bool{}
	for i := range n {
		path := filepath.Join(dir, "Artist", string(rune('A'+i/10)), string(rune('0'+i%10))+".wav")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		b := bytes.Clone(base)
		copy(b[len(b)-8:], []byte{byte(i), byte(i >> 8), 1, 2, 3, 4, 5, 6})
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		hashes[sum(t, path)] = true
	}
	return hashes
}

// TestDaemonKilled: a daemon killed with SIGKILL leaves a dead mount that umount
// clears, and the next one serves everything.
func TestDaemonKilled(t *testing.T) {
	d := newLocker(t, folder(t))
	d.run("import", built.music)
	d.mount()
	want := sums(t, d.mnt)
	d.kill()
	// Names the kernel may still have; nothing can be opened.
	for path := range want {
		if _, err := os.ReadFile(filepath.Join(d.mnt, path)); !errors.Is(err, syscall.ENOTCONN) {
			t.Fatalf("%s in the mount of a killed daemon: %v", path, err)
		}
	}
	d.run("umount", d.mnt)
	d.mount()
	if diff := cmp.Diff(want, sums(t, d.mnt)); diff != "" {
		t.Error(diff)
	}
	d.unmount()
}

// TestStoreAway: names stay, what is here plays on, what is not fails in bounded
// time, and all is well again when the store is back.
func TestStoreAway(t *testing.T) {
	need(t, "ffmpeg")
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	d := newLocker(t, at)
	long := noise(t, 1, 12) // more than a scan pack holds
	d.run("import", built.music, long)
	d.mount("--heads", "0")
	here, away := tracks[0], filepath.Join(d.mnt, "Merzbow/Noise/01 Part 1.flac")
	want := sum(t, filepath.Join(built.music, here.source))
	if got := sum(t, filepath.Join(d.mnt, here.path)); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	before, err := command(t, "find", d.mnt)
	if err != nil {
		t.Fatal(err)
	}
	d.unmount()
	g.Stop()
	d.mount("--heads", "0") // comes up without the store
	if after, err := command(t, "find", d.mnt); err != nil || before != after {
		t.Errorf("the tree without the store: %v\n%s", err, cmp.Diff(before, after))
	}
	if got := sum(t, filepath.Join(d.mnt, here.path)); got != want {
		t.Errorf("what is here gave %s, want %s", got, want)
	}
	start := time.Now()
	if out, err := command(t, "cat", away); err == nil || !strings.Contains(out, "Input/output error") {
		t.Errorf("what is not here gave %v, %.100s", err, out)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("what is not here failed after %v", took)
	}
	if out := d.run("status"); !strings.Contains(out, "offline") {
		t.Errorf("status without the store:\n%s", out)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "the mount to give what was away", func() bool {
		return exec.Command("cmp", away, filepath.Join(long, "1.flac")).Run() == nil
	})
	eventually(t, 15*time.Second, "status to say online", func() bool { return strings.Contains(d.run("status"), "online") })
	d.unmount()
}

// TestNewDeviceWithoutStore: a device that has never read the catalog must not show
// an empty locker.
func TestNewDeviceWithoutStore(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	newLocker(t, at).run("import", built.music)
	g.Stop()
	d := newDevice(t, at)
	d.mount()
	if out, err := command(t, "ls", d.mnt); err == nil || !strings.Contains(out, "Input/output error") {
		t.Errorf("an unread locker lists as %v, %q", err, out)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the tree to come", func() bool {
		out, err := command(t, "ls", d.mnt)
		return err == nil && strings.Contains(out, "Björk")
	})
	d.unmount()
}

// TestRebuild loses the catalog and publishes it again: from the device's index, and
// from the objects alone.
func TestRebuild(t *testing.T) {
	stores(t, func(t *testing.T, at place) {
		a := newLocker(t, at)
		a.run("import", built.music)
		for _, how := range []string{"index", "objects"} {
			if err := os.RemoveAll(filepath.Join(at.root, ".lockerfs")); err != nil {
				t.Fatal(err)
			}
			d := a
			if how == "objects" {
				d = newDevice(t, at)
			}
			out := d.run("rebuild")
			d.mount()
			if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
				t.Errorf("rebuilt from the %s:\n%s\nit said %s", how, diff, out)
			}
			d.unmount()
		}
	})
}
