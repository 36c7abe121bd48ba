package cache

import (
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/lockerfs/lockerfs/remote"
)

// state is what is known about one block. The zero state is: not here.
type state uint8

const (
	here    state = 1 << iota // its bytes are in the file
	checked                   // and its CRC held, or we wrote it ourselves
	charged                   // its disk space is counted
	claimed                   // counted by a fill that has not written it yet
)

func (s state) has(bits state) bool { return s&bits == bits }

// block is one block of a loaded object: 12 bytes each.
type block struct {
	crc   uint32
	touch uint32 // Cache.clock at its last use
	state state
}

// replica is one object version whose map is in memory.
type replica struct {
	c   *Cache
	rec *record
	obj Object // but for the SHA-256, which may become known later: see sum

	used   atomic.Int64  // Cache.clock at the last use
	epoch  atomic.Uint64 // changes before bytes are taken away
	paying sync.Mutex    // one reservation of the overhead at a time; before all other locks
	disk   sync.Mutex    // one writer of the map and maker of the files; before all but paying

	mu        sync.Mutex // guards all below and the fields of fills; after Cache.mu
	sum       [sha256.Size]byte
	etag      string      // what the next Get names; not obj.ETag for a copied bucket
	ident     os.FileInfo // the data file the blocks are in; nil when there is none
	paid      bool        // the overhead is counted
	blocks    []block
	missing   int // blocks that are not here
	flight    map[int]*fill
	handles   map[*Handle]struct{}
	backed    int           // handles whose file is read without us: nothing is taken away
	dirty     bool          // the map file says less or more than blocks
	writing   bool          // the map file is being written
	dead      bool          // unloaded or evicted: a new replica will take its place
	verified  bool          // the whole matched sum, and nothing was lost since
	suspect   bool          // nothing may be served before verified
	rejected  int           // times the whole did not match
	verifying chan struct{} // closed when a running check has ended
}

func newReplica(c *Cache, rec *record, obj Object) *replica {
	r := &replica{c: c, rec: rec, obj: obj, sum: obj.SHA256, etag: obj.ETag, suspect: obj.ETag == "",
		flight: map[int]*fill{}, handles: map[*Handle]struct{}{}}
	if n := blockCount(obj.Size); n <= maxBlocks {
		r.blocks = make([]block, n)
	}
	r.missing = len(r.blocks)
	return r
}

// cacheable tells whether the object may be kept at all.
func (r *replica) cacheable() bool { return r.obj.Size <= maxBlocks*blockSize }

// held is the number of bytes that are here.
func (r *replica) held() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n int64
	for b := range r.blocks {
		if r.blocks[b].state.has(here) {
			n += int64(blockLen(r.obj.Size, b))
		}
	}
	return n
}

// accept takes what obj knows and the replica does not.
func (r *replica) accept(obj Object) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !obj.hashed() || obj.SHA256 == r.sum {
		r.verifyWhole()
		return nil
	}
	if r.sum != [sha256.Size]byte{} {
		return fmt.Errorf("cache object %q: two SHA-256 for one version: %w", obj.Key, remote.ErrInvalid)
	}
	r.sum, r.dirty = obj.SHA256, true
	r.verifyWhole()
	return nil
}

// lose marks a block as not here. Its space stays counted until it is removed. Where
// no ETag says that it is fetched from the same version again, the whole is in doubt.
// With r.mu held.
func (r *replica) lose(b int) {
	if r.blocks[b].state.has(here) {
		r.blocks[b].state &^= here | checked
		r.missing++
		r.verified, r.dirty = false, true
		r.suspect = r.suspect || r.etag == ""
	}
}

// spoiled is called when a block turns out to be damaged: it is lost, and all others
// have their CRC checked again before their next use, for something has been at the
// file. With r.mu held.
func (r *replica) spoiled(b int) {
	r.epoch.Add(1)
	r.lose(b)
	for i := range r.blocks {
		r.blocks[i].state &^= checked
	}
	r.c.count.damaged.Add(1)
}

// vanish is called when the data file is not the one the blocks were in: nothing is
// here any more. Blocks in flight belong to their fills.
func (r *replica) vanish(seen os.FileInfo) {
	r.mu.Lock()
	if r.ident == nil || r.ident != seen {
		r.mu.Unlock()
		return
	}
	r.epoch.Add(1)
	r.ident = nil
	var freed int64
	for b := range r.blocks {
		r.lose(b)
		if s := &r.blocks[b].state; s.has(charged) && r.flight[b] == nil {
			*s &^= charged
			freed += blockCost(r.obj.Size, b)
		}
	}
	r.mu.Unlock()
	r.c.refund(r, freed)
	r.c.log.Warn("cached file has vanished", "key", r.obj.Key)
}

// expel takes the space of blocks away: they are marked first, removed from the file
// by remove, and free to be fetched again afterwards. It gives the bytes freed. The
// blocks must be neither in flight nor claimed. r.mu is held when it is called and
// not when it returns.
func (r *replica) expel(blocks []int, remove func(f *os.File) error) (freed int64, err error) {
	barrier := &fill{r: r}
	for _, b := range blocks {
		r.lose(b)
		r.flight[b] = barrier
	}
	r.epoch.Add(1)
	r.mu.Unlock()

	// Written before the space is given back, or else the next start would take
	// these blocks for damaged ones.
	if err := r.persist(); err != nil {
		r.c.log.Debug("map not written before eviction", "key", r.obj.Key, "err", err)
	}
	one, err := r.file()
	if err == nil {
		err = remove(one.file)
		r.c.files.giveBack(one)
	}

	r.mu.Lock()
	for _, b := range blocks {
		delete(r.flight, b)
		if s := &r.blocks[b].state; err == nil && s.has(charged) {
			*s &^= charged
			freed += blockCost(r.obj.Size, b)
		}
	}
	barrier.finish(nil)
	r.mu.Unlock()
	r.c.refund(r, freed)
	return freed, err
}

// retire makes the replica unusable if nobody can miss it, and tells whether it did.
// Called with Cache.mu held, when there is no handle.
func (r *replica) retire(dirtyToo bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.flight) > 0 || r.verifying != nil || r.writing || r.dirty && !dirtyToo {
		return false
	}
	r.dead = true
	r.epoch.Add(1)
	return true
}
