package integration

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEditOverALostBase edits a file of which only the beginning is here and whose object has
// gone from the store: the edit is kept, shown and read, across mounts; and when the object
// is back, the file is whole.
func TestEditOverALostBase(t *testing.T) {
	const at, page = 8 << 20, 4096
	store, _ := faulty(t)
	store.env = append(store.env, "LOCKERFS_QUIET=500ms", "LOCKERFS_DRAIN=1s")
	content := randomBytes(9, 16<<20)
	first := newLocker(t, store)
	first.mount()
	if err := os.WriteFile(filepath.Join(first.mnt, "set.bin"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	first.safe()
	first.unmount()

	d := newDevice(t, store)
	d.mount("--heads", "0")
	path := filepath.Join(d.mnt, "set.bin")
	if b := readPiece(t, path, 0, page); !bytes.Equal(b, content[:page]) {
		t.Fatal("the beginning reads wrong")
	}
	object := files(t, filepath.Join(store.root, "Music"))[0]
	aside := filepath.Join(filepath.Dir(store.root), "aside")
	if err := os.Rename(object, aside); err != nil {
		t.Fatal(err)
	}
	edit := randomBytes(10, 2*page)
	copy(content[at:], edit)
	copy(content[10:], "few bytes")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, errAt := f.WriteAt(edit, at)
	_, errFew := f.WriteAt([]byte("few bytes"), 10)
	if err := errors.Join(errAt, errFew, f.Close()); err != nil {
		t.Fatal(err)
	}
	d.parkedEdit("set.bin", content)
	d.unmount()
	d.mount("--heads", "0")
	d.parkedEdit("set.bin", content)
	if err := os.Rename(aside, object); err != nil {
		t.Fatal(err)
	}
	d.run("sync", "--wait")
	first.mount("--heads", "0")
	settled(t, d, first)
	for _, x := range []*device{d, first} {
		if got, err := os.ReadFile(filepath.Join(x.mnt, "set.bin")); err != nil || !bytes.Equal(got, content) {
			t.Errorf("on %s: %v, %d bytes, the first wrong one at %d", x.mnt, err, len(got), differs(got, content))
		}
	}
	first.unmount()
	d.unmount()
}

// parkedEdit looks whether an edit of which the base is lost in the middle is shown as that,
// and can be read where it was made.
func (d *device) parkedEdit(name string, content []byte) {
	d.t.Helper()
	eventually(d.t, 30*time.Second, "the edit to be shown as failed", func() bool {
		w := d.standing().Waiting
		return len(w.Failed) == 1 && w.Failed[0].Path == name
	})
	if w := d.standing().Waiting; !strings.Contains(w.Failed[0].What, "gone from the store") || len(w.Quarantined) > 0 {
		d.t.Errorf("%+v", w)
	}
	if got := d.verdict(); !strings.HasPrefix(got, "NOT YET SAFE") || !strings.Contains(got, "1 file") {
		d.t.Errorf("status says %s", got)
	}
	path := filepath.Join(d.mnt, name)
	for _, off := range []int64{0, 8 << 20} {
		if got := readPiece(d.t, path, off, 4096); !bytes.Equal(got, content[off:off+4096]) {
			d.t.Errorf("at %d it reads wrong", off)
		}
	}
	if _, err := command(d.t, "tail", "-c", "4096", path); err == nil {
		d.t.Error("what is gone from the store was read")
	}
	if info, err := os.Stat(path); err != nil || info.Size() != int64(len(content)) {
		d.t.Errorf("%v, %v", info, err)
	}
}

// readPiece reads n bytes of a file.
func readPiece(t *testing.T, path string, off int64, n int) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, n)
	if _, err := f.ReadAt(b, off); err != nil {
		t.Errorf("%s at %d: %v", path, off, err)
	}
	return b
}

// TestCopyOfALostObject: what the locker holds is not uploaded again, unless the store has
// lost it; then a copy that is brought in mends the locker.
func TestCopyOfALostObject(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms")
	d := newLocker(t, at)
	d.mount()
	content := randomBytes(11, 300_000)
	bring := func(name string) (objects []string) {
		if err := os.WriteFile(filepath.Join(d.mnt, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		d.safe()
		return files(t, filepath.Join(at.root, "Music"))
	}
	bring("first.bin")
	objects := bring("second.bin")
	if len(objects) != 1 {
		t.Errorf("one content is stored as %q", objects)
	}
	if err := os.Remove(objects[0]); err != nil {
		t.Fatal(err)
	}
	bring("third.bin")
	bring("first.bin")
	b := newDevice(t, at)
	b.mount("--heads", "0")
	settled(t, d, b)
	for _, name := range []string{"first.bin", "third.bin"} {
		if got, err := os.ReadFile(filepath.Join(b.mnt, name)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s on another device: %d bytes, %v", name, len(got), err)
		}
	}
	b.unmount()
	d.unmount()
}

// TestStoreUnplugged: a store that is a folder, on a disk that is not plugged in for a while,
// gets what was written meanwhile by itself.
func TestStoreUnplugged(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms")
	d := newLocker(t, at)
	d.mount()
	if err := os.WriteFile(filepath.Join(d.mnt, "before"), []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.safe()
	if err := os.Rename(at.root, at.root+".unplugged"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(d.mnt, "new"), []byte("two"), 0o644), os.WriteFile(filepath.Join(d.mnt, "before"), []byte("three"), 0o644)); err != nil {
		t.Fatal(err)
	}
	want := sums(t, d.mnt)
	eventually(t, 20*time.Second, "both to be shown as failed", func() bool { return len(d.standing().Waiting.Failed) == 2 })
	if err := os.Rename(at.root+".unplugged", at.root); err != nil {
		t.Fatal(err)
	}
	d.safe()
	if diff := cmp.Diff(want, sums(t, d.mnt)); diff != "" {
		t.Error(diff)
	}
	d.same(want)
	d.unmount()
}
