package integration

import (
	"bytes"
	"maps"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func (r *recorder) Open(_ <-chan struct{}, _ *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
	return fuse.OK
}

func (r *recorder) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.OK }

func (r *recorder) Release(<-chan struct{}, *fuse.ReleaseIn) {}

func (r *recorder) Read(_ <-chan struct{}, in *fuse.ReadIn, _ []byte) (fuse.ReadResult, fuse.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.disk.nodes[in.NodeId].bytes
	from := min(int(in.Offset), len(b))
	return fuse.ReadResultData(bytes.Clone(b[from:min(from+int(in.Size), len(b))])), fuse.OK
}

func (r *recorder) Write(_ <-chan struct{}, in *fuse.WriteIn, b []byte) (uint32, fuse.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.do(call{verb: didWrite, node: in.NodeId, off: int64(in.Offset), bytes: bytes.Clone(b)})
	return uint32(len(b)), fuse.OK
}

func (r *recorder) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.do(call{verb: didSync, node: in.NodeId})
	return fuse.OK
}

func (r *recorder) FsyncDir(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status { return r.Fsync(c, in) }

// Flags of fallocate(2).
const (
	keepSize  = 1
	punchHole = 2
	zeroRange = 16
)

func (r *recorder) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := int64(in.Offset + in.Length)
	if in.Mode&^(keepSize|punchHole|zeroRange) != 0 {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	if in.Mode&(punchHole|zeroRange) != 0 {
		r.do(call{verb: didBlank, node: in.NodeId, off: int64(in.Offset), size: int64(in.Length)})
	}
	if in.Mode&keepSize == 0 && end > int64(len(r.disk.nodes[in.NodeId].bytes)) {
		r.do(call{verb: didResize, node: in.NodeId, size: end})
	}
	return fuse.OK
}

func (r *recorder) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	out.Fh = r.last
	folder := r.disk.nodes[in.NodeId]
	list := []fuse.DirEntry{}
	for _, name := range slices.Sorted(maps.Keys(folder.names)) {
		mode := uint32(syscall.S_IFREG)
		if r.disk.nodes[folder.names[name]].dir {
			mode = syscall.S_IFDIR
		}
		list = append(list, fuse.DirEntry{Name: name, Ino: folder.names[name], Mode: mode})
	}
	r.listings[out.Fh] = list
	return fuse.OK
}

func (r *recorder) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.listings[in.Fh]
	for i := int(in.Offset); i < len(list); i++ {
		e := list[i]
		e.Off = uint64(i + 1)
		if !out.AddDirEntry(e) {
			break
		}
	}
	return fuse.OK
}

func (r *recorder) ReleaseDir(in *fuse.ReleaseIn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.listings, in.Fh)
}

// StatFs tells of a disk with much room.
func (r *recorder) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail = 1<<25, 1<<24, 1<<24
	out.Files, out.Ffree = 1<<20, 1<<19
	return fuse.OK
}
