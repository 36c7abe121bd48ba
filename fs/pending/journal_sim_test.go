package pending

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
)

// simDisk is a journalDisk in memory that records every call, so that the disk can
// be had as it may be after a power cut between any two of them.
type simDisk struct {
	mu   sync.Mutex
	base *simState // before the calls
	now  *simState
	log  []simCall
	// fault, when set, is asked before each call; it gives an error for it, and how
	// many bytes of a write are done all the same.
	fault func(c simCall) (n int, err error)
}

// simCall is one call, or, with what "note", something that the test wants to know of
// the time: f is then called with the disk that comes out.
type simCall struct {
	what  string // create, write, truncate, sync, lost, rename, syncdir, mkdir, note
	path  string
	to    string
	inode int
	off   int64
	b     []byte
	note  func()
}

// simFile is a file as programs see it, as it is on the disk, and the calls between.
type simFile struct {
	seen, disk []byte
	pending    []simCall
}

// simName is a change of names: path leads to inode now, and from to nothing.
type simName struct {
	from, path string
	inode      int
}

type simState struct {
	files       map[int]*simFile
	names, disk map[string]int
	pending     []simName
}

func newSimDisk() *simDisk {
	s := &simState{files: map[int]*simFile{}, names: map[string]int{"/s": -1}, disk: map[string]int{"/s": -1}}
	return &simDisk{base: s.clone(), now: s}
}

func (s *simState) clone() *simState {
	c := &simState{map[int]*simFile{}, maps.Clone(s.names), maps.Clone(s.disk), slices.Clone(s.pending)}
	for i, f := range s.files {
		c.files[i] = &simFile{slices.Clone(f.seen), slices.Clone(f.disk), slices.Clone(f.pending)}
	}
	return c
}

// on does a write or a truncate to a file's bytes.
func (c simCall) on(b []byte) []byte {
	if c.what == "truncate" {
		return resized(b, c.off)
	}
	b = resized(b, max(int64(len(b)), c.off+int64(len(c.b))))
	copy(b[c.off:], c.b)
	return b
}

func resized(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n:n]
	}
	return append(b[:len(b):len(b)], make([]byte, n-int64(len(b)))...)
}

func (s *simState) do(c simCall) {
	switch c.what {
	case "create":
		s.files[c.inode] = &simFile{}
		s.name(simName{"", c.path, c.inode})
	case "mkdir":
		s.name(simName{"", c.path, -1})
	case "rename":
		s.name(simName{c.path, c.to, s.names[c.path]})
	case "syncdir":
		s.pending = slices.DeleteFunc(s.pending, func(n simName) bool {
			if filepath.Dir(n.path) != filepath.Clean(c.path) {
				return false
			}
			n.on(s.disk)
			return true
		})
	case "write", "truncate":
		f := s.files[c.inode]
		f.seen = c.on(f.seen)
		f.pending = append(f.pending, c)
	case "sync":
		s.files[c.inode].sync()
	case "lost":
		// A failed fdatasync: what was written stays in memory and counts as clean,
		// and no later one brings it to the disk.
		f := s.files[c.inode]
		for i := range f.pending {
			f.pending[i].to = "lost"
		}
	}
}

func (s *simState) name(n simName) {
	n.on(s.names)
	s.pending = append(s.pending, n)
}

func (n simName) on(names map[string]int) {
	delete(names, n.from)
	names[n.path] = n.inode
}

func (f *simFile) sync() {
	f.disk = slices.Clone(f.disk)
	for _, c := range f.pending {
		if c.to != "lost" {
			f.disk = c.on(f.disk)
		}
	}
	f.disk = resized(f.disk, int64(len(f.seen)))
	f.pending = nil
}

// at gives the state after the first n calls, having played their notes, and in any
// case those from before the first call.
func (d *simDisk) at(n int) *simState {
	s := d.base.clone()
	n = max(n, slices.IndexFunc(d.log, func(c simCall) bool { return c.what != "note" }))
	for _, c := range d.log[:n] {
		if c.what == "note" {
			c.note()
			continue
		}
		s.do(c)
	}
	return s
}

// The manners in which a power cut may treat what is not synced.
const (
	cutDrops   = iota // none of it is there
	cutTears          // it is there up to some byte of some write
	cutMixes          // each sector has some of it, or none
	cutStale          // the same, and what was never written shows old bytes of other files
	cutManners = iota
)

const sector = 512

// cut gives the disk that a power cut leaves, in which nothing is pending.
func (s *simState) cut(manner int, rng *rand.Rand) *simState {
	c := s.clone()
	// Names change in order, as file systems with a journal have it.
	for _, n := range c.pending[:rng.IntN(len(c.pending)+1)] {
		n.on(c.disk)
	}
	c.names, c.pending = maps.Clone(c.disk), nil
	for path := range c.names {
		if _, ok := c.disk[filepath.Dir(path)]; !ok && path != "/s" {
			delete(c.names, path)
		}
	}
	c.disk = maps.Clone(c.names)
	for i, f := range s.files {
		b := f.cut(manner, rng, s)
		c.files[i] = &simFile{seen: b, disk: slices.Clone(b)}
	}
	return c
}

func (f *simFile) cut(manner int, rng *rand.Rand, s *simState) []byte {
	// versions[k] is the file with the first k pending calls done.
	versions := [][]byte{f.disk}
	for _, c := range f.pending {
		versions = append(versions, c.on(slices.Clone(versions[len(versions)-1])))
	}
	some := func() []byte { return versions[rng.IntN(len(versions))] }
	switch manner {
	case cutDrops:
		return slices.Clone(f.disk)
	case cutTears:
		k := rng.IntN(len(versions))
		b := slices.Clone(versions[k])
		if k < len(f.pending) && f.pending[k].what == "write" {
			c := f.pending[k]
			c.b = c.b[:rng.IntN(len(c.b)+1)]
			b = c.on(b)
		}
		return b
	}
	b := make([]byte, len(some()))
	for at := 0; at < len(b); at += sector {
		to := min(at+sector, len(b))
		from := some()
		if manner == cutStale && at >= len(f.disk) && rng.IntN(3) == 0 {
			from = s.any(rng)
		}
		if at < len(from) {
			copy(b[at:to], from[at:])
		}
		if manner == cutMixes && rng.IntN(4) == 0 { // torn inside
			if other, cut := some(), at+rng.IntN(sector); cut < to && cut < len(other) {
				copy(b[cut:to], other[cut:])
			}
		}
	}
	return b
}

// any gives the bytes of some file that is or was there.
func (s *simState) any(rng *rand.Rand) []byte {
	inodes := slices.Sorted(maps.Keys(s.files))
	return s.files[inodes[rng.IntN(len(inodes))]].seen
}

// content gives a file's bytes, nil when there is no such file.
func (s *simState) content(path string) []byte {
	if inode, ok := s.names[path]; ok && inode >= 0 {
		return s.files[inode].seen
	}
	return nil
}
