package integration

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// tripTime is the round trip of the link below: far more than the server takes.
const tripTime = 200 * time.Millisecond

// sendings writes down the requests that pass a link.
type sendings struct {
	mu   sync.Mutex // guards the field below
	seen []link.Request
}

func (d *sendings) observe(r link.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, r)
}

// take gives what passed since it was asked last.
func (d *sendings) take() []link.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.seen
	d.seen = nil
	return seen
}

// trips groups requests by the round trip that they are sent in: one that is sent before the
// first of a group can have been answered shares its trip.
func trips(requests []link.Request) (groups [][]string) {
	var began time.Time
	for _, r := range requests {
		if r.Time.Sub(began) >= tripTime {
			groups, began = append(groups, nil), r.Time
		}
		path, _, _ := strings.Cut(r.Target, "?")
		groups[len(groups)-1] = append(groups[len(groups)-1], r.Method+" "+path)
	}
	return groups
}

// TestRoundTripsOfACommit: a small file that was copied in is in the store, for all devices,
// after three round trips; a new name takes two.
func TestRoundTripsOfACommit(t *testing.T) {
	var log sendings
	at := newWire(t, link.Options{RTT: tripTime, Observe: log.observe}).at
	at.env = append(at.env, "LOCKERFS_QUIET=50ms", "LOCKERFS_POLL=1h")
	d := newLocker(t, at)
	d.mount("--heads", "0")
	for _, c := range []struct {
		what string
		do   func(name string) error
		most int
	}{
		{"file", func(name string) error { return os.WriteFile(name, []byte(name), 0o644) }, 3},
		{"folder", func(name string) error { return os.Mkdir(name, 0o755) }, 2},
	} {
		for _, name := range []string{"first", "second"} { // the first opens connections
			d.safe()
			log.take()
			if err := c.do(filepath.Join(d.mnt, name+" "+c.what)); err != nil {
				t.Fatal(err)
			}
			d.safe()
			groups := trips(log.take())
			for i, group := range groups {
				t.Logf("%s %s, trip %d: %v", name, c.what, i+1, group)
			}
			if n := len(groups); n == 0 || name == "second" && n > c.most {
				t.Errorf("%s %s took %d round trips, want at most %d", name, c.what, n, c.most)
			}
		}
	}
}
