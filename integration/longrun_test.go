package integration

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/integration/link"
)

var longHours = flag.Int("long.hours", 24, "how many hours TestTwentyFourHours lives through, in seconds")

const (
	longCache  = 8 << 20  // bytes; the music is three times that
	longGrowth = 24 << 20 // bytes that the daemon may take more in the end than at noon
)

// TestTwentyFourHours: a day of listening, editing, copying in, renaming and removing, with
// hours without a network, restarts and crashes, in seconds. Everything reads as in a folder
// where the same was done; the cache stays within its limit, the daemon small, and its
// descriptors few; in the end nothing is left to be sent, and another device has it all.
func TestTwentyFourHours(t *testing.T) {
	at, faults := faulty(t)
	at.env = append(at.env, "LOCKERFS_QUIET=100ms")
	l := &longDay{t: t, d: newLocker(t, at), faults: faults, mirror: t.TempDir(), rand: rand.New(rand.NewPCG(24, 7))}
	for i := range 24 {
		randomWAV(t, filepath.Join(l.folder(fmt.Sprint("Album ", i/6)), fmt.Sprintf("%02d.wav", i%6+1)), byte(i))
	}
	l.d.run("import", "--layout", "keep", l.mirror)
	l.root = filepath.Base(l.mirror)
	l.d.mount("--cache-size", strconv.Itoa(longCache))
	// Nobody restarts it in the second half.
	var noon, evening []int64
	for hour := range *longHours {
		l.live(hour)
		if hour < *longHours/2 {
			l.restart(hour)
			continue
		}
		if at := hour - *longHours/2; at < *longHours/6 {
			noon = append(noon, l.d.memory("RssAnon:"))
		} else if hour >= *longHours-*longHours/6 {
			evening = append(evening, l.d.memory("RssAnon:"))
		}
	}
	t.Logf("memory at noon %v, in the evening %v; played %d, edited %d, unheard without a network %d", noon, evening, l.played, l.edited, l.unheard)
	if slices.Min(evening) > slices.Min(noon)+longGrowth {
		t.Errorf("it took %d bytes at noon, and %d in the evening", slices.Min(noon), slices.Min(evening))
	}
	l.d.run("sync", "--wait")
	want := map[string]string{}
	for path, sum := range sums(t, l.mirror) {
		want[l.root+"/"+path] = sum
	}
	if diff := cmp.Diff(want, sums(t, l.d.mnt)); diff != "" {
		t.Errorf("in the evening (-want +got):\n%s", diff)
	}
	l.d.same(want)
	l.d.unmount()
	l.nothingLeft()
}

// longDay is a device, and a folder where the same was done as in its locker.
type longDay struct {
	t            *testing.T
	d            *device
	faults       *link.Faults
	mirror, root string // the folder, and its name in the locker
	rand         *rand.Rand
	away         bool

	played, edited, unheard, added int
}

func (l *longDay) folder(name string) string {
	l.t.Helper()
	dir := filepath.Join(l.mirror, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	return dir
}

// live is an hour: every fourth has no network.
func (l *longDay) live(hour int) {
	l.t.Helper()
	l.away = hour%4 == 3
	l.faults.Down(l.away)
	for range 3 {
		l.play()
	}
	l.edit()
	l.copyIn(hour)
	if hour%3 == 1 {
		l.rename()
	}
	l.play()
	l.faults.Down(false)
	if l.away {
		eventually(l.t, 20*time.Second, "the network to be back", func() bool { return l.d.network() == "online" })
	}
	if taken, err := diskUse(l.d.dir + "/cache/objects"); err != nil || taken > longCache {
		l.t.Errorf("hour %d: the cache takes %d bytes, %v", hour, taken, err)
	}
	// What may be open: the cache's files, up to 256, and little else.
	if n := l.d.descriptors(); n > 256+64 {
		l.t.Errorf("hour %d: %d descriptors", hour, n)
	}
}

// restart ends the daemon in some hours, well or not, and mounts again.
func (l *longDay) restart(hour int) {
	l.t.Helper()
	switch hour % 6 {
	case 2:
		l.d.unmount()
	case 4:
		l.d.kill()
	default:
		return
	}
	l.d.mount("--cache-size", strconv.Itoa(longCache))
	eventually(l.t, 20*time.Second, "the mount to answer", func() bool {
		_, err := os.ReadDir(l.there("")) // attributes the kernel has of a dead mount too
		return err == nil
	})
}

// tracks gives the paths of all tracks below the root, in order.
func (l *longDay) tracks() (all []string) {
	l.t.Helper()
	err := filepath.WalkDir(l.mirror, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, strings.TrimPrefix(path, l.mirror+"/"))
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func (l *longDay) any() string {
	all := l.tracks()
	return all[l.rand.IntN(len(all))]
}

// there is a path in the mount.
func (l *longDay) there(path string) string { return filepath.Join(l.d.mnt, l.root, path) }

// play reads a track to its end. Without a network it may fail, and with EIO only.
func (l *longDay) play() {
	l.t.Helper()
	path := l.any()
	got, err := os.ReadFile(l.there(path))
	if l.away && errors.Is(err, syscall.EIO) {
		l.unheard++
		return
	}
	want, wantErr := os.ReadFile(filepath.Join(l.mirror, path))
	if err := errors.Join(err, wantErr); err != nil {
		l.t.Fatalf("%s (away: %v): %v\n%s", path, l.away, err, l.d.out)
	}
	if !bytes.Equal(got, want) {
		l.t.Errorf("%s reads otherwise", path)
	}
	l.played++
}

// edit writes into the middle of a track, or saves it anew under another name first.
func (l *longDay) edit() {
	l.t.Helper()
	path := l.any()
	off, text := l.rand.Int64N(200_000), randomBytes(byte(l.rand.Int()), 1000)
	whole := l.rand.IntN(2) == 0
	for _, file := range []string{filepath.Join(l.mirror, path), l.there(path)} {
		do := func() error { return writeAt(file, off, text) }
		if whole {
			do = func() error {
				return errors.Join(os.WriteFile(file+".new", text, 0o644), os.Rename(file+".new", file))
			}
		}
		if err := do(); err != nil {
			l.t.Fatalf("editing %s (away: %v): %v", path, l.away, err)
		}
	}
	l.edited++
}

func writeAt(path string, off int64, p []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(p, off)
	return errors.Join(err, f.Close())
}

// copyIn brings a file, and takes the one before away.
func (l *longDay) copyIn(hour int) {
	l.t.Helper()
	l.added++
	name := func(n int) string { return fmt.Sprintf("new %d.wav", n) }
	content := randomBytes(byte(hour), 300_000)
	for _, dir := range []string{l.mirror, l.there("")} {
		err := os.WriteFile(filepath.Join(dir, name(l.added)), content, 0o644)
		if l.added > 1 {
			err = errors.Join(err, os.Remove(filepath.Join(dir, name(l.added-1))))
		}
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

// rename gives an album another name.
func (l *longDay) rename() {
	l.t.Helper()
	var albums []string
	for _, path := range l.tracks() {
		if dir := filepath.Dir(path); dir != "." && !slices.Contains(albums, dir) {
			albums = append(albums, dir)
		}
	}
	album := albums[l.rand.IntN(len(albums))]
	next := strings.TrimSuffix(album, " (live)")
	if next == album {
		next += " (live)"
	}
	if err := errors.Join(os.Rename(filepath.Join(l.mirror, album), filepath.Join(l.mirror, next)), os.Rename(l.there(album), l.there(next))); err != nil {
		l.t.Fatal(err)
	}
}

// nothingLeft looks whether the state folder holds anything that was to be sent.
func (l *longDay) nothingLeft() {
	l.t.Helper()
	staged, err := os.ReadDir(l.d.dir + "/state/staging")
	if err != nil || len(staged) > 0 {
		l.t.Errorf("in staging there is %v (%v)", staged, err)
	}
	// The journal is written anew at 4 MiB; what it says is that nothing is left.
	if n, err := diskUse(l.d.dir + "/state/journal"); err != nil || n > 5<<20 {
		l.t.Errorf("the journal has %d bytes, %v", n, err)
	}
	if s := l.d.standing(); !s.Safe || len(s.Unsafe) > 0 {
		l.t.Errorf("status says %+v", s)
	}
}
