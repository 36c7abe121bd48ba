package staging

import (
	"errors"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"
)

// disk is a disk of a given size that counts what the local files of a folder take.
type disk struct {
	dir   string
	mu    sync.Mutex
	size  int64
	looks int
}

func (d *disk) space(string) (total, free int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks++
	return d.size, d.size - diskUse(d.dir), nil
}

// fill makes the disk smaller than what is on it, and the store look at it again.
func (d *disk) fill(s *Store) {
	d.mu.Lock()
	d.size = 0
	d.mu.Unlock()
	s.room.mu.Lock()
	s.room.credit = 0
	s.room.mu.Unlock()
}

// diskUse is what the files of dir take on disk.
func diskUse(dir string) (n int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return n
}

// limited is a store on a disk of so many bytes, all but floor of which it may use.
func limited(t testing.TB, size, floor int64) (*Store, *disk) {
	k := &disk{dir: t.TempDir(), size: size}
	return openStore(t, k.dir, func(o *Options, tn *tune) { o.Floor, tn.space = floor, k.space }), k
}

// The floor holds against many writers at once, and what they were told was written is
// there.
func TestFloorHolds(t *testing.T) {
	const size, floor = 4 << 20, 1 << 20
	s, k := limited(t, size, floor)
	var g errgroup.Group
	drafts := make([]*Draft, 8)
	for i := range drafts {
		d := create(t, s, nil)
		drafts[i] = d
		g.Go(func() error {
			p := noise(100_000, uint64(i))
			for off := int64(0); ; off += int64(len(p)) {
				n, err := d.WriteAt(p, off)
				if d.Size() != off+int64(n) {
					return errors.New("size is not what was written")
				}
				if err != nil {
					if errors.Is(err, ErrFull) {
						return nil
					}
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if used := diskUse(k.dir); used > size-floor || used < (size-floor)/2 {
		t.Errorf("%d bytes used of %d", used, size-floor)
	}
	for i, d := range drafts {
		p := noise(100_000, uint64(i))
		got := content(t, d)
		for off := range got {
			if got[off] != p[off%len(p)] {
				t.Fatalf("draft %d: byte %d is wrong", i, off)
			}
		}
		mustSync(t, d)
	}
}

// At the floor, what has its place already can be written, and what needs none can be done.
func TestWorkAtTheFloor(t *testing.T) {
	s, k := limited(t, 1<<40, 1<<20)
	d := create(t, s, &memBase{content: noise(1<<20, 1)})
	write(t, d, noise(8192, 2), 0)
	if err := d.Allocate(100_000, 50_000, true); err != nil {
		t.Fatal(err)
	}
	k.fill(s)
	wanted := content(t, d)
	for _, off := range []int64{0, 100_000, 149_900} {
		write(t, d, noise(100, 3), off)
		copy(wanted[off:], noise(100, 3))
	}
	if _, err := d.WriteAt(noise(100, 4), 50_000); !errors.Is(err, ErrFull) {
		t.Errorf("write: %v", err)
	}
	if err := d.Allocate(1<<20, 1, false); !errors.Is(err, ErrFull) {
		t.Errorf("allocate: %v", err)
	}
	if err := d.Complete(t.Context()); !errors.Is(err, ErrFull) {
		t.Errorf("complete: %v", err)
	}
	want(t, d, wanted)
	if err := d.Zero(0, 8192, true); err != nil {
		t.Errorf("zero: %v", err)
	}
	clear(wanted[:8192])
	want(t, d, wanted)
	if err := d.Truncate(10); err != nil {
		t.Errorf("truncate: %v", err)
	}
	want(t, d, wanted[:10])
}

// Where space cannot be allocated or punched out, the floor is still looked at and zeros
// are zeros.
func TestPlainFileSystem(t *testing.T) {
	s, k := limited(t, 8<<20, 1<<20)
	s.tune.allocate = func(*os.File, Span) error { return errors.ErrUnsupported }
	s.tune.punch = s.tune.allocate
	d := create(t, s, &memBase{content: noise(3<<20, 1)})
	if err := d.Allocate(0, 9<<20, false); !errors.Is(err, ErrFull) {
		t.Errorf("allocate too much: %v", err)
	}
	if err := d.Allocate(0, 4<<20, false); err != nil || d.Size() != 4<<20 {
		t.Errorf("allocate: %v, size %d", err, d.Size())
	}
	if err := d.Zero(100, 2<<20, true); err != nil {
		t.Fatal(err)
	}
	wanted := append(noise(3<<20, 1), make([]byte, 1<<20)...)
	clear(wanted[100 : 100+2<<20])
	want(t, d, wanted)
	k.fill(s)
	if err := d.Zero(0, 3<<20-1, true); !errors.Is(err, ErrFull) {
		t.Errorf("zeros that must be written: %v", err)
	}
}

// A disk that says it is full, whatever it said before, is ErrFull too.
func TestFullDiskErrors(t *testing.T) {
	for _, err := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
			tn.allocate = func(*os.File, Span) error { return err }
			tn.punch = tn.allocate
			tn.sync = func(*os.File) error { return err }
		})
		d := create(t, s, &memBase{content: noise(10, 1)})
		write(t, d, []byte("a"), 0)
		_, synced := d.Sync()
		for i, got := range []error{d.Allocate(0, 1, true), d.Zero(0, 1, true), synced} {
			if !errors.Is(got, ErrFull) || !errors.Is(got, err) {
				t.Errorf("call %d: %v", i, got)
			}
		}
	}
}

// What a disk took before it was full counts, and nothing else changes.
func TestHalfAWrite(t *testing.T) {
	full := false
	s := openStore(t, t.TempDir(), func(_ *Options, tn *tune) {
		tn.write = func(f *os.File, p []byte, off int64) (int, error) {
			if !full {
				return f.WriteAt(p, off)
			}
			n, err := f.WriteAt(p[:len(p)/2], off)
			return n, errors.Join(err, syscall.ENOSPC)
		}
	})
	d := create(t, s, &memBase{content: noise(10_000, 1)})
	wanted := content(t, d)
	full = true
	if n, err := d.WriteAt(noise(8000, 2), 8000); n != 4000 || !errors.Is(err, ErrFull) {
		t.Fatalf("%d, %v", n, err)
	}
	wanted = append(wanted[:8000], noise(8000, 2)[:4000]...)
	want(t, d, wanted)
	if err := d.Complete(t.Context()); !errors.Is(err, ErrFull) || d.Whole() {
		t.Errorf("complete: %v", err)
	}
	want(t, d, wanted)
	full = false
	if err := d.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, d, wanted)
}

// What was granted and is not on the disk yet counts at the next look.
func TestGrantedBytesCount(t *testing.T) {
	r := room{floor: 100, space: func(string) (int64, int64, error) { return 1 << 40, 1000, nil }}
	if err := r.take(500); err != nil {
		t.Fatal(err)
	}
	r.credit = 0
	if err := r.take(500); !errors.Is(err, ErrFull) {
		t.Errorf("500 of 400 bytes: %v", err)
	}
	if err := r.take(400); err != nil {
		t.Error(err)
	}
	r.born(500)
	r.born(400)
	r.credit = 0
	if err := r.take(900); err != nil {
		t.Errorf("of a free disk: %v", err)
	}
	r.space = func(string) (int64, int64, error) { return 0, 0, os.ErrPermission }
	if err := r.take(1); !errors.Is(err, os.ErrPermission) {
		t.Errorf("of a disk that cannot be asked: %v", err)
	}
}

// The disk is not asked at every write.
func TestFewLooksAtTheDisk(t *testing.T) {
	s, k := limited(t, 1<<40, 1<<20)
	d := create(t, s, nil)
	p := noise(1000, 1)
	before := k.looks
	for i := range 2000 {
		write(t, d, p, int64(i*1000))
	}
	if n := k.looks - before; n > 200 {
		t.Errorf("%d looks for 2 MB in 2,000 writes", n)
	}
}

func TestAutoFloor(t *testing.T) {
	for _, tt := range []struct {
		floor, total, free, want int64
		err                      error
	}{
		{floor: 0, total: 1 << 40, free: 1 << 40, want: 0},
		{floor: 5, total: 1 << 40, free: 1 << 40, want: 5},
		{floor: Auto, total: 50 << 30, free: 40 << 30, want: 1 << 30},
		{floor: Auto, total: 1000 << 30, free: 500 << 30, want: 10 << 30},
		{floor: Auto, total: 1000 << 30, free: 6 << 30, want: 3 << 30},
		{floor: Auto, err: os.ErrInvalid, want: 1 << 30},
	} {
		r := room{floor: tt.floor, log: slog.New(slog.DiscardHandler),
			space: func(string) (int64, int64, error) { return tt.total, tt.free, tt.err }}
		if r.settle(); r.floor != tt.want {
			t.Errorf("%+v: floor %d", tt, r.floor)
		}
	}
}
