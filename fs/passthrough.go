package fs

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

const noKernelSupport = "the kernel has no passthrough (Linux 6.9 has)"

// backer is the part of [fuse.Server] that gives files to the kernel, which then reads
// them without asking. EPERM means that this process may not (CAP_SYS_ADMIN).
type backer interface {
	RegisterBackingFd(m *fuse.BackingMap) (int32, syscall.Errno)
	UnregisterBackingFd(id int32) syscall.Errno
}

// Passthrough is what became of the opens that the kernel may serve by itself.
type Passthrough struct {
	// Off says why there are none; empty while there may be some.
	Off string `json:"off,omitempty"`
	// Open counts the handles open so now, Opened those since mounting.
	Open   int64 `json:"open"`
	Opened int64 `json:"opened"`
	// Failed counts files that the kernel did not take, which were read through us.
	Failed int64 `json:"failed"`
}

// passthrough decides which way a file is opened, and keeps what the kernel reads by
// itself until it does not any more.
//
// A node is open one way at a time. The kernel refuses to mix them: it answers EIO to
// a passthrough open while a cached handle of the node is open, and to a cached one
// while a passthrough handle is. So the first handle decides, and those that follow
// are opened as it was. The kernel ends a handle's use of the node before it tells us
// of the release, so what is counted here is never less than what the kernel has.
type passthrough struct {
	opened, open, failed atomic.Int64

	mu     sync.Mutex // guards the fields below and node.users; taken alone, no I/O under it
	kernel backer
	off    string // why nothing is registered; empty while it is
	nodes  map[uint64]*node
}

// node is a node with open handles.
type node struct {
	users int // handles, and opens under way
	// turn holds one token: who has it may use the fields below, also for I/O.
	turn chan struct{}

	cached, passed int   // open handles
	backing        int32 // the kernel's number for the file; set while passed > 0
	holder         Content
}

// start is called when the kernel has been greeted.
func (p *passthrough) start(k backer, off string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kernel, p.off, p.nodes = k, off, map[uint64]*node{}
}

// stats gives the counts so far.
func (p *passthrough) stats() Passthrough {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Passthrough{Off: p.off, Open: p.open.Load(), Opened: p.opened.Load(), Failed: p.failed.Load()}
}

// use counts the open handles of a node: those that this process answers, and those that
// the kernel reads by itself. It waits for an open or a release that is under way.
func (p *passthrough) use(number uint64) (answered, passed int) {
	p.mu.Lock()
	_, open := p.nodes[number]
	p.mu.Unlock()
	if !open {
		return 0, 0
	}
	n := p.take(number)
	defer p.give(number, n, 0)
	return n.cached, n.passed
}

// take begins the open or the release of a handle of a node, one at a time.
func (p *passthrough) take(number uint64) *node {
	p.mu.Lock()
	n := p.nodes[number]
	if n == nil {
		if p.nodes == nil {
			p.nodes = map[uint64]*node{}
		}
		n = &node{turn: make(chan struct{}, 1)}
		p.nodes[number] = n
	}
	n.users++
	p.mu.Unlock()
	n.turn <- struct{}{}
	return n
}

// give ends what take began. Handles that were opened count as users until they are
// released.
func (p *passthrough) give(number uint64, n *node, handles int) {
	<-n.turn
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.users += handles - 1; n.users == 0 {
		delete(p.nodes, number)
	}
}

// enter opens a handle. It gives the content to read from, which may be another than
// the one it was given, and the kernel's number of the file that it reads by itself,
// or 0. A content that is not given back is closed.
func (p *passthrough) enter(number uint64, c Content) (Content, int32) {
	n := p.take(number)
	defer p.give(number, n, 1)
	switch {
	case n.passed > 0:
		c.Close()
	case n.cached > 0 || !p.register(n, c):
		n.cached++
		return c, 0
	}
	n.passed++
	p.open.Add(1)
	p.opened.Add(1)
	return n.holder, n.backing
}

// register gives the kernel the file of a content, if there is one. The turn is held.
func (p *passthrough) register(n *node, c Content) bool {
	p.mu.Lock()
	kernel, off := p.kernel, p.off
	p.mu.Unlock()
	b, ok := c.(Backed)
	if kernel == nil || off != "" || !ok {
		return false
	}
	file, ok := b.Backing()
	if !ok {
		return false
	}
	number, errno := kernel.RegisterBackingFd(&fuse.BackingMap{Fd: int32(file.Fd())})
	if errno != 0 {
		p.refused(errno)
		return false
	}
	n.backing, n.holder = number, c
	return true
}

// refused counts a file that the kernel did not take. What would meet every file ends
// the trying: no rights, or a cache on a file system that cannot stand behind another.
func (p *passthrough) refused(errno syscall.Errno) {
	p.failed.Add(1)
	switch errno {
	case syscall.EPERM, syscall.EACCES:
		p.end("reading without us needs CAP_SYS_ADMIN")
	case syscall.ENOTTY, syscall.ENOSYS, syscall.EOPNOTSUPP:
		p.end(noKernelSupport)
	case syscall.ELOOP:
		p.end("the cache lies on a stacked file system")
	}
}

func (p *passthrough) end(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.off = why
}

// leave releases a handle.
func (p *passthrough) leave(number uint64, c Content, backing int32) {
	n := p.take(number)
	defer p.give(number, n, -1)
	if backing == 0 {
		n.cached--
		c.Close()
		return
	}
	p.open.Add(-1)
	if n.passed--; n.passed == 0 {
		p.unregister(n)
	}
}

// unregister takes the file back. The turn is held, or nobody is left.
func (p *passthrough) unregister(n *node) {
	p.mu.Lock()
	kernel := p.kernel
	p.mu.Unlock()
	// After the mount has gone this fails, and nothing is left to take back.
	kernel.UnregisterBackingFd(n.backing)
	n.holder.Close()
	n.holder, n.backing = nil, 0
}
