package integration

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// What stores and the ways to them say when they do not serve.
const (
	slowDown = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`
	changed  = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold.</Message></Error>`
	portal   = `<html><body>Welcome to the hotel. Please log in.</body></html>`
)

// faulty gives a place on a real S3 server that is reached over a link of 20 ms with
// faults to be queued.
func faulty(t *testing.T) (place, *link.Faults) {
	t.Helper()
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	l, err := link.Listen(link.Options{Target: strings.TrimPrefix(g.Endpoint, "http://"), RTT: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := link.ListenFaults(l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	u, err := url.Parse(at.url)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("endpoint", "http://"+f.Addr())
	u.RawQuery = q.Encode()
	at.url = u.String()
	return at, f
}

// randomWAV writes a WAV of random samples, other for each seed, and gives its bytes.
func randomWAV(t *testing.T, path string, seed byte) []byte {
	t.Helper()
	const size = 1 << 20
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x44\xac\x00\x00\x10\xb1\x02\x00\x04\x00\x10\x00data\x00\x00\x00\x00")
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8+size))
	binary.LittleEndian.PutUint32(b[40:], size)
	sound := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(sound)
	b = append(b, sound...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b, 0o644)); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFaultsWhileReading has a file read while the way to the store misbehaves: the
// reader gets the right bytes, or EIO within bounded time, and never other bytes. When
// the fault is over the file reads right, without a new mount.
func TestFaultsWhileReading(t *testing.T) {
	const few, all = 2, 0
	at := rand.Int64N(1 << 20)
	t.Logf("connections are cut after %d bytes", at)
	cases := []struct {
		name  string
		times int
		do    link.Deed // nil: the store is down
		whole bool      // the reader notices nothing
	}{
		{"cut", few, link.Cut(at), true},
		{"cutalways", all, link.Cut(7), false},
		{"busy", few, link.Answer(http.StatusServiceUnavailable, "application/xml", slowDown), true},
		{"storm", all, link.Answer(http.StatusServiceUnavailable, "application/xml", slowDown), false},
		{"stall", all, link.Stall(30_001), false},
		{"short", few, link.Short(40_009), false},
		{"shortalways", all, link.Short(40_009), false},
		{"etag", all, link.Header("ETag", `"00000000000000000000000000000000"`), false},
		{"changed", all, link.Answer(http.StatusPreconditionFailed, "application/xml", changed), false},
		{"lost", few, link.Lose(), true},
		{"portal", all, link.Answer(http.StatusOK, "text/html", portal), false},
		{"down", all, nil, false},
	}
	store, f := faulty(t)
	d := newLocker(t, store)
	music, contents := t.TempDir(), map[string][]byte{}
	for i, c := range cases {
		contents[c.name] = randomWAV(t, filepath.Join(music, c.name, c.name, c.name+".wav"), byte(i))
	}
	d.run("import", music)
	d.mount("--heads", "0") // the files are no longer than a head
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := shownAs(t, d.mnt, c.name)
			if c.do == nil {
				f.Down(true)
			} else {
				f.Add(link.Fault{On: ofObject(c.name), Times: c.times, Do: c.do})
			}
			before := f.Struck()
			got, err := readWithin(t, 40*time.Second, path)
			switch {
			case err == nil && !bytes.Equal(got, contents[c.name]):
				t.Fatalf("WRONG BYTES: %d of them, the first at %d", len(got), differs(got, contents[c.name]))
			case err != nil && (c.whole || !errors.Is(err, syscall.EIO)):
				t.Errorf("got %v", err)
			case c.do != nil && f.Struck() == before:
				t.Error("the fault has not struck")
			}
			if info, err := os.Stat(path); err != nil || info.Size() != int64(len(contents[c.name])) {
				t.Errorf("its name while the fault lasts: %v, %v", info, err)
			}
			f.Down(false)
			f.Clear()
			eventually(t, 60*time.Second, "the file to read right again", func() bool {
				got, err := readWithin(t, 40*time.Second, path)
				if err == nil && !bytes.Equal(got, contents[c.name]) {
					t.Fatalf("WRONG BYTES afterwards, the first at %d", differs(got, contents[c.name]))
				}
				return err == nil
			})
		})
	}
	d.unmount()
}

// ofObject strikes reads of the object of a file.
func ofObject(name string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/Music/") && strings.Contains(r.URL.Path, "/"+name+"/")
	}
}

// shownAs gives where the mount shows the one file in the folder of a name.
func shownAs(t *testing.T, mnt, name string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(mnt, name, name, "*.wav"))
	if err != nil || len(files) != 1 {
		t.Fatalf("below %s are %v, %v", name, files, err)
	}
	return files[0]
}

// readWithin reads a file whole; a read that hangs fails the test.
func readWithin(t *testing.T, limit time.Duration, path string) ([]byte, error) {
	t.Helper()
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := os.ReadFile(path)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return r.b, r.err
	case <-time.After(limit):
		t.Fatalf("reading %s takes more than %v", path, limit)
		return nil, nil
	}
}

// differs gives where two contents begin to differ.
func differs(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestFaultsWhileImporting: the import succeeds although answers are lost, an object's
// and a commit's too, and the store is busy now and then; every file is there once.
func TestFaultsWhileImporting(t *testing.T) {
	at, f := faulty(t)
	d := newLocker(t, at)
	putting := func(part string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == http.MethodPut && strings.Contains(r.URL.Path, part) }
	}
	f.Add(link.Fault{On: putting("/Music/"), Times: 2, Do: link.Lose()})
	f.Add(link.Fault{On: putting("/Music/"), Times: 2, Do: link.Answer(http.StatusServiceUnavailable, "application/xml", slowDown)})
	f.Add(link.Fault{On: putting("/.lockerfs/log/"), Times: 1, Do: link.Lose()})
	d.run("import", built.music)
	if left := f.Left(); left > 0 {
		t.Errorf("%d faults have not struck", left)
	}
	d.mount()
	if diff := cmp.Diff(wanted(t), sums(t, d.mnt)); diff != "" {
		t.Errorf("the mount (-want +got):\n%s", diff)
	}
	d.unmount()
}
