package main

import (
	"context"
	"time"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Reading from packs that are here, and waiting for those that a scan needs.

const (
	// scanStep is how soon after a file of a pack another one is opened by who scans.
	scanStep = 5 * time.Second
	// scanNext is how soon after the last file of a pack a scan goes on with the next.
	scanNext = time.Second
	// scanPatience is how long those who scan wait for a pack, from when the first of
	// them does. After that each reads its own object.
	scanPatience = 2 * time.Second
	// aheadOf is how far from what a program reads the kernel's read-ahead may begin.
	aheadOf = 128 << 10
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

// opens tells that a file is opened: its pack comes, if it is not here. A scan waits for
// a pack rather than ask for each file. It shows by a second file of the same pack soon
// after the first, which nobody plays; and it goes on in packs that were on their way
// before, as those are that fill fetches in the order of a scan. Who opens one file to
// play it waits for nothing.
func (p *packs) opens(v *catalog.Version) *coming {
	c, before := p.fetch(v.Pack)
	now := time.Now()
	p.mu.Lock()
	scanning := now.Sub(p.scanned) < scanNext
	if c == nil {
		if scanning {
			p.scanned = now
		}
		p.mu.Unlock()
		return nil
	}
	second := c.last.Known() && c.last != v.Mark() && now.Sub(c.opened) < scanStep
	begins := c.until.IsZero() && !c.played && (second || before && scanning)
	if begins {
		c.until = now.Add(p.patience)
	}
	if now.Before(c.until) {
		p.scanned = now
	}
	c.last, c.opened = v.Mark(), now
	p.mu.Unlock()
	if begins {
		c.ticket.Set(remote.Demand) // somebody waits
		p.hurry()
	}
	return c
}

// hurry makes the packs that are on their way the next thing after what somebody waits
// for: a scan will soon need them.
func (p *packs) hurry() {
	p.mu.Lock()
	var tickets []*remote.Ticket
	for _, c := range p.coming {
		tickets = append(tickets, c.ticket)
	}
	p.mu.Unlock()
	for _, t := range tickets {
		if t.Class() > remote.ReadAhead {
			t.Set(remote.ReadAhead)
		}
	}
}

// read reads from a file's pack as many bytes as it has from off on.
func (p *packs) read(ctx context.Context, v *catalog.Version, c *coming, b []byte, off int64) int {
	if n := p.here(v, b, off); n > 0 || c == nil {
		return n
	}
	if !touches(v, off) {
		p.mu.Lock()
		c.played = true
		p.mu.Unlock()
		return 0
	}
	if !p.await(ctx, c) {
		return 0
	}
	return p.here(v, b, off)
}

// here reads from a file's pack if that is here.
func (p *packs) here(v *catalog.Version, b []byte, off int64) int {
	id := pack.ID(v.Mark())
	want := min(int64(len(b)), v.Size-off, p.shelf.From(v.Pack, id, off))
	if want <= 0 {
		return 0
	}
	n, ok := p.shelf.ReadAt(v.Pack, id, b[:want], off)
	if !ok || int64(n) != want {
		return 0
	}
	return n
}

// await waits for a pack that a scan needs, and tells whether it is worth looking again.
func (p *packs) await(ctx context.Context, c *coming) bool {
	select {
	case <-c.done:
		return true
	default:
	}
	p.mu.Lock()
	patience := time.Until(c.until)
	p.mu.Unlock()
	if patience <= 0 {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		p.mu.Lock()
		p.scanned = time.Now() // the scan goes on
		p.mu.Unlock()
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// touches tells whether a read at off may be one of those who read tags: of what they
// read, or of what the kernel reads ahead of them. What has a pack and no tags is a
// picture, which is read whole.
func touches(v *catalog.Version, off int64) bool {
	if v.Tags == nil {
		return v.Pack != ""
	}
	for _, s := range v.Tags.Touch {
		if s.Offset <= off && off <= s.End()+aheadOf {
			return true
		}
	}
	return false
}
