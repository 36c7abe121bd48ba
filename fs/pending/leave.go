package pending

import (
	"context"
	"path/filepath"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// revert gives up a content that was opened for writing and never written. One that was
// opened a moment ago may be about to be opened again, under its new node. turn is held.
func (x *Overlay) revert(c *change) {
	l := c.Content.live
	if l.handles > 0 || time.Since(time.Unix(0, l.written.Load())) < 0 {
		return
	}
	if l.idleSince.IsZero() {
		l.idleSince = time.Now()
	}
	if time.Since(l.idleSince) < renewedFor {
		time.AfterFunc(renewedFor, x.nudge)
		return
	}
	d := c.unwritten()
	x.throwAway(c.Content)
	crash("revert.record")
	if err := x.apply(nil, d); err != nil {
		x.log.Warn("a file could not be given back its node", "error", err)
		return
	}
	crash("reverted")
	go x.announce([]catalog.Change{{Parent: c.Parent, Name: c.Name, Node: c.Node}})
}

// renewedFor is how long a new node waits to be opened.
const renewedFor = 2 * time.Second

// leave hands the bytes of committed contents to the cache.
func (x *Overlay) leave(ctx context.Context) {
	x.mu.Lock()
	leaving := x.leaving
	x.leaving = nil
	x.mu.Unlock()
	for _, c := range leaving {
		if c.Sent != nil && c.draft.Whole() {
			crash("leave")
			x.versions.Keep(c.Sent, c.draft.Path())
			crash("leave.kept")
		}
		x.turn.Lock()
		c.live.leaving = false
		if c.handles == 0 {
			x.throwAway(c)
		}
		x.turn.Unlock()
	}
	x.sweep(ctx)
}

// throwAway has a content's staged files removed once the record that says it is over is
// durable: a loss of power must not keep the name and lose the bytes. turn is held.
func (x *Overlay) throwAway(c *content) {
	x.mu.Lock()
	x.garbage = append(x.garbage, c)
	x.mu.Unlock()
	x.nudge()
}

// sweep removes what was thrown away.
func (x *Overlay) sweep(ctx context.Context) {
	x.mu.Lock()
	garbage := x.garbage
	x.garbage = nil
	x.mu.Unlock()
	if len(garbage) == 0 {
		return
	}
	if err := x.Sync(ctx); err != nil {
		x.mu.Lock()
		x.garbage = append(garbage, x.garbage...)
		x.mu.Unlock()
		return
	}
	for _, c := range garbage {
		x.turn.Lock()
		if err := x.discard(c); err != nil {
			x.log.Warn("a staged file could not be removed", "error", err)
		}
		x.turn.Unlock()
	}
}

// discard removes what was staged for a content that nothing refers to. turn is held.
func (x *Overlay) discard(c *content) error {
	if c.under != nil {
		c.under.close()
	}
	crash("discard")
	defer crash("discarded")
	return c.draft.Discard()
}

// files are the names of the staged files of a content.
func (c *content) files() []string {
	return append([]string{c.Record.File, filepath.Base(c.draft.Path())}, c.Record.Former...)
}

// over ends a content whose version the locker has. Handles that are open read on, and its
// bytes stay here, as the cache's. turn is held, and a record is to follow.
func (x *Overlay) over(c *content, node catalog.ID) {
	crash("committed")
	c.dead, c.leaving = true, true
	x.mu.Lock()
	delete(x.nodes, node)
	x.leaving = append(x.leaving, c)
	x.mu.Unlock()
	x.freed = append(x.freed, c.files()...)
	x.nudge()
}

// give gives up a content that is not wanted. turn is held, and a record is to follow.
func (x *Overlay) give(c *change) {
	if c.Content == nil {
		return
	}
	x.freed = append(x.freed, c.Content.files()...)
	c.Content.dead = true
	x.abandon(c.Content.live)
	if c.Content.handles == 0 {
		x.throwAway(c.Content)
		return
	}
	x.linger(c.Content, c.Node, c)
}
