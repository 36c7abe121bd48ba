package pending

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// under gives the bytes that lie under a content; nil for none.
func (x *Overlay) under(c *content) staging.Base {
	if c.From == 0 {
		return nil
	}
	u := &under{x: x, node: c.From}
	c.live.under = u
	return u
}

// under reads a committed version that is being written over. It opens it when first
// asked.
type under struct {
	x    *Overlay
	node catalog.ID

	mu   sync.Mutex // guards open; held while it is opened, which waits for no store
	open Content
}

// ReadAt implements staging.Base.
func (u *under) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	open, err := u.opened(context.WithoutCancel(ctx))
	if err != nil {
		return 0, err
	}
	n, err := open.ReadAt(ctx, p, off)
	if n == len(p) && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (u *under) opened(ctx context.Context) (Content, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != nil {
		return u.open, nil
	}
	v, err := u.x.index.Version(ctx, u.node)
	if err != nil {
		return nil, err
	}
	u.open, err = u.x.versions.Open(ctx, v)
	return u.open, err
}

// close gives up what was opened. Nobody reads any more.
func (u *under) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != nil {
		u.open.Close()
	}
}

// fetchUnder begins to bring all that lies under a content here: its upload needs it, and
// a tag editor will read it piece by piece.
func (x *Overlay) fetchUnder(c *content) {
	if v, err := x.index.Version(context.Background(), c.From); err == nil {
		x.versions.Fetch(v)
	}
}
