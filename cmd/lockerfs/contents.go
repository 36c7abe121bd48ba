package main

import (
	"context"
	"io"

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
}

var (
	_ fs.Contents = contents{}
	_ fs.Backed   = (*content)(nil)
)

// Open is fs.Contents'.
func (c contents) Open(ctx context.Context, v *catalog.Version) (fs.Content, error) {
	h, err := c.cache.Acquire(ctx, objectOf(v))
	if err != nil {
		return nil, err
	}
	out := &content{Handle: h, version: v}
	if c.packs != nil && v.Pack != "" && v.SHA256.Known() {
		out.packs, out.coming = c.packs, c.packs.opens(v)
	}
	return out, nil
}

// Present is fs.Contents'.
func (c contents) Present(v *catalog.Version) int64 { return c.cache.Present(objectOf(v)) }

// content is one version, opened.
type content struct {
	*cache.Handle
	version *catalog.Version
	packs   *packs  // nil where no pack has anything of it
	coming  *coming // its pack, if that was not here when it was opened
}

// ReadAt is fs.Content's. What the pack has is not asked for in the cache.
func (c *content) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if c.packs == nil {
		return c.Handle.ReadAt(ctx, p, off)
	}
	n, ok := c.packs.read(ctx, c.version, c.coming, p, off)
	switch {
	case !ok:
		return c.Handle.ReadAt(ctx, p, off)
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}

// Packed tells whether a scan pack on this machine has the file's head and tail.
func (c *content) Packed() bool {
	return c.packs != nil && c.packs.shelf.Holds(c.version.Pack, pack.ID(c.version.SHA256))
}

// Here tells whether n bytes from off, as far as the file has them, are on this
// machine, so that reading them waits for nobody.
func (c *content) Here(off int64, n int) bool {
	if off >= c.version.Size {
		return true
	}
	if c.packs != nil && c.packs.shelf.Covers(c.version.Pack, pack.ID(c.version.SHA256), off, n) {
		return true
	}
	h, ok := any(c.Handle).(interface{ Here(off int64, n int) bool })
	return ok && h.Here(off, n)
}

// Close is fs.Content's.
func (c *content) Close() { c.Release() }
