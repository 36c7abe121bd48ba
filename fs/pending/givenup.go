package pending

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// An object that no commit named for a week, and what was removed a month ago, may be given
// up by a device that collects garbage. A device that slept meanwhile must not name it any
// more: it uploads again what it has the bytes of, and tells of what it has not.

// trashLooks is how often it is looked whether what lies in the trash can still come back.
const trashLooks = time.Hour

// givenUp takes from the changes the objects that were given up. turn is held, and the fate
// of the last plan is known.
func (x *Overlay) givenUp(ctx context.Context) error {
	if err := x.rebuilt(ctx); err != nil {
		return err
	}
	trash := time.Since(x.trashSeen) > trashLooks
	if trash {
		x.trashSeen = time.Now()
	}
	for _, c := range x.ordered() {
		var err error
		switch {
		case c.Gone || c.Kind != catalog.File:
		case c.Content != nil:
			err = x.resend(ctx, c)
		case c.Base == nil && (trash || !x.isLocal(c)):
			err = x.fadeAway(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", c.Name, err)
		}
	}
	return nil
}

// rebuilt has all that was uploaded looked for anew where the catalog was rebuilt: it may
// know nothing of what was given up before. turn is held.
func (x *Overlay) rebuilt(ctx context.Context) error {
	_, epoch, err := x.index.Bound(ctx)
	if err != nil || epoch == x.epoch {
		return err
	}
	if x.epoch != "" {
		for _, c := range x.ordered() {
			if c.Content != nil {
				c.Content.sentAt = 0 // no draft's generation: the uploader looks whether the object is there
			}
		}
		x.nudge()
	}
	x.epoch = epoch
	return nil
}

// resend has a content uploaded again whose object was given up.
func (x *Overlay) resend(ctx context.Context, c *change) error {
	if c.Content.Sent == nil {
		return nil
	}
	gone, err := x.index.GivenUp(ctx, c.Content.Sent.Object)
	if err != nil || !gone {
		return err
	}
	d, content := c.copied(), *c.Content
	content.Key, content.Sent = "", nil
	d.Content = &content
	content.tried = false
	return x.show(record{Put: []*change{d}})
}

// fadeAway ends a file without bytes of its own, whose version the locker has forgotten or
// whose object was given up.
func (x *Overlay) fadeAway(ctx context.Context, c *change) error {
	v, err := x.Version(ctx, c.Node)
	gone := errors.Is(err, catalog.ErrNotFound)
	if err == nil {
		gone, err = x.index.GivenUp(ctx, v.Object)
	}
	if err != nil && !gone || !gone {
		return err
	}
	r := record{Drop: []catalog.ID{c.ID}}
	if !x.isLocal(c) {
		note := (&reconciler{x: x, ctx: ctx}).note(c, "it was removed from the locker too long ago to come back")
		r.Conflicts = x.noted([]Trouble{note})
	}
	go x.announce([]catalog.Change{{Parent: c.Parent, Name: c.Name, Node: c.Node}})
	return x.show(r)
}
