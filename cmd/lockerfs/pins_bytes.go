package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/cache/pin"
	"github.com/lockerfs/lockerfs/fs"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// pinSource gives the keeper bytes: those that the cache has, the rest from the store.
type pinSource struct {
	cache *cache.Cache
	store cache.Fetcher
}

const (
	// pinStall is how long a fetch may stand still. It makes way for what programs wait for,
	// so that may be long.
	pinStall = time.Minute
	pinRead  = 64 << 10 // bytes
)

// ReadAt is pin.Source's.
func (s pinSource) ReadAt(ctx context.Context, obj cache.Object, p []byte, off int64) error {
	ctx = remote.WithTicket(ctx, remote.NewTicket(remote.Pin))
	if s.fromCache(ctx, obj, p, off) {
		return nil
	}
	err := s.fetch(ctx, obj, p, off, obj.ETag)
	if errors.Is(err, remote.ErrPrecondition) && !obj.Foreign && catalog.Hash(obj.SHA256).Known() {
		// A bucket that was copied to another provider: the SHA-256 tells.
		err = s.fetch(ctx, obj, p, off, "")
	}
	for _, kind := range []error{remote.ErrNotFound, remote.ErrPrecondition, remote.ErrRange, remote.ErrCorrupt, remote.ErrInvalid} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %w", pin.ErrGone, err)
		}
	}
	return err
}

func (s pinSource) fromCache(ctx context.Context, obj cache.Object, p []byte, off int64) bool {
	h, err := s.cache.Acquire(ctx, obj)
	if err != nil {
		return false
	}
	defer h.Release()
	if !h.Here(off, len(p)) {
		return false
	}
	n, err := h.ReadAt(ctx, p, off)
	return n == len(p) && (err == nil || errors.Is(err, io.EOF))
}

// fetch reads from the store, as long as bytes come.
func (s pinSource) fetch(ctx context.Context, obj cache.Object, p []byte, off int64, etag string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(pinStall, func() { cancel(context.DeadlineExceeded) })
	defer stalled.Stop()
	body, _, err := s.store.Get(ctx, obj.Key, remote.Range{Offset: off, Length: int64(len(p))}, etag)
	if err != nil {
		return err
	}
	defer body.Close()
	for len(p) > 0 {
		n, err := io.ReadFull(body, p[:min(pinRead, len(p))])
		if err != nil {
			return err
		}
		p = p[n:]
		stalled.Reset(pinStall)
	}
	return nil
}

// pinned is a version all bytes of which are in one file of this machine.
type pinned struct {
	file    *os.File
	version *catalog.Version
	from    contents

	mu    sync.Mutex // guards other; held while it is opened
	other fs.Content // for what the disk has lost
}

var _ fs.Backed = (*pinned)(nil)

// ReadAt is fs.Content's.
func (c *pinned) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	n, err := c.file.ReadAt(p, off)
	if err == nil || errors.Is(err, io.EOF) && off+int64(n) == c.version.Size || off >= c.version.Size {
		return n, err
	}
	other, failed := c.instead(ctx)
	if failed != nil {
		return 0, errors.Join(err, failed)
	}
	return other.ReadAt(ctx, p, off)
}

// instead gives the same version from elsewhere, for a file that cannot be read any more.
func (c *pinned) instead(ctx context.Context) (fs.Content, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.other == nil {
		c.from.pins.keeper.Suspect(objectOf(c.version))
		var err error
		if c.other, err = c.from.unpinned(ctx, c.version); err != nil {
			return nil, err
		}
	}
	return c.other, nil
}

// Backing is fs.Backed's. The file stays what it is when it is let go, for whoever has it.
func (c *pinned) Backing() (*os.File, bool) { return c.file, true }

// Packed and Here tell that nothing has to be waited for.
func (c *pinned) Packed() bool         { return false }
func (c *pinned) Here(int64, int) bool { return true }

// Close is fs.Content's.
func (c *pinned) Close() {
	c.file.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.other != nil {
		c.other.Close()
	}
}
