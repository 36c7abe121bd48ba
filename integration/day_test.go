package integration

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// pinnedDay is what TestPinnedDay pins: two albums, and what a playlist names, by path, with
// the sources they came from. The first album is lossless, so what it sounds like is known.
var pinnedDay = [][2]string{
	{"Pink Floyd/The Wall/1-01 In the Flesh_.flac", "Wall/CD1/1.flac"}, {"Pink Floyd/The Wall/2-01 Hey You.flac", "Wall/CD2/1.flac"},
	{"Björk/Homogenic/01 Hunter.mp3", "MP3s/a.mp3"}, {"Björk/Homogenic/02 Jóga.mp3", "MP3s/b.mp3"},
	{"宇多田ヒカル/First Love/01 Automatic.m4a", "m4a/x.m4a"}, {"Sigur Rós/( )/02 Untitled #2.flac", "FLAC/two.flac"},
}

// TestPinnedDay: two albums and a playlist are pinned, the store goes, the daemon begins
// anew. MPD and mpv play every pinned track to its end, the whole tree is there, what is not
// pinned fails at once, an edit and an album that is copied in wait. The store comes back,
// sync drains, and another device sees it all.
func TestPinnedDay(t *testing.T) {
	need(t, "mpd", "mpc", "mpv", "ffmpeg")
	t.Parallel()
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	at.env = append(at.env, "LOCKERFS_QUIET=100ms")
	first := newLocker(t, at)
	first.run("import", built.music, noise(t, 1, 8))
	d := newDevice(t, at)
	d.mount("--heads", "0")
	list := filepath.Join(d.mnt, "Run.m3u8")
	if err := os.WriteFile(list, []byte(pinnedDay[4][0]+"\n"+pinnedDay[5][0]+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.run("pin", filepath.Join(d.mnt, "Pink Floyd/The Wall"), filepath.Join(d.mnt, "Björk/Homogenic"), list)
	d.run("sync")
	m := startMPDInto(t, d.mnt, nil, pipe)
	m.mpc("update", "--wait")
	tree, library := find(t, d.mnt), m.library()
	m.stop()

	g.Stop()
	d.unmount()
	d.mount("--heads", "0")
	if diff := cmp.Diff(tree, find(t, d.mnt)); diff != "" {
		t.Errorf("the tree without the store (-before +after):\n%s", diff)
	}
	eventually(t, 20*time.Second, "the outage to be known", func() bool { return d.network() == "offline" })
	failsAtOnce(t, filepath.Join(d.mnt, "Merzbow/Noise/01 Part 1.flac"))
	m = startMPDFrom(t, m, nil)
	soundsLike(t, d.mnt, m)
	if diff := cmp.Diff(library, m.library()); diff != "" {
		t.Errorf("MPD's library (-before +after):\n%s", diff)
	}
	m.stop()

	if err := errors.Join(patched("", "edited on a train")(func(string) string { return filepath.Join(d.mnt, pinnedDay[0][0]) }),
		os.CopyFS(filepath.Join(d.mnt, "New/Album"), os.DirFS(filepath.Join(built.music, "FLAC")))); err != nil {
		t.Fatal(err)
	}
	if s := d.standing(); s.Safe || s.Waiting.Files != 4 || len(s.Waiting.Failed) != 0 {
		t.Errorf("an edit and three files that were copied in: status says %+v", s)
	}
	drained := make(chan error, 1)
	go func() { _, err := d.try("sync", "--wait"); drained <- err }()
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-drained; err != nil {
		t.Fatalf("sync --wait: %v", err)
	}
	if s := d.standing(); !s.Safe || s.Waiting.Files != 0 {
		t.Errorf("after sync --wait: %+v", s)
	}
	seesTheDay(t, first, d)
	d.unmount()
}

// seesTheDay checks that another device has what was there, the edit and the new album.
func seesTheDay(t *testing.T, other, d *device) {
	t.Helper()
	other.mount("--heads", "0")
	other.run("refresh")
	there := sums(t, other.mnt)
	if diff := cmp.Diff(sums(t, d.mnt), there); diff != "" {
		t.Errorf("another device (-here +there):\n%s", diff)
	}
	want := wanted(t)
	for source, path := range places() {
		if dir, name := filepath.Split(source); dir == "FLAC/" {
			want["New/Album/"+name] = want[path]
		}
	}
	edited := read(t, filepath.Join(built.music, pinnedDay[0][1]))
	copy(edited, "edited on a train")
	hash := sha256.Sum256(edited)
	want[pinnedDay[0][0]] = hex.EncodeToString(hash[:])
	for path, sum := range want {
		if there[path] != sum {
			t.Errorf("another device reads %s otherwise", path)
		}
	}
	other.unmount()
}

// find gives the names in a tree as find does.
func find(t *testing.T, dir string) []string {
	t.Helper()
	out, err := command(t, "find", dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return slices.Sorted(strings.Lines(out))
}

// failsAtOnce checks that what is not here is refused within 50 ms. The machine may be
// busy, so the best of a few counts.
func failsAtOnce(t *testing.T, path string) {
	t.Helper()
	best := time.Hour
	for range 5 {
		took, err := readFrom(path, size(t, path)/2)
		if !errors.Is(err, syscall.EIO) {
			t.Fatalf("reading what is not here: got %v, want EIO", err)
		}
		best = min(best, took)
	}
	if t.Logf("what is not here fails after %v", best); best > 50*time.Millisecond {
		t.Errorf("what is not here failed after %v, want 50 ms", best)
	}
}

// soundsLike plays all that pinnedDay pins with ffmpeg, mpv and MPD: each must be played to
// its end, and sound like its source.
func soundsLike(t *testing.T, mnt string, m *mpd) {
	t.Helper()
	var here, there []string
	for _, p := range pinnedDay {
		here, there = append(here, filepath.Join(mnt, p[0])), append(there, filepath.Join(built.music, p[1]))
		if audio(t, here[len(here)-1]) != audio(t, there[len(there)-1]) {
			t.Errorf("ffmpeg: %s sounds otherwise", p[0])
		}
	}
	if got, want := fromMPV(t, here), fromMPV(t, there); got != want {
		t.Errorf("mpv: got %s, want %s", got, want)
	}
	sources := startMPDInto(t, built.music, nil, pipe)
	sources.mpc("update", "--wait")
	got, want := m.sound(mnt, here), sources.sound(built.music, there)
	sources.stop()
	if got != want {
		t.Errorf("MPD: got %s, want %s", got, want)
	}
}

// second is how many bytes a second of sound has here: 32 bit mono at 44.1 kHz, which no
// player needs to dither.
const second = 44100 * 4

// fromMPV gives the sound of tracks that mpv plays one after the other.
func fromMPV(t *testing.T, paths []string) string {
	t.Helper()
	pcm := filepath.Join(t.TempDir(), "pcm")
	out, err := command(t, "mpv", append([]string{"--no-config", "--no-video", "--audio-display=no", "--cover-art-auto=no", "--untimed", "--msg-level=all=error",
		"--ao=pcm", "--ao-pcm-waveheader=no", "--ao-pcm-append=yes", "--ao-pcm-file=" + pcm, "--audio-format=s32", "--audio-samplerate=44100", "--audio-channels=mono"}, paths...)...)
	if err != nil || strings.TrimSpace(out) != "" {
		t.Fatalf("mpv: %v\n%s", err, out)
	}
	return soundOf(t, read(t, pcm), len(paths))
}

// pipe is an output of MPD that is as fast as can be, and goes into the file pcm of its
// folder. Everything is converted before it comes there: when the format changes, MPD may
// drop the last second of the former.
const pipe = `audio_output_format "44100:32:1"
audio_output {
	type "pipe"
	name "pipe"
	command "cat >>\"$HOME/pcm\""
}
`

// sound gives the sound of tracks in a music folder, which MPD plays one after the other.
// It may drop the last second also at the end of its queue; therefore the first track, which is lossless, follows
// twice: what came before it is heard to the end.
func (m *mpd) sound(music string, paths []string) string {
	m.t.Helper()
	for _, p := range append(slices.Clone(paths), paths[0], paths[0]) {
		m.mpc("add", strings.TrimPrefix(p, music+"/"))
	}
	m.mpc("play")
	eventually(m.t, time.Minute, "MPD to play to the end", func() bool {
		out := m.mpc("status")
		if strings.Contains(out, "ERROR") {
			m.t.Fatal(out)
		}
		return !strings.Contains(out, "[playing]")
	})
	m.mpc("disable", "1") // closes the pipe
	b := read(m.t, filepath.Join(m.dir, "pcm"))
	first, err := command(m.t, "ffmpeg", "-nostdin", "-v", "error", "-i", paths[0], "-map", "0:a", "-f", "s32le", "-ac", "1", "-ar", "44100", "-")
	if err != nil || !bytes.HasPrefix(b, []byte(first)) {
		m.t.Fatalf("MPD: what is lossless does not sound like it: %v", err)
	}
	// Its beginning is enough: it may have lost its own last second.
	n := bytes.Index(b[len(first):], []byte(first[:second/2]))
	if n < 0 {
		m.t.Fatalf("MPD has played only %.3f s", float64(len(b))/second)
	}
	return soundOf(m.t, b[:len(first)+n], len(paths))
}

// soundOf gives the MD5 and the length of a sound, which must be that of some tracks of two
// seconds.
func soundOf(t *testing.T, pcm []byte, tracks int) string {
	t.Helper()
	sum := md5.Sum(pcm)
	length := float64(len(pcm)) / second
	if want := 2 * float64(tracks); length < want-0.01 || length > want+0.3 {
		t.Errorf("it sounds for %.3f s, want %.1f", length, want)
	}
	return fmt.Sprintf("%s, %.3f s", hex.EncodeToString(sum[:]), length)
}
