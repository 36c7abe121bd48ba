package fs

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// register is a kernel that takes files, or answers fails.
type register struct {
	fails atomic.Int32 // errno

	mu   sync.Mutex // guards the fields below
	last int32
	held map[int32]bool
}

func (r *register) RegisterBackingFd(*fuse.BackingMap) (int32, syscall.Errno) {
	if e := r.fails.Load(); e != 0 {
		return 0, syscall.Errno(e)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	r.held[r.last] = true
	return r.last, 0
}

func (r *register) UnregisterBackingFd(id int32) syscall.Errno {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, id)
	return 0
}

func (r *register) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// passing gives a world whose kernel takes files, without a mount.
func passing(t *testing.T) (*world, *register) {
	w, r := newWorld(t, Options{}), &register{held: map[int32]bool{}}
	w.fs.passes.start(r, "")
	return w, r
}

// opens opens a node and gives the handle and how: the number of the file, or 0.
func (w *world) opens(node uint64) (fh uint64, backing int32) {
	w.t.Helper()
	in, out := fuse.OpenIn{InHeader: header(node)}, fuse.OpenOut{}
	if s := w.fs.Open(nil, &in, &out); !s.Ok() {
		w.t.Fatalf("open: %v", s)
	}
	want := uint32(fuse.FOPEN_KEEP_CACHE)
	if out.BackingID != 0 {
		want = fuse.FOPEN_PASSTHROUGH | fuse.FOPEN_NOFLUSH
	}
	if out.OpenFlags != want {
		w.t.Errorf("open flags %#x, want %#x", out.OpenFlags, want)
	}
	return out.Fh, out.BackingID
}

func (w *world) closes(fh uint64) {
	w.fs.Release(nil, &fuse.ReleaseIn{Fh: fh})
}

// The first handle of a node decides how all that are open with it read.
func TestOneWayAtATime(t *testing.T) {
	w, kernel := passing(t)
	w.file(catalog.Root, "song", pattern(100_000, 1))
	node := w.node("song")

	partial, backing := w.opens(node)
	if backing != 0 {
		t.Fatal("a file that is not here whole was passed through")
	}
	w.bytes.complete(t, node)
	second, backing := w.opens(node)
	if backing != 0 {
		t.Fatal("passed through beside a cached handle")
	}
	uses := func(answered, passed int) {
		t.Helper()
		if a, p := w.fs.Use(catalog.ID(node)); a != answered || p != passed {
			t.Errorf("%d handles are answered, %d passed through; want %d and %d", a, p, answered, passed)
		}
	}
	uses(2, 0)
	w.closes(partial)
	w.closes(second)
	uses(0, 0)
	first, one := w.opens(node)
	other, two := w.opens(node)
	if one == 0 || one != two || kernel.count() != 1 {
		t.Fatalf("files %d and %d, %d registered: want one and the same", one, two, kernel.count())
	}
	uses(0, 2)
	w.closes(first)
	if _, three := w.opens(node); three != one {
		t.Errorf("file %d while the kernel reads %d", three, one)
	}
	w.closes(other)
	if got, s := w.read(nil, other, 0, 10); s.Ok() {
		t.Errorf("a closed handle read %q", got)
	}
	if got := w.fs.Passthrough(); got != (Passthrough{Open: 1, Opened: 3}) {
		t.Errorf("%+v", got)
	}
	w.fs.OnUnmount()
	if opened, closed := w.bytes.balance(); opened != closed || kernel.count() != 0 || len(w.fs.passes.nodes) != 0 {
		t.Errorf("%d contents opened, %d closed; %d files held, %d nodes", opened, closed, kernel.count(), len(w.fs.passes.nodes))
	}
}

// A kernel that does not take a file is counted, and what will not change is said.
func TestRefused(t *testing.T) {
	for errno, off := range map[syscall.Errno]bool{
		syscall.EPERM: true, syscall.ELOOP: true, syscall.EOPNOTSUPP: true,
		syscall.EMFILE: false, syscall.ENOMEM: false,
	} {
		w, kernel := passing(t)
		w.file(catalog.Root, "song", pattern(1000, 1))
		node := w.node("song")
		w.bytes.complete(t, node)
		kernel.fails.Store(int32(errno))
		fh, backing := w.opens(node)
		if got := w.fs.Passthrough(); backing != 0 || got.Failed != 1 || (got.Off != "") != off {
			t.Errorf("%v: file %d, %+v", errno, backing, got)
		}
		w.closes(fh)
		kernel.fails.Store(0)
		if fh, backing = w.opens(node); (backing == 0) != off {
			t.Errorf("after %v: file %d", errno, backing)
		}
		w.closes(fh)
	}
}

// Whatever opens and closes at once, the ways are not mixed and nothing is left.
func TestOpensAtOnce(t *testing.T) {
	w, kernel := passing(t)
	var nodes []uint64
	for _, name := range []string{"a", "b", "c"} {
		w.file(catalog.Root, name, pattern(1000, len(nodes)))
		nodes = append(nodes, w.node(name))
	}
	w.bytes.complete(t, nodes[0])
	var counts [3][2]atomic.Int32 // open handles: cached, passed
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(g)))
			for range 300 {
				i := rng.IntN(len(nodes))
				if g == 0 && rng.IntN(50) == 0 {
					w.bytes.complete(t, nodes[1])
				}
				fh, backing := w.opens(nodes[i])
				way := min(int(backing), 1)
				counts[i][way].Add(1)
				if counts[i][1-way].Load() > 0 {
					t.Errorf("node %d is open both ways", i)
				}
				counts[i][way].Add(-1)
				w.closes(fh)
			}
		})
	}
	all.Wait()
	if opened, closed := w.bytes.balance(); opened != closed || kernel.count() != 0 || len(w.fs.passes.nodes) != 0 {
		t.Errorf("%d contents opened, %d closed; %d files held, %d nodes", opened, closed, kernel.count(), len(w.fs.passes.nodes))
	}
}
