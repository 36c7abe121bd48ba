package integration

import (
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// What fsx does to its file.

// open gives the file, opened for reading and writing.
func (x *fsx) open() *os.File {
	if x.file == nil {
		x.note("open")
		f, err := os.OpenFile(x.path, os.O_RDWR, 0)
		x.must(err)
		x.file = f
	}
	return x.file
}

func (x *fsx) close() {
	if x.file == nil {
		return
	}
	x.note("close")
	err := x.file.Close()
	x.file = nil
	x.must(err)
}

func (x *fsx) read() {
	off, n, ok := x.span()
	if !ok {
		return
	}
	x.note("read %#x+%#x", off, n)
	got := make([]byte, n)
	_, err := x.open().ReadAt(got, int64(off))
	x.must(err)
	x.same("read", got, off)
}

// peek reads through a handle of its own that cannot write.
func (x *fsx) peek() {
	off, n, ok := x.span()
	if !ok {
		return
	}
	x.note("peek %#x+%#x", off, n)
	f, err := os.Open(x.path)
	x.must(err)
	defer f.Close()
	got := make([]byte, n)
	_, err = f.ReadAt(got, int64(off))
	x.must(err)
	x.same("peek", got, off)
}

func (x *fsx) write() {
	off, n := x.place()
	x.writeAt(off, n)
}

func (x *fsx) append() {
	if n := fsxLargest - len(x.good); n > 0 {
		x.writeAt(len(x.good), 1+x.r.IntN(min(n, 4096)))
	}
}

func (x *fsx) writeAt(off, n int) {
	x.note("write %#x+%#x of %#x", off, n, len(x.good))
	b := x.bytes(n)
	_, err := x.open().WriteAt(b, int64(off))
	x.must(err)
	x.put(b, off)
}

// pages calls do with the pages that hold n bytes at off, mapped whole, and where in them
// those begin.
func (x *fsx) pages(off, n, how int, do func(m []byte, at int)) {
	page := os.Getpagesize()
	first := off &^ (page - 1)
	end := (off + n + page - 1) &^ (page - 1)
	m, err := unix.Mmap(int(x.open().Fd()), int64(first), end-first, how, unix.MAP_SHARED)
	x.must(err)
	defer func() {
		if e := recover(); e != nil {
			x.fail("operation %d: the mapping faults: %v", x.n, e)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	do(m, off-first)
	x.must(unix.Munmap(m))
}

func (x *fsx) mapRead() {
	off, n, ok := x.span()
	if !ok {
		return
	}
	x.note("mapped read %#x+%#x", off, n)
	x.pages(off, n, unix.PROT_READ, func(m []byte, at int) {
		x.same("mapped read", append([]byte(nil), m[at:at+n]...), off)
		if off+n < len(x.good) {
			return
		}
		for i, b := range m[at+n:] {
			if b != 0 {
				x.fail("operation %d: byte %d beyond the end is %#x", x.n, i, b)
			}
		}
	})
}

func (x *fsx) mapWrite() {
	off, n := x.place()
	if off+n > len(x.good) {
		x.resize(off+n, false)
	}
	synced := x.r.IntN(3) > 0
	x.note("mapped write %#x+%#x, synced %v", off, n, synced)
	b := x.bytes(n)
	x.pages(off, n, unix.PROT_READ|unix.PROT_WRITE, func(m []byte, at int) {
		copy(m[at:], b)
		if synced {
			x.must(unix.Msync(m, unix.MS_SYNC))
		}
	})
	x.put(b, off)
}

func (x *fsx) truncate() {
	size := x.r.IntN(fsxLargest + 1)
	if x.r.IntN(2) == 0 {
		size = x.r.IntN(len(x.good) + 1)
	}
	x.resize(size, x.r.IntN(3) == 0)
}

func (x *fsx) empty() { x.resize(0, x.r.IntN(2) == 0) }

// resize sets the size, through the open file or by the path.
func (x *fsx) resize(size int, byPath bool) {
	x.note("truncate %#x to %#x, by path %v", len(x.good), size, byPath)
	if byPath {
		x.must(os.Truncate(x.path, int64(size)))
	} else {
		x.must(x.open().Truncate(int64(size)))
	}
	x.grow(size)
	x.good = x.good[:size:size]
}

// rewrite saves as most programs do: it opens the file empty and writes it.
func (x *fsx) rewrite() {
	x.close()
	n := x.r.IntN(2 * fsxPiece)
	x.note("rewrite %#x bytes", n)
	b := x.bytes(n)
	x.must(os.WriteFile(x.path, b, 0o644))
	x.good = b
}

func (x *fsx) fallocate(mode uint32, off, n int) {
	x.note("fallocate %#x of %#x+%#x, size %#x", mode, off, n, len(x.good))
	x.must(unix.Fallocate(int(x.open().Fd()), mode, int64(off), int64(n)))
}

func (x *fsx) allocate() {
	off, n := x.place()
	if x.r.IntN(2) == 0 {
		x.fallocate(unix.FALLOC_FL_KEEP_SIZE, off, n)
		return
	}
	x.fallocate(0, off, n)
	x.grow(off + n)
}

func (x *fsx) punch() {
	off, n := x.place()
	x.fallocate(unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
	x.clear(off, n)
}

func (x *fsx) zero() {
	off, n := x.place()
	if x.r.IntN(2) == 0 {
		x.fallocate(unix.FALLOC_FL_ZERO_RANGE|unix.FALLOC_FL_KEEP_SIZE, off, n)
	} else {
		x.fallocate(unix.FALLOC_FL_ZERO_RANGE, off, n)
		x.grow(off + n)
	}
	x.clear(off, n)
}

// clear makes what is there of a part zero.
func (x *fsx) clear(off, n int) {
	if off < len(x.good) {
		clear(x.good[off:min(off+n, len(x.good))])
	}
}

func (x *fsx) copyWithin() {
	from, n, ok := x.span()
	if !ok {
		return
	}
	to := x.r.IntN(min(fsxLargest, len(x.good)+fsxPiece))
	n = min(n, fsxLargest-to, max(to-from, from-to)) // the two must not overlap
	if n == 0 {
		return
	}
	x.note("copy %#x+%#x to %#x", from, n, to)
	x.copyRange(x.open(), from, x.open(), to, n)
	b := append([]byte(nil), x.good[from:from+n]...)
	x.put(b, to)
}

func (x *fsx) copyRange(from *os.File, at int, to *os.File, off, n int) {
	in, out := int64(at), int64(off)
	for n > 0 {
		done, err := unix.CopyFileRange(int(from.Fd()), &in, int(to.Fd()), &out, n, 0)
		x.must(err)
		if done == 0 {
			x.fail("operation %d: the copy ends %d bytes early", x.n, n)
		}
		n -= done
	}
}

// copyOut copies a part to another file beside, and reads that.
func (x *fsx) copyOut() {
	off, n, ok := x.span()
	if !ok {
		return
	}
	x.note("copy out %#x+%#x", off, n)
	beside, err := os.OpenFile(x.path+".copy", os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	x.must(err)
	x.copyRange(x.open(), off, beside, 0, n)
	x.must(beside.Close())
	got, err := os.ReadFile(x.path + ".copy")
	x.must(err)
	if len(got) != n {
		x.fail("operation %d: the copy has %#x bytes of %#x", x.n, len(got), n)
	}
	x.same("copy", got, off)
}

func (x *fsx) sync() {
	x.note("fsync")
	x.must(x.open().Sync())
}

// pause lets uploads and commits come between, at whatever stage.
func (x *fsx) pause() {
	if x.r.IntN(4) > 0 {
		x.close()
	}
	d := time.Duration(x.r.IntN(250)) * time.Millisecond
	x.note("pause %v", d)
	time.Sleep(d)
}

func (x *fsx) forgetPages() {
	x.note("forget pages")
	x.must(unix.Fadvise(int(x.open().Fd()), 0, 0, unix.FADV_DONTNEED))
}

func (x *fsx) whole() {
	x.note("read all")
	x.compare("read of all")
}

func (x *fsx) remount() {
	x.close()
	x.note("mount anew")
	x.d.unmount()
	x.d.mount()
	x.compare("after a new mount")
}

// kill ends the daemon with SIGKILL. What was closed is safe.
func (x *fsx) kill() {
	x.close()
	x.note("kill")
	x.d.kill()
	x.d.run("umount", x.d.mnt)
	x.d.mount()
	x.compare("after a kill")
}

func (x *fsx) loseCache() {
	x.close()
	x.note("lose the cache")
	x.d.unmount()
	x.must(os.RemoveAll(x.d.dir + "/cache"))
	x.d.mount()
	x.compare("after the cache was lost")
}

func (x *fsx) dropCaches() {
	x.note("drop caches")
	x.must(os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0))
	x.compare("after the kernel's caches were dropped")
}
