package integration

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// pinned is what lockerfs pins answers.
type pinned struct {
	Pins []struct {
		Path, State string
		Tracks      int
		Bytes       int64
	}
	Total struct {
		HereBytes int64 `json:"here_bytes"`
		Bytes     int64
		Fetched   int64
		Damaged   int64
		Complete  bool
	}
	Checked, Damaged int
}

func (d *device) pins(args ...string) (p pinned) {
	d.t.Helper()
	if err := json.Unmarshal(d.answer(append([]string{"pins", "--json"}, args...)...), &p); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// tracksPinned tells how many tracks a complete pin has; -1 while it is not complete.
func (d *device) tracksPinned(path string) int {
	d.t.Helper()
	for _, p := range d.pins().Pins {
		if p.Path == path && p.State == "complete" {
			return p.Tracks
		}
	}
	return -1
}

// TestPinnedWithoutStore: albums and a playlist that are pinned play without the store,
// after a restart and without the cache; so does what other devices added to them, and what
// was renamed.
func TestPinnedWithoutStore(t *testing.T) {
	need(t, "mpv", "ffmpeg")
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	at.env = append(at.env, "LOCKERFS_QUIET=100ms")
	first := newLocker(t, at)
	long := noise(t, 2, 12) // more than a scan pack holds
	first.run("import", built.music, long)
	d := newDevice(t, at)
	d.mount("--heads", "0")
	list := filepath.Join(d.mnt, "Lists/run.m3u8")
	if err := os.Mkdir(filepath.Dir(list), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "#EXTM3U\n../宇多田ヒカル/First Love/01 Automatic.m4a\n" + d.mnt + "/Merzbow/Noise/01 Part 1.flac\nhttp://radio.example/stream\n"
	if err := os.WriteFile(list, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out := d.run("pin", filepath.Join(d.mnt, "Björk/Homogenic"), "/Pink Floyd/The Wall", list)
	for _, want := range []string{"pinned /Björk/Homogenic: 3 files, ", "pinned /Pink Floyd/The Wall: 2 tracks, ", "pinned /Lists/run.m3u8: 3 files, "} {
		if !strings.Contains(out, want) || strings.Count(out, ", complete\n") != 3 {
			t.Fatalf("pin says\n%s", out)
		}
	}
	// Another device adds a track; the folder is renamed here.
	more := filepath.Join(t.TempDir(), "more.flac")
	if err := ffmpeg("-f", "lavfi", "-i", "sine=frequency=99:duration=3", "-metadata", "artist=Björk", "-metadata", "album=Homogenic",
		"-metadata", "title=Unravel", "-metadata", "track=3", more); err != nil {
		t.Fatal(err)
	}
	first.run("import", more)
	eventually(t, 30*time.Second, "the new track to be pinned", func() bool { return d.tracksPinned("Björk/Homogenic") == 3 })
	if err := os.Rename(filepath.Join(d.mnt, "Björk/Homogenic"), filepath.Join(d.mnt, "Homogenic (1997)")); err != nil {
		t.Fatal(err)
	}
	d.run("sync", "--wait")
	eventually(t, 30*time.Second, "the pin to follow", func() bool { return d.tracksPinned("Homogenic (1997)") == 3 })
	before, err := command(t, "find", d.mnt)
	if err != nil {
		t.Fatal(err)
	}
	d.unmount()

	g.Stop()
	if err := os.RemoveAll(d.dir + "/cache"); err != nil {
		t.Fatal(err)
	}
	d.mount("--heads", "0")
	if after, err := command(t, "find", d.mnt); err != nil || before != after {
		t.Errorf("the tree without the store: %v\n%s", err, cmp.Diff(before, after))
	}
	want := map[string]string{
		"Homogenic (1997)/01 Hunter.mp3": "MP3s/a.mp3", "Homogenic (1997)/02 Jóga.mp3": "MP3s/b.mp3", "Homogenic (1997)/cover.jpg": "MP3s/cover.jpg",
		"Pink Floyd/The Wall/1-01 In the Flesh_.flac": "Wall/CD1/1.flac", "Pink Floyd/The Wall/2-01 Hey You.flac": "Wall/CD2/1.flac",
		"宇多田ヒカル/First Love/01 Automatic.m4a": "m4a/x.m4a",
	}
	sources := map[string]string{"Homogenic (1997)/03 Unravel.flac": more, "Merzbow/Noise/01 Part 1.flac": filepath.Join(long, "1.flac")}
	for path, source := range want {
		sources[path] = filepath.Join(built.music, source)
	}
	for path, source := range sources {
		here := filepath.Join(d.mnt, path)
		if got := state(t, here); got != "pinned" {
			t.Errorf("%s is %s", path, got)
		}
		if got, want := sum(t, here), sum(t, source); got != want {
			t.Errorf("%s reads otherwise", path)
		}
		if filepath.Ext(path) != ".jpg" && audio(t, here) != audio(t, source) {
			t.Errorf("%s plays otherwise", path)
		}
	}
	played, err := command(t, "mpv", "--no-config", "--ao=null", "--no-video", "--untimed", "--msg-level=all=error", filepath.Join(d.mnt, "Pink Floyd/The Wall"), filepath.Join(d.mnt, "Homogenic (1997)/03 Unravel.flac"))
	if err != nil || strings.TrimSpace(played) != "" {
		t.Errorf("mpv plays a pinned album: %v\n%s", err, played)
	}
	if _, err := os.ReadFile(filepath.Join(d.mnt, "Merzbow/Noise/02 Part 2.flac")); err == nil {
		t.Error("what is not pinned was here: the test shows nothing")
	}
	if text := d.run("status"); !strings.Contains(text, "\npinned 2 albums, 1 playlist, ") || !strings.Contains(text, ", complete\n") {
		t.Errorf("status says\n%s", text)
	}
	if p := d.pins("--check"); p.Checked != len(sources)+1 || p.Damaged != 0 {
		t.Errorf("the check read %d files, %d damaged; want %d, 0", p.Checked, p.Damaged, len(sources)+1)
	}
	d.unmount()
}

// TestPinKilled: a pin that kill -9 meets goes on where it was, by itself.
func TestPinKilled(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{})
	long := noise(t, 3, 20)
	newLocker(t, w.at).run("import", long)
	w.link.SetRates(0, 3<<20)
	d := newDevice(t, w.at)
	d.mount("--heads", "0")
	d.run("pin", "--no-wait", "Merzbow")
	eventually(t, 30*time.Second, "half of it", func() bool { p := d.pins().Total; return p.HereBytes > p.Bytes/2 })
	d.kill()
	unix.Unmount(d.mnt, unix.MNT_DETACH)
	w.link.SetRates(0, 0)
	d.mount("--heads", "0")
	eventually(t, 30*time.Second, "all of it", func() bool { return d.tracksPinned("Merzbow") == 3 })
	// A piece of each that was on its way comes again.
	if p := d.pins().Total; p.Fetched > p.Bytes/2+4<<20 {
		t.Errorf("%d of %d bytes were fetched after half was here", p.Fetched, p.Bytes)
	}
	before := w.requests()
	for i, path := range []string{"01 Part 1.flac", "02 Part 2.flac", "03 Part 3.flac"} {
		if sum(t, filepath.Join(d.mnt, "Merzbow/Noise", path)) != sum(t, filepath.Join(long, string(rune('1'+i))+".flac")) {
			t.Errorf("%s reads otherwise", path)
		}
	}
	if n := w.requests() - before; n != 0 {
		t.Errorf("reading what is pinned made %d requests", n)
	}
	d.unmount()
}

// TestPinnedAndWritten: what is written or edited under a pin stays here without being
// fetched, and what is let go while it is being read is read to the end.
func TestPinnedAndWritten(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{})
	w.at.env = append(w.at.env, "LOCKERFS_QUIET=100ms")
	long := noise(t, 2, 6)
	d := newLocker(t, w.at)
	d.run("import", long)
	d.mount("--heads", "0")
	album := filepath.Join(d.mnt, "Merzbow/Noise")
	if err := unix.Setxattr(album, "user.lockerfs.pin", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "it", func() bool { return d.tracksPinned("Merzbow/Noise") == 2 })
	before := w.requests()
	one, copied := filepath.Join(album, "01 Part 1.flac"), filepath.Join(album, "03 Copy.wav")
	randomWAV(t, copied, 7)
	edit, err := os.OpenFile(one, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := edit.WriteAt([]byte("edited in place"), 1000); err != nil {
		t.Fatal(err)
	}
	if err := edit.Close(); err != nil {
		t.Fatal(err)
	}
	want := sums(t, album)
	d.run("sync", "--wait")
	eventually(t, 30*time.Second, "both to be pinned", func() bool {
		return d.tracksPinned("Merzbow/Noise") == 3 && state(t, one) == "pinned" && state(t, copied) == "pinned"
	})
	if n := w.requests() - before; n != 0 {
		t.Errorf("what was written here was fetched, in %d requests", n)
	}
	if diff := cmp.Diff(want, sums(t, album)); diff != "" {
		t.Error(diff)
	}
	open, err := os.Open(one)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Passthrough struct {
			Off  string
			Open int
		}
	}
	if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
		t.Fatal(err)
	}
	if s.Passthrough.Off == "" && s.Passthrough.Open != 1 {
		t.Errorf("the kernel reads %d pinned files by itself, want 1", s.Passthrough.Open)
	}
	d.run("unpin", album)
	left, err := filepath.Glob(d.dir + "/state/pinned/*/*")
	if err != nil || len(left) != 0 {
		t.Errorf("what was let go is still on the disk: %v, %v", left, err)
	}
	text, err := io.ReadAll(open)
	open.Close() // or nothing can be unmounted
	if err != nil || string(text[1000:1015]) != "edited in place" || int64(len(text)) != size(t, filepath.Join(long, "1.flac")) {
		t.Errorf("what was open when it was let go: %v, %d bytes", err, len(text))
	}
	d.unmount()
}
