package integration

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// pythonTitles gives or sets the titles of files: the first argument is the new title, empty
// for none, the others are the files.
const pythonTitles = `
import sys, json, mutagen
title, said = sys.argv[1], {}
for p in sys.argv[2:]:
    f = mutagen.File(p, easy=True)
    if f is None: sys.exit("not read: " + p)
    if title:
        f["title"] = title
        f.save()
    said[p] = f["title"][0]
print(json.dumps(said))
`

// edited are the files that editors are tried on, one of each format, in an album.
var edited = []string{"a.mp3", "b.flac", "c.m4a", "d.ogg", "e.opus"}

// editable encodes one track of each format, with a picture where ffmpeg can, and gives
// their folder, Artist/Album.
func editable(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Artist", "Album")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range edited {
		args := []string{"-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=d=8:a=0.5:seed=%d", i)}
		if i < 3 {
			args = append(args, "-i", built.music+"-cover.jpg", "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
		}
		args = append(args, "-ac", "2", "-b:a", "192k", "-metadata", "artist=Artist", "-metadata", "album=Album", "-metadata", "title=first",
			"-metadata", fmt.Sprintf("track=%d", i+1), filepath.Join(dir, name))
		if err := ffmpeg(args...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// studio is a locker on two devices whose tracks are to be edited on the first.
type studio struct {
	t      *testing.T
	at     place
	link   *link.Link
	a, b   *device
	source string            // a local album, with the audio of the one in the locker
	audio  map[string]string // of each file of an album, by its extension

	mu   sync.Mutex      // guards sent
	sent map[string]bool // the objects of music that were sent since the last look
}

// newStudio imports an album on a third device, so that its bytes are on neither of the two.
func newStudio(t *testing.T) *studio {
	t.Helper()
	g := remotetest.StartVersityGW(t)
	s := &studio{t: t, at: bucket(t, g), source: editable(t), sent: map[string]bool{}}
	s.at.env = append(s.at.env, "LOCKERFS_QUIET=500ms")
	endpoint := strings.TrimPrefix(g.Endpoint, "http://")
	l, err := link.Listen(link.Options{Target: endpoint, Observe: s.observe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.link, s.at.url = l, strings.Replace(s.at.url, url.QueryEscape(endpoint), url.QueryEscape(l.Addr()), 1)
	newLocker(t, s.at).run("import", "--layout", "keep", filepath.Dir(s.source))
	s.audio = s.sound(s.source)
	s.a, s.b = newDevice(t, s.at), newDevice(t, s.at)
	s.a.mount("--heads", "0")
	s.b.mount("--heads", "0")
	if sent := s.uploaded(); len(sent) != len(edited) {
		t.Fatalf("the import sent %q", sent)
	}
	return s
}

// must runs a program that must succeed.
func (s *studio) must(name string, args ...string) {
	s.t.Helper()
	args = append([]string{"HOME=" + s.a.dir, "BEETSDIR=" + s.a.dir, name}, args...)
	if out, err := command(s.t, "env", args...); err != nil {
		s.t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

// album gives the paths of an album's files.
func album(dir string) (all []string) {
	for _, name := range edited {
		all = append(all, filepath.Join(dir, name))
	}
	return all
}

// titled makes a local album whose files have another title, and gives its folder.
func (s *studio) titled(title string) string {
	s.t.Helper()
	dir := filepath.Join(s.t.TempDir(), title)
	s.must("cp", "-a", s.source, dir)
	s.titles(title, album(dir)...)
	return dir
}

// titles sets the titles of files, unless it is empty, and gives those that mutagen reads.
func (s *studio) titles(title string, files ...string) map[string]string {
	s.t.Helper()
	out, err := command(s.t, "/usr/bin/python3", append([]string{"-c", pythonTitles, title}, files...)...)
	said := map[string]string{}
	if err == nil {
		err = json.Unmarshal([]byte(out), &said)
	}
	if err != nil {
		s.t.Fatalf("mutagen: %v\n%s", err, out)
	}
	return said
}

// sound gives the MD5 of the audio of the files in a folder, as it is in them, by their
// extension.
func (s *studio) sound(dir string) map[string]string {
	s.t.Helper()
	var args, maps []string
	list := musicIn(s.t, dir)
	for i, file := range list {
		args, maps = append(args, "-i", file), append(maps, "-map", fmt.Sprintf("%d:a", i))
	}
	args = append(append([]string{"-nostdin", "-v", "error"}, args...), append(maps, "-c", "copy", "-f", "streamhash", "-hash", "md5", "-")...)
	out, err := command(s.t, "ffmpeg", args...)
	lines := strings.Fields(out)
	if err != nil || len(lines) != len(list) {
		s.t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	all := map[string]string{}
	for i, file := range list {
		_, all[filepath.Ext(file)], _ = strings.Cut(lines[i], "MD5=")
	}
	return all
}

// musicIn are the files in a folder and those below, in order.
func musicIn(t *testing.T, dir string) []string {
	list := files(t, dir)
	slices.Sort(list)
	return list
}

// observe notes what is sent to the store. Each upload of a file has a key of its own.
func (s *studio) observe(r link.Request) {
	if key, _, _ := strings.Cut(r.Target, "?"); r.Method == "PUT" && strings.Contains(key, "/Music/") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent[key] = true
	}
}

// uploaded waits until the devices know the same, by the quiet time alone, and gives what
// was uploaded since it was asked last.
func (s *studio) uploaded() []string {
	s.t.Helper()
	settled(s.t, s.a, s.b)
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.Collect(maps.Keys(s.sent))
	clear(s.sent)
	return keys
}

// alike looks whether both devices show the same: names, bytes, times and modes; and whether
// nothing is left over.
func (s *studio) alike() {
	s.t.Helper()
	if diff := cmp.Diff(shownIn(s.t, s.a.mnt), shownIn(s.t, s.b.mnt)); diff != "" {
		s.t.Errorf("the second device (-first +second):\n%s", diff)
	}
	for _, d := range []*device{s.a, s.b} {
		if w := d.standing().Waiting; w.Files+len(w.Failed)+len(w.Conflicts)+len(w.Quarantined) > 0 || w.Commit != "" {
			s.t.Errorf("%+v", w)
		}
	}
}

// shownIn gives what a tree shows: by path the hash, time and mode of a file; of folders only
// that they are there.
func shownIn(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		switch at := strings.TrimPrefix(path, root); {
		case err != nil:
			return err
		case e.IsDir():
			all[at] = info.Mode().String()
		default:
			all[at] = fmt.Sprint(sum(t, path), " ", info.ModTime().UnixNano(), " ", info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// holds looks whether a folder of the mount holds an album of this title, whole, on both
// devices, and nothing else.
func (s *studio) holds(folder, title string, want int) {
	s.t.Helper()
	for _, d := range []*device{s.a, s.b} {
		dir := filepath.Join(d.mnt, folder)
		list := musicIn(s.t, dir)
		if len(list) != want {
			s.t.Errorf("%s holds %q", dir, list)
		}
		for path, got := range s.titles("", list...) {
			if got != title {
				s.t.Errorf("%s has the title %q, want %q", path, got, title)
			}
		}
		if diff := cmp.Diff(s.audio, s.sound(dir)); diff != "" {
			s.t.Errorf("the audio in %s (-want +got):\n%s", dir, diff)
		}
	}
}

// size is that of the album, in bytes.
func (s *studio) size() (n int64) {
	s.t.Helper()
	for _, file := range files(s.t, s.source) {
		info, err := os.Stat(file)
		if err != nil {
			s.t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}
