package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// TestHeadsComeWhenIdle: the first 1 MiB of every track comes by itself; then each
// begins without a request. So does the cover, which is in no scan pack that could be had.
func TestHeadsComeWhenIdle(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{RTT: 10 * time.Millisecond})
	music := noise(t, 5, 12)
	if err := os.WriteFile(filepath.Join(music, "cover.jpg"), randomBytes(3, 100_000), 0o644); err != nil {
		t.Fatal(err)
	}
	newLocker(t, w.at).run("import", music)
	for _, pack := range packFiles(t, w.at) {
		if err := os.Remove(pack); err != nil {
			t.Fatal(err)
		}
	}
	d := newDevice(t, w.at)
	d.mount()
	eventually(t, 30*time.Second, "all heads", func() bool {
		var s struct {
			Heads struct {
				Complete      bool
				Count, Wanted int
			}
		}
		if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
			t.Fatal(err)
		}
		return s.Heads.Complete && s.Heads.Count == 5 && s.Heads.Wanted == 5
	})
	if at := state(t, filepath.Join(d.mnt, "Merzbow/Noise/cover.jpg")); at != "local" {
		t.Errorf("the cover is %s", at)
	}
	const head = 1 << 20 // what lies behind may be asked for, if this machine dawdles
	before := w.heads(head)
	for i := 1; i <= 5; i++ {
		f, err := os.Open(filepath.Join(d.mnt, fmt.Sprintf("Merzbow/Noise/%02d Part %d.flac", i, i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f, make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if n := w.heads(head) - before; before == 0 || n != 0 {
		t.Errorf("%d requests for heads, and %d to begin", before, n)
	}
	d.unmount()
}
