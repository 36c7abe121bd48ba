package integration

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestAnotherDeviceChangesAnOpenFile: what is written to a file that was opened before
// another device changed or removed it is kept beside what the other made of it.
func TestAnotherDeviceChangesAnOpenFile(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms", "LOCKERFS_POLL=50ms")
	a, b := newLocker(t, at), newDevice(t, at)
	a.mount()
	b.mount()
	for name, c := range map[string]struct {
		other func(path string) error
		want  []string
	}{
		"changed": {func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o644) }, []string{"mine", "theirs"}},
		"removed": {os.Remove, []string{"mine"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(a.mnt, name), []byte("once"), 0o644); err != nil {
				t.Fatal(err)
			}
			settled(t, a, b)
			eventually(t, 5*time.Second, "the file to show", func() bool { _, err := os.Stat(filepath.Join(b.mnt, name)); return err == nil })
			f, err := os.OpenFile(filepath.Join(b.mnt, name), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.other(filepath.Join(a.mnt, name)); err != nil {
				t.Fatal(err)
			}
			settled(t, a, b)
			_, err = f.WriteString("mine")
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			settled(t, a, b)
			for _, d := range []*device{a, b} {
				eventually(t, 5*time.Second, "both contents to be there", func() bool {
					var got []string
					for at, content := range heldIn(t, d.mnt) {
						if len(at) >= len(name) && at[:len(name)] == name {
							got = append(got, content)
						}
					}
					slices.Sort(got)
					return slices.Equal(got, c.want)
				})
			}
		})
	}
	a.unmount()
	b.unmount()
}

// TestCutByNameIsUploaded: a file that was written, made safe, and cut shorter by its name,
// with nobody having it open, comes into the store.
func TestCutByNameIsUploaded(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=300ms")
	d := newLocker(t, at)
	d.mount()
	path := filepath.Join(d.mnt, "cut")
	if err := errors.Join(os.WriteFile(path, make([]byte, 100_000), 0o644), os.Truncate(path, 70_000)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the file to be in the store", func() bool { return d.standing().Safe })
	if info, err := os.Stat(path); err != nil || info.Size() != 70_000 {
		t.Errorf("%v, %v", info, err)
	}
	d.unmount()
}
