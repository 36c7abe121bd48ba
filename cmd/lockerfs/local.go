package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/cache"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

var _ locker = (*engine)(nil)

// statusContact bounds how long status of a locker that nobody runs waits for the
// store.
const statusContact = 3 * time.Second

// Status is locker's.
func (e *engine) Status(ctx context.Context) (status, error) {
	if !e.following.Load() && !e.contacted.Load() {
		e.glance(ctx)
	}
	s := status{Name: e.place.name, Store: e.place.store, Process: os.Getpid(), Access: e.access(), Barred: e.barred,
		Synced: e.index.Synced(), Commit: e.index.Applied(), Device: device{ID: e.device.ID, Name: e.device.Name},
		Started: e.started, Version: version()}
	s.Network, s.Since, s.Trouble = e.link.now()
	s.Requests = e.store.bill.month(e.place.store)
	s.Metered = e.mounted.Load() != nil && e.thrift.now()
	if m := e.mounted.Load(); m != nil {
		s.Mount, s.Runner = *m, &e.runner
	} else {
		s.GivenUp = readGivenUp(e.place.state)
	}
	if known, ok := readProbed(e.place.state, e.place.store); ok {
		shared := known.Conditions.Shareable()
		s.Device.Shared = &shared
	}
	if e.cache != nil {
		stats := e.cache.Stats()
		s.Cache, s.Packs = &stats, e.packs.stats()
	}
	if f := e.files.Load(); f != nil {
		passed := f.Passthrough()
		s.Passthrough, s.Traffic, s.Heads = &passed, e.store.stats(), e.heads.stats()
		s.Memory = memory()
	}
	s.Activity = e.activity(ctx)
	s.Pins = e.statusOfPins(ctx)
	var err error
	if s.Totals, err = e.count(ctx); err != nil {
		return status{}, err
	}
	if s.Change, err = e.lastChange(ctx); err != nil {
		return status{}, err
	}
	if s.Adopted, err = e.adopted(ctx); err != nil {
		return status{}, err
	}
	e.mu.Lock()
	s.Import = e.progress
	e.mu.Unlock()
	if s.Import != nil {
		s.Unsafe = append(s.Unsafe, fmt.Sprintf("an import is running: %s of %s done", thousands(s.Import.Done), count(s.Import.Found, "file", "files")))
	}
	if s.Import == nil && pending.Undecided(e.place.state) {
		s.Unsafe = append(s.Unsafe, "a commit is on its way to the store")
	}
	if err := e.statusOfWrites(ctx, &s); err != nil {
		return status{}, err
	}
	s.Safe = len(s.Unsafe) == 0
	return s, nil
}

// lastChange says who made the newest commit, if that is known.
func (e *engine) lastChange(ctx context.Context) (*change, error) {
	device, at, err := e.index.LastChange(ctx)
	if err != nil || at == 0 {
		return nil, err
	}
	return &change{Time: time.Unix(0, at), Device: device}, nil
}

// glance asks the store for a moment how it is. What comes of it is in the link.
func (e *engine) glance(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, statusContact)
	defer cancel()
	err := e.follower.Open(ctx)
	e.report(err)
	if err != nil {
		return
	}
	e.contacted.Store(true)
}

// count gives the totals, read once per commit.
func (e *engine) count(ctx context.Context) (catalog.Totals, error) {
	n := e.index.Applied()
	e.mu.Lock()
	totals, known := e.totals, e.totalsN == n
	e.mu.Unlock()
	if known {
		return totals, nil
	}
	totals, err := e.index.Totals(ctx)
	if err != nil {
		return totals, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.totals, e.totalsN = totals, n
	return totals, nil
}

// listPage is how many names are read at once, and listDepth how deep a walk goes:
// both bound memory whatever the locker holds.
const (
	listPage  = 1000
	listDepth = 300
)

// List is locker's.
func (e *engine) List(ctx context.Context, at string, deep bool, emit func(listed) error) error {
	if err := e.fresh(ctx, false); err != nil {
		return err
	}
	entry, err := e.resolve(ctx, at)
	if err != nil {
		return err
	}
	where := clean(at)
	if err := emit(lineOf(where, entry.Attr())); err != nil || entry.Kind != catalog.Dir {
		return err
	}
	return e.walk(ctx, entry.ID, where, deep, listDepth, emit)
}

func (e *engine) walk(ctx context.Context, folder catalog.ID, at string, deep bool, depth int, emit func(listed) error) error {
	if depth == 0 {
		return fmt.Errorf("%q lies too deep: %w", at, catalog.ErrCorrupt)
	}
	for after := ""; ; {
		page, err := e.names().Children(ctx, folder, after, listPage)
		if err != nil {
			return err
		}
		for _, a := range page {
			here := path.Join(at, a.Name)
			if err := emit(lineOf(here, a)); err != nil {
				return err
			}
			if deep && a.Kind == catalog.Dir {
				if err := e.walk(ctx, a.ID, here, deep, depth-1, emit); err != nil {
					return err
				}
			}
		}
		if len(page) < listPage {
			return nil
		}
		after = page[len(page)-1].Name
	}
}

// clean gives a locker path without slashes around it.
func clean(at string) string { return strings.TrimPrefix(path.Clean("/"+at), "/") }

func lineOf(at string, a catalog.Attr) listed {
	return listed{Path: at, Kind: a.Kind, Size: a.Size, MTime: time.Unix(0, a.MTime), ID: a.ID}
}

func (e *engine) resolve(ctx context.Context, at string) (catalog.Entry, error) {
	entry, err := e.names().Resolve(ctx, clean(at))
	if errors.Is(err, catalog.ErrNotFound) {
		return entry, &fault{code: exitNotFound, cause: fmt.Sprintf("%q is not in the locker", printable("/"+clean(at))), next: "lockerfs ls -R", err: err}
	}
	return entry, err
}

// Info is locker's.
func (e *engine) Info(ctx context.Context, at string) (info, error) {
	if err := e.fresh(ctx, false); err != nil {
		return info{}, err
	}
	entry, err := e.resolve(ctx, at)
	if err != nil {
		return info{}, err
	}
	found := info{listed: lineOf(clean(at), entry.Attr())}
	if entry.Version == nil {
		err := e.walk(ctx, entry.ID, found.Path, true, listDepth, func(l listed) error {
			if l.Kind == catalog.File {
				found.Files, found.Bytes = found.Files+1, found.Bytes+l.Size
			}
			return nil
		})
		return found, err
	}
	v := entry.Version
	if v.Object.Key == "" {
		found.Pending, found.Cached = true, v.Size
		return found, nil
	}
	found.SHA256, found.Object, found.Tags = v.SHA256.String(), &v.Object, v.Tags
	if e.cache != nil {
		found.Cached = e.contents().Present(v)
	}
	found.Pack = e.packs.holding(v)
	if f := e.files.Load(); f != nil {
		found.Open = useOf(f.Use(v.ID))
	}
	return found, nil
}

// objectOf gives the object of a version as the cache names it.
func objectOf(v *catalog.Version) cache.Object {
	return cache.Object{Key: v.Object.Key, ETag: v.Object.ETag, Size: v.Size, SHA256: v.SHA256, Foreign: v.Object.Foreign}
}

// learningTime is how long a search may take before it says why.
const learningTime = 2 * time.Second

// Search is locker's.
func (e *engine) Search(ctx context.Context, words string, limit int) ([]catalog.Finding, error) {
	if err := e.fresh(ctx, false); err != nil {
		return nil, err
	}
	if !e.following.Load() { // else tend has learnt it, and nobody reads notes
		slow := time.AfterFunc(learningTime, func() { e.note("lockerfs: search is reading what is new to it; the next one will not wait") })
		defer slow.Stop()
	}
	return e.index.Search(ctx, words, limit)
}
