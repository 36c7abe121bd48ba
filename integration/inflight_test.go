package integration

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/integration/link"
)

// onItsWay is what is done to a folder while the commit of what was done before is on its
// way: nobody knows yet whether the store has it.
type onItsWay struct {
	name                string
	before, then, after func(at func(name string) string) error
	want                map[string]string // contents by name
}

// written gives a deed that writes a file.
func written(name, content string) func(at func(string) string) error {
	return func(at func(string) string) error { return os.WriteFile(at(name), []byte(content), 0o644) }
}

// patched gives a deed that writes over the beginning of a file, without emptying it.
func patched(name, content string) func(at func(string) string) error {
	return func(at func(string) string) error {
		f, err := os.OpenFile(at(name), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(content)
		return errors.Join(err, f.Close())
	}
}

// movedTo gives a deed that renames.
func movedTo(from, to string, flags uint) func(at func(string) string) error {
	return func(at func(string) string) error { return renameat2(at(from), at(to), flags) }
}

func removedNow(name string) func(at func(string) string) error {
	return func(at func(string) string) error { return unix.Unlink(at(name)) }
}

func madeFolder(name string) func(at func(string) string) error {
	return func(at func(string) string) error { return os.Mkdir(at(name), 0o755) }
}

func chmodded(name string, mode os.FileMode) func(at func(string) string) error {
	return func(at func(string) string) error { return os.Chmod(at(name), mode) }
}

// inTurn gives a deed of several.
func inTurn(deeds ...func(at func(string) string) error) func(at func(string) string) error {
	return func(at func(string) string) error {
		for _, do := range deeds {
			if err := do(at); err != nil {
				return err
			}
		}
		return nil
	}
}

// onlyOpened gives a deed that opens a file for writing and writes nothing.
func onlyOpened(name string) func(at func(string) string) error {
	return func(at func(string) string) error {
		f, err := os.OpenFile(at(name), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, f)
		return errors.Join(err, f.Close())
	}
}

func deedsOnTheWay() []onItsWay {
	return []onItsWay{
		{"edit and edit", written("x", "one"), written("x", "two!"), patched("x", "new"), map[string]string{"x": "new!"}},
		{"edit and rewrite", written("x", "one"), written("x", "two!"), written("x", "third"), map[string]string{"x": "third"}},
		{"edit and open", written("x", "one"), written("x", "two"), onlyOpened("x"), map[string]string{"x": "two"}},
		{"edit and remove", written("x", "one"), written("x", "two"), removedNow("x"), map[string]string{}},
		{"edit and move", written("x", "one"), written("x", "two"), movedTo("x", "y", 0), map[string]string{"y": "two"}},
		{"create and edit", madeFolder("f"), written("x", "one"), patched("x", "two!"), map[string]string{"f": "/", "x": "two!"}},
		{"create and open", madeFolder("f"), written("x", "one"), onlyOpened("x"), map[string]string{"f": "/", "x": "one"}},
		{"create and remove", madeFolder("f"), written("x", "one"), removedNow("x"), map[string]string{"f": "/"}},
		{"create and move", madeFolder("f"), written("x", "one"), movedTo("x", "y", 0), map[string]string{"f": "/", "y": "one"}},
		{"create and create anew", madeFolder("f"), written("x", "one"), inTurn(removedNow("x"), written("x", "two")), map[string]string{"f": "/", "x": "two"}},
		{"move and move", written("x", "one"), movedTo("x", "y", 0), movedTo("y", "z", 0), map[string]string{"z": "one"}},
		{"move and move back", written("x", "one"), movedTo("x", "y", 0), movedTo("y", "x", 0), map[string]string{"x": "one"}},
		{"move a folder twice", madeFolder("f"), movedTo("f", "g", 0), movedTo("g", "h", 0), map[string]string{"h": "/"}},
		{"exchange and exchange", inTurn(written("x", "one"), written("y", "two")), movedTo("x", "y", exchange), movedTo("x", "y", exchange), map[string]string{"x": "one", "y": "two"}},
		{"replace and replace", written("x", "one"), inTurn(written("t", "two"), movedTo("t", "x", 0)), inTurn(written("t", "three"), movedTo("t", "x", 0)), map[string]string{"x": "three"}},
		{"replace and edit", written("x", "one"), inTurn(written("t", "two!"), movedTo("t", "x", 0)), patched("x", "new"), map[string]string{"x": "new!"}},
		{"replace and open", written("x", "one"), inTurn(written("t", "two"), movedTo("t", "x", 0)), onlyOpened("x"), map[string]string{"x": "two"}},
		{"replace and remove", written("x", "one"), inTurn(written("t", "two"), movedTo("t", "x", 0)), removedNow("x"), map[string]string{}},
		{"replace and move", written("x", "one"), inTurn(written("t", "two"), movedTo("t", "x", 0)), movedTo("x", "y", 0), map[string]string{"y": "two"}},
		{"remove and create", written("x", "one"), removedNow("x"), written("x", "two"), map[string]string{"x": "two"}},
		{"folder and its removal", written("x", "one"), madeFolder("f"), func(at func(string) string) error { return unix.Rmdir(at("f")) }, map[string]string{"x": "one"}},
		{"mode and mode", written("x", "one"), chmodded("x", 0o600), chmodded("x", 0o644), map[string]string{"x": "one"}},
	}
}

// TestChangesWhileACommitIsOnItsWay: what a program does while a commit is on its way comes
// after that commit, as it does for the program: it is no conflict with it, and nothing
// comes back or is lost.
func TestChangesWhileACommitIsOnItsWay(t *testing.T) {
	at, f := faulty(t)
	// The log is not asked for news meanwhile.
	at.env = append(at.env, "LOCKERFS_QUIET=50ms", "LOCKERFS_POLL=1h")
	d := newLocker(t, at)
	d.mount()
	for _, c := range deedsOnTheWay() {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(d.mnt, c.name)
			in := func(name string) string { return filepath.Join(folder, name) }
			if err := errors.Join(os.Mkdir(folder, 0o755), c.before(in)); err != nil {
				t.Fatal(err)
			}
			d.safe()
			struck := f.Struck()
			f.Add(link.Fault{On: func(r *http.Request) bool {
				return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/.lockerfs/log/")
			}, Times: 1, Do: late})
			if err := c.then(in); err != nil {
				t.Fatal(err)
			}
			eventually(t, 10*time.Second, "the commit to be on its way", func() bool { return f.Struck() > struck })
			err := c.after(in)
			now := heldIn(t, folder)
			if err != nil || cmp.Diff(c.want, now) != "" {
				t.Errorf("on its way: %v\n%s", err, cmp.Diff(c.want, now))
			}
			// What was only opened is given up again after a while.
			for end := time.Now().Add(4 * time.Second); strings.HasSuffix(c.name, "open") && time.Now().Before(end); {
				if diff := cmp.Diff(c.want, heldIn(t, folder)); diff != "" {
					t.Fatalf("a while later:\n%s", diff)
				}
			}
			f.Clear()
			d.safe()
			if diff := cmp.Diff(c.want, heldIn(t, folder)); diff != "" {
				t.Errorf("committed:\n%s", diff)
			}
			if info, err := os.Stat(in("x")); err == nil && info.Mode().Perm() != 0o644 {
				t.Errorf("its mode is %v", info.Mode())
			}
		})
	}
	if s := d.standing(); len(s.Waiting.Conflicts)+len(s.Waiting.Quarantined) > 0 {
		t.Errorf("a device alone has conflicts: %+v", s.Waiting)
	}
	d.unmount()
	d.mount()
	for _, c := range deedsOnTheWay() {
		if diff := cmp.Diff(c.want, heldIn(t, filepath.Join(d.mnt, c.name))); diff != "" {
			t.Errorf("%s, after a new mount:\n%s", c.name, diff)
		}
	}
	if s := d.standing(); len(s.Waiting.Quarantined) > 0 {
		t.Errorf("something was put aside: %+v", s.Waiting)
	}
	d.unmount()
}

// late has a request wait until faults are taken back.
func late(w http.ResponseWriter, r *http.Request, pass http.Handler, cleared <-chan struct{}) {
	select {
	case <-cleared:
	case <-r.Context().Done():
	}
	pass.ServeHTTP(w, r)
}

// heldIn gives what a folder holds, by name; of folders only that they are there.
func heldIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		switch {
		case errors.Is(err, syscall.EISDIR):
			all[e.Name()] = "/"
		case err != nil:
			t.Error(err)
		default:
			all[e.Name()] = string(b)
		}
	}
	return all
}
