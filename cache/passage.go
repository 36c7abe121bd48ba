package cache

import (
	"context"
	"io"
)

// passUnit is what a read past the cache asks the store for, in bytes. It is also
// the most memory that a handle holds.
const passUnit = 256 << 10

// passage reads straight from the store when nothing can be kept. It holds the last
// range in memory, so that a sequential reader of small pieces does not make a
// request for each.
type passage struct {
	turn  chan struct{} // held by the one who fetches or copies; guards the rest
	start int64
	bytes []byte
}

func newPassage() passage { return passage{turn: make(chan struct{}, 1)} }

// read fills p from off.
func (g *passage) read(ctx context.Context, r *replica, p []byte, off int64) error {
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.c.base.Done():
		return ErrClosed
	}
	defer func() { <-g.turn }()
	for done := 0; done < len(p); {
		at := off + int64(done)
		if at < g.start || at >= g.start+int64(len(g.bytes)) {
			if err := g.load(ctx, r, at); err != nil {
				return err
			}
		}
		done += copy(p[done:], g.bytes[at-g.start:])
	}
	return nil
}

// load fetches the range that begins at off.
func (g *passage) load(ctx context.Context, r *replica, off int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(r.c.base, func() { cancel(ErrClosed) })
	defer stop()
	end := min(off+passUnit, r.obj.Size)
	src := &source{r: r, ctx: ctx, off: off, end: end, wanted: func() bool { return true }}
	defer src.close()
	if cap(g.bytes) < passUnit {
		g.bytes = make([]byte, 0, passUnit)
	}
	g.start, g.bytes = off, g.bytes[:0]
	bytes := g.bytes[:end-off]
	if _, err := io.ReadFull(src, bytes); err != nil {
		return err
	}
	if err := src.surplus(); err != io.EOF {
		return err
	}
	r.mu.Lock()
	suspect := r.suspect
	r.mu.Unlock()
	if suspect {
		return r.unproven(errNoRoom)
	}
	r.c.count.passed.Add(end - off)
	g.bytes = bytes
	return nil
}
