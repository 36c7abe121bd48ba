package cache

import (
	"errors"
	"math"
)

// Auto as a limit or a floor leaves it to the cache; see [Options]. It is settled once,
// when what the folder holds has been counted: what the cache has taken is room of its
// own, or else it would get smaller with every start because it had grown.
const Auto int64 = -1

const (
	// defaultLimit is the most that a cache takes unless it is told to, in bytes.
	defaultLimit int64 = 50e9
	// defaultFloor is the least that stays free for others unless told otherwise, in
	// bytes.
	defaultFloor int64 = 1 << 30
)

// space is the size of a disk and what of it is free, in bytes.
type space struct{ total, free int64 }

// budget is what a cache may take and what it must leave, in bytes.
type budget struct{ limit, floor int64 }

// settle decides what opts leaves open, for a cache that holds so much of the disk.
func settle(opts Options, disk space, held int64) *budget {
	room := disk.free + held
	if room < disk.free { // a disk without a known end
		room = math.MaxInt64
	}
	b := &budget{limit: opts.Limit, floor: opts.Floor}
	if b.limit < 0 {
		b.limit = min(defaultLimit, room/5)
	}
	if b.floor < 0 {
		b.floor = min(max(defaultFloor, disk.total/50), room/2)
	}
	return b
}

// limit is what the cache may take: 0 until that is known.
func (c *Cache) limit() int64 {
	if b := c.budget.Load(); b != nil {
		return b.limit
	}
	return max(c.opts.Limit, 0)
}

// belowFloor is how many bytes must be freed before what has been promised may be
// written.
func (c *Cache) belowFloor() int64 {
	b := c.budget.Load()
	if b == nil || b.floor <= 0 {
		return 0
	}
	// Read first: what is written in between counts twice rather than not at all.
	unborn := c.unborn.Load()
	disk, err := c.tune.space(c.opts.Dir)
	if err != nil {
		c.log.Debug("free disk is not known", "err", err)
		return 0
	}
	return b.floor - (disk.free - unborn)
}

// SetLimit changes what the cache may take, in bytes, and evicts what is beyond that. The
// error is ErrCounting as long as what the folder holds is not known.
func (c *Cache) SetLimit(n int64) error {
	for {
		b := c.budget.Load()
		if b == nil {
			return ErrCounting
		}
		if c.budget.CompareAndSwap(b, &budget{limit: max(n, 0), floor: b.floor}) {
			break
		}
	}
	c.trim()
	return nil
}

// ErrCounting: the cache does not know yet what it holds.
var ErrCounting = errors.New("the cache is still counting what it holds")
