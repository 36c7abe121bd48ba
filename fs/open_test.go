package fs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

func (w *world) open(node uint64, flags uint32) (uint64, fuse.Status) {
	var out fuse.OpenOut
	s := w.fs.Open(nil, &fuse.OpenIn{InHeader: header(node), Flags: flags}, &out)
	if s == fuse.OK && out.OpenFlags != fuse.FOPEN_KEEP_CACHE {
		w.t.Errorf("open flags %x: want FOPEN_KEEP_CACHE alone", out.OpenFlags)
	}
	return out.Fh, s
}

func (w *world) read(cancel <-chan struct{}, fh uint64, off int64, n int) ([]byte, fuse.Status) {
	buf := make([]byte, n)
	result, s := w.fs.Read(cancel, &fuse.ReadIn{Fh: fh, Offset: uint64(off), Size: uint32(n)}, buf)
	if s != fuse.OK {
		return nil, s
	}
	return result.Bytes(nil)
}

func TestRead(t *testing.T) {
	w := newWorld(t, Options{})
	content := pattern(10_000, 1)
	w.file(catalog.Root, "song", content)
	fh, s := w.open(w.node("song"), syscall.O_RDONLY)
	if s != fuse.OK {
		t.Fatal(s)
	}
	rapid.Check(t, func(rt *rapid.T) {
		off := rapid.Int64Range(0, 12_000).Draw(rt, "offset")
		n := rapid.IntRange(0, 12_000).Draw(rt, "length")
		got, s := w.read(nil, fh, off, n)
		lo, hi := min(off, 10_000), min(off+int64(n), 10_000)
		if s != fuse.OK || !bytes.Equal(got, content[lo:hi]) {
			rt.Fatalf("%d+%d: %v, %d bytes, want %d", off, n, s, len(got), hi-lo)
		}
	})
	w.fs.Release(nil, &fuse.ReleaseIn{Fh: fh})
	if _, s := w.read(nil, fh, 0, 1); s != fuse.EBADF {
		t.Errorf("after release: got %v, want EBADF", s)
	}
	if opened, closed := w.bytes.balance(); opened != 1 || closed != 1 {
		t.Errorf("opened %d, closed %d", opened, closed)
	}
}

func TestOpenFailures(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.folder(catalog.Root, "dir")
	w.file(dir, "song", nil)
	song := w.node("dir/song")
	for _, c := range []struct {
		what  string
		node  uint64
		flags int
		want  syscall.Errno
	}{
		{"write", song, syscall.O_WRONLY, syscall.EROFS},
		{"read and write", song, syscall.O_RDWR, syscall.EROFS},
		{"truncate", song, syscall.O_RDONLY | syscall.O_TRUNC, syscall.EROFS},
		{"unknown", 5555555, syscall.O_RDONLY, syscall.ESTALE},
		{"folder", uint64(dir), syscall.O_RDONLY, syscall.ESTALE},
	} {
		if _, s := w.open(c.node, uint32(c.flags)); s != fuse.Status(c.want) {
			t.Errorf("%s: got %v, want %v", c.what, s, c.want)
		}
	}
	w.bytes.fail(&remote.Error{Op: "get", Kind: remote.ErrOffline})
	if _, s := w.open(song, syscall.O_RDONLY); s != fuse.EIO {
		t.Errorf("offline: got %v, want EIO", s)
	}
}

func TestReadStalled(t *testing.T) {
	w := newWorld(t, Options{Timeout: 50 * time.Millisecond})
	w.file(catalog.Root, "song", pattern(100, 1))
	node := w.node("song")
	fh, s := w.open(node, syscall.O_RDONLY)
	if s != fuse.OK {
		t.Fatal(s)
	}
	w.bytes.stall(node, true)
	if _, s := w.read(nil, fh, 0, 100); s != fuse.EIO {
		t.Errorf("stalled: got %v, want EIO", s)
	}
	interrupted := make(chan struct{})
	close(interrupted)
	if _, s := w.read(interrupted, fh, 0, 100); s != fuse.EINTR {
		t.Errorf("interrupted: got %v, want EINTR", s)
	}
	w.bytes.stall(node, false)
	if got, s := w.read(nil, fh, 0, 100); s != fuse.OK || len(got) != 100 {
		t.Errorf("afterwards: got %v, %d bytes", s, len(got))
	}
}

// odd is a content that answers as it is told.
type odd struct {
	n   int
	err error
}

func (o odd) ReadAt(context.Context, []byte, int64) (int, error) { return o.n, o.err }
func (odd) Close()                                               {}

func TestReadFull(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		content odd
		want    error
	}{
		{odd{10, nil}, nil},
		{odd{10, io.EOF}, nil},
		{odd{9, nil}, errShort},
		{odd{9, io.EOF}, errShort},
		{odd{0, io.EOF}, errShort},
		{odd{9, broken}, broken},
		{odd{10, broken}, broken},
	} {
		if err := readFull(context.Background(), c.content, make([]byte, 10), 0); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v, want %v", c.content, err, c.want)
		}
	}
}

func TestLseek(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", pattern(100, 1))
	fh, _ := w.open(w.node("song"), syscall.O_RDONLY)
	for _, c := range []struct {
		off    uint64
		whence uint32
		want   uint64
		errno  syscall.Errno
	}{
		{0, unix.SEEK_DATA, 0, 0},
		{99, unix.SEEK_DATA, 99, 0},
		{0, unix.SEEK_HOLE, 100, 0},
		{100, unix.SEEK_DATA, 0, syscall.ENXIO},
		{100, unix.SEEK_HOLE, 0, syscall.ENXIO},
		{1 << 63, unix.SEEK_HOLE, 0, syscall.ENXIO},
		{0, 77, 0, syscall.EINVAL},
	} {
		var out fuse.LseekOut
		s := w.fs.Lseek(nil, &fuse.LseekIn{Fh: fh, Offset: c.off, Whence: c.whence}, &out)
		if s != fuse.Status(c.errno) || out.Offset != c.want {
			t.Errorf("%+v: got %v, %d", c, s, out.Offset)
		}
	}
	if s := w.fs.Lseek(nil, &fuse.LseekIn{Fh: 99, Whence: unix.SEEK_DATA}, new(fuse.LseekOut)); s != fuse.EBADF {
		t.Errorf("no handle: got %v", s)
	}
}

// The kernel does not release handles of a mount that is torn down.
func TestOnUnmountClosesContents(t *testing.T) {
	w := newWorld(t, Options{})
	w.file(catalog.Root, "song", nil)
	for range 3 {
		w.open(w.node("song"), syscall.O_RDONLY)
	}
	w.fs.OnUnmount()
	if opened, closed := w.bytes.balance(); opened != 3 || closed != 3 {
		t.Errorf("opened %d, closed %d", opened, closed)
	}
}

func TestStalls(t *testing.T) {
	var s stalls
	s.add(100, 200)
	for _, c := range []struct {
		off, end int64
		want     time.Duration
	}{{0, 100, time.Hour}, {0, 101, secondWait}, {199, 300, secondWait}, {200, 300, time.Hour}, {120, 130, secondWait}} {
		if got := s.wait(c.off, c.end, time.Hour); got != c.want {
			t.Errorf("[%d, %d): got %v, want %v", c.off, c.end, got, c.want)
		}
	}
	if got := s.wait(100, 200, time.Millisecond); got != time.Millisecond {
		t.Errorf("longer than the time-out: %v", got)
	}
	for i := range int64(len(s.latest)) {
		s.add(1000+i, 1001+i)
	}
	if got := s.wait(100, 200, time.Hour); got != time.Hour {
		t.Errorf("the oldest is remembered for ever: %v", got)
	}
	s.latest[0].at = time.Now().Add(-stallMemory)
	if got := s.wait(s.latest[0].off, s.latest[0].end, time.Hour); got != time.Hour {
		t.Errorf("an old one counts: %v", got)
	}
}
