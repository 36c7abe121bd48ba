package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keeper opens files in another process, one by a descriptor and one by a mapping, reads
// the first page of each, and goes on when it is told to.
const keeper = `
import sys, mmap, hashlib
kept = []
for p in sys.argv[1:]:
    f = open(p, "rb", buffering=0)
    f.read(4096)
    m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
    m[:4096]
    kept.append((p, f, m))
print("ready", flush=True)
sys.stdin.readline()
for p, f, m in kept:
    f.seek(0)
    print(hashlib.sha256(f.read()).hexdigest(), hashlib.sha256(m[:]).hexdigest(), hashlib.sha256(open(p, "rb").read()).hexdigest(), flush=True)
`

// retag gives files another title, in place.
const retag = `
import sys, mutagen
for p in sys.argv[1:]:
    f = mutagen.File(p)
    f["comment"] = "heard again, and found good " * 400
    f.save()
`

// uses tells how many handles of a file are open, and how many of them the kernel reads.
func (d *device) uses(file string) (handles, kernel int) {
	d.t.Helper()
	var i struct{ Open struct{ Handles, Kernel int } }
	if err := json.Unmarshal(d.answer("info", "--json", file), &i); err != nil {
		d.t.Fatal(err)
	}
	return i.Open.Handles, i.Open.Kernel
}

// TestNewVersionsBesideOpenHandles: handles that the kernel reads by itself, handles that
// lockerfs answers, and mappings keep what they opened when another device sends new
// versions; who opens a file anew gets the new one.
func TestNewVersionsBesideOpenHandles(t *testing.T) {
	need(t, "ffmpeg", "/usr/bin/python3")
	at := folder(t)
	source := noise(t, 3, 8)
	other := newLocker(t, at)
	other.run("import", source)
	d := newDevice(t, at)
	d.mount("--heads", "0")
	album := filepath.Join(d.mnt, "Merzbow/Noise")
	here, partly := filepath.Join(album, "01 Part 1.flac"), filepath.Join(album, "02 Part 2.flac")
	old := map[string]string{here: sum(t, here)}
	eventually(t, 20*time.Second, "the first track to be here", func() bool { return state(t, here) == "local" })
	dropPages(t, here)

	c := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", keeper, here, partly)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	said := bufio.NewScanner(out)
	if !said.Scan() || said.Text() != "ready" {
		t.Fatalf("the keeper said %q", said.Text())
	}
	if handles, kernel := d.uses(here); handles != 1 || kernel != 1 {
		t.Errorf("%d handles, %d of them read by the kernel; want one, and that", handles, kernel)
	}
	if handles, kernel := d.uses(partly); handles != 1 || kernel != 0 {
		t.Errorf("of what is not here: %d handles, %d read by the kernel", handles, kernel)
	}
	old[partly] = sum(t, filepath.Join(source, "2.flac"))

	if out, err := command(t, "/usr/bin/python3", "-c", retag, filepath.Join(source, "1.flac"), filepath.Join(source, "2.flac")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fresh := map[string]string{here: sum(t, filepath.Join(source, "1.flac")), partly: sum(t, filepath.Join(source, "2.flac"))}
	if said := other.run("import", source); !strings.Contains(said, "2 ") {
		t.Logf("the second import: %s", said)
	}
	for file, want := range fresh {
		eventually(t, 20*time.Second, "the new version of "+filepath.Base(file), func() bool { return sha(t, file) == want })
	}
	fmt.Fprintln(in, "go")
	for _, file := range []string{here, partly} {
		if !said.Scan() {
			t.Fatal("the keeper ended")
		}
		if want := strings.Join([]string{old[file], old[file], fresh[file]}, " "); said.Text() != want {
			t.Errorf("%s: by descriptor, by mapping, opened anew: got\n%s, want\n%s", filepath.Base(file), said.Text(), want)
		}
	}
	_, _ = io.Copy(io.Discard, out)
	c.Wait()
	d.unmount()
}

// sha is the SHA-256 that the mount tells of a file.
func sha(t *testing.T, file string) string {
	t.Helper()
	value := make([]byte, 64)
	n, err := unix.Getxattr(file, "user.lockerfs.sha256", value)
	if err != nil {
		t.Fatal(err)
	}
	return string(value[:n])
}

// dropPages has the kernel forget what it holds of a file.
func dropPages(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}
