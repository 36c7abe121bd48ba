package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// wire is a bucket behind a link that counts.
type wire struct {
	at   place
	link *link.Link

	mu    sync.Mutex // guards songs
	songs []string   // what was asked for of the music: target and range
}

func newWire(t *testing.T, o link.Options) *wire {
	t.Helper()
	g := remotetest.StartVersityGW(t)
	w := &wire{at: bucket(t, g)}
	endpoint := strings.TrimPrefix(g.Endpoint, "http://")
	also := o.Observe
	o.Target, o.Observe = endpoint, func(r link.Request) {
		if also != nil {
			also(r)
		}
		if r.Method == "GET" && strings.Contains(r.Target, "/Music/") {
			w.mu.Lock()
			w.songs = append(w.songs, r.Target+" "+r.Range)
			w.mu.Unlock()
		}
	}
	l, err := link.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w.link = l
	w.at.url = strings.Replace(w.at.url, strings.Replace(endpoint, ":", "%3A", 1), strings.Replace(l.Addr(), ":", "%3A", 1), 1)
	if !strings.Contains(w.at.url, strings.Replace(l.Addr(), ":", "%3A", 1)) {
		t.Fatalf("%s does not lead through the link", w.at.url)
	}
	return w
}

// requests is how often music was asked for so far.
func (w *wire) requests() int { return w.asked("") }

// heads is how often the start of music, up to n bytes, was asked for so far.
func (w *wire) heads(n int64) (count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, song := range w.songs {
		var from int64
		if _, span, ok := strings.Cut(song, "bytes="); ok {
			_, _ = fmt.Sscanf(span, "%d-", &from)
		}
		if from < n {
			count++
		}
	}
	return count
}

// asked is how often that was music with a part of a name.
func (w *wire) asked(part string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, target := range w.songs {
		if strings.Contains(target, part) {
			n++
		}
	}
	return n
}

// noise makes an album of tracks that cannot be told apart by their size: seconds of noise,
// about 100 KB each.
func noise(t *testing.T, tracks, seconds int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Noise")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= tracks; i++ {
		out, err := command(t, "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=d=%d:seed=%d:a=0.5", seconds, i), "-ac", "2",
			"-metadata", "artist=Merzbow", "-metadata", "album=Noise", "-metadata", fmt.Sprintf("track=%d/%d", i, tracks), "-metadata", fmt.Sprintf("title=Part %d", i),
			filepath.Join(dir, fmt.Sprintf("%d.flac", i)))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return dir
}

// listen reads a file as a player does that has a small buffer: in pieces, with pauses,
// until it is told to stop.
func listen(t *testing.T, file string, until func() bool) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	piece := make([]byte, 64<<10)
	for deadline := time.Now().Add(time.Minute); !until(); time.Sleep(200 * time.Millisecond) {
		if _, err := io.ReadFull(f, piece); err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: waited in vain", file)
		}
	}
}

// TestNextTrackIsHere: while one track plays, the next comes; it begins without a request.
func TestNextTrackIsHere(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{RTT: 10 * time.Millisecond})
	d := newLocker(t, w.at)
	d.run("import", noise(t, 4, 12))
	d.mount("--heads", "0")
	album := filepath.Join(d.mnt, "Merzbow/Noise")
	track := func(i int) string { return filepath.Join(album, fmt.Sprintf("%02d Part %d.flac", i, i)) }
	for i := 1; i <= 3; i++ {
		listen(t, track(i), func() bool { return state(t, track(i+1)) == "local" })
		key := fmt.Sprintf("Part%%20%d.", i+1)
		before := w.asked(key)
		if before == 0 {
			t.Fatalf("track %d came without a request", i+1)
		}
		f, err := os.Open(track(i + 1))
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 64<<10)
		if _, err := io.ReadFull(f, head); err != nil {
			t.Fatal(err)
		}
		if n := w.asked(key) - before; n != 0 {
			t.Errorf("track %d begins with %d requests", i+1, n)
		}
		f.Close()
	}
	d.unmount()
}

// TestLookingIsNotListening: who looks at heads gets no more than that.
func TestLookingIsNotListening(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{})
	d := newLocker(t, w.at)
	d.run("import", noise(t, 6, 12))
	d.mount("--heads", "0")
	before := w.link.Traffic().Down
	files, err := filepath.Glob(filepath.Join(d.mnt, "Merzbow/Noise/*"))
	if err != nil || len(files) != 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f, make([]byte, 16<<10)); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	eventually(t, 20*time.Second, "the traffic to end", func() bool { return d.idle() })
	// One request each, a second one where the first was late, and what comes by itself.
	if n, down := w.requests(), w.link.Traffic().Down-before; n > 2*len(files) || down > int64(len(files))<<18+1<<20 {
		t.Errorf("%d files looked at: %d requests, %d bytes came", len(files), n, down)
	}
	d.unmount()
}

// state says where the bytes of a file are. It is asked for without another process: a fork
// closes copies of what this one has open, which looks like the end of listening.
func state(t *testing.T, file string) string {
	t.Helper()
	value := make([]byte, 16)
	n, err := unix.Getxattr(file, "user.lockerfs.state", value)
	if err != nil {
		t.Fatal(err)
	}
	return string(value[:n])
}

// idle tells whether nothing is being fetched.
func (d *device) idle() bool {
	d.t.Helper()
	var s struct {
		Traffic struct{ Waiting, Going []int }
	}
	if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
		d.t.Fatal(err)
	}
	for _, n := range slices.Concat(s.Traffic.Waiting, s.Traffic.Going) {
		if n > 0 {
			return false
		}
	}
	return true
}
