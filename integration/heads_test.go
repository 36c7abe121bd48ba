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

// TestHeadsComeWhenIdle: the first 768 KiB of every track comes by itself; then each
// begins without a request.
func TestHeadsComeWhenIdle(t *testing.T) {
	need(t, "ffmpeg")
	w := newWire(t, link.Options{RTT: 10 * time.Millisecond})
	d := newLocker(t, w.at)
	d.run("import", noise(t, 5, 12))
	d.mount()
	eventually(t, 30*time.Second, "all heads", func() bool {
		var s struct{ Heads struct{ Complete bool } }
		if err := json.Unmarshal(d.answer("status", "--json"), &s); err != nil {
			t.Fatal(err)
		}
		return s.Heads.Complete
	})
	const head = 768 << 10 // what lies behind may be asked for, if this machine dawdles
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
