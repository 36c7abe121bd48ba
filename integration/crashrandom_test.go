package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// How TestCrashAnywhere is run: `go test ./integration -run TestCrashAnywhere -crash.rounds 200`.
var (
	crashRounds = flag.Int("crash.rounds", 20, "how often TestCrashAnywhere kills the daemon")
	crashSeed   = flag.Uint64("crash.seed", 0, "what TestCrashAnywhere draws from; 0 for the time")
)

// TestCrashAnywhere kills the daemon at any moment, again and again, while several writers
// are at work and some round has everything synced.
func TestCrashAnywhere(t *testing.T) {
	seed := *crashSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-crash.seed %d", seed)
	at := folder(t)
	at.env = hurry
	d := newLocker(t, at)
	d.mount()
	var writers []*writer
	for i := range 4 {
		w := newWriter(filepath.Join(d.mnt, fmt.Sprintf("Writer %d", i)), seed+uint64(i))
		if err := os.Mkdir(w.root, 0o755); err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	r, n := rand.New(rand.NewPCG(seed, 9)), 0
	for round := 1; round <= *crashRounds; round++ {
		n += d.struckAnywhere(r, writers)
		d.clear()
		d.mount()
		if round%5 == 0 || round == *crashRounds {
			d.kept(writers...)
		} else {
			d.stillThere(writers...)
		}
	}
	d.unmount()
	t.Logf("%d operations", n)
}

// struckAnywhere kills the daemon of a device at a random moment of the writers' work, and
// tells how much they did.
func (d *device) struckAnywhere(r *rand.Rand, writers []*writer) (n int) {
	d.t.Helper()
	moment := time.After(time.Duration(20+r.IntN(700)) * time.Millisecond)
	syncing := r.IntN(3) == 0
	var work sync.WaitGroup
	for _, w := range writers {
		n -= w.n
		work.Go(func() {
			for w.random() {
				continue
			}
		})
	}
	if syncing {
		work.Go(func() { d.try("sync") }) // it fails when the daemon goes
	}
	<-moment
	d.kill()
	work.Wait()
	for _, w := range writers {
		if w.failed != nil {
			d.t.Fatalf("%v\n%s", w.failed, d.out)
		}
		n += w.n
	}
	return n
}
