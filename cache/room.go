package cache

import (
	"errors"
	"os"
	"slices"
	"time"
)

const (
	// maxRounds bounds how often one reservation evicts before it gives up.
	maxRounds = 4
	// shedUnit is the least an open object loses at once, in bytes: the map is
	// written each time.
	shedUnit = 256 << 10
)

// reserve counts n bytes for rec if they fit under the limit and above the floor,
// and evicts others to make them fit. It tells whether they were counted; then they
// are unborn too, until the caller has written them. No replica's lock may be held.
func (c *Cache) reserve(rec *record, n int64) bool {
	if n == 0 {
		return true
	}
	limit := c.limit()
	if n > limit || time.Now().UnixNano() < c.sulks.Load() {
		return false
	}
	// Before the free disk is read: of two at a time at least the later counts both.
	c.unborn.Add(n)
	for range maxRounds {
		floored := c.belowFloor()
		c.mu.Lock()
		short := max(c.held+n-limit, floored)
		if short <= 0 {
			c.charge(rec, n)
			c.touch(rec)
			c.balance()
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		if c.evict(short) == 0 {
			break
		}
	}
	c.unborn.Add(-n)
	return false
}

// trim evicts what is held beyond the limit.
func (c *Cache) trim() {
	b := c.budget.Load()
	if b == nil { // the scan will do it
		return
	}
	c.mu.Lock()
	c.balance()
	over := c.held - b.limit
	c.mu.Unlock()
	if over > 0 {
		c.evict(over)
	}
}

// refund takes n bytes off what is counted for r. When r was retired meanwhile there
// is nothing to do: an evicted object's whole charge is gone already, and the one
// that is loaded next counts afresh.
func (c *Cache) refund(r *replica, n int64) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.rec.rep == r {
		c.charge(r.rec, -n)
	}
}

// evict frees at least want bytes if it can, and gives how many it freed.
func (c *Cache) evict(want int64) (freed int64) {
	tried := map[*record]bool{}
	for freed < want {
		rec, rep := c.victim(tried)
		if rec == nil {
			break
		}
		tried[rec] = true
		if rep != nil {
			freed += rep.shed(want - freed)
		} else {
			freed += c.remove(rec)
		}
	}
	c.count.evicted.Add(freed)
	return freed
}

// remove deletes the files of an object that victim locked, and forgets it.
func (c *Cache) remove(rec *record) (freed int64) {
	left := c.discard(rec.id)
	c.mu.Lock()
	freed = rec.charge - left
	c.charge(rec, -freed)
	if left == 0 {
		c.forget(rec)
	}
	close(rec.busy)
	rec.busy = nil
	c.mu.Unlock()
	return max(freed, 0)
}

// shed removes blocks of an open object, the least recently used ones first, and
// gives the bytes freed.
func (r *replica) shed(want int64) int64 {
	r.mu.Lock()
	if r.dead { // unloaded since it was chosen; the file may serve a successor now
		r.mu.Unlock()
		return 0
	}
	blocks := r.idle(max(want, shedUnit))
	if len(blocks) == 0 {
		r.mu.Unlock()
		return 0
	}
	slices.Sort(blocks)
	freed, err := r.expel(blocks, func(f *os.File) error {
		return runs(blocks, func(first, end int) error {
			return r.c.tune.punch(f, blockStart(first), blockStart(end)-blockStart(first))
		})
	})
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		r.c.log.Warn("blocks cannot be evicted", "key", r.obj.Key, "err", err)
	}
	return freed
}

// idle picks blocks that take at least want bytes, oldest use first, sparing those in
// flight, those just around and ahead of a reader, and all while the content is in
// doubt or would be without them. With r.mu held.
func (r *replica) idle(want int64) []int {
	if r.suspect || r.etag == "" || r.backed > 0 {
		return nil
	}
	spared := make([]bool, len(r.blocks))
	for h := range r.handles {
		for b := max(blockOf(h.next)-1, 0); b <= blockOf(h.ahead) && b < len(spared); b++ {
			spared[b] = true
		}
	}
	var blocks []int
	for b := range r.blocks {
		if r.blocks[b].state.has(charged) && !spared[b] && r.flight[b] == nil {
			blocks = append(blocks, b)
		}
	}
	// Of blocks of one age, such as those found at start, the head is kept longest.
	slices.SortStableFunc(blocks, func(a, b int) int {
		if x, y := r.blocks[a].touch, r.blocks[b].touch; x != y {
			return int(int32(x - y))
		}
		return b - a
	})
	var sum int64
	for i, b := range blocks {
		if sum += blockCost(r.obj.Size, b); sum >= want {
			return blocks[:i+1]
		}
	}
	return blocks
}

// runs calls do for every run of consecutive blocks.
func runs(sorted []int, do func(first, end int) error) error {
	for i := 0; i < len(sorted); {
		j := i + 1
		for j < len(sorted) && sorted[j] == sorted[j-1]+1 {
			j++
		}
		if err := do(sorted[i], sorted[j-1]+1); err != nil {
			return err
		}
		i = j
	}
	return nil
}
