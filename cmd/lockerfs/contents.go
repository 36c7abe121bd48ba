package main

import (
	"context"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// contents gives the file system its bytes out of the cache.
type contents struct{ cache *cache.Cache }

var _ fs.Contents = contents{}

// Open is fs.Contents'.
func (c contents) Open(ctx context.Context, v *catalog.Version) (fs.Content, error) {
	h, err := c.cache.Acquire(ctx, objectOf(v))
	if err != nil {
		return nil, err
	}
	return content{h}, nil
}

// Present is fs.Contents'.
func (c contents) Present(v *catalog.Version) int64 { return c.cache.Present(objectOf(v)) }

type content struct{ *cache.Handle }

// Close is fs.Content's.
func (c content) Close() { c.Release() }
