package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// How TestFsx is run: `go test ./integration -run TestFsx -fsx.ops 100000 -fsx.seed 7`.
var (
	fsxOps  = flag.Int("fsx.ops", 10_000, "how many operations TestFsx does")
	fsxSeed = flag.Uint64("fsx.seed", 0, "what TestFsx draws from; 0 for the time")
)

// fsxLargest is how large the file gets, in bytes; fsxPiece how much of it one operation
// concerns at most.
const (
	fsxLargest = 1 << 20
	fsxPiece   = 64 << 10
)

// fsx is the file system exerciser of old: operations at random on one file of the mount,
// and on a slice of bytes that tells what the file must be.
type fsx struct {
	t    *testing.T
	d    *device
	path string
	r    *rand.Rand
	seed uint64

	file *os.File // open for reading and writing; nil while it is closed
	good []byte   // what the file is
	n    int      // operations so far
	done []string // what they were, the last of them
}

// TestFsx does random operations on one file through a real mount, with uploads, new
// mounts, kills and lost caches between, and finds no difference to a slice of bytes.
func TestFsx(t *testing.T) {
	at := folder(t)
	at.env = append(at.env, "LOCKERFS_QUIET=100ms", "LOCKERFS_POLL=100ms")
	seed := *fsxSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-fsx.seed %d", seed)
	d := newLocker(t, at)
	d.mount()
	x := &fsx{t: t, d: d, path: filepath.Join(d.mnt, "exercised"), r: rand.New(rand.NewPCG(seed, 1)), seed: seed}
	if err := os.WriteFile(x.path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	began, counts := time.Now(), map[string]int{}
	for x.n = 1; x.n <= *fsxOps; x.n++ {
		deed := x.draw()
		counts[deed.name]++
		deed.do(x)
		x.sized()
	}
	x.committed()
	x.compare("in the end")
	x.close()
	d.unmount()
	t.Logf("%d operations in %v: %v", *fsxOps, time.Since(began).Round(time.Second), counts)
}

// deed is one kind of operation, and how often it comes among the others.
type deed struct {
	name  string
	share int
	do    func(x *fsx)
}

func deeds() []deed {
	return []deed{
		{"read", 2200, (*fsx).read}, {"write", 2200, (*fsx).write}, {"append", 200, (*fsx).append},
		{"mapped read", 800, (*fsx).mapRead}, {"mapped write", 900, (*fsx).mapWrite},
		{"truncate", 500, (*fsx).truncate}, {"empty", 40, (*fsx).empty}, {"rewrite", 20, (*fsx).rewrite},
		{"allocate", 250, (*fsx).allocate}, {"punch", 350, (*fsx).punch}, {"zero", 350, (*fsx).zero},
		{"copy within", 250, (*fsx).copyWithin}, {"copy out", 30, (*fsx).copyOut},
		{"fsync", 200, (*fsx).sync}, {"close", 900, (*fsx).close}, {"peek", 300, (*fsx).peek},
		{"pause", 60, (*fsx).pause}, {"forget pages", 60, (*fsx).forgetPages}, {"whole", 40, (*fsx).whole},
		{"commit", 36, (*fsx).committed}, {"mount", 12, (*fsx).remount}, {"kill", 10, (*fsx).kill},
		{"lose cache", 8, (*fsx).loseCache}, {"drop caches", 8, (*fsx).dropCaches},
	}
}

func (x *fsx) draw() deed {
	all, sum := deeds(), 0
	for _, d := range all {
		sum += d.share
	}
	at := x.r.IntN(sum)
	for _, d := range all {
		if at -= d.share; at < 0 {
			return d
		}
	}
	panic("shares do not add up")
}

// note keeps what is about to be done.
func (x *fsx) note(format string, args ...any) {
	if len(x.done) >= 400 {
		x.done = append(x.done[:0], x.done[200:]...)
	}
	x.done = append(x.done, fmt.Sprintf("%6d %s", x.n, fmt.Sprintf(format, args...)))
}

// fail ends the test with all that is needed to see why.
func (x *fsx) fail(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s\n-fsx.seed %d -fsx.ops %d; operations:\n%s\nthe daemon said:\n%s", fmt.Sprintf(format, args...),
		x.seed, x.n, strings.Join(x.done, "\n"), x.d.out)
}

func (x *fsx) must(err error) {
	x.t.Helper()
	if err != nil {
		x.fail("operation %d: %v", x.n, err)
	}
}

// span draws a part of the file that is not empty, or fails when the file is.
func (x *fsx) span() (off, n int, ok bool) {
	if len(x.good) == 0 {
		return 0, 0, false
	}
	off = x.r.IntN(len(x.good))
	return off, 1 + x.r.IntN(min(fsxPiece, len(x.good)-off)), true
}

// place draws a part of what the file may become.
func (x *fsx) place() (off, n int) {
	// Mostly near what is there, or the file would always be as large as it can get.
	off = x.r.IntN(min(fsxLargest-1, len(x.good)+fsxPiece))
	return off, 1 + x.r.IntN(min(fsxPiece, fsxLargest-off))
}

// bytes makes bytes that tell which operation they are of.
func (x *fsx) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(x.n)
		if i%2 == 1 {
			b[i] = byte(x.n>>8) ^ byte(i>>1)
		}
	}
	return b
}

// put makes bytes part of what the file must be.
func (x *fsx) put(b []byte, off int) {
	x.grow(off + len(b))
	copy(x.good[off:], b)
}

func (x *fsx) grow(size int) {
	if size > len(x.good) {
		x.good = append(x.good, make([]byte, size-len(x.good))...)
	}
}

// same fails when what was read is not what is there.
func (x *fsx) same(how string, got []byte, off int) {
	x.t.Helper()
	want := x.good[off : off+len(got)]
	if bytes.Equal(got, want) {
		return
	}
	at := differs(got, want)
	wrong := 0
	for i := range got {
		if got[i] != want[i] {
			wrong++
		}
	}
	x.fail("operation %d, %s: %d bytes of %d at %#x are wrong, the first at %#x: got % x, want % x", x.n, how, wrong,
		len(got), off, off+at, got[at:min(at+16, len(got))], want[at:min(at+16, len(want))])
}

// sized checks the size, by the path and by the open file.
func (x *fsx) sized() {
	info, err := os.Stat(x.path)
	x.must(err)
	if info.Size() != int64(len(x.good)) {
		x.fail("operation %d: the size is %#x, want %#x", x.n, info.Size(), len(x.good))
	}
	if x.file == nil {
		return
	}
	info, err = x.file.Stat()
	x.must(err)
	if info.Size() != int64(len(x.good)) {
		x.fail("operation %d: the size of the open file is %#x, want %#x", x.n, info.Size(), len(x.good))
	}
}

// compare reads all of the file anew.
func (x *fsx) compare(how string) {
	got, err := os.ReadFile(x.path)
	x.must(err)
	if len(got) != len(x.good) {
		x.fail("operation %d, %s: there are %#x bytes, want %#x", x.n, how, len(got), len(x.good))
	}
	x.same(how, got, 0)
}

// committed waits until all is in the store, whose hash must be that of the file.
func (x *fsx) committed() {
	x.close()
	x.note("wait for the commit")
	x.d.safe()
	// A file that was only opened for writing is shown as staged for a moment more.
	got := make([]byte, 64)
	eventually(x.t, 10*time.Second, "the SHA-256 of what was committed", func() bool {
		_, err := unix.Getxattr(x.path, "user.lockerfs.sha256", got)
		return err == nil
	})
	want := sha256.Sum256(x.good)
	if string(got) != hex.EncodeToString(want[:]) {
		x.fail("operation %d: what was committed has the SHA-256 %s, want %x", x.n, got, want)
	}
}
