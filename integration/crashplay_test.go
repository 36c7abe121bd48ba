package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// hearsSoon is an output of MPD that holds little more than it plays.
const hearsSoon = `audio_buffer_size "256"
audio_output {
	type "null"
	name "null"
	sync "yes"
}
`

// TestCrashWhileMPDPlays: kill -9 of a detached daemon while MPD plays an album that is
// here, without the store and with an edit and a new file that only this machine has. The
// path answers within 2 s, and what was written is there, and in the store later. MPD, whose
// open file ends early, goes on with the next one, and its library is intact.
func TestCrashWhileMPDPlays(t *testing.T) {
	need(t, "mpd", "mpc", "ffmpeg")
	t.Parallel()
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	d := newLocker(t, at)
	d.run("import", built.music, noise(t, 2, 6))
	d.mount("--heads", "0")
	want := sums(t, d.mnt)
	d.unmount() // and all of it is here
	d.detach("--heads", "0")
	m := startMPDInto(t, d.mnt, nil, hearsSoon)
	m.mpc("update", "--wait")
	library := m.library()
	g.Stop()
	m.mpc("add", "Merzbow/Noise")
	m.mpc("play")
	eventually(t, 10*time.Second, "music", func() bool { return strings.Contains(m.mpc("status"), "[playing] #1/2") })

	edited, copied := "Sigur Rós/( )/01 Untitled #1.flac", "Björk/Homogenic/03 Bachelorette.mp3"
	after := read(t, filepath.Join(d.mnt, edited))
	copy(after, "edited just now")
	hash := sha256.Sum256(after)
	want[edited], want[copied] = hex.EncodeToString(hash[:]), want["Björk/Homogenic/02 Jóga.mp3"]
	song := read(t, filepath.Join(built.music, "MP3s/b.mp3"))
	if err := errors.Join(patched("", "edited just now")(func(string) string { return filepath.Join(d.mnt, edited) }),
		os.WriteFile(filepath.Join(d.mnt, copied), song, 0o644)); err != nil {
		t.Fatal(err)
	}
	if s := d.standing(); s.Safe || s.Waiting.Files != 2 {
		t.Fatalf("an edit and a new file: status says %+v", s)
	}
	began := time.Now()
	if err := unix.Kill(d.running().Process, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the path to answer again", func() bool { return bytes.Equal(tryRead(filepath.Join(d.mnt, copied)), song) })
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the path answered after %v, want 2 s", took)
	} else {
		t.Logf("back after %v", took)
	}
	if diff := cmp.Diff(want, sums(t, d.mnt)); diff != "" {
		t.Errorf("after the crash (-want +got):\n%s", diff)
	}
	if s := d.standing(); s.Safe || s.Waiting.Files != 2 || len(s.Waiting.Failed)+len(s.Waiting.Conflicts)+len(s.Waiting.Quarantined) != 0 {
		t.Errorf("after the crash status says %+v", s)
	}
	eventually(t, 30*time.Second, "MPD to play on to the end", func() bool { return !strings.Contains(m.mpc("status"), "[playing]") })
	said := string(readFile(m.dir + "/said"))
	if !strings.Contains(said, `player: played "Merzbow/Noise/02 Part 2.flac"`) || strings.Count(said, "Read failed") > 1 {
		t.Error("MPD did not play the next track")
	}
	if diff := cmp.Diff(library, m.library()); diff != "" {
		t.Errorf("MPD's library (-want +got):\n%s", diff)
	}
	m.stop()
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.run("sync", "--wait")
	other := newDevice(t, at)
	other.mount("--heads", "0")
	if diff := cmp.Diff(want, sums(t, other.mnt)); diff != "" {
		t.Errorf("another device (-want +got):\n%s", diff)
	}
	other.unmount()
	d.run("umount")
}
