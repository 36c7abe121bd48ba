package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// contents gives the file system its bytes: heads and tails out of scan packs, all
// else out of the cache.
type contents struct {
	cache *cache.Cache
	packs *packs // nil for none
	pins  *pins  // nil for none
}

// contents gives the bytes of versions.
func (e *engine) contents() contents { return contents{e.cache, e.packs, e.pins} }

var (
	_ fs.Contents = contents{}
	_ fs.Backed   = (*content)(nil)
)

// Open is fs.Contents'. What is pinned is read from its own file.
func (c contents) Open(ctx context.Context, v *catalog.Version) (fs.Content, error) {
	if file, ok := c.pins.file(v); ok {
		return &pinned{file: file, version: v, from: c}, nil
	}
	return c.unpinned(ctx, v)
}

func (c contents) unpinned(ctx context.Context, v *catalog.Version) (fs.Content, error) {
	h, err := c.cache.Acquire(ctx, objectOf(v))
	if err != nil {
		return nil, err
	}
	out := &content{Handle: h, version: v, pins: c.pins}
	if c.packs != nil && v.Pack != "" {
		out.packs, out.coming = c.packs, c.packs.opens(v)
	}
	return out, nil
}

// Present is fs.Contents'. A small file may be in a pack as a whole.
func (c contents) Present(v *catalog.Version) int64 {
	if c.pins.has(v) {
		return v.Size
	}
	return max(c.cache.Present(objectOf(v)), c.packs.bytes(v))
}

// content is one version, opened.
type content struct {
	*cache.Handle
	version *catalog.Version
	pins    *pins       // nil for none
	packs   *packs      // nil where no pack has anything of it
	coming  *coming     // its pack, if that was not here when it was opened
	beyond  atomic.Bool // something was read that is not in the pack
}

// ReadAt is fs.Content's. What the pack has is not asked for in the cache. What the kernel
// reads ahead beyond the pack is refused once: see packs.refuse.
func (c *content) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if c.packs == nil || off >= c.version.Size {
		return c.rest(ctx, p, off)
	}
	n := c.packs.read(ctx, c.version, c.coming, p, off)
	switch {
	case n == len(p):
		return n, nil
	case off+int64(n) == c.version.Size:
		return n, io.EOF
	case c.ahead(off, len(p), int64(n)) && !c.Handle.Here(off+int64(n), len(p)-n) && c.packs.refuse(c.version, off, off+int64(len(p))):
		return 0, errBeyondPack
	}
	c.beyond.Store(true)
	more, err := c.rest(ctx, p[n:], off+int64(n))
	return n + more, err
}

// rest reads what no pack has. It may have been pinned since it was opened.
func (c *content) rest(ctx context.Context, p []byte, off int64) (int, error) {
	n, err := c.Handle.ReadAt(ctx, p, off)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	file, ok := c.pins.file(c.version)
	if !ok {
		return n, err
	}
	defer file.Close()
	return file.ReadAt(p, off)
}

// Packed tells whether a scan pack on this machine has the file's head and tail. While
// a scan waits for that pack, so does this, for scanPatience at most: then it is known
// whether the file is read on.
func (c *content) Packed() bool {
	if c.coming != nil {
		c.packs.await(context.Background(), c.coming)
	}
	return c.packs.has(c.version)
}

// Here tells whether n bytes from off, as far as the file has them, are on this
// machine, so that reading them waits for nobody. What ReadAt refuses waits for nobody
// either. Like Packed it waits while a scan does.
func (c *content) Here(off int64, n int) bool {
	rest := min(int64(n), c.version.Size-off)
	if rest <= 0 {
		return true
	}
	if c.packs == nil {
		return c.Handle.Here(off, n)
	}
	if c.coming != nil {
		c.packs.await(context.Background(), c.coming)
	}
	packed := c.packs.shelf.From(c.version.Pack, pack.ID(c.version.Mark()), off)
	return packed >= rest || c.Handle.Here(off+packed, int(rest-packed)) ||
		c.ahead(off, n, packed) && !c.packs.refused(c.version, off, off+int64(n))
}

// ahead tells whether a request, of which so many bytes are packed, may be one of the
// kernel for more than the program reads, who has read nothing but what is in the pack.
func (c *content) ahead(off int64, n int, packed int64) bool {
	return n > page && !c.beyond.Load() && (packed > 0 || touches(c.version, off) && c.packs.has(c.version))
}

// Close is fs.Content's.
func (c *content) Close() { c.Release() }
