package integration

import (
	"io"
	"log"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// recorder is a small file system (FUSE) of the tests that notes every call that changes
// it, in order, so that the disk can be made again as it may be after the power was cut at
// any moment. All of it is in memory, and the tests that it runs in never touch its mount.
//
// The kernel writes through, so that a write is noted when write(2) returns. What programs
// write by mmap (SQLite's -shm) comes when the kernel likes.
type recorder struct {
	fuse.RawFileSystem
	// end unmounts; once is enough.
	end func()

	mu       sync.Mutex // guards all below
	disk     *volume
	calls    []call
	last     uint64 // node or handle that was given
	listings map[uint64][]fuse.DirEntry
}

// newRecorder mounts a recorder at dir, with a folder in which no loss of power harms
// anything, and another in which it does.
func newRecorder(t *testing.T, dir, firm, other string) *recorder {
	t.Helper()
	r := &recorder{RawFileSystem: fuse.NewDefaultRawFileSystem(), disk: newVolume(), last: rootNode, listings: map[uint64][]fuse.DirEntry{}}
	r.disk.nodes[rootNode].mtime = time.Now()
	r.begin(rootNode, other, &node{dir: true, mode: 0o700, names: map[string]uint64{}})
	n := r.begin(rootNode, firm, &node{dir: true, mode: 0o700, names: map[string]uint64{}})
	n.firm, r.disk.nodes[n.id].firm = true, true
	r.do(call{verb: didSync, node: rootNode})
	server, err := fuse.NewServer(r, dir, &fuse.MountOptions{Name: "recorder", FsName: "recorder", DisableReadDirPlus: true, ExplicitDataCacheControl: true,
		MaxWrite: 1 << 20, Logger: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		server.Serve()
	}()
	r.end = sync.OnceFunc(func() {
		if err := server.Unmount(); err != nil {
			t.Errorf("unmounting the recorder: %v", err)
			unix.Unmount(dir, unix.MNT_DETACH)
		}
		<-over
	})
	t.Cleanup(r.end)
	if err := server.WaitMount(); err != nil {
		t.Fatal(err)
	}
	return r
}

// now is how many calls there were.
func (r *recorder) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

// recording gives the calls so far.
func (r *recorder) recording() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// do does a call and notes it. mu is held, or nobody else is there yet.
func (r *recorder) do(c call) {
	c.at = time.Now()
	c.firm = r.disk.nodes[c.node].firm
	r.disk.apply(c)
	r.calls = append(r.calls, c)
}

// begin makes a node and gives the note of it.
func (r *recorder) begin(folder uint64, name string, n *node) *node {
	r.last++
	n.id, n.mtime, n.firm = r.last, time.Now(), r.disk.nodes[folder].firm
	r.do(call{verb: didName, node: folder, slots: []slot{{folder, name, n.id}}, born: n})
	return n
}

// forever is how long the kernel, which sees all changes, keeps what it was told.
const forever = 3600

func (r *recorder) entry(id uint64, out *fuse.EntryOut) fuse.Status {
	out.NodeId, out.Generation, out.EntryValid, out.AttrValid = id, 1, forever, forever
	r.attr(id, &out.Attr)
	return fuse.OK
}

func (r *recorder) attr(id uint64, out *fuse.Attr) {
	n := r.disk.nodes[id]
	out.Ino, out.Size, out.Blocks, out.Blksize, out.Nlink = id, uint64(len(n.bytes)), uint64(len(n.bytes)+511)/512, 4096, 1
	out.Mode = syscall.S_IFREG | n.mode
	switch {
	case n.dir:
		out.Mode = syscall.S_IFDIR | n.mode
	case n.socket:
		out.Mode = syscall.S_IFSOCK | n.mode
	}
	out.SetTimes(&n.mtime, &n.mtime, &n.mtime)
	out.Owner = fuse.Owner{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
}

// child gives what a name stands for; 0 for nothing.
func (r *recorder) child(folder uint64, name string) uint64 { return r.disk.nodes[folder].names[name] }

// Lookup implements fuse.RawFileSystem, as all that follow.
func (r *recorder) Lookup(_ <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.child(in.NodeId, name)
	if id == 0 {
		return fuse.ENOENT
	}
	return r.entry(id, out)
}

func (r *recorder) Forget(uint64, uint64) {}

func (r *recorder) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	out.AttrValid = forever
	r.attr(in.NodeId, &out.Attr)
	return fuse.OK
}

func (r *recorder) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		r.do(call{verb: didResize, node: in.NodeId, size: int64(size)})
	}
	c := call{verb: didSet, node: in.NodeId}
	if mode, ok := in.GetMode(); ok {
		c.mode = mode & 0o777
	}
	if at, ok := in.GetMTime(); ok {
		c.mtime = at
	}
	r.do(c)
	out.AttrValid = forever
	r.attr(in.NodeId, &out.Attr)
	return fuse.OK
}

func (r *recorder) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.begin(in.NodeId, name, &node{dir: true, mode: in.Mode & 0o777, names: map[string]uint64{}})
	return r.entry(n.id, out)
}

func (r *recorder) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	if in.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return fuse.EINVAL
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entry(r.begin(in.NodeId, name, &node{socket: true, mode: in.Mode & 0o777}).id, out)
}

func (r *recorder) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.begin(in.NodeId, name, &node{mode: in.Mode & 0o777})
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
	return r.entry(n.id, &out.EntryOut)
}

func (r *recorder) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.child(in.NodeId, name) != 0 {
		return fuse.Status(syscall.EEXIST)
	}
	r.do(call{verb: didName, node: in.NodeId, slots: []slot{{in.NodeId, name, in.Oldnodeid}}})
	return r.entry(in.Oldnodeid, out)
}

func (r *recorder) Unlink(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.child(in.NodeId, name) == 0 {
		return fuse.ENOENT
	}
	r.do(call{verb: didName, node: in.NodeId, slots: []slot{{in.NodeId, name, 0}}})
	return fuse.OK
}

func (r *recorder) Rmdir(c <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	r.mu.Lock()
	id := r.child(in.NodeId, name)
	full := id != 0 && len(r.disk.nodes[id].names) > 0
	r.mu.Unlock()
	if full {
		return fuse.Status(syscall.ENOTEMPTY)
	}
	return r.Unlink(c, in, name)
}

func (r *recorder) Rename(_ <-chan struct{}, in *fuse.RenameIn, name, newName string) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, there := r.child(in.NodeId, name), r.child(in.Newdir, newName)
	switch {
	case id == 0:
		return fuse.ENOENT
	case in.Flags&^1 != 0:
		return fuse.EINVAL
	case in.Flags&1 != 0 && there != 0:
		return fuse.Status(syscall.EEXIST)
	case there != 0 && len(r.disk.nodes[there].names) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	case id == there:
		return fuse.OK
	}
	r.do(call{verb: didName, node: in.Newdir, slots: []slot{{in.NodeId, name, 0}, {in.Newdir, newName, id}}})
	return fuse.OK
}
