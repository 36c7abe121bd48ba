package cache

import (
	"os"
	"sync/atomic"
)

// Stats is a snapshot of what a cache holds and did since it was opened.
type Stats struct {
	Objects int   `json:"objects"` // object versions known here
	Held    int64 `json:"held"`    // bytes counted against the limit
	Limit   int64 `json:"limit"`   // bytes
	Floor   int64 `json:"floor"`   // bytes that must stay free on the disk
	// Counting is set until all that the folder holds from earlier is counted: till
	// then Held is less than that, and a limit or floor of [Auto] is 0.
	Counting bool `json:"counting,omitempty"`
	// Protected is the part of Held that a scan of the whole locker does not push out.
	Protected int64 `json:"protected"`
	Hits      int64 `json:"hits"`    // reads answered from this disk alone
	Misses    int64 `json:"misses"`  // reads that waited for the store
	Fetched   int64 `json:"fetched"` // bytes received from the store
	// Passed is the part of Fetched that found no room and was not kept, in bytes.
	Passed  int64 `json:"passed"`
	Evicted int64 `json:"evicted"` // bytes removed to make room
	// Damaged counts blocks whose CRC failed: they were fetched again.
	Damaged int64 `json:"damaged"`
	// Corrupt counts whole objects that did not match their SHA-256.
	Corrupt int64 `json:"corrupt"`
}

type counters struct {
	hits, misses, fetched, passed, evicted, damaged, corrupt atomic.Int64
}

// Stats gives the figures of this moment.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	s := Stats{Objects: len(c.records), Held: c.held, Protected: c.protected.held}
	c.mu.Unlock()
	b := c.budget.Load()
	if s.Counting = b == nil; s.Counting {
		b = &budget{limit: max(c.opts.Limit, 0), floor: max(c.opts.Floor, 0)}
	}
	s.Limit, s.Floor = b.limit, b.floor
	s.Hits, s.Misses = c.count.hits.Load(), c.count.misses.Load()
	s.Fetched, s.Passed = c.count.fetched.Load(), c.count.passed.Load()
	s.Evicted, s.Damaged, s.Corrupt = c.count.evicted.Load(), c.count.damaged.Load(), c.count.corrupt.Load()
	return s
}

// Present is how many of obj's bytes are here. It reads the map of an object that
// is not open, and does not check the blocks.
func (c *Cache) Present(obj Object) int64 {
	if obj.check() != nil || blockCount(obj.Size) > maxBlocks {
		return 0
	}
	c.mu.Lock()
	rec := c.records[obj.id()]
	var rep *replica
	if rec != nil {
		rep = rec.rep
	}
	c.mu.Unlock()
	if rep != nil {
		return rep.held()
	}
	raw, err := readBounded(mapPath(c.opts.Dir, obj.id()), mapLength(obj))
	if err != nil {
		return 0
	}
	m, err := decodeMap(raw, obj)
	if err != nil {
		return 0
	}
	if _, err := os.Stat(dataPath(c.opts.Dir, obj.id())); err != nil {
		return 0
	}
	var n int64
	for b, here := range m.present {
		if here {
			n += int64(blockLen(obj.Size, b))
		}
	}
	return n
}
