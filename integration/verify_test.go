package integration

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// verified is what verify tells, as far as these tests look at it.
type verified struct {
	Objects, Read, Past, Packs, Checkpoint int64
	Faults                                 []struct{ Kind, Path, What string }
}

// verify looks at the whole locker, reading everything, and gives the kinds of fault by
// path; the exit code must fit.
func (d *device) verify() (v verified, kinds map[string]string) {
	d.t.Helper()
	c := d.command(d.t.Context(), "--json", "verify", "--data", "--again")
	out, err := c.Output()
	if jsonErr := json.Unmarshal(out, &v); jsonErr != nil {
		d.t.Fatalf("verify: %v, %v\n%s", jsonErr, err, out)
	}
	var exit *exec.ExitError
	if damaged := errors.As(err, &exit) && exit.ExitCode() == 16; damaged != (len(v.Faults) > 0) || err != nil && !damaged {
		d.t.Errorf("verify ended with %v and %d faults\n%s", err, len(v.Faults), out)
	}
	kinds = map[string]string{}
	for _, f := range v.Faults {
		kinds[f.Kind+" "+f.Path] += f.What + "\n"
	}
	return v, kinds
}

// objectOf gives the file in the bucket that holds a file of the locker.
func (d *device) objectOf(path string) string {
	d.t.Helper()
	var info struct{ Object struct{ Key string } }
	if err := json.Unmarshal(d.answer("--json", "info", path), &info); err != nil || info.Object.Key == "" {
		d.t.Fatalf("info of %s: %v", path, err)
	}
	return filepath.Join(d.at.root, info.Object.Key)
}

// TestVerifyFindsDamage harms a locker in every way at once, under its mount: verify names
// each, and what it says to do mends it.
func TestVerifyFindsDamage(t *testing.T) {
	at := bucket(t, remotetest.StartVersityGW(t))
	at.env = append(at.env, "LOCKERFS_QUIET=50ms")
	d := newLocker(t, at)
	d.run("import", built.music)
	d.run("rebuild", "--damaged") // writes a checkpoint
	d.mount("--heads", "0")
	if err := os.WriteFile(filepath.Join(d.mnt, "later.txt"), []byte("after the checkpoint"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.safe()
	want := sums(t, d.mnt)
	if v, kinds := d.verify(); len(kinds) > 0 || v.Checkpoint == 0 || v.Objects != int64(len(want)) || v.Packs == 0 || v.Read != v.Objects+v.Packs {
		t.Fatalf("a whole locker: %+v", v)
	}

	gone, short, flipped := tracks[0].path, tracks[2].path, tracks[7].path
	records := func(folder string) string { return filepath.Join(at.root, ".lockerfs", folder) }
	flippedObject := d.objectOf(flipped)
	for _, err := range []error{
		os.Remove(d.objectOf(gone)),
		os.Truncate(d.objectOf(short), 5000),
		flipBit(flippedObject, 20_000),
		os.Remove(files(t, records("log"))[0]),
		os.WriteFile(files(t, records("checkpoint/segment"))[0], []byte("rotten"), 0o644),
		os.Remove(files(t, records("scan"))[0]),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, kinds := d.verify()
	for fault, says := range map[string]string{
		"missing " + gone: "missing from the store", "size " + short: "has 5000 bytes, not ", "damaged " + flipped: "have the SHA-256 ",
		"checkpoint ": "is not whole", "pack ": "scan pack is missing",
	} {
		if !strings.Contains(kinds[fault], says) {
			t.Errorf("%s: it says %q, want %q", fault, kinds[fault], says)
		}
	}
	// The oldest commit of the log is older than what the catalog begins with now.
	if len(kinds) != 5 {
		t.Errorf("found %q", kinds)
	}
	if err := os.Remove(slices.Max(files(t, records("log")))); err != nil {
		t.Fatal(err)
	}
	if _, kinds := d.verify(); !strings.Contains(kinds["commit "], "is missing from the log") || len(kinds) != 6 {
		t.Errorf("found %q", kinds)
	}
	d.unmount()

	d.run("rebuild", "--damaged")
	if err := os.Remove(flippedObject); err != nil {
		t.Fatal(err)
	}
	d.run("import", built.music)
	if _, kinds := d.verify(); len(kinds) > 1 || kinds["pack "] == "" && len(kinds) > 0 {
		t.Errorf("left after all was mended: %q", kinds)
	}
	last := d.safe()
	other := newDevice(t, at)
	other.mount("--heads", "0")
	eventually(t, time.Minute, "the other device to be up to date", func() bool { return other.safe() == last })
	if diff := cmp.Diff(want, sums(t, other.mnt)); diff != "" {
		t.Error(diff)
	}
	other.unmount()
}

// flipBit changes a bit of a file, as a disk does: its size and its other bytes stay.
func flipBit(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	return err
}

// TestRebuildAfterUse renames, retags and deletes through a mount, and then the bucket loses
// all of .lockerfs/: the index brings back names, ids and the history; objects alone bring
// back the newest of each path, and it is said what they do not know.
func TestRebuildAfterUse(t *testing.T) {
	need(t, "metaflac")
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms")
	d := newLocker(t, at)
	d.run("import", built.music)
	imported := d.whatStands()
	d.mount("--heads", "0")
	in := func(path string) string { return filepath.Join(d.mnt, path) }
	retagged, deleted := "Sigur Rós/( )/01 Untitled #1.flac", "Field/Tapes/01 Rain.wav"
	if out, err := command(t, "metaflac", "--remove-tag=TITLE", "--set-tag=TITLE=Vaka", in(retagged)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := errors.Join(os.Rename(in("Björk"), in("Bjork")), os.RemoveAll(in("Field"))); err != nil {
		t.Fatal(err)
	}
	d.safe()
	stands, ids := sums(t, d.mnt), inodes(t, d.mnt)
	d.unmount()

	lose := func() {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(at.root, ".lockerfs")); err != nil {
			t.Fatal(err)
		}
	}
	lose()
	d.run("rebuild")
	d.mount("--heads", "0")
	if diff := cmp.Diff(stands, sums(t, d.mnt)); diff != "" {
		t.Errorf("from the index:\n%s", diff)
	}
	if diff := cmp.Diff(ids, inodes(t, d.mnt)); diff != "" {
		t.Errorf("ids from the index:\n%s", diff)
	}
	if said := d.run("history", deleted); !strings.Contains(said, "removed") {
		t.Errorf("the history has not come back:\n%s", said)
	}
	if said := d.run("history", retagged); !strings.Contains(said, "replaced") {
		t.Errorf("the history has not come back:\n%s", said)
	}
	d.run("restore", deleted)
	if got := sum(t, in(deleted)); got != imported[deleted] {
		t.Error("what was restored has other bytes")
	}
	if err := os.RemoveAll(in("Field")); err != nil {
		t.Fatal(err)
	}
	d.safe()
	if _, kinds := d.verify(); len(kinds) != 1 || kinds["pack "] == "" { // those were in .lockerfs/
		t.Errorf("after rebuilding: %q", kinds)
	}
	d.unmount()

	// Now no device is left. Retagged is what was uploaded last for its path.
	lose()
	b := newDevice(t, at)
	said := b.run("rebuild")
	for _, line := range []string{"from this device's objects: ", "1 object left out, a newer one has their path", "not known from objects: renames, deletions"} {
		if !strings.Contains(said, line) {
			t.Errorf("rebuild does not say %q:\n%s", line, said)
		}
	}
	want := maps.Clone(imported)
	want[retagged] = stands[retagged]
	b.mount("--heads", "0")
	if diff := cmp.Diff(want, sums(t, b.mnt)); diff != "" {
		t.Errorf("from objects:\n%s", diff)
	}
	if _, kinds := b.verify(); len(kinds) > 0 {
		t.Errorf("after rebuilding from objects: %q", kinds)
	}
	b.unmount()
}

// inodes gives the inode number of everything in a tree.
func inodes(t *testing.T, root string) map[string]uint64 {
	t.Helper()
	ids := map[string]uint64{}
	for _, path := range files(t, root) {
		for at := path; len(at) > len(root); at = filepath.Dir(at) {
			var st syscall.Stat_t
			if err := syscall.Lstat(at, &st); err != nil {
				t.Fatal(err)
			}
			ids[strings.TrimPrefix(at, root+"/")] = st.Ino
		}
	}
	return ids
}

// TestExport copies a locker out, beside its mount, and the disk it goes to is the locker
// again, bit by bit.
func TestExport(t *testing.T) {
	at := bucket(t, remotetest.StartVersityGW(t))
	d := newLocker(t, at)
	d.run("import", built.music)
	d.mount("--heads", "0")
	want := sums(t, d.mnt)
	out := filepath.Join(t.TempDir(), "out")
	d.run("export", out)
	got := sums(t, out)
	maps.DeleteFunc(got, func(path, _ string) bool { return strings.HasPrefix(path, ".lockerfs-export/") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for path := range want {
		in, inErr := os.Stat(filepath.Join(d.mnt, path))
		there, err := os.Stat(filepath.Join(out, path))
		if err := errors.Join(inErr, err); err != nil || !in.ModTime().Equal(there.ModTime()) || in.Mode() != there.Mode() {
			t.Errorf("%s: %v, %v", path, err, there)
		}
	}
	d.unmount()
	// What came out goes in: the locker has it all.
	if said := d.run("import", out); !strings.Contains(said, "imported: 0 files") {
		t.Errorf("importing what was exported:\n%s", said)
	}
}

// TestRebuildOfAdopted: what was adopted comes back by reference out of the index; objects
// alone do not tell of it, and it is said how it comes back.
func TestRebuildOfAdopted(t *testing.T) {
	for name, own := range map[string]bool{"beside our own": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			at := bucket(t, remotetest.StartVersityGW(t))
			newShop(t, at).shelve()
			d := newDevice(t, at)
			d.run("adopt", "--watch", "1h")
			if own {
				d.run("import", filepath.Join(built.music, "wav"))
			}
			want := d.whatStands()
			lose := func() {
				t.Helper()
				if err := os.RemoveAll(filepath.Join(at.root, ".lockerfs")); err != nil {
					t.Fatal(err)
				}
			}
			lose()
			d.run("rebuild")
			if diff := cmp.Diff(want, d.whatStands()); diff != "" {
				t.Errorf("from the index:\n%s", diff)
			}
			if _, kinds := d.verify(); len(kinds) > 1 || len(kinds) == 1 && kinds["pack "] == "" {
				t.Errorf("after rebuilding: %q", kinds)
			}
			lose()
			b := newDevice(t, at)
			if own {
				said := b.run("rebuild")
				if !strings.Contains(said, "left out, not written by lockerfs; lockerfs adopt takes them in again") {
					t.Errorf("it does not say what it left out:\n%s", said)
				}
			}
			b.run("adopt", "--watch", "1h")
			if diff := cmp.Diff(want, b.whatStands()); diff != "" {
				t.Errorf("adopted again:\n%s", diff)
			}
		})
	}
}
