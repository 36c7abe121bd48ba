package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
	"github.com/lockerfs/lockerfs/remote/s3"
)

var adoptTracks = flag.Int("adopt.tracks", 120, "how many tracks TestAdoptOverALink adopts")

// shop is somebody else who puts objects into the bucket, with plain keys.
type shop struct {
	t     *testing.T
	store remote.Store
}

func newShop(t *testing.T, at place) *shop {
	t.Helper()
	for _, v := range at.env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	u, err := url.Parse(at.url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s3.ParseURL(u)
	if err != nil {
		t.Fatal(err)
	}
	s, err := s3.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t, s}
}

func (s *shop) put(key string, b []byte) {
	s.t.Helper()
	if _, err := s.store.Put(s.t.Context(), key, io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), remote.PutOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) remove(key string) {
	s.t.Helper()
	if err := s.store.Delete(s.t.Context(), key); err != nil {
		s.t.Fatal(err)
	}
}

// has tells whether an object is in the bucket.
func (s *shop) has(key string) bool {
	s.t.Helper()
	_, err := s.store.Head(s.t.Context(), key)
	if err != nil && !errors.Is(err, remote.ErrNotFound) {
		s.t.Fatal(err)
	}
	return err == nil
}

// shelve puts the test music into the bucket, and gives the hashes by key.
func (s *shop) shelve() map[string]string {
	s.t.Helper()
	want := map[string]string{}
	for source := range places() {
		b, err := os.ReadFile(filepath.Join(built.music, source))
		if err != nil {
			s.t.Fatal(err)
		}
		key := "Stuff & more/" + source
		s.put(key, b)
		want[key] = sum(s.t, filepath.Join(built.music, source))
	}
	return want
}

// titleOf asks for the title of a file.
func (d *device) titleOf(at string) string {
	d.t.Helper()
	var i struct{ Tags struct{ Title string } }
	if err := json.Unmarshal(d.answer("--json", "info", at), &i); err != nil {
		d.t.Fatal(err)
	}
	return i.Tags.Title
}

// TestAdoptABucketOfMusic: a bucket of music becomes a locker; its files are read through
// the mount, and what happens to the bucket afterwards shows there.
func TestAdoptABucketOfMusic(t *testing.T) {
	at := bucket(t, remotetest.StartVersityGW(t))
	at.env = append(at.env, "LOCKERFS_WATCH=1s", "LOCKERFS_HASHES=100ms")
	others := newShop(t, at)
	want := others.shelve()
	d := newDevice(t, at)
	out := d.run("adopt", "--watch", "1s")
	if !strings.Contains(out, "made a new locker") || !strings.Contains(out, fmt.Sprintf("adopted: %d files", len(want))) {
		t.Errorf("adopt said:\n%s", out)
	}
	d.mount()
	if got := sums(t, d.mnt); !maps.Equal(got, want) {
		t.Errorf("the mount has %d files, want those of the bucket: %q", len(got), slices.Sorted(maps.Keys(got)))
	}
	for _, tr := range tracks {
		if got := d.titleOf("Stuff & more/" + tr.source); got != tr.title {
			t.Errorf("%s: title %q, want %q", tr.source, got, tr.title)
		}
	}
	// What was read whole has a hash from then on.
	for _, key := range []string{"Stuff & more/MP3s/b.mp3", "Stuff & more/FLAC/booklet.pdf"} {
		eventually(t, 20*time.Second, "the hash of "+key, func() bool { return strings.Contains(d.run("info", key), want[key]) })
	}
	file := func(name string) string { return filepath.Join(d.mnt, "Stuff & more", name) }
	there := func(name string) bool { _, err := os.Lstat(file(name)); return err == nil }

	// What comes, changes and goes in the bucket.
	one, two := read(t, filepath.Join(built.music, "MP3s/a.mp3")), read(t, filepath.Join(built.music, "MP3s/b.mp3"))
	others.put("Stuff & more/new.mp3", two)
	others.put("Stuff & more/MP3s/a.mp3", two)
	others.remove("Stuff & more/wav/x.wav")
	eventually(t, 20*time.Second, "what is new, read for its tags", func() bool { return there("new.mp3") && d.titleOf("Stuff & more/new.mp3") == "Jóga" })
	eventually(t, 20*time.Second, "what has changed", func() bool { return bytes.Equal(tryRead(file("MP3s/a.mp3")), two) })
	eventually(t, 20*time.Second, "what vanished is marked", func() bool { return strings.Contains(d.run("info", "Stuff & more/wav/x.wav"), "MISSING") })
	if d.titleOf("Stuff & more/wav/x.wav") != "Rain" {
		t.Error("what vanished has lost its tags")
	}

	// What is removed, and what is edited, stays as it is in the bucket.
	if err := errors.Join(os.Remove(file("MP3s/b.mp3")), os.WriteFile(file("MP3s/a.mp3"), one, 0o644)); err != nil {
		t.Fatal(err)
	}
	d.run("sync")
	for range 3 {
		d.run("refresh")
		if there("MP3s/b.mp3") || !bytes.Equal(tryRead(file("MP3s/a.mp3")), one) {
			t.Error("what was removed or edited here is back as it was")
		}
	}
	if !others.has("Stuff & more/MP3s/b.mp3") || !others.has("Stuff & more/MP3s/a.mp3") {
		t.Error("an object of others is gone")
	}
	if s := d.run("status"); !strings.Contains(s, "left in the bucket: 2 objects") || !strings.Contains(s, "1 missing from the bucket") {
		t.Errorf("status says\n%s", s)
	}
	d.unmount()
}

// TestAdoptedFilesThatVanished: reading what has changed or gone in the bucket, before the
// locker knows, is an error and never other bytes.
func TestAdoptedFilesThatVanished(t *testing.T) {
	at := bucket(t, remotetest.StartVersityGW(t))
	others := newShop(t, at)
	large := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	for _, key := range []string{"gone.bin", "changed.bin", "stays.bin"} {
		others.put(key, large)
	}
	d := newDevice(t, at)
	d.run("adopt", "--watch", "1h")
	d.mount()
	eventually(t, 20*time.Second, "the first look", func() bool { return strings.Contains(d.run("--json", "status"), `"looked"`) })
	others.remove("gone.bin")
	others.put("changed.bin", bytes.ToUpper(large))
	for _, name := range []string{"gone.bin", "changed.bin"} {
		if b, err := os.ReadFile(filepath.Join(d.mnt, name)); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got %d bytes, %v, want EIO", name, len(b), err)
		}
	}
	if got := tryRead(filepath.Join(d.mnt, "stays.bin")); !bytes.Equal(got, large) {
		t.Error("what stayed cannot be read")
	}
	d.run("refresh")
	if got := tryRead(filepath.Join(d.mnt, "changed.bin")); !bytes.Equal(got, bytes.ToUpper(large)) {
		t.Error("what changed is not shown as it is now")
	}
	if _, err := os.ReadFile(filepath.Join(d.mnt, "gone.bin")); !errors.Is(err, syscall.EIO) {
		t.Errorf("what vanished: got %v, want EIO", err)
	}
	d.unmount()
}

func tryRead(path string) []byte {
	b, _ := os.ReadFile(path)
	return b
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stock puts n tracks of half a minute, in albums of ten, into the bucket, and gives how
// many bytes of pictures are in them.
func (s *shop) stock(n int) (pictures int64) {
	s.t.Helper()
	cover := built.music + "-cover.jpg"
	exts := []string{".flac", ".mp3", ".m4a", ".ogg", ".opus"}
	bodies := map[string][]byte{}
	for _, ext := range exts {
		file := filepath.Join(s.t.TempDir(), "x"+ext)
		args := []string{"-f", "lavfi", "-i", "sine=frequency=220:duration=30:sample_rate=48000"}
		if ext == ".flac" || ext == ".mp3" || ext == ".m4a" {
			args = append(args, "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
		}
		if ext == ".opus" {
			args = append(args, "-c:a", "libopus")
		}
		if ext != ".flac" {
			args = append(args, "-b:a", "128k")
		}
		if err := ffmpeg(append(args, "-metadata", "artist=A", "-metadata", "album=B", "-metadata", "title=T", file)...); err != nil {
			s.t.Fatal(err)
		}
		bodies[ext] = read(s.t, file)
	}
	picture := int64(len(read(s.t, cover)))
	g, ctx := errgroup.WithContext(s.t.Context())
	g.SetLimit(8)
	for i := range n {
		ext := exts[i/10%len(exts)]
		if ext == ".flac" || ext == ".mp3" || ext == ".m4a" {
			pictures += picture
		}
		g.Go(func() error {
			b := bodies[ext]
			key := fmt.Sprintf("Artist %02d/Album %03d/%02d%s", i/50, i/10, i%10+1, ext)
			_, err := s.store.Put(ctx, key, io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), remote.PutOptions{})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		s.t.Fatal(err)
	}
	return pictures
}

// TestAdoptOverALink measures adopting over a link of 50 ms and 50 Mbit/s, by a process of its
// own and by the daemon of a mount.
func TestAdoptOverALink(t *testing.T) {
	for name, mounted := range map[string]bool{"alone": false, "mounted": true} {
		t.Run(name, func(t *testing.T) { adoptOverALink(t, mounted) })
	}
}

func adoptOverALink(t *testing.T, mounted bool) {
	var mu sync.Mutex
	count := map[string]int{}
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	pictures := newShop(t, at).stock(*adoptTracks)
	l, err := link.Listen(link.Options{RTT: 50 * time.Millisecond, Up: 6_250_000, Down: 6_250_000, Target: strings.TrimPrefix(g.Endpoint, "http://"),
		Observe: func(r link.Request) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case strings.Contains(r.Target, "list-type"):
				count["list"]++
			case strings.Contains(r.Target, "/.lockerfs/"):
				count["ours"]++
			default:
				count[r.Method]++
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	escape := func(s string) string { return strings.ReplaceAll(s, ":", "%3A") }
	at.url = strings.Replace(at.url, escape(strings.TrimPrefix(g.Endpoint, "http://")), escape(l.Addr()), 1)
	d := newDevice(t, at)
	d.run("init", at.url)
	began := time.Now()
	if mounted {
		d.mount("--heads", "0")
	}
	var got struct {
		New, Described, Requests int64
		ReadBytes                int64         `json:"read_bytes"`
		Tree                     time.Duration `json:"tree_ns"`
		Elapsed                  time.Duration `json:"elapsed_ns"`
	}
	run := d.command(t.Context(), "--json", "adopt")
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	t.Logf("it took %v of processor time", run.ProcessState.UserTime()+run.ProcessState.SystemTime())
	n := float64(*adoptTracks)
	t.Logf("%d tracks: names in %v, all in %v; %.2f requests, %.1f kB and %.1f kB of pictures a track; requests %v", *adoptTracks, got.Tree, got.Elapsed,
		float64(got.Requests)/n, float64(got.ReadBytes-pictures)/n/1000, float64(pictures)/n/1000, count)
	if mounted { // it began to adopt by itself
		mu.Lock()
		gets := count["GET"]
		mu.Unlock()
		t.Logf("all in %v from the mount on, %d requests", time.Since(began), gets)
		if gets < *adoptTracks || float64(gets) > 2.2*n {
			t.Errorf("%d requests", gets)
		}
	} else if got.New != int64(*adoptTracks) || got.Described != got.New || float64(got.Requests) > 2.2*n || float64(got.ReadBytes-pictures) > 100_000*n {
		t.Errorf("got %+v", got)
	}
	mu.Lock()
	clear(count)
	mu.Unlock()
	if err := json.Unmarshal(d.answer("--json", "adopt"), &got); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := (*adoptTracks + 999) / 1000; count["GET"]+count["HEAD"]+count["PUT"] != 0 || count["list"] > want+2 {
		t.Errorf("adopting again took %v", count)
	}
	t.Logf("again: %v, requests %v", got.Tree, count)
}
