package integration

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// busy is what status says of files.
type busy struct {
	Activity []struct {
		Path, Program, Does string
		At, Size            int64
		Waits               bool
	}
	Waiting struct {
		Sending []struct {
			Path       string
			Size, Sent int64
		}
	}
}

func (d *device) busy() (b busy) {
	d.t.Helper()
	if err := json.Unmarshal(d.answer("--json", "status"), &b); err != nil {
		d.t.Fatal(err)
	}
	return b
}

// TestStatusNamesFiles: status names the file a program waits for, and the one that is
// being uploaded, and neither when that is over.
func TestStatusNamesFiles(t *testing.T) {
	need(t, "ffmpeg")
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=50ms")
	d := newLocker(t, at)
	d.run("import", noise(t, 1, 12))
	d.mount("--heads", "0")
	track := filepath.Join(d.mnt, "Merzbow/Noise/01 Part 1.flac")
	d.run("set", "bwlimit", "60k")
	read := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(track)
		if err != nil {
			t.Errorf("on a slow link: %v", err)
		}
		read <- fmt.Sprintf("%x", sha256.Sum256(b))
	}()
	eventually(t, 20*time.Second, "status to name what is read", func() bool {
		a := d.busy().Activity
		return len(a) == 1 && a[0].Path == "Merzbow/Noise/01 Part 1.flac" && strings.HasPrefix(a[0].Program, "integration") &&
			a[0].Waits && a[0].At > 0 && a[0].Size == size(t, track)
	})
	t.Logf("%+v", d.busy())
	if out := d.run("status"); !strings.Contains(out, " /Merzbow/Noise/01 Part 1.flac, at ") {
		t.Errorf("status says\n%s", out)
	}
	d.run("set", "bwlimit", "off")
	if got, want := <-read, sum(t, track); got != want {
		t.Errorf("on a slow link it reads otherwise")
	}
	eventually(t, 20*time.Second, "status to name nothing", func() bool { return len(d.busy().Activity) == 0 })

	d.run("set", "bwlimit", "60k")
	if err := os.WriteFile(filepath.Join(d.mnt, "new.bin"), make([]byte, 4<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "status to name what is sent", func() bool {
		s := d.busy().Waiting.Sending
		return len(s) == 1 && s[0].Path == "new.bin" && s[0].Size == 4<<20 && s[0].Sent > 0 && s[0].Sent < s[0].Size
	})
	d.run("set", "bwlimit", "off")
	d.run("sync", "--wait")
	if s := d.busy().Waiting.Sending; len(s) != 0 {
		t.Errorf("after sync status says %v", s)
	}
	d.unmount()
}
