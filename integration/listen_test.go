package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// place is where a locker can be kept.
type place struct {
	url  string
	env  []string // what its credentials need
	root string   // the folder that its objects lie in, behind the store's back
}

// stores runs a test with a new place in each kind of store.
func stores(t *testing.T, f func(t *testing.T, at place)) {
	t.Run("file", func(t *testing.T) { f(t, folder(t)) })
	t.Run("s3", func(t *testing.T) { f(t, bucket(t, remotetest.StartVersityGW(t))) })
}

func folder(t *testing.T) place {
	t.Helper()
	root := t.TempDir() + "/bucket"
	return place{"file://" + root, nil, root}
}

func bucket(t *testing.T, g *remotetest.Gateway) place {
	t.Helper()
	name := g.Bucket(t)
	return place{g.URL(name, "home/music"), g.Env(), filepath.Join(g.BucketFolder(name), "home/music")}
}

// TestWhatGoesInComesOut imports files of every format and reads them through the
// mount: every byte is there, under the name its tags say.
func TestWhatGoesInComesOut(t *testing.T) {
	stores(t, func(t *testing.T, at place) {
		d := newLocker(t, at)
		d.run("import", built.music)
		d.mount()
		if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
			t.Errorf("the mount (-want +got):\n%s", diff)
		}
		d.unmount()
		// And once more from what is here now.
		d.mount()
		if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
			t.Errorf("the second time (-want +got):\n%s", diff)
		}
		d.unmount()
	})
}

// TestPlayersPlay: mpv and ffmpeg play from the mount what they play from the source.
func TestPlayersPlay(t *testing.T) {
	need(t, "mpv", "ffmpeg")
	stores(t, func(t *testing.T, at place) {
		d := newLocker(t, at)
		d.run("import", built.music)
		d.mount()
		for _, tr := range tracks {
			want, got := audio(t, filepath.Join(built.music, tr.source)), audio(t, filepath.Join(d.mnt, tr.path))
			if want != got {
				t.Errorf("%s decodes to %s, the source to %s", tr.path, got, want)
			}
		}
		out, err := command(t, "mpv", "--no-config", "--ao=null", "--no-video", "--untimed", "--msg-level=all=error", filepath.Join(d.mnt, "Pink Floyd/The Wall"))
		if err != nil || strings.TrimSpace(out) != "" {
			t.Errorf("mpv plays an album: %v\n%s", err, out)
		}
		d.unmount()
	})
}

// audio gives the MD5 of the decoded audio.
func audio(t *testing.T, file string) string {
	t.Helper()
	out, err := command(t, "ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0:a", "-f", "md5", "-")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// command runs a program to its end, within a minute.
func command(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// TestMPD scans and plays the mount with MPD: as the user who mounted, and as
// another user with --allow-other.
func TestMPD(t *testing.T) {
	need(t, "mpd", "mpc")
	t.Run("same user", func(t *testing.T) { playWithMPD(t, nil) })
	t.Run("another user", func(t *testing.T) {
		playWithMPD(t, playerUser(t), "--allow-other")
	})
}

func playWithMPD(t *testing.T, who *syscall.Credential, mountFlags ...string) {
	at := bucket(t, remotetest.StartVersityGW(t))
	d := newLocker(t, at)
	d.run("import", built.music)
	d.mount(mountFlags...)
	m := startMPD(t, d.mnt, who)
	m.mpc("update", "--wait")
	var want []string
	for _, tr := range tracks {
		number := tr.number
		if strings.HasSuffix(tr.path, ".wav") {
			number = "" // MPD does not read it from a WAV's INFO
		}
		want = append(want, strings.Join([]string{tr.path, tr.artist, tr.album, number, tr.title}, "~"))
	}
	slices.Sort(want)
	var paths []string
	for _, tr := range tracks {
		paths = append(paths, tr.path)
	}
	slices.Sort(paths)
	listed := strings.Split(strings.TrimSpace(m.mpc("listall")), "\n")
	slices.Sort(listed)
	if diff := cmp.Diff(paths, listed); diff != "" {
		t.Errorf("MPD lists (-want +got):\n%s", diff)
	}
	m.mpc("add", "/") // listall gives no tags, a queue does
	got := strings.Split(strings.TrimSpace(m.mpc("playlist", "-f", "%file%~%artist%~%album%~%track%~%title%")), "\n")
	m.mpc("clear")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MPD's library (-want +got):\n%s", diff)
	}
	m.mpc("add", "Pink Floyd/The Wall")
	m.mpc("play")
	eventually(t, 20*time.Second, "MPD to play the album to its end", func() bool {
		out := m.mpc("status")
		if strings.Contains(out, "ERROR") {
			t.Fatal(out)
		}
		return !strings.Contains(out, "[playing]")
	})
}

// mpd is an MPD with a library of its own.
type mpd struct {
	t    *testing.T
	addr string
	dir  string // holds its library
	stop func()
}

// startMPD starts MPD over the music folder, as another user when who is set. It plays
// into nothing, as fast as one listens.
func startMPD(t *testing.T, music string, who *syscall.Credential) *mpd {
	t.Helper()
	return startMPDInto(t, music, who, `audio_output {
	type "null"
	name "null"
	sync "yes"
}
`)
}

// startMPDInto does so with what its configuration says of outputs.
func startMPDInto(t *testing.T, music string, who *syscall.Credential, output string) *mpd {
	t.Helper()
	dir, err := os.MkdirTemp(built.dir, "mpd-")
	if err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf(`music_directory %q
db_file "%[2]s/db"
state_file "%[2]s/state"
bind_to_address "%[2]s/socket"
auto_update "no"
%[3]s`, music, dir, output)
	if err := os.WriteFile(dir+"/conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return runMPD(t, dir, who)
}

// startMPDFrom ends an MPD and starts it anew with the library it had.
func startMPDFrom(t *testing.T, m *mpd, who *syscall.Credential) *mpd {
	t.Helper()
	m.stop()
	return runMPD(t, m.dir, who)
}

func runMPD(t *testing.T, dir string, who *syscall.Credential) *mpd {
	t.Helper()
	c := exec.Command("mpd", "--no-daemon", "--stderr", dir+"/conf")
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	} else if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR=")
	said, err := os.Create(dir + "/said")
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if b, err := os.ReadFile(dir + "/said"); err == nil && t.Failed() {
			t.Logf("MPD said:\n%s", b)
		}
	})
	m := &mpd{t, dir + "/socket", dir, func() {
		c.Process.Signal(syscall.SIGTERM) // it saves its library
		c.Wait()
	}}
	eventually(t, 10*time.Second, "MPD to answer", func() bool { _, err := command(t, "mpc", "-h", m.addr, "status"); return err == nil })
	return m
}

func (m *mpd) mpc(args ...string) string {
	m.t.Helper()
	out, err := command(m.t, "mpc", append([]string{"-h", m.addr}, args...)...)
	if err != nil {
		m.t.Fatalf("mpc %q: %v\n%s", args, err, out)
	}
	return out
}
