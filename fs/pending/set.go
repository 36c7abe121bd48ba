package pending

import (
	"context"
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Setting is what of an entry is set; what is nil stays.
type Setting struct {
	Mode *uint32
	// MTime is in nanoseconds since 1970.
	MTime *int64
	// Size of a file in bytes.
	Size *int64
}

// Set changes attributes of what the kernel knows as node. The error is ErrMoved when the
// size of a committed file is set: it has a new node then, to be looked up and set.
func (x *Overlay) Set(ctx context.Context, node catalog.ID, s Setting) (catalog.Attr, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	id, err := x.present(ctx, node)
	if err != nil {
		return x.setLingering(node, s, err)
	}
	c, err := x.altered(ctx, id)
	if err != nil {
		return catalog.Attr{}, err
	}
	if s.Size != nil {
		if err := x.resize(ctx, c, *s.Size); err != nil {
			return catalog.Attr{}, err
		}
	}
	if s.Mode == nil && s.MTime == nil {
		return c.attr(), nil
	}
	if s.Mode != nil {
		c.Mode = *s.Mode & 0o777
	}
	if s.MTime != nil {
		c.MTime, c.Dated = *s.MTime, c.Kind == catalog.Dir
		if c.Content != nil {
			c.Content.mtime.Store(*s.MTime)
		}
	}
	c.At = now()
	crash("set.record")
	r := record{Untouched: untouched(c, s)}
	r.say(c, c.differs() || x.isLocal(c))
	if err := x.show(r); err != nil {
		return catalog.Attr{}, err
	}
	crash("set.recorded")
	return x.dated(c.attr()), nil
}

func untouched(c *change, s Setting) []catalog.ID {
	if c.Kind == catalog.Dir && s.MTime != nil {
		return []catalog.ID{c.ID}
	}
	return nil
}

// setLingering sets attributes of a file that was removed and is open, which nobody else
// will see.
func (x *Overlay) setLingering(node catalog.ID, s Setting, err error) (catalog.Attr, error) {
	x.mu.RLock()
	c := x.nodes[node]
	x.mu.RUnlock()
	// A size without a handle is meant for the file that has the name by now.
	if c == nil || c.Content == nil || s.Size != nil {
		return catalog.Attr{}, err
	}
	if s.MTime != nil {
		c.Content.mtime.Store(*s.MTime)
	}
	return c.attr(), nil
}

// present gives the entry whose present content the kernel knows as node. turn is held.
func (x *Overlay) present(ctx context.Context, node catalog.ID) (catalog.ID, error) {
	x.mu.RLock()
	c := x.nodes[node]
	x.mu.RUnlock()
	if c == nil {
		if c = x.change(node); c != nil && c.Kind != catalog.Dir {
			c = nil
		}
	}
	if c == nil {
		a, err := x.index.Node(ctx, node)
		if err != nil {
			return 0, err
		}
		if c = x.change(a.ID); c == nil {
			e, err := x.index.Entry(ctx, a.ID)
			if err != nil || e.Attr().Node != node {
				return 0, stale(err)
			}
			return a.ID, nil
		}
	}
	if c.Gone || c.Node != node {
		return 0, ErrMoved
	}
	return c.ID, nil
}

func stale(err error) error {
	if err == nil || errors.Is(err, catalog.ErrNotFound) {
		return ErrMoved
	}
	return err
}
