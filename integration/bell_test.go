package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// TestParkedUploadRings: files that the store refuses are one notification on the desktop,
// and none where the config wants none.
func TestParkedUploadRings(t *testing.T) {
	v := newVillain(t, link.Fault{On: sending("PUT", "/Music/"), Do: link.Answer(403, "application/xml", denied)})
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "notify-send"), []byte("#!/bin/sh\necho \"$*\" >> \"$HOME/rung\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	v.at.env = append(v.at.env, "PATH="+bin+":"+os.Getenv("PATH"), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere")
	newLocker(t, v.good)
	loud, quiet := newDevice(t, v.at), newDevice(t, v.at)
	config := filepath.Join(quiet.dir, "config/lockerfs/config.toml")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("[locker.music]\nstore = '"+v.at.url+"'\nnotify = false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet.at.env = append(quiet.at.env, "LOCKERFS_STORE=")
	for _, d := range []*device{loud, quiet} {
		d.mount("--heads", "0")
		for _, name := range []string{"one & only.txt", "two.txt"} {
			if err := os.WriteFile(filepath.Join(d.mnt, name), []byte(name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	rung := func(d *device) string {
		b, _ := os.ReadFile(filepath.Join(d.dir, "rung"))
		return string(b)
	}
	eventually(t, 20*time.Second, "the quiet one to park them", func() bool { return len(quiet.standing().Waiting.Failed) == 2 })
	eventually(t, 20*time.Second, "a notification", func() bool { return rung(loud) != "" })
	if got := rung(loud); strings.Count(got, "cannot be uploaded") != 1 || !strings.Contains(got, "2 files cannot be uploaded one &amp; only.txt: ") {
		t.Errorf("the desktop says %q", got)
	}
	if got := rung(quiet); got != "" {
		t.Errorf("notify = false, and the desktop says %q", got)
	}
	loud.kill()
	quiet.kill()
}
