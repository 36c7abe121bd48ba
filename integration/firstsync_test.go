package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/integration/link"
	"github.com/lockerfs/lockerfs/integration/scale"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestFirstSync: on a slow link, a new device lists folders before it has read the whole
// catalog, is killed, and goes on: a listing is whole or an error all the time.
func TestFirstSync(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	at := bucket(t, g)
	keys := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", g.AccessKey, g.SecretKey)
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	music := scale.NewCollection(15_000, 300)
	if err := scale.WriteS3(t.Context(), at.url, keys, t.TempDir(), music, 3); err != nil {
		t.Fatal(err)
	}
	endpoint := strings.TrimPrefix(g.Endpoint, "http://")
	l, err := link.Listen(link.Options{Target: endpoint, RTT: 20 * time.Millisecond, Down: 600_000, Up: 600_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	at.url = strings.Replace(at.url, strings.Replace(endpoint, ":", "%3A", 1), strings.Replace(l.Addr(), ":", "%3A", 1), 1)
	d := newLocker(t, at)

	d.mount("--heads=0")
	early := 0
	for path, names := range music.Albums() {
		if listed := d.lists(path, names); d.synced() {
			break
		} else if listed {
			early++
		}
		if early == 3 {
			break
		}
	}
	if early == 0 {
		t.Error("no folder could be listed before all had arrived")
	}
	if d.synced() {
		t.Error("all had arrived before the device was killed")
	}
	d.kill()
	if err := unix.Unmount(d.mnt, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}

	d.mount("--heads=0")
	for path, names := range music.Albums() {
		if d.lists(path, names); d.synced() {
			break
		}
	}
	eventually(t, time.Minute, "the whole catalog", d.synced)
	for path, names := range music.Albums() {
		if !d.lists(path, names) {
			t.Fatalf("%s cannot be listed", path)
		}
	}
}

// lists lists a folder, which must hold these names unless there is an error.
func (d *device) lists(path string, names []string) bool {
	d.t.Helper()
	list, err := os.ReadDir(filepath.Join(d.mnt, path))
	if errors.Is(err, syscall.EIO) {
		return false
	}
	if err != nil {
		d.t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(names, got); diff != "" {
		d.t.Fatalf("%s: %s", path, diff)
	}
	return true
}

// synced tells whether the device has read the whole catalog.
func (d *device) synced() bool {
	d.t.Helper()
	var s struct{ Synced bool }
	if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
		d.t.Fatal(err)
	}
	return s.Synced
}
