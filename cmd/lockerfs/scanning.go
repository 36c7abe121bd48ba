package main

import (
	"context"
	"time"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// Reading from packs that are here, and waiting for those that a scan needs.

const (
	// scanStep is how soon after a file of a pack another one is opened by who scans.
	scanStep = 5 * time.Second
	// scanPatience is how long those who scan wait for a pack, from when the first of
	// them does. After that each reads its own object.
	scanPatience = 2 * time.Second
)

// coming is a pack on its way.
type coming struct {
	ticket *remote.Ticket
	done   chan struct{}
	err    error // after done

	// Guarded by packs.mu: the file of it that was opened last, and when; whether one
	// of its files is played; until when who scans waits, zero while nobody scans.
	last   catalog.Hash
	opened time.Time
	played bool
	until  time.Time
}

// opens tells that a file is opened: its pack comes, if it is not here. A second file
// of the same pack soon after the first, which nobody plays, is a scan: that waits for
// the pack rather than ask for each file.
func (p *packs) opens(v *catalog.Version) *coming {
	c := p.fetch(v.Pack)
	if c == nil {
		return nil
	}
	now := time.Now()
	p.mu.Lock()
	scan := c.last.Known() && c.last != v.SHA256 && now.Sub(c.opened) < scanStep && !c.played && c.until.IsZero()
	if scan {
		c.until = now.Add(scanPatience)
	}
	c.last, c.opened = v.SHA256, now
	p.mu.Unlock()
	if scan {
		c.ticket.Set(remote.Demand) // somebody waits
	}
	return c
}

// read reads from a file's pack, as far as that has all of the bytes; else ok is false.
func (p *packs) read(ctx context.Context, v *catalog.Version, c *coming, b []byte, off int64) (n int, ok bool) {
	if n, ok = p.here(v, b, off); ok || c == nil {
		return n, ok
	}
	if !p.await(ctx, v, c, off) {
		return 0, false
	}
	return p.here(v, b, off)
}

// here reads from a file's pack if that is here.
func (p *packs) here(v *catalog.Version, b []byte, off int64) (n int, ok bool) {
	n, ok = p.shelf.ReadAt(v.Pack, pack.ID(v.SHA256), b, off)
	return n, ok && int64(n) == min(int64(len(b)), v.Size-off)
}

// await waits for a pack if this is a scan's read, and tells whether it is worth
// looking again.
func (p *packs) await(ctx context.Context, v *catalog.Version, c *coming, off int64) bool {
	touched := touches(v.Tags, off)
	p.mu.Lock()
	c.played = c.played || !touched
	patience := time.Until(c.until)
	p.mu.Unlock()
	select {
	case <-c.done:
		return true
	default:
	}
	if !touched || patience <= 0 {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// touches tells whether tag readers read at off of a file.
func touches(t *tag.Info, off int64) bool {
	if t == nil {
		return false
	}
	for _, s := range t.Touch {
		if s.Offset <= off && off < s.End() {
			return true
		}
	}
	return false
}
