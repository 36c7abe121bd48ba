package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// A survey commits when it has so many operations, and in the end.
const surveyBatch = 8000

// survey compares the listing of a prefix with the files of the catalog, both in the order
// of the keys, so that neither need be in memory as a whole. What has vanished is known
// only when the listing has come to its end without an error.
type survey struct {
	a      *Adopter
	w      catalog.Watch
	all    Watched
	ledger *adoptLedger

	held   foreign
	grow   *grower
	ops    []catalog.Op // besides those of grow
	gone   []catalog.ID // files whose objects are not in the listing
	expect map[catalog.ID]catalog.ID
}

// run is one look.
func (s *survey) run(ctx context.Context) error {
	s.held = foreign{index: s.a.Index, prefix: s.w.Prefix}
	s.fresh()
	pages := make(chan remote.Page, 2)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.list(gctx, pages) })
	g.Go(func() error { return s.compare(gctx, pages) })
	if err := g.Wait(); err != nil {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.ledger.count(func(_ *AdoptReport, p *AdoptProgress) { p.Walked = true })
	return s.vanished(ctx)
}

// fresh begins a batch.
func (s *survey) fresh() {
	s.grow, s.ops = newGrower(s.a.Index, time.Now().UnixNano()), nil
	s.expect = map[catalog.ID]catalog.ID{}
}

// afterRecords comes after all of lockerfs's own records.
const afterRecords = ".lockerfs/~"

// list lists the prefix, a page ahead of who compares. When it fails, pages stay open: a
// listing that was cut is no listing.
func (s *survey) list(ctx context.Context, pages chan<- remote.Page) error {
	for after := ""; ; {
		page, err := s.a.Store.List(ctx, s.w.Prefix, after, 0)
		if err != nil {
			return fmt.Errorf("listing the bucket: %w", err)
		}
		s.ledger.count(func(r *AdoptReport, p *AdoptProgress) {
			r.Listings++
			p.Listed += int64(len(page.Objects))
		})
		select {
		case pages <- page:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if after = page.Next; after == "" {
			close(pages)
			return nil
		}
		if strings.HasPrefix(after, ".lockerfs/") {
			after = max(after, afterRecords) // the log is long
		}
	}
}

func (s *survey) compare(ctx context.Context, pages <-chan remote.Page) error {
	for {
		select {
		case page, more := <-pages:
			if !more {
				return s.rest(ctx)
			}
			for _, o := range page.Objects {
				if err := s.object(ctx, o); err != nil {
					return err
				}
			}
			if len(s.ops)+len(s.grow.ops) >= cmp.Or(s.a.batch, surveyBatch) {
				if err := s.flush(ctx); err != nil {
					return err
				}
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// object compares one object with the files that have its key.
func (s *survey) object(ctx context.Context, o remote.Object) error {
	if err := s.pass(ctx, o.Key); err != nil {
		return err
	}
	files, err := s.held.at(ctx, o.Key)
	if err != nil {
		return err
	}
	if w, ok := s.all.Of(o.Key); !ok || w.Prefix != s.w.Prefix {
		return nil // another watch looks after it
	}
	if len(files) == 0 {
		return s.new(ctx, o)
	}
	for i := range files {
		if err := s.known(ctx, &files[i], o); err != nil {
			return err
		}
	}
	return nil
}

// pass goes past the files whose keys come before one that is listed: those have vanished.
func (s *survey) pass(ctx context.Context, key string) error {
	for {
		e, err := s.held.peek(ctx)
		if err != nil || e == nil || e.Version.Object.Key >= key {
			return err
		}
		s.lost(e)
		s.held.next()
	}
}

// rest goes past all files whose keys come after the last that is listed.
func (s *survey) rest(ctx context.Context) error {
	for {
		e, err := s.held.peek(ctx)
		if err != nil || e == nil {
			return err
		}
		s.lost(e)
		s.held.next()
	}
}

func (s *survey) lost(e *catalog.Entry) {
	if w, ok := s.all.Of(e.Version.Object.Key); ok && w.Prefix == s.w.Prefix && !e.Version.Object.Missing {
		s.gone = append(s.gone, e.ID)
	}
}

// new has an object come in that no file has.
func (s *survey) new(ctx context.Context, o remote.Object) error {
	at, err := keyPath(&s.w, o)
	switch {
	case errors.Is(err, errMarker):
		return nil
	case errors.Is(err, errLitter):
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Litter++ })
		return nil
	case errors.Is(err, errOurs):
		return s.ours(ctx, o)
	case !chosen(&s.w, o.Key):
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Excluded++ })
		return nil
	case err != nil:
		s.ledger.note(adoptLeft, o.Key, err.Error())
		return nil
	}
	if ignored, err := s.a.Index.Ignored(ctx, o.Key, o.ETag); err != nil || ignored {
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Ignored++ })
		return err
	}
	v := &catalog.Version{ID: catalog.NewID(), Size: o.Size, Object: catalog.Ref{Key: o.Key, ETag: o.ETag, Foreign: true}}
	name, err := s.grow.file(ctx, at, s.timeOf(o), v)
	if err != nil {
		return err
	}
	dir, wanted := split(at)
	if name != wanted {
		s.ledger.note(adoptRenamed, o.Key, "shown as "+name+", its name is taken")
		at = path.Join(dir, name)
	}
	s.ledger.count(func(r *AdoptReport, p *AdoptProgress) {
		r.New++
		r.NewBytes += o.Size
		p.New, p.Current = r.New, at
		if tag.Audio(name) {
			r.Wanted++
		}
	})
	if s.a.Commit == nil && s.a.Placed != nil {
		s.a.Placed(Placed{Path: at, Action: Adopt, Source: o.Key, Size: o.Size})
	}
	return nil
}

// ours passes over an object of lockerfs's own. That no file refers to one is worth telling
// who adopts another locker's bucket.
func (s *survey) ours(ctx context.Context, o remote.Object) error {
	if strings.HasPrefix(o.Key, ".lockerfs/") {
		return nil
	}
	refers, err := s.a.Index.Refers(ctx, o.Key)
	if err == nil && !refers {
		s.ledger.note(adoptLeft, o.Key, errOurs.Error()+", and no file of this locker refers to it")
	}
	return err
}

// known compares an object with a file that has its key.
func (s *survey) known(ctx context.Context, e *catalog.Entry, o remote.Object) error {
	v := *e.Version
	if v.Object.ETag == o.ETag && v.Size == o.Size {
		if v.Object.Missing {
			v.Object.Missing = false
			s.describe(e, &v)
			s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Back++ })
		}
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) {
			r.Present++
			if undescribed(e) {
				r.Wanted++
			}
		})
		return nil
	}
	same, err := s.a.same(ctx, &v, o)
	if err != nil {
		return err
	}
	if same {
		v.Object.ETag, v.Object.Missing = o.ETag, false
		v.Tags, v.Pack = nil, "" // its pack knows it by the old ETag: it is read again
		s.describe(e, &v)
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Same++ })
		return nil
	}
	next := &catalog.Version{ID: catalog.NewID(), Size: o.Size, Object: catalog.Ref{Key: o.Key, ETag: o.ETag, Foreign: true}}
	mtime := s.timeOf(o)
	s.expect[e.ID] = v.ID
	s.ops = append(s.ops, catalog.Op{Verb: catalog.Replace, At: s.grow.now, ID: e.ID, MTime: &mtime, Version: next})
	s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) {
		r.Changed++
		if tag.Audio(e.Name) {
			r.Wanted++
		}
	})
	return nil
}

// timeOf is when an object was written, as far as the store says something sensible.
func (s *survey) timeOf(o remote.Object) int64 {
	if y := o.ModTime.Year(); y < 1900 || y > 2100 {
		return s.grow.now
	}
	return o.ModTime.UnixNano()
}

func (s *survey) describe(e *catalog.Entry, v *catalog.Version) {
	s.expect[e.ID] = v.ID
	s.ops = append(s.ops, catalog.Op{Verb: catalog.Describe, At: s.grow.now, ID: e.ID, Version: v})
}
