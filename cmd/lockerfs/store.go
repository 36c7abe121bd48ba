package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync/atomic"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
	"github.com/lockerfs/lockerfs/remote/s3"
)

// openStore opens the store at a URL. It may fail where a disk is not attached or
// credentials are missing, and may succeed with the network away.
func openStore(ctx context.Context, u *url.URL, credentials string) (remote.Store, error) {
	switch u.Scheme {
	case "file":
		return dir.Open(u.Path)
	case "s3":
		c, err := s3.ParseURL(u)
		if err != nil {
			return nil, err
		}
		if c.Credentials == "" {
			c.Credentials = credentials
		}
		return s3.Open(ctx, c)
	}
	return nil, fmt.Errorf("store %s: %w", u.Redacted(), remote.ErrInvalid)
}

// lazyStore opens its store when it is first used, and tries again after a
// failure: a mount comes up before the disk or the network of its store does.
type lazyStore struct {
	open func(ctx context.Context) (remote.Store, error)

	opened atomic.Pointer[remote.Store]
	// turn holds one token: who has it may open.
	turn chan struct{}
}

var _ remote.Store = (*lazyStore)(nil)

func newLazyStore(open func(ctx context.Context) (remote.Store, error)) *lazyStore {
	return &lazyStore{open: open, turn: make(chan struct{}, 1)}
}

func (l *lazyStore) get(ctx context.Context) (remote.Store, error) {
	if s := l.opened.Load(); s != nil {
		return *s, nil
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s := l.opened.Load(); s != nil {
		return *s, nil
	}
	s, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	l.opened.Store(&s)
	return s, nil
}

// Close closes what was opened, where the store has something to close.
func (l *lazyStore) Close() error {
	s := l.opened.Load()
	if s == nil {
		return nil
	}
	if c, ok := (*s).(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// refresh gives up connections that nobody uses now: after a change of networks they may
// be dead, and say nothing.
func (l *lazyStore) refresh() {
	if s := l.opened.Load(); s != nil {
		if over, ok := (*s).(*s3.Store); ok {
			_ = over.Close() // its calls go on
		}
	}
}

// Get is remote.Getter.
func (l *lazyStore) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	s, err := l.get(ctx)
	if err != nil {
		return nil, remote.Object{}, err
	}
	return s.Get(ctx, key, r, ifMatch)
}

// Head is remote.Header.
func (l *lazyStore) Head(ctx context.Context, key string) (remote.Object, error) {
	s, err := l.get(ctx)
	if err != nil {
		return remote.Object{}, err
	}
	return s.Head(ctx, key)
}

// Put is remote.Putter.
func (l *lazyStore) Put(ctx context.Context, key string, body *io.SectionReader, opts remote.PutOptions) (remote.Object, error) {
	s, err := l.get(ctx)
	if err != nil {
		return remote.Object{}, err
	}
	return s.Put(ctx, key, body, opts)
}

// Delete is remote.Deleter.
func (l *lazyStore) Delete(ctx context.Context, key string) error {
	s, err := l.get(ctx)
	if err != nil {
		return err
	}
	return s.Delete(ctx, key)
}

// List is remote.Lister.
func (l *lazyStore) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	s, err := l.get(ctx)
	if err != nil {
		return remote.Page{}, err
	}
	return s.List(ctx, prefix, after, limit)
}
