package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// The kernel reads ahead, up to 128 KiB, and a program that reads the last page of a
// pack's range has a request made that goes beyond it, and one for what comes after: the
// program waits for the whole of the first, whose second part only the store has. When
// such a request fails, the kernel asks for each page that a program really wants by
// itself (measured on 6.18), and these are in the pack. So it is refused, once: whatever
// overlaps it and comes soon after is answered, for that may be what a program wants, and
// a program must not see an error. A player pays two milliseconds when it begins.

// page is what the kernel asks for at least, in bytes. It is never refused.
const page = 4096

// errBeyondPack: a request was refused. No program sees it.
var errBeyondPack = fmt.Errorf("read-ahead beyond a scan pack: %w", context.Canceled)

// refusalMemory is how long a refusal is remembered, at least: the kernel asks again
// at once, but this machine may be busy.
const refusalMemory = 30 * time.Second

// refusals remembers what was refused, in two generations. packs.mu guards them.
type refusals struct {
	now, before map[catalog.ID]extent
	since       time.Time
}

// extent is a span of a version.
type extent struct{ off, end int64 }

// met tells whether something that overlaps was refused lately.
func (r *refusals) met(id catalog.ID, e extent) bool {
	for _, known := range []map[catalog.ID]extent{r.now, r.before} {
		if old, ok := known[id]; ok && e.off < old.end && old.off < e.end {
			return true
		}
	}
	return false
}

// add notes a refusal.
func (r *refusals) add(id catalog.ID, e extent) {
	if now := time.Now(); r.now == nil || now.Sub(r.since) > refusalMemory {
		r.now, r.before, r.since = map[catalog.ID]extent{}, r.now, now
	}
	if old, ok := r.now[id]; ok {
		e = extent{min(e.off, old.off), max(e.end, old.end)}
	}
	r.now[id] = e
}

// refused tells whether a request would be answered since one like it was refused.
func (p *packs) refused(v *catalog.Version, off, end int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusals.met(v.ID, extent{off, end})
}

// refuse tells whether a request is to be refused, and remembers it.
func (p *packs) refuse(v *catalog.Version, off, end int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := extent{off, end}
	if p.refusals.met(v.ID, e) {
		return false
	}
	p.refusals.add(v.ID, e)
	return true
}
