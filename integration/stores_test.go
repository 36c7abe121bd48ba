package integration

import (
	"bytes"
	"errors"
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
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// Exit codes that stores earn.
const (
	exitOther  = 1
	exitDenied = 5
)

// notImplemented is what a store says to a condition that it does not know.
const notImplemented = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>`

// villain is an S3 server with one fault that it always has.
type villain struct {
	at   place
	good place // the same store without the fault
	gate *link.Faults
}

// newVillain gives a new bucket behind a proxy with faults.
func newVillain(t *testing.T, faults ...link.Fault) villain {
	t.Helper()
	g := remotetest.StartVersityGW(t)
	h := hammer{t: t, at: bucket(t, g)}
	at, gate := h.behind(strings.TrimPrefix(g.Endpoint, "http://"))
	at.env = append(at.env, hurry...)
	v := villain{at: at, good: h.at, gate: gate}
	for _, f := range faults {
		gate.Add(f)
	}
	return v
}

// createOnly strikes writes that must not find anything.
func createOnly(r *http.Request) bool {
	return r.Method == "PUT" && r.Header.Get("If-None-Match") != ""
}

// conditional strikes writes with a condition.
func conditional(r *http.Request) bool {
	return r.Method == "PUT" && (r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Match") != "")
}

// careless has the server write though there is an object: it takes it away first.
func careless(folder func() string) link.Deed {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler, _ <-chan struct{}) {
		if _, key, ok := strings.Cut(r.URL.Path, "/home/music/"); ok {
			os.Remove(filepath.Join(folder(), key))
		}
		pass.ServeHTTP(w, r)
	}
}

// says fails the test unless a command ends with a code and words.
func (d *device) says(code int, words string, args ...string) {
	d.t.Helper()
	out, err := d.try(args...)
	var exit interface{ ExitCode() int }
	if !errors.As(err, &exit) || exit.ExitCode() != code || !strings.Contains(out, words) || !strings.Contains(out, "next: ") {
		d.t.Errorf("lockerfs %s: %v, want code %d and %q\n%s", strings.Join(args, " "), err, code, words, out)
	}
}

// TestStoreWithoutConditions: one device works fully where conditional writes are ignored
// or refused, and another is refused with the reason.
func TestStoreWithoutConditions(t *testing.T) {
	var ignoring villain
	ignoring = newVillain(t, link.Fault{On: createOnly, Do: careless(func() string { return ignoring.at.root })})
	refusing := newVillain(t, link.Fault{On: conditional, Do: link.Answer(501, "application/xml", notImplemented)})
	for words, v := range map[string]villain{"(ignored)": ignoring, "(not implemented)": refusing} {
		d := newDevice(t, v.at)
		if out := d.run("init", v.at.url); !strings.Contains(out, "ONE DEVICE ONLY") || !strings.Contains(out, words) {
			t.Errorf("init says %s", out)
		}
		d.run("init", v.at.url) // it stays the one
		d.run("import", filepath.Join(built.music, "MP3s"))
		d.mount()
		if err := os.WriteFile(filepath.Join(d.mnt, "written.txt"), []byte("by the one"), 0o644); err != nil {
			t.Error(err)
		}
		if err := os.Rename(filepath.Join(d.mnt, "Björk"), filepath.Join(d.mnt, "Renamed")); err != nil {
			t.Error(err)
		}
		d.safe()
		want := sums(t, d.mnt)
		d.unmount()
		d.mount()
		if diff := cmp.Diff(want, sums(t, d.mnt)); len(want) != 4 || diff != "" {
			t.Errorf("after a new mount: %d files, %s", len(want), diff)
		}
		other := newDevice(t, v.at)
		other.says(exitOther, words, "init", v.at.url)
		other.mount() // without having joined
		other.mayOnlyRead(words)
		if diff := cmp.Diff(want, sums(t, other.mnt)); diff != "" {
			t.Errorf("another device reads (-want +got):\n%s", diff)
		}
		other.unmount()
		d.unmount()
	}
}

// mayOnlyRead looks whether a mount refuses all that changes it, at once, and keeps nothing.
func (d *device) mayOnlyRead(why string) {
	d.t.Helper()
	eventually(d.t, 10*time.Second, "the tree to come", func() bool {
		list, err := os.ReadDir(d.mnt)
		return err == nil && len(list) > 0
	})
	for what, err := range map[string]error{
		"write": os.WriteFile(d.mnt+"/new.txt", nil, 0o644), "mkdir": os.Mkdir(d.mnt+"/new", 0o755),
		"remove": os.RemoveAll(d.mnt), "setxattr": unix.Setxattr(d.mnt, "user.x", []byte("1"), 0),
	} {
		if !errors.Is(err, syscall.EROFS) {
			d.t.Errorf("%s: %v, want EROFS", what, err)
		}
	}
	if out := d.run("status"); !strings.Contains(out, "read-only: ") || !strings.Contains(out, why) || !strings.HasPrefix(out, "SAFE") {
		d.t.Errorf("status says %s", out)
	}
	if out := d.out.String(); strings.Count(out, "lockerfs: read-only: ")+strings.Count(out, "\nread-only: ") == 0 {
		d.t.Errorf("the daemon says %s", out)
	}
	for _, staged := range files(d.t, filepath.Join(d.dir, "state/staging")) {
		if info, err := os.Stat(staged); err != nil || info.Size() > 0 {
			d.t.Errorf("staged: %s, %v", staged, err)
		}
	}
}

// TestReadOnlyCredentials: who may read and not write mounts read-only, and as before once
// the rights are given.
func TestReadOnlyCredentials(t *testing.T) {
	v := newVillain(t)
	a := newLocker(t, v.good)
	a.run("import", built.music)
	mayWrite := func(r *http.Request) bool { return r.Method != "GET" && r.Method != "HEAD" }
	v.gate.Add(link.Fault{On: mayWrite, Do: link.Answer(403, "application/xml", denied)})
	d := newDevice(t, v.at)
	d.mount() // a device that the locker does not know yet
	d.mayOnlyRead("may read")
	if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
		t.Errorf("it reads (-want +got):\n%s", diff)
	}
	d.unmount()
	if out := d.run("init", v.at.url); !strings.Contains(out, "READ-ONLY") {
		t.Errorf("init says %s", out)
	}
	d.says(exitDenied, "not write", "import", built.music)
	d.mount()
	d.mayOnlyRead("may read")
	d.unmount()
	v.gate.Clear()
	d.mount()
	if err := os.WriteFile(filepath.Join(d.mnt, "new.txt"), []byte("at last"), 0o644); err != nil {
		t.Error(err)
	}
	d.safe()
	d.unmount()
	// Where there is no locker, none can be made.
	empty := newVillain(t, link.Fault{On: mayWrite, Do: link.Answer(403, "application/xml", denied)})
	newDevice(t, empty.at).says(exitDenied, "not write", "init", empty.at.url)
}

// TestStoreWithoutListing: credentials that may not list cannot tell a missing object from
// a forbidden one, and are told so.
func TestStoreWithoutListing(t *testing.T) {
	var v villain
	hidden := func(r *http.Request) bool {
		_, key, _ := strings.Cut(r.URL.Path, "/home/music/")
		_, err := os.Stat(filepath.Join(v.at.root, key))
		return r.URL.Query().Has("list-type") || (r.Method == "GET" || r.Method == "HEAD") && err != nil
	}
	v = newVillain(t, link.Fault{On: hidden, Do: link.Answer(403, "application/xml", denied)})
	d := newDevice(t, v.at)
	d.says(exitDenied, "may not list", "init", v.at.url)
	if list, err := os.ReadDir(v.at.root); err == nil && len(list) > 0 {
		t.Errorf("init left %v", list)
	}
	newLocker(t, v.good).run("import", filepath.Join(built.music, "MP3s"))
	d.says(exitDenied, "may not list", "init", v.at.url)
	d.says(exitDenied, "may not list", "mount", d.mnt)
}

// TestCopiedBucket: a copy of a bucket may have other ETags, of objects that were uploaded
// in parts above all. What is read is still verified, by its SHA-256.
func TestCopiedBucket(t *testing.T) {
	v := newVillain(t)
	d := newLocker(t, v.good)
	content := randomBytes(7, 20<<20)
	big := filepath.Join(t.TempDir(), "big.bin")
	if err := os.WriteFile(big, content, 0o644); err != nil {
		t.Fatal(err)
	}
	d.mount()
	if out, err := command(t, "cp", big, d.mnt); err != nil {
		t.Fatal(out)
	}
	d.safe()
	d.unmount()
	objects := files(t, filepath.Join(d.at.root, "Music"))
	if len(objects) != 1 {
		t.Fatalf("the store has %q", objects)
	}
	if err := unix.Setxattr(objects[0], "user.etag", []byte("\"0123456789abcdef0123456789abcdef\""), 0); err != nil {
		t.Fatal(err)
	}
	other := newDevice(t, v.good)
	other.mount("--heads", "0")
	eventually(t, 10*time.Second, "the tree to come", func() bool { return exists(other.mnt + "/big.bin") })
	if b, err := os.ReadFile(other.mnt + "/big.bin"); err != nil || !bytes.Equal(b, content) {
		t.Errorf("it reads %d bytes, %v\n%s", len(b), err, other.out)
	}
	other.unmount()
}
