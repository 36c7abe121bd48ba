package integration

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
)

// outage is a way for a store to be away.
type outage struct {
	at       place
	cut, end func()
}

// outages are a network that refuses and one that is silent.
func outages() map[string]func(*testing.T) outage {
	return map[string]func(*testing.T) outage{
		"refused": func(t *testing.T) outage {
			at, f := faulty(t)
			return outage{at, func() { f.Down(true) }, func() { f.Down(false) }}
		},
		"silent": func(t *testing.T) outage {
			w := newWire(t, link.Options{})
			return outage{w.at, func() { w.link.SetRates(1, 1) }, func() { w.link.SetRates(0, 0) }}
		},
	}
}

// readFrom reads a little at an offset of a file that was opened just now, and tells how
// long it took.
func readFrom(path string, off int64) (time.Duration, error) {
	start := time.Now()
	f, err := os.Open(path)
	if err != nil {
		return time.Since(start), err
	}
	defer f.Close()
	_, err = f.ReadAt(make([]byte, 4096), off)
	return time.Since(start), err
}

// TestOffline: while the store is away all names and what is here go on, what is not here
// fails soon and then at once, and what is written waits; when it is back, so is everything.
func TestOffline(t *testing.T) {
	need(t, "ffmpeg")
	for name, begin := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := begin(t)
			o.at.env = append(o.at.env, "LOCKERFS_QUIET=200ms")
			d := newLocker(t, o.at)
			d.run("import", noise(t, 2, 8))
			d.mount("--heads", "0")
			album := filepath.Join(d.mnt, "Merzbow/Noise")
			here, there := filepath.Join(album, "01 Part 1.flac"), filepath.Join(album, "02 Part 2.flac")
			want := sum(t, here)
			middle := size(t, there) / 2
			eventually(t, 20*time.Second, "the second track not to be here", func() bool { return state(t, there) != "local" })

			o.cut()
			took, err := readFrom(there, middle)
			if !errors.Is(err, syscall.EIO) || took > 15*time.Second {
				t.Errorf("not yet known to be away: %v after %v", err, took)
			}
			t.Logf("not yet known: EIO after %v", took)
			eventually(t, 15*time.Second, "it to be known", func() bool { return d.network() == "offline" })
			for range 5 {
				took, err := readFrom(there, middle)
				if !errors.Is(err, syscall.EIO) || took > 2*time.Second {
					t.Errorf("known to be away: %v after %v", err, took)
				}
				t.Logf("known: EIO after %v", took)
			}
			if got := sum(t, here); got != want {
				t.Error("what is here reads otherwise")
			}
			renamed := filepath.Join(d.mnt, "Merzbow", "Renamed")
			if err := errors.Join(os.Rename(album, renamed), os.WriteFile(filepath.Join(renamed, "notes.txt"), []byte("written on a train"), 0o644)); err != nil {
				t.Fatal(err)
			}
			if list := files(t, d.mnt); len(list) != 3 {
				t.Errorf("the tree is %q", list)
			}
			if d.standing().Safe {
				t.Error("what was written offline is said to be safe")
			}

			o.end()
			back := time.Now()
			eventually(t, 15*time.Second, "it to be back", func() bool { return d.network() == "online" })
			t.Logf("back after %v", time.Since(back))
			d.run("sync", "--wait")
			b := newDevice(t, o.at)
			b.mount("--heads", "0")
			if diff := cmp.Diff(sums(t, d.mnt), sums(t, b.mnt)); diff != "" {
				t.Error(diff)
			}
			b.unmount()
			d.unmount()
		})
	}
}

// network is what status says of the network.
func (d *device) network() string {
	d.t.Helper()
	return d.standing().Network
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestNotTheStore: what answers in the store's place, or refuses for a reason that a person
// can mend, is said in status, and is taken neither for data nor for absence.
func TestNotTheStore(t *testing.T) {
	need(t, "ffmpeg")
	refusal := func(code string) link.Deed {
		return link.Answer(http.StatusForbidden, "application/xml", `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>no</Message></Error>`)
	}
	for name, c := range map[string]struct {
		does link.Deed
		says string
	}{
		"portal":    {link.Answer(http.StatusOK, "text/html", portal), "captive portal"},
		"elsewhere": {redirected, "captive portal"},
		"expired":   {refusal("ExpiredToken"), "have expired"},
		"clock":     {refusal("RequestTimeTooSkewed"), "clock is wrong"},
		"key":       {refusal("InvalidAccessKeyId"), "does not know this access key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, f := faulty(t)
			at.env = append(at.env, "LOCKERFS_QUIET=200ms")
			d := newLocker(t, at)
			d.run("import", noise(t, 1, 8))
			d.mount("--heads", "0")
			track := filepath.Join(d.mnt, "Merzbow/Noise/01 Part 1.flac")
			f.Add(link.Fault{On: func(*http.Request) bool { return true }, Do: c.does})
			if err := os.WriteFile(filepath.Join(d.mnt, "note.txt"), []byte("written meanwhile"), 0o644); err != nil {
				t.Fatal(err)
			}
			if took, err := readFrom(track, size(t, track)/2); !errors.Is(err, syscall.EIO) || took > 15*time.Second {
				t.Errorf("read: %v after %v", err, took)
			}
			t.Logf("status: %s", d.standing().Trouble)
			eventually(t, 20*time.Second, "status to say so", func() bool { return strings.Contains(d.standing().Trouble, c.says) })
			if list := files(t, d.mnt); len(list) != 2 || d.standing().Safe {
				t.Errorf("the tree is %q", list)
			}
			f.Clear()
			d.run("sync", "--wait")
			if d.network() != "online" {
				eventually(t, 10*time.Second, "it to be back", func() bool { return d.network() == "online" })
			}
			b := newDevice(t, at)
			b.mount("--heads", "0")
			if diff := cmp.Diff(sums(t, d.mnt), sums(t, b.mnt)); diff != "" {
				t.Error(diff)
			}
			b.unmount()
			d.unmount()
		})
	}
}

// redirected sends who asks to another server's web page.
func redirected(w http.ResponseWriter, r *http.Request, _ http.Handler, _ <-chan struct{}) {
	http.Redirect(w, r, "http://portal.invalid/login", http.StatusFound)
}
