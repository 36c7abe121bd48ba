package integration

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

const (
	songs   = 3             // of the album that is played
	seconds = 5             // of each
	rate    = 44100 * 2 * 2 // bytes of its sound a second
	heard   = 3 * rate / 2  // of the second track, in bytes, after which it is well under way
	silence = 1200 * time.Millisecond
)

// disc makes an album whose sound comes out of any player as it went in, bit for bit, and
// gives its folder.
func disc(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Disc")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= songs; i++ {
		err := ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=d=%d:seed=%d:a=0.5:r=44100", seconds, i), "-ac", "2", "-sample_fmt", "s16", "-metadata", "artist=Merzbow", "-metadata", "album=Disc",
			"-metadata", fmt.Sprintf("track=%d/%d", i, songs), "-metadata", fmt.Sprintf("title=Part %d", i), filepath.Join(dir, fmt.Sprintf("%d.flac", i)))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// room is a cold device on a line of 50 Mbit/s and 50 ms, for players of another user.
type room struct {
	*device
	wire *wire
	who  *syscall.Credential
	home string
	want []byte // the sound of the first two tracks
}

func newRoom(t *testing.T) *room {
	t.Helper()
	w := newWire(t, link.Options{})
	dir := disc(t)
	newLocker(t, w.at).run("import", dir)
	w.link.SetRTT(50 * time.Millisecond)
	w.link.SetRates(6250000, 6250000)
	w.at.env = append(w.at.env, "LOCKERFS_QUIET=500ms")
	r := &room{device: newDevice(t, w.at), wire: w, who: playerUser(t)}
	r.home = filepath.Join(r.dir, "home")
	if err := os.Mkdir(r.home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(r.home, int(r.who.Uid), int(r.who.Gid)); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 2; i++ {
		sound, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", filepath.Join(dir, fmt.Sprintf("%d.flac", i)), "-f", "s16le", "-").Output()
		if err != nil || len(sound) != seconds*rate {
			t.Fatalf("%d bytes of sound, %v", len(sound), err)
		}
		r.want = append(r.want, sound...)
	}
	r.open()
	return r
}

// open mounts and waits for the scan packs.
func (r *room) open() {
	r.t.Helper()
	r.mount("--allow-other", "--heads", "0")
	eventually(r.t, 20*time.Second, "the packs to come", func() bool { return r.packsHere() == len(packFiles(r.t, r.at)) })
}

func (r *room) song(i int) string {
	return filepath.Join(r.mnt, "Merzbow/Disc", fmt.Sprintf("%02d Part %d.flac", i, i))
}

// player gives a program that runs as the other user.
func (r *room) player(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(r.t.Context(), name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: r.who}
	c.Dir = r.home
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "XDG_") && !strings.HasPrefix(e, "DBUS_") {
			c.Env = append(c.Env, e)
		}
	}
	c.Env = append(c.Env, "HOME="+r.home, "XDG_RUNTIME_DIR="+r.home, "DBUS_SESSION_BUS_ADDRESS=disabled:", "GSETTINGS_BACKEND=memory", "NO_AT_BRIDGE=1")
	return c
}

// speaker takes the sound of a player as it comes.
type speaker struct {
	path string

	mu    sync.Mutex // guards the fields below
	sound []byte
	last  time.Time
	pause time.Duration // the longest since the sound began
	at    int           // where that was, in bytes
}

func newSpeaker(r *room) *speaker {
	r.t.Helper()
	s := &speaker{path: filepath.Join(r.home, "sound")}
	os.Remove(s.path)
	if err := syscall.Mkfifo(s.path, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chown(s.path, int(r.who.Uid), int(r.who.Gid)); err != nil {
		r.t.Fatal(err)
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|syscall.O_NONBLOCK, 0) // for writing too, so that it has no end
	if err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 64<<10); ; {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			s.take(b[:n], time.Now())
		}
	}()
	r.t.Cleanup(func() { f.Close(); <-done })
	return s
}

func (s *speaker) take(b []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rest := now.Sub(s.last); !s.last.IsZero() && rest > s.pause {
		s.pause, s.at = rest, len(s.sound)
	}
	s.sound, s.last = append(s.sound, b...), now
}

func (s *speaker) heard() (n int, pause time.Duration, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sound), s.pause, s.at
}

// boundary listens to the first track, and to the second until it is well under way: what
// sounds is the two tracks without a gap, and the second began without a request.
func (r *room) boundary(name string, s *speaker) {
	r.t.Helper()
	eventually(r.t, 20*time.Second, name+" to play half of the first track", func() bool { n, _, _ := s.heard(); return n > seconds*rate/2 })
	eventually(r.t, seconds*time.Second/2, "the second track to come by itself", func() bool { return state(r.t, r.song(2)) == "local" })
	before := r.wire.asked("Part%202.")
	if n, _, _ := s.heard(); n > seconds*rate {
		r.t.Logf("%s: the second track was looked at too late: %.1f s", name, float64(n)/rate)
	}
	eventually(r.t, 20*time.Second, name+" to play the second track", func() bool { n, _, _ := s.heard(); return n > seconds*rate+heard })
	n, pause, at := s.heard()
	r.t.Logf("%s: the longest pause was %v at %.1f s, %d requests for the second track, %d in all", name, pause, float64(at)/rate, before, r.wire.requests())
	if asked := r.wire.asked("Part%202.") - before; before == 0 || asked != 0 {
		r.t.Errorf("%s: %d requests for the second track before it, %d in it", name, before, asked)
	}
	if n, most := r.wire.requests(), songs*8; n > most {
		r.t.Errorf("%s: %d requests for %d tracks", name, n, songs)
	}
	if pause > silence {
		r.t.Errorf("%s: silence for %v after %.1f s", name, pause, float64(at)/rate)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n = min(n, len(r.want)); !bytes.Equal(s.sound[:n], r.want[:n]) {
		r.t.Errorf("%s: what sounds is not what is in the files", name)
	}
}

// vlc is a VLC that is told what to do, and answers.
type vlc struct {
	r    *room
	in   io.WriteCloser
	said string // the file that has what it said
}

func startVLC(r *room, s *speaker) *vlc {
	r.t.Helper()
	need(r.t, "cvlc")
	c := r.player("cvlc", "-I", "oldrc", "--rc-fake-tty", "--no-playlist-autostart", "--no-video", "--aout=afile", "--audiofile-file="+s.path,
		"--audiofile-format=s16", "--no-audiofile-wav", r.song(1), r.song(2), r.song(3))
	said, err := os.Create(filepath.Join(r.dir, "vlc.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer said.Close()
	in, err := c.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	v := &vlc{r, in, said.Name()}
	r.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		if r.t.Failed() {
			r.t.Logf("VLC said:\n%s", readFile(v.said))
		}
	})
	return v
}

func (v *vlc) do(what string) {
	v.r.t.Helper()
	if _, err := io.WriteString(v.in, what+"\n"); err != nil {
		v.r.t.Fatal(err)
	}
}

// TestVLC looks at what is in its playlist, and plays across a boundary.
func TestVLC(t *testing.T) {
	r := newRoom(t)
	s := newSpeaker(r)
	before := r.wire.requests()
	v := startVLC(r, s)
	eventually(t, 20*time.Second, "VLC to know all lengths", func() bool {
		v.do("playlist")
		return bytes.Contains(readFile(v.said), fmt.Appendf(nil, "Part %d (00:0%d)", songs, seconds))
	})
	if n := r.wire.requests() - before; n != 0 {
		t.Errorf("looking at its playlist made %d requests", n)
	}
	v.do("play")
	r.boundary("VLC", s)
	v.do("quit")
	eventually(t, 20*time.Second, "VLC to end", func() bool { return bytes.Contains(readFile(v.said), []byte("quit: returned 0")) })
}
