package pending

import (
	"context"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// settle makes what a content holds safe, and lets go of what is not needed for that any
// more.
func (x *Overlay) settle(ctx context.Context, node catalog.ID, c *content) error {
	crash("close.sync")
	r, err := c.draft.Sync()
	if err != nil {
		return full(err)
	}
	crash("close.synced")
	if recorded, err := x.keepNode(node, c, r); err != nil || !recorded {
		return err
	}
	crash("close.recorded")
	if err := x.Sync(ctx); err != nil {
		return err
	}
	crash("close.durable")
	c.draft.Settle(r)
	crash("close.settled")
	return nil
}

// settled waits until the record of a content that is not dirty is durable: another
// handle may be about to make it so.
func (x *Overlay) settled(ctx context.Context, f *File) error {
	if !f.writes {
		return nil
	}
	return x.Sync(ctx)
}

// keepNode records what of a node is safe.
func (x *Overlay) keepNode(node catalog.ID, c *content, r staging.Record) (recorded bool, err error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	if c.dead {
		return false, nil // nobody will ever ask for it
	}
	x.mu.RLock()
	ch := x.nodes[node]
	x.mu.RUnlock()
	if ch == nil || ch.Content == nil || ch.Content.live != c.live {
		return false, nil // committed meanwhile, as it was
	}
	if was := ch.Content.Record; c.durable && (was.Gen > r.Gen || was.Gen == r.Gen && (!was.NeedsBase() || r.NeedsBase())) {
		// Another handle, or a truncation without one, was quicker: what it recorded is this
		// or newer, and may not be durable or settled yet.
		return true, nil
	}
	return true, x.keepRecord(ch.copied(), ch.Content, r)
}

// keep syncs a content and records it. turn is held: it is for what nobody has open.
func (x *Overlay) keep(ch *change, c *content) error {
	r, err := c.draft.Sync()
	if err != nil {
		return full(err)
	}
	return x.keepRecord(ch, c, r)
}

func (x *Overlay) keepRecord(ch *change, c *content, r staging.Record) error {
	next := &content{Record: r, From: c.From, New: c.New, live: c.live}
	if r.BaseEnd == 0 {
		next.From = 0
	}
	ch.Content, ch.MTime, ch.At = next, c.mtime.Load(), max(c.written.Load(), ch.At)
	c.live.durable, c.live.parked, c.live.trouble = true, false, nil
	if c.beneath != nil {
		x.freed = append(x.freed, c.beneath.content.files()...)
	}
	crash("write.record")
	defer crash("write.recorded")
	err := x.show(record{Put: []*change{ch}})
	if err == nil {
		c.recorded.Store(r.Gen)
	}
	return err
}
