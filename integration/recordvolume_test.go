package integration

import (
	"maps"
	"slices"
	"time"
)

// rootNode is the node of a volume's first folder.
const rootNode = 1

// volume is a file system in memory: nodes, of which folders hold names. It is what a
// recorder serves, and what a replay makes of a recording.
type volume struct{ nodes map[uint64]*node }

// node is a file, a folder or a socket. It stays when it has lost its name, for those who have it
// open.
type node struct {
	id  uint64
	dir bool
	// socket: nobody will listen on it after a start.
	socket bool
	mode   uint32
	bytes  []byte            // of a file
	names  map[string]uint64 // in a folder
	mtime  time.Time
	// firm is what no loss of power harms: that of another machine.
	firm bool
}

func newVolume() *volume {
	return &volume{nodes: map[uint64]*node{rootNode: {id: rootNode, dir: true, mode: 0o755, names: map[string]uint64{}}}}
}

// verb is what a call does.
type verb int

const (
	didName verb = iota
	didWrite
	didResize
	didBlank // a hole was punched
	didSet   // mode and time; they are taken for durable
	didSync
)

// slot is a name in a folder, and what it stands for from then on; 0 is nothing.
type slot struct {
	folder uint64
	name   string
	node   uint64
}

// call is one call that changed a volume, or made changes durable.
type call struct {
	verb verb
	at   time.Time
	node uint64 // it is about; of didName the folder
	firm bool

	slots []slot // of didName, all of them at once
	born  *node  // of didName: the node that begins with it
	off   int64  // of didWrite and didBlank
	size  int64  // of didResize and didBlank
	bytes []byte // of didWrite
	mode  uint32 // of didSet; 0 stays
	mtime time.Time
}

// apply does a call.
func (v *volume) apply(c call) {
	if c.born != nil && v.nodes[c.born.id] == nil {
		n := *c.born
		n.names = maps.Clone(n.names)
		v.nodes[n.id] = &n
	}
	for _, s := range c.slots {
		if s.node == 0 {
			delete(v.nodes[s.folder].names, s.name)
		} else {
			v.nodes[s.folder].names[s.name] = s.node
		}
		v.nodes[s.folder].mtime = c.at
	}
	n := v.nodes[c.node]
	switch c.verb {
	case didWrite:
		n.resize(max(int64(len(n.bytes)), c.off+int64(len(c.bytes))))
		copy(n.bytes[c.off:], c.bytes)
		n.mtime = c.at
	case didResize:
		n.resize(c.size)
		n.mtime = c.at
	case didBlank:
		if c.off < int64(len(n.bytes)) {
			clear(n.bytes[c.off:min(int64(len(n.bytes)), c.off+c.size)])
		}
	case didSet:
		if c.mode != 0 {
			n.mode = c.mode
		}
		if !c.mtime.IsZero() {
			n.mtime = c.mtime
		}
	}
}

// resize makes the size what is given; what is new is zeros.
func (n *node) resize(size int64) {
	have := int64(len(n.bytes))
	if size <= have {
		n.bytes = n.bytes[:size]
		return
	}
	n.bytes = slices.Grow(n.bytes, int(size-have))[:size]
	clear(n.bytes[have:])
}
