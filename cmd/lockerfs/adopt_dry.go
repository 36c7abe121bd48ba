package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
)

// Where files would be filed by their tags is known only when all of them were read. So a
// dry run adopts them into a locker of its own, whose records lie in a temporary folder of
// this machine, and throws that away.

// adoptDry says what adopt would do to a bucket that is no locker, or whose files would be
// filed by their tags.
func (a *app) adoptDry(ctx context.Context, q adoption) (err error) {
	p, err := a.place()
	if err != nil {
		return err
	}
	a.where = p.where()
	before, err := a.watchesOf(ctx)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "lockerfs-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	p.state, p.cache = filepath.Join(temp, "state"), filepath.Join(temp, "cache")
	records, err := dir.Create(filepath.Join(temp, "records"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	g := a.ground()
	g.open = func(ctx context.Context, u *url.URL, credentials string) (remote.Store, error) {
		bucket, err := a.openStore(ctx, u, credentials)
		return aside{bucket, records}, err
	}
	e, err := openEngine(ctx, p, false, g)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if _, _, err := catalog.CreateFormat(ctx, e.store, ""); err != nil {
		return err
	}
	if err := e.follower.Open(ctx); err != nil {
		return err
	}
	settings, w, err := q.settle(before)
	if err != nil {
		return err
	}
	c, err := e.writer(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Commit(ctx, []catalog.Op{{Verb: catalog.Configure, Settings: &settings}}); err != nil {
		return err
	}
	q.DryRun = w.Layout != layoutTags
	return a.runAdopt(ctx, e, q, true, false)
}

// watchesOf gives the settings of the locker, if there is one.
func (a *app) watchesOf(ctx context.Context) (s catalog.Settings, err error) {
	err = a.withLocker(ctx, false, func(_ place, l locker) (err error) {
		s, err = l.Watches(ctx)
		return err
	})
	if errors.Is(err, catalog.ErrNoLocker) {
		err = nil
	}
	return s, err
}

// aside is a store whose objects are read and whose records are kept elsewhere. Nothing is
// written to it.
type aside struct {
	remote.Store
	records remote.Store
}

var errAside = fmt.Errorf("a dry run writes nothing: %w", remote.ErrDenied)

// of gives where an object is.
func (s aside) of(key string) remote.Store {
	if strings.HasPrefix(key, ".lockerfs/") {
		return s.records
	}
	return s.Store
}

// Get is remote.Getter.
func (s aside) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	return s.of(key).Get(ctx, key, r, ifMatch)
}

// Head is remote.Header.
func (s aside) Head(ctx context.Context, key string) (remote.Object, error) {
	return s.of(key).Head(ctx, key)
}

// List is remote.Lister.
func (s aside) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	return s.of(prefix).List(ctx, prefix, after, limit)
}

// Put is remote.Putter.
func (s aside) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if s.of(key) != s.records {
		return remote.Object{}, errAside
	}
	return s.records.Put(ctx, key, body, o)
}

// Delete is remote.Deleter.
func (s aside) Delete(ctx context.Context, key string) error {
	if s.of(key) != s.records {
		return errAside
	}
	return s.records.Delete(ctx, key)
}
