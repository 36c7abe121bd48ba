package integration

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

var (
	hammerTime    = flag.Duration("hammer.time", 5*time.Second, "how long TestHammer goes on")
	hammerDevices = flag.Int("hammer.devices", 2, "how many devices TestHammer has")
	hammerSeed    = flag.Uint64("hammer.seed", 20261121, "of what TestHammer draws")
	hammerKeep    = flag.String("hammer.keep", "", "a folder that takes the store and what the daemons said when TestHammer fails")
)

// hammer is devices that all change one locker at once, over a bad network, and fall.
type hammer struct {
	t     *testing.T
	at    place
	book  *ledger
	hands []*hand
	gales []*storm
}

// TestHammer has devices change one locker at random and at the same time, while answers
// are lost, writes arrive late, the store is busy or away, and daemons are killed. In the
// end all show the same, a reader of the log that shares nothing with the product finds
// just that in it, and nothing that was acknowledged is gone but by a later deed.
func TestHammer(t *testing.T) {
	h := newHammer(t, *hammerDevices)
	h.keepOnFailure()
	ctx, cancel := context.WithTimeout(t.Context(), *hammerTime)
	defer cancel()
	var working sync.WaitGroup
	for i, hand := range h.hands {
		working.Go(func() { hand.work(ctx) })
		working.Go(func() { h.gales[i].blow(ctx) })
	}
	working.Wait()
	if t.Failed() {
		return
	}
	for _, hand := range h.hands {
		hand.rise()
		hand.settles()
	}
	var devices []*device
	for _, hand := range h.hands {
		devices = append(devices, hand.d)
	}
	settled(t, devices...)
	h.judge()
	for _, hand := range h.hands {
		hand.d.unmount()
	}
}

// settles brings all to the store. A daemon that does not is asked what it waits for.
func (h *hand) settles() {
	h.d.t.Helper()
	if out, err := h.d.try("sync", "--wait"); err != nil {
		standing, _ := h.d.try("status")
		h.d.daemon.Process.Signal(syscall.SIGQUIT)
		h.d.daemon.Wait()
		h.d.t.Fatalf("sync --wait of %s: %v\n%s\n%s\n%s", h.name, err, out, standing, h.d.out)
	}
}

func newHammer(t *testing.T, n int) *hammer {
	t.Helper()
	g := remotetest.StartVersityGW(t)
	h := &hammer{t: t, at: bucket(t, g), book: newLedger()}
	h.at.env = append(h.at.env, hurry...)
	for i := range n {
		name := fmt.Sprintf("device%d", i+1)
		at, faults := h.behind(strings.TrimPrefix(g.Endpoint, "http://"))
		d := newDevice(t, at)
		d.run("init", at.url)
		x := &hand{t: t, d: d, name: name, r: rand.New(rand.NewPCG(*hammerSeed, uint64(i))), book: h.book, faults: faults, did: map[string]int{}}
		h.hands = append(h.hands, x)
		h.gales = append(h.gales, &storm{faults: faults, r: rand.New(rand.NewPCG(*hammerSeed, uint64(100+i)))})
		x.rise()
	}
	return h
}

// behind gives the store behind a proxy of its own.
func (h *hammer) behind(server string) (place, *link.Faults) {
	h.t.Helper()
	f, err := link.ListenFaults(server)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { f.Close() })
	u, err := url.Parse(h.at.url)
	if err != nil {
		h.t.Fatal(err)
	}
	q := u.Query()
	q.Set("endpoint", "http://"+f.Addr())
	u.RawQuery = q.Encode()
	at := h.at
	at.url = u.String()
	return at, f
}

// judge compares what all devices show with each other, with the log, and with what was
// promised.
func (h *hammer) judge() {
	log := replay(h.t, h.at.root)
	want := log.tree()
	late := newDevice(h.t, h.hands[0].d.at)
	late.mount("--heads", "0")
	settled(h.t, late, h.hands[0].d)
	shown := []*device{late}
	ids := map[string]string{}
	for _, x := range h.hands {
		shown = append(shown, x.d)
		ids[x.d.id()] = x.name
	}
	for _, d := range shown {
		if diff := cmp.Diff(want, everything(h.t, d.mnt)); diff != "" {
			h.t.Errorf("%s shows otherwise than the log says (-log +mount):\n%s", d.mnt, diff)
		}
	}
	late.unmount()
	for _, n := range h.book.missing(log, ids) {
		h.t.Errorf("acknowledged and never in the store: %+v", n)
	}
	for _, e := range h.book.robbed(log, ids) {
		h.t.Errorf("commit %d of %s takes %s, %q, which nobody there had touched: %+v", e.N, ids[e.Device], e.sum, e.name, h.book.kept[e.sum])
	}
	if got := h.book.alien(want); len(got) > len(h.book.open) {
		h.t.Errorf("%d writes were broken off, and nobody wrote %q", len(h.book.open), got)
	}
	h.tell(log, want)
}

// tell says how it went.
func (h *hammer) tell(log *replayed, tree map[string]string) {
	h.t.Logf("%d commits, %d counted as empty; %d contents acknowledged, %d broken off, %d done away with; %d names in the end",
		log.commits, log.broken, len(h.book.kept), len(h.book.open), len(h.book.gone), len(tree))
	for i, x := range h.hands {
		h.t.Logf("%s: %d faults struck in %d gales, buried %d times, %v", x.name, x.faults.Struck(), h.gales[i].rages, x.buried.Load(), x.did)
	}
	if log.commits < 2*len(h.hands) || len(h.book.kept) < 10*len(h.hands) {
		h.t.Errorf("that was no hammering")
	}
}

// id is the device's name in commits.
func (d *device) id() string {
	d.t.Helper()
	var s struct{ Device struct{ ID string } }
	if err := json.Unmarshal(d.answer("--json", "status"), &s); err != nil || s.Device.ID == "" {
		d.t.Fatalf("%+v, %v", s, err)
	}
	return s.Device.ID
}

// everything reads a tree: the SHA-256 of every file, "folder" for a folder.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		what := "folder"
		if !e.IsDir() {
			what = sum(t, path)
		}
		all[strings.TrimPrefix(path, dir+"/")] = what
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// keepOnFailure copies what tells of a failure out of folders that go with the test.
func (h *hammer) keepOnFailure() {
	if *hammerKeep == "" {
		return
	}
	h.t.Cleanup(func() {
		if !h.t.Failed() {
			return
		}
		for _, x := range h.hands {
			said := strings.Join(append(x.said, x.d.out.String(), strings.Join(x.diary, "\n")), "\n--- ended ---\n")
			err := errors.Join(os.MkdirAll(*hammerKeep, 0o755), os.WriteFile(filepath.Join(*hammerKeep, x.name+".log"), []byte(said), 0o644))
			h.t.Logf("kept %s: %v", x.name, err)
		}
		h.t.Log(os.CopyFS(filepath.Join(*hammerKeep, "store"), os.DirFS(h.at.root)))
	})
}
