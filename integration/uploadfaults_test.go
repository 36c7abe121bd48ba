package integration

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
)

// uploadMemory is what a daemon that uploads may take, in bytes.
const uploadMemory = 256 << 20

// denied is what a store says to a key that may not write.
const denied = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`

// cutBody ends the connection after n bytes of the request's body.
func cutBody(n int64) link.Deed {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler, _ <-chan struct{}) {
		_, _ = io.CopyN(io.Discard, r.Body, n)
		panic(http.ErrAbortHandler)
	}
}

// stallBody takes n bytes of the request's body, and no more until the client goes or the
// fault is taken back; then the connection ends.
func stallBody(n int64) link.Deed {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler, cleared <-chan struct{}) {
		_, _ = io.CopyN(io.Discard, r.Body, n)
		select {
		case <-r.Context().Done():
		case <-cleared:
		}
		panic(http.ErrAbortHandler)
	}
}

// sending strikes requests of a method with a part in their path or query.
func sending(method, part string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == method && strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, part)
	}
}

// randomBytes gives n random bytes, other for each seed.
func randomBytes(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed, 1}).Read(b)
	return b
}

// verdict is the first line that status says to people.
func (d *device) verdict() string {
	d.t.Helper()
	line, _, _ := strings.Cut(string(d.answer("status")), "\n")
	return line
}

// same looks whether a new device reads what is wanted, each path once, and nobody has
// anything to tell.
func (d *device) same(want map[string]string) {
	d.t.Helper()
	b := newDevice(d.t, d.at)
	b.mount("--heads", "0")
	settled(d.t, d, b)
	for _, x := range []*device{d, b} {
		if diff := cmp.Diff(want, sums(d.t, x.mnt)); diff != "" {
			d.t.Errorf("%s (-want +got):\n%s", x.mnt, diff)
		}
		if w := x.standing().Waiting; w.Files+len(w.Failed)+len(w.Conflicts)+len(w.Quarantined) > 0 || w.Commit != "" {
			d.t.Errorf("%+v", w)
		}
	}
	b.unmount()
}

// TestFaultsWhileUploading has the way to the store misbehave while it gets what was written
// through the mount, new files and edited ones: the rest goes its way meanwhile, status tells
// what is not safe, and in the end everything is there once.
func TestFaultsWhileUploading(t *testing.T) {
	at, f := faulty(t)
	at.env = append(at.env, "LOCKERFS_QUIET=500ms")
	d := newLocker(t, at)
	faults := map[string][]link.Fault{
		"cut":     {{On: sending("PUT", "/Music/cut/"), Times: 3, Do: cutBody(100_001)}},
		"busy":    {{On: sending("PUT", "/Music/busy/"), Times: 4, Do: link.Answer(503, "application/xml", slowDown)}},
		"stalled": {{On: sending("PUT", "/Music/stalled/"), Times: 1, Do: stallBody(50_001)}},
		"lost":    {{On: sending("PUT", "/Music/lost/"), Times: 2, Do: link.Lose()}},
		"parts": {{On: sending("PUT", "partNumber=2"), Times: 1, Do: cutBody(1 << 20)}, {On: sending("PUT", "partNumber=1"), Times: 1, Do: link.Lose()},
			{On: sending("POST", "uploadId="), Times: 1, Do: link.Lose()}},
		// These two stay until they are taken back.
		"storm":  {{On: sending("PUT", "/Music/storm/"), Do: link.Answer(503, "application/xml", slowDown)}},
		"denied": {{On: sending("PUT", "/Music/denied/"), Do: link.Answer(403, "application/xml", denied)}},
	}
	d.mount("--heads", "0")
	i := byte(0)
	for name := range faults { // what will be edited
		i++
		if err := errors.Join(os.Mkdir(filepath.Join(d.mnt, name), 0o755), os.WriteFile(filepath.Join(d.mnt, name, "old.bin"), randomBytes(i, 200_000), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	d.safe()
	for name, list := range faults {
		for _, fault := range list {
			f.Add(fault)
		}
		i++
		size := 200_000
		if name == "parts" {
			size = 20 << 20
		}
		in := func(file string) string { return filepath.Join(d.mnt, name, file) }
		if err := errors.Join(os.WriteFile(in("new.bin"), randomBytes(i, size), 0o644), patched("old.bin", name)(in)); err != nil {
			t.Fatal(err)
		}
	}
	f.Add(link.Fault{On: sending("PUT", "/.lockerfs/log/"), Times: 2, Do: link.Lose()})
	if got := d.verdict(); !strings.HasPrefix(got, "NOT YET SAFE") {
		t.Errorf("what was just written: %s", got)
	}
	want := sums(t, d.mnt)
	eventually(t, 90*time.Second, "all but two folders to pass", func() bool {
		w := d.standing().Waiting
		return f.Left() == 0 && w.Files == 4 && len(w.Failed) == 4
	})
	for _, x := range d.standing().Waiting.Failed {
		if !strings.HasPrefix(x.Path, "storm/") && !strings.HasPrefix(x.Path, "denied/") || x.What == "" {
			t.Errorf("failed: %+v", x)
		}
	}
	if got := d.verdict(); !strings.HasPrefix(got, "NOT YET SAFE") || !strings.Contains(got, "4 files") {
		t.Errorf("meanwhile: %s", got)
	}
	if out, err := d.try("sync"); err == nil {
		t.Errorf("sync meanwhile said %s", out)
	}
	f.Clear()
	d.run("sync", "--wait")
	if got := d.verdict(); !strings.HasPrefix(got, "SAFE") {
		t.Errorf("afterwards: %s", got)
	}
	if peak := d.peak(); peak > uploadMemory {
		t.Errorf("the daemon took %d MiB", peak>>20)
	}
	d.same(want)
	d.unmount()
}

// TestManyFilesWhileTheStoreIsAway drops 300 files in at once while the store is away, and has
// it go again while they are uploaded: all are there once, in few commits.
func TestManyFilesWhileTheStoreIsAway(t *testing.T) {
	const folders, each = 10, 30
	at, f := faulty(t)
	at.env = append(at.env, "LOCKERFS_QUIET=500ms")
	d := newLocker(t, at)
	d.mount("--heads", "0")
	if _, err := os.ReadDir(d.mnt); err != nil { // once the catalog has been read
		t.Fatal(err)
	}
	f.Down(true)
	for i := range folders {
		dir := filepath.Join(d.mnt, fmt.Sprintf("Folder %d", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for j := range each {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.txt", j)), fmt.Appendf(nil, "%d in %d", j, i), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	name := func(path string) string { return filepath.Join(d.mnt, path) }
	if err := errors.Join(os.Rename(name("Folder 3"), name("Moved")), os.Remove(name("Folder 4/07.txt")), os.RemoveAll(name("Folder 5"))); err != nil {
		t.Fatal(err)
	}
	want := sums(t, d.mnt)
	if len(want) != (folders-1)*each-1 {
		t.Fatalf("there are %d files", len(want))
	}
	if got := d.verdict(); !strings.HasPrefix(got, "NOT YET SAFE") || !strings.Contains(got, fmt.Sprintf("%d files", len(want))) {
		t.Errorf("without the store: %s", got)
	}
	if out, err := d.try("sync"); err == nil || !strings.Contains(out, "nothing is lost") {
		t.Errorf("sync without the store: %v\n%s", err, out)
	}
	music := filepath.Join(at.root, "Music")
	f.Down(false)
	eventually(t, 60*time.Second, "some files to be uploaded", func() bool { return exists(music) && len(files(t, music)) >= 20 })
	f.Down(true)
	if diff := cmp.Diff(want, sums(t, d.mnt)); diff != "" {
		t.Errorf("when the store has gone again (-want +got):\n%s", diff)
	}
	f.Down(false)
	d.run("sync", "--wait")
	if n := len(files(t, filepath.Join(at.root, ".lockerfs/log"))); n > 60 {
		t.Errorf("%d files took %d commits", len(want), n)
	}
	if peak := d.peak(); peak > uploadMemory {
		t.Errorf("the daemon took %d MiB", peak>>20)
	}
	d.same(want)
	d.unmount()
}
