package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
)

// listening is a player that plays a file in real time.
type listening struct {
	t    *testing.T
	c    *exec.Cmd
	said bytes.Buffer
}

// play begins to play the first seconds of a file.
func play(t *testing.T, file, seconds string) *listening {
	t.Helper()
	p := &listening{t: t, c: exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-re", "-i", file, "-t", seconds, "-f", "null", "-")}
	p.c.Stdout, p.c.Stderr = &p.said, &p.said
	if err := p.c.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// heard waits for the end, which must have come without a complaint.
func (p *listening) heard() {
	p.t.Helper()
	if err := p.c.Wait(); err != nil || p.said.Len() > 0 {
		p.t.Errorf("the player: %v\n%s", err, p.said.String())
	}
}

// desk is a mount on a thin link, with an album of its own to be brought there.
type desk struct {
	*device
	album string            // on this machine
	want  map[string]string // the hash of each of its files, by name
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	w := newWire(t, link.Options{RTT: 10 * time.Millisecond, Up: 3 << 20, Down: 3 << 20})
	w.at.env = append(w.at.env, "LOCKERFS_QUIET=500ms")
	newLocker(t, w.at).run("import", noise(t, 1, 15))
	d := &desk{device: newDevice(t, w.at), album: filepath.Join(t.TempDir(), "New")}
	for i, name := range []string{"1.wav", "2.wav", "3.wav", "4.wav", "5.wav", "6.wav"} {
		randomWAV(t, filepath.Join(d.album, name), byte(100+i))
	}
	d.want = sums(t, d.album)
	d.mount("--heads", "0")
	return d
}

// uploads counts the objects of the album's files.
func (d *desk) uploads() (n int) {
	d.t.Helper()
	for _, file := range files(d.t, filepath.Join(d.at.root, "Music")) {
		if strings.HasSuffix(file, ".wav") {
			n++
		}
	}
	return n
}

// shows looks whether a folder has the files of the album but those named.
func (d *desk) shows(folder string, but ...string) {
	d.t.Helper()
	want := map[string]string{}
	for name, hash := range d.want {
		want[name] = hash
	}
	for _, name := range but {
		delete(want, name)
	}
	if diff := cmp.Diff(want, sums(d.t, folder)); diff != "" {
		d.t.Errorf("%s (-want +got):\n%s", folder, diff)
	}
}

// bin is the folder of the trash of who runs the tests.
func bin() string { return fmt.Sprintf(".Trash-%d", os.Getuid()) }

// trash puts a file of the mount into its trash, as a desktop does, and gives where it is.
func (d *desk) trash(path string) string {
	d.t.Helper()
	if out, err := command(d.t, "env", "HOME="+d.dir, "gio", "trash", path); err != nil {
		d.t.Fatalf("gio trash: %v\n%s", err, out)
	}
	in := filepath.Join(d.mnt, bin(), "files", filepath.Base(path))
	if exists(path) || !exists(in) || !exists(filepath.Join(d.mnt, bin(), "info", filepath.Base(path)+".trashinfo")) {
		d.t.Fatalf("%s is not in the trash", path)
	}
	return in
}

// restore takes a file out of the trash.
func (d *desk) restore(in, to string) {
	d.t.Helper()
	if err := errors.Join(os.Rename(in, to), os.Remove(filepath.Join(d.mnt, bin(), "info", filepath.Base(in)+".trashinfo"))); err != nil {
		d.t.Fatal(err)
	}
}

// TestAlbumOnTheDesktop drags an album in, renames its folder while it is uploaded, deletes a
// file of it and has others in the trash and out again, while a player plays from the mount
// over the same thin link.
func TestAlbumOnTheDesktop(t *testing.T) {
	need(t, "ffmpeg", "gio")
	d := newDesk(t)
	b := newDevice(t, d.at)
	b.mount("--heads", "0")
	player := play(t, filepath.Join(d.mnt, "Merzbow/Noise/01 Part 1.flac"), "12")
	dragged := filepath.Join(d.mnt, "New")
	if out, err := command(t, "cp", "-r", d.album, dragged); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.shows(dragged)
	eventually(t, 30*time.Second, "the upload to begin", func() bool { return d.uploads() > 0 })
	folder := filepath.Join(d.mnt, "Artist", "New album")
	if err := errors.Join(os.Mkdir(filepath.Dir(folder), 0o755), os.Rename(dragged, folder), os.Remove(filepath.Join(folder, "2.wav"))); err != nil {
		t.Fatal(err)
	}
	in := d.trash(filepath.Join(folder, "3.wav"))
	d.shows(folder, "2.wav", "3.wav")
	d.restore(in, filepath.Join(folder, "3.wav"))
	d.shows(folder, "2.wav")
	settled(t, d.device, b)
	if n := d.uploads(); n > len(d.want) {
		t.Errorf("%d files were uploaded as %d objects", len(d.want), n)
	}
	before := d.uploads()

	away := d.trash(filepath.Join(folder, "4.wav"))
	settled(t, d.device, b)
	there := filepath.Join(b.mnt, "Artist/New album")
	d.shows(there, "2.wav", "4.wav")
	if exists(filepath.Join(b.mnt, bin())) {
		t.Error("another device sees this one's trash")
	}
	if got := sum(t, away); got != d.want["4.wav"] {
		t.Errorf("in the trash it is %s", got)
	}
	d.restore(away, filepath.Join(folder, "4.wav"))
	settled(t, d.device, b)
	for _, folder := range []string{folder, there} {
		d.shows(folder, "2.wav")
	}
	if n := d.uploads(); n > before {
		t.Errorf("what came out of the trash was uploaded: %d objects more", n-before)
	}
	player.heard()
	if list := files(t, b.mnt); len(list) != len(d.want) {
		t.Errorf("the other device has %q", list)
	}
	b.unmount()
	d.unmount()
}
