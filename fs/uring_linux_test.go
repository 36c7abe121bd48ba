package fs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// ring is the least of io_uring(7): one request at a time.
type ring struct {
	fd             int
	queue, entries []byte
	p              uringParams
}

// uringParams is struct io_uring_params of linux/io_uring.h.
type uringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32
	resv                                                                   [3]uint32
	sq                                                                     struct {
		head, tail, mask, entries, flags, dropped, array, resv1 uint32
		userAddr                                                uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, resv1 uint32
		userAddr                                                uint64
	}
}

const (
	uringOffEntries = 0x10000000
	uringGetEvents  = 1
	uringOpRead     = 22
	entrySize       = 64
)

func newRing(t *testing.T) *ring {
	t.Helper()
	r := &ring{}
	fd, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&r.p)), 0)
	if e != 0 {
		t.Fatalf("this test needs io_uring: %v", e)
	}
	r.fd = int(fd)
	size := max(int(r.p.sq.array+4*r.p.sqEntries), int(r.p.cq.cqes+16*r.p.cqEntries))
	var err error
	if r.queue, err = unix.Mmap(r.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		t.Fatal(err)
	}
	if r.entries, err = unix.Mmap(r.fd, uringOffEntries, int(r.p.sqEntries)*entrySize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Munmap(r.entries)
		unix.Munmap(r.queue)
		unix.Close(r.fd)
	})
	return r
}

func (r *ring) word(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.queue[off])) }

// read reads into p and gives what the kernel says: bytes, or a negative errno.
func (r *ring) read(t *testing.T, fd int, p []byte, off int64) int32 {
	t.Helper()
	tail := atomic.LoadUint32(r.word(r.p.sq.tail))
	slot := tail & *r.word(r.p.sq.mask)
	e := r.entries[slot*entrySize : (slot+1)*entrySize]
	clear(e)
	e[0] = uringOpRead
	*(*int32)(unsafe.Pointer(&e[4])) = int32(fd)
	*(*int64)(unsafe.Pointer(&e[8])) = off
	*(*uint64)(unsafe.Pointer(&e[16])) = uint64(uintptr(unsafe.Pointer(&p[0])))
	*(*uint32)(unsafe.Pointer(&e[24])) = uint32(len(p))
	*r.word(r.p.sq.array + 4*slot) = slot
	atomic.StoreUint32(r.word(r.p.sq.tail), tail+1)
	for submit := uintptr(1); ; {
		_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), submit, 1, uringGetEvents, 0, 0)
		if errno == 0 {
			break
		}
		if errno != unix.EINTR {
			t.Fatal(errno)
		}
		submit = 0
	}
	head := atomic.LoadUint32(r.word(r.p.cq.head))
	result := *(*int32)(unsafe.Pointer(r.word(r.p.cq.cqes + 16*(head&*r.word(r.p.cq.mask)) + 8)))
	atomic.StoreUint32(r.word(r.p.cq.head), head+1)
	return result
}

// aligned gives n bytes that start on a page, as reads past the cache want them.
func aligned(t *testing.T, n int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	return p
}

// MPD reads with io_uring. Reads within, across and past the end of a file give the
// right bytes and no more, with and without the page cache.
func TestIOUring(t *testing.T) {
	const size = 700_001
	w := newWorld(t, Options{})
	content := pattern(size, 1)
	dir := ""
	for _, flags := range []int{0, unix.O_DIRECT} {
		name := fmt.Sprintf("song %x", flags)
		w.file(catalog.Root, name, content)
		if dir == "" {
			dir = w.mount(MountOptions{})
		}
		fd, err := unix.Open(filepath.Join(dir, name), unix.O_RDONLY|flags, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		r := newRing(t)
		p := aligned(t, 1<<20)
		for _, off := range []int64{0, 4096, 524288, 696320, 700416, 1 << 20} {
			for _, n := range []int{4096, 131072, 262144, 524288, 1 << 20} {
				clear(p)
				want := content[min(off, size):min(off+int64(n), size)]
				got := r.read(t, fd, p[:n], off)
				if int(got) != len(want) || !bytes.Equal(p[:len(want)], want) {
					t.Errorf("flags %x, %d+%d: got %d bytes, want %d", flags, off, n, got, len(want))
				}
			}
		}
	}
}

// fio writes a file that carries its own checksums, and reads it back here.
func TestFioVerifies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fio")
	common := []string{"--name=x", "--size=8m", "--bs=16k", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0"}
	out, err := tool(t, "fio", append(common, "--rw=write", "--do_verify=0", "--filename="+file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{})
	w.file(catalog.Root, "fio", content)
	song := filepath.Join(w.mount(MountOptions{}), "fio")
	for _, how := range [][]string{{"--rw=read"}, {"--rw=randread"}, {"--rw=read", "--direct=1"}} {
		args := append(append(common, "--readonly", "--ioengine=io_uring", "--iodepth=8", "--filename="+song), how...)
		if out, err := tool(t, "fio", args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", how, err, out)
		}
	}
}
