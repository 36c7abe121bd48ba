package integration

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// racks makes albums of one artist, two tracks each, each album with a cover of its own as a
// file and in its tracks, and gives their folder.
func racks(t *testing.T, albums int) string {
	t.Helper()
	dir := t.TempDir()
	formats := []string{"mp3", "flac", "m4a"}
	for _, ext := range formats {
		if err := ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=20:a=0.5", "-ac", "2", "-b:a", "192k", filepath.Join(dir, "sound."+ext)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range albums {
		name := fmt.Sprintf("Album %02d", i+1)
		album := filepath.Join(dir, "in", name)
		cover := filepath.Join(album, "cover.jpg")
		if err := os.MkdirAll(album, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := ffmpeg("-f", "lavfi", "-i", fmt.Sprintf("mandelbrot=s=500x500:start_scale=%f", 3/float64(i+1)), "-frames:v", "1", "-q:v", "3", cover); err != nil {
			t.Fatal(err)
		}
		for track := 1; track <= 2; track++ {
			ext := formats[(i+track)%3]
			err := ffmpeg("-i", filepath.Join(dir, "sound."+ext), "-i", cover, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic", "-metadata", "artist=Various Ways",
				"-metadata", "album="+name, "-metadata", fmt.Sprintf("title=Song %d", track), "-metadata", fmt.Sprint("track=", track), filepath.Join(album, fmt.Sprintf("%02d Song %d.%s", track, track, ext)))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return filepath.Join(dir, "in")
}

// session is a desktop without a screen: an X server, a bus, and a home of its own.
type session struct {
	t    *testing.T
	home string
	env  []string
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{t: t, home: t.TempDir()}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "XDG_") && !strings.HasPrefix(e, "DBUS_") && !strings.HasPrefix(e, "HOME=") {
			s.env = append(s.env, e)
		}
	}
	run := filepath.Join(s.home, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "HOME="+s.home, "XDG_RUNTIME_DIR="+run, "DISPLAY="+xServer(t), "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory",
		"GSK_RENDERER=cairo", "GTK_USE_PORTAL=0", "DBUS_SESSION_BUS_ADDRESS=unix:path="+run+"/bus")
	// What the bus starts ends with it.
	s.start("dbus-daemon", "--session", "--nofork", "--address=unix:path="+run+"/bus")
	eventually(t, 10*time.Second, "the bus", func() bool { return exists(run + "/bus") })
	return s
}

// start starts a program of the desktop, which ends with the test.
func (s *session) start(name string, args ...string) {
	s.t.Helper()
	c := exec.Command(name, args...)
	c.Env = s.env
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

// shown tells whether the desktop has made a small picture of a file or folder, as the
// standard of freedesktop.org has it.
func (s *session) shown(path string) bool {
	sum := md5.Sum([]byte((&url.URL{Scheme: "file", Path: path}).String()))
	found, err := filepath.Glob(filepath.Join(s.home, ".cache/thumbnails/*/"+hex.EncodeToString(sum[:])+".png"))
	if err != nil || len(found) == 0 {
		return false
	}
	f, err := os.Open(found[0])
	if err != nil {
		return false
	}
	defer f.Close()
	img, err := png.Decode(f)
	return err == nil && max(img.Bounds().Dx(), img.Bounds().Dy()) >= 100
}

// show has a file manager open a folder, and waits until all of the paths are shown. It opens
// it again now and then: Thunar 4.18 forgets what it asked for when its window is laid out.
func (s *session) show(manager, folder string, paths ...string) {
	s.t.Helper()
	var opened time.Time
	for _, path := range paths {
		eventually(s.t, 30*time.Second, "a picture of "+path, func() bool {
			if time.Since(opened) > 5*time.Second {
				s.start(manager, folder)
				opened = time.Now()
			}
			return s.shown(path)
		})
	}
}

// TestFileManagersShowCovers: Thunar opens a folder of 20 albums and some of the albums, and
// Nautilus one. Albums and tracks are shown with their covers, of which one album was written
// through a mount, and nothing is fetched that is not in a scan pack.
func TestFileManagersShowCovers(t *testing.T) {
	need(t, "ffmpeg", "Xvfb", "dbus-daemon", "thunar", "nautilus")
	w := newWire(t, link.Options{})
	w.at.env = append(w.at.env, hurry...)
	from := racks(t, 20)
	last := filepath.Join(t.TempDir(), "Album 20")
	if err := os.Rename(filepath.Join(from, "Album 20"), last); err != nil {
		t.Fatal(err)
	}
	a := newLocker(t, w.at)
	a.run("import", from)
	a.mount("--heads", "0")
	if out, err := command(t, "cp", "-r", last, filepath.Join(a.mnt, "Various Ways")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a.safe()
	a.unmount()
	d := newDevice(t, w.at)
	d.mount("--heads", "0")
	eventually(t, 20*time.Second, "the packs to come", func() bool { return d.packsHere() == len(packFiles(t, w.at)) })
	artist := filepath.Join(d.mnt, "Various Ways")
	albums, err := filepath.Glob(artist + "/*")
	if err != nil || len(albums) != 20 {
		t.Fatal(albums, err)
	}
	s := newSession(t)
	install := exec.Command(built.lockerfs, "desktop", "install")
	install.Env = s.env
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before, asked := w.link.Traffic().Down, w.requests()
	s.show("thunar", artist, albums...)
	for _, album := range []string{albums[0], albums[1], albums[19]} {
		s.show("thunar", album, files(t, album)...)
	}
	s.show("nautilus", albums[2], filepath.Join(albums[2], "cover.jpg"))
	if n, down := w.requests()-asked, w.link.Traffic().Down-before; n != 0 || down > 256<<10 {
		t.Errorf("%d requests for files, %d bytes: %q", n, down, w.songs[asked:])
	}
	d.unmount()
}
