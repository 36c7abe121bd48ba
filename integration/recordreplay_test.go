package integration

import (
	"math/rand/v2"
	"os"
	"path/filepath"
)

// damage is what a cut of the power does to calls that were not made durable. A write, or
// a size, is durable once its file was synced after it; a name once its folder was (both
// folders, of a rename): no more than POSIX promises.
type damage int

const (
	allLost     damage = iota
	bytesLost          // names are there
	namesLost          // bytes are there, where their files have a name
	torn               // each write is there, or lost, or a part, or only the size; some names
	reordered          // of each file the late writes are there and the early ones are not; some names
	nothingLost        // a mere crash
	damages
)

func (d damage) String() string {
	return [...]string{"all lost", "bytes lost", "names lost", "torn", "reordered", "nothing lost"}[d]
}

// powercut makes the disk that is found after the power was cut.
type powercut struct {
	damage damage
	dice   *rand.Rand
	disk   *volume
	synced map[uint64]int // node: its last sync, by number
	// held are what calls on names were about that did not come through: those after them
	// that are about the same do not either.
	held map[any]bool
	// from is when the writes of a file begin to be there, by number of the call.
	from map[uint64]int
}

// cutPower gives the disk after some calls, and a cut of the power.
func cutPower(calls []call, d damage, seed uint64) *volume {
	p := &powercut{damage: d, dice: rand.New(rand.NewPCG(seed, 7)), disk: newVolume(), synced: map[uint64]int{}, held: map[any]bool{}, from: map[uint64]int{}}
	for i, c := range calls {
		if c.verb == didSync {
			p.synced[c.node] = i
		}
	}
	if d == reordered {
		for i, c := range calls {
			if !p.durable(i, c) && p.dice.IntN(2) == 0 {
				p.from[c.node] = i
			}
		}
	}
	for i, c := range calls {
		p.redo(i, c)
	}
	return p.disk
}

func (p *powercut) durable(i int, c call) bool {
	if c.firm || c.verb == didSet || c.verb == didSync {
		return true
	}
	if c.verb != didName {
		return p.synced[c.node] > i
	}
	for _, s := range c.slots {
		if p.synced[s.folder] <= i {
			return false
		}
	}
	return true
}

func (p *powercut) redo(i int, c call) {
	switch {
	case p.durable(i, c) || p.damage == nothingLost:
		p.disk.apply(c)
	case c.verb == didName:
		if p.nameKept(c) {
			p.disk.apply(c)
			return
		}
		c.slots = nil // the node has begun, without a name
		p.disk.apply(c)
	case p.damage == namesLost || p.damage == reordered && i >= p.from[c.node]:
		p.disk.apply(c)
	case p.damage == torn:
		p.tear(c)
	}
}

// nameKept tells whether a call on names comes through. Those about the same node or the
// same name stay in order.
func (p *powercut) nameKept(c call) bool {
	kept := p.damage == bytesLost
	if p.damage == torn || p.damage == reordered {
		kept = p.dice.IntN(2) == 0
		for _, s := range c.slots {
			kept = kept && !p.held[slot{folder: s.folder, name: s.name}] && !p.held[s.node]
		}
	}
	if !kept {
		for _, s := range c.slots {
			p.held[slot{folder: s.folder, name: s.name}] = true
			p.held[s.node] = s.node != 0
		}
	}
	return kept
}

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// tear lets some of a write come through.
func (p *powercut) tear(c call) {
	if c.verb != didWrite {
		if p.dice.IntN(2) == 0 {
			p.disk.apply(c)
		}
		return
	}
	// The first boundary of a sector in it, and how many there are.
	first := int(sector - c.off%sector)
	at := len(c.bytes)
	if first < at {
		at = first + sector*p.dice.IntN((at-first+sector-1)/sector)
	}
	n := p.disk.nodes[c.node]
	switch p.dice.IntN(5) {
	case 0:
		p.disk.apply(c)
	case 1: // the beginning
		c.bytes = c.bytes[:at]
		p.disk.apply(c)
	case 2: // the end
		c.off, c.bytes = c.off+int64(at), c.bytes[at:]
		p.disk.apply(c)
	case 3: // the size only
		n.resize(max(int64(len(n.bytes)), c.off+int64(len(c.bytes))))
	}
}

// put writes what is in a folder of a volume to a folder of the real disk.
func (v *volume) put(folder uint64, dir string) error {
	for name, id := range v.nodes[folder].names {
		n, at := v.nodes[id], filepath.Join(dir, name)
		var err error
		switch {
		case n.socket:
			continue
		case n.dir:
			if err = os.Mkdir(at, 0o700); err == nil {
				err = v.put(id, at)
			}
		default:
			err = os.WriteFile(at, n.bytes, os.FileMode(n.mode)|0o600)
		}
		if err != nil {
			return err
		}
		if err := os.Chtimes(at, n.mtime, n.mtime); err != nil {
			return err
		}
	}
	return nil
}
