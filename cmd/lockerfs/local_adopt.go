package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// usualWatch is how often an adopted prefix is looked at, unless told otherwise.
const usualWatch = 10 * time.Minute

// settle gives the settings with what an adoption wants of its prefix.
func (q *adoption) settle(s catalog.Settings) (catalog.Settings, catalog.Watch, error) {
	s.Watches = slices.Clone(s.Watches)
	if q.Own != nil {
		s.Own = *q.Own
	}
	at := slices.IndexFunc(s.Watches, func(w catalog.Watch) bool { return w.Prefix == q.Prefix })
	if at < 0 && q.Only {
		return s, catalog.Watch{}, &fault{code: exitUsage, cause: fmt.Sprintf("%q was not adopted", q.Prefix), next: "lockerfs adopt " + q.Prefix + ", or lockerfs watch, which lists what was"}
	}
	if at < 0 {
		at = len(s.Watches)
		s.Watches = append(s.Watches, catalog.Watch{Prefix: q.Prefix, Layout: layoutKeys, Every: int64(usualWatch / time.Second)})
	}
	w := &s.Watches[at]
	if q.Layout != nil {
		w.Layout = *q.Layout
	}
	if q.Under != nil {
		w.Under = strings.Trim(*q.Under, "/")
	}
	if q.Every != nil {
		w.Every = *q.Every
	}
	if q.Include != nil {
		w.Include = q.Include
	}
	if q.Exclude != nil {
		w.Exclude = q.Exclude
	}
	return s, *w, nil
}

// configure changes what an adoption wants to be otherwise.
func (e *engine) configure(ctx context.Context, q *adoption) (catalog.Settings, catalog.Watch, error) {
	before, err := e.index.Settings(ctx)
	if err != nil {
		return before, catalog.Watch{}, err
	}
	after, w, err := q.settle(before)
	if err != nil || q.DryRun || reflect.DeepEqual(before, after) {
		return after, w, err
	}
	c, err := e.writer(ctx)
	if err != nil {
		return after, w, err
	}
	done, err := c.Commit(ctx, []catalog.Op{{Verb: catalog.Configure, At: time.Now().UnixNano(), Settings: &after}})
	if err == nil && len(done.Conflicts) > 0 {
		err = &fault{code: exitUsage, cause: "these settings cannot be: " + done.Conflicts[0].What, next: "lockerfs help adopt"}
	}
	wake(e.bucket.news)
	return after, w, err
}

// Adopt is locker's.
func (e *engine) Adopt(ctx context.Context, q adoption, l adoptListener) (adopted, error) {
	if err := e.fresh(ctx, true); err != nil {
		return adopted{}, err
	}
	settings, w, err := e.configure(ctx, &q)
	if err != nil || q.Only {
		return adopted{Watch: w}, err
	}
	if err := take(ctx, e.bucket.surveying); err != nil {
		return adopted{}, err
	}
	free := func() { <-e.bucket.surveying }
	defer func() { free() }()
	a, err := e.adopter(ctx, q.DryRun)
	if err != nil {
		return adopted{}, err
	}
	a.Placed = l.placed
	out := adopted{Watch: w}
	out.AdoptReport, err = a.Survey(ctx, w.Prefix, settings.Watches, l.progress)
	if !q.DryRun {
		e.bucket.note(w.Prefix, err)
	}
	if err != nil || q.DryRun {
		return out, err
	}
	free() // looks may go on while this one's finds are read
	free = func() {}
	return out, e.readAdopted(ctx, a, settings, w, &out, l)
}

// readAdopted describes what was adopted, and files it by its tags where that is wanted.
func (e *engine) readAdopted(ctx context.Context, a *intake.Adopter, s catalog.Settings, w catalog.Watch, out *adopted, l adoptListener) error {
	if err := take(ctx, e.bucket.reading); err != nil {
		return err
	}
	defer func() { <-e.bucket.reading }()
	before := out.AdoptReport
	described, err := a.Describe(ctx, w.Prefix, func(p intake.AdoptProgress) {
		if l.progress != nil {
			p.Listed, p.Walked, p.New, p.Wanted = before.New+before.Present+before.Changed, true, before.New, before.Wanted
			l.progress(p)
		}
	})
	out.Took(described)
	if err != nil || w.Layout != layoutTags {
		return err
	}
	done, err := e.alone()
	if err != nil {
		return err
	}
	defer done()
	organized, err := a.FileByTags(ctx, w.Prefix, s.Watches, intake.OrganizeOptions{Layout: e.place.layout}, l.moved, nil)
	out.Organized = &organized
	return err
}

// Watches is locker's.
func (e *engine) Watches(ctx context.Context) (catalog.Settings, error) {
	if err := e.fresh(ctx, false); err != nil {
		return catalog.Settings{}, err
	}
	return e.index.Settings(ctx)
}

// Refresh is locker's.
func (e *engine) Refresh(ctx context.Context) (refreshed, error) {
	before := e.index.Applied()
	err := e.follower.Poll(ctx)
	e.report(err)
	out := refreshed{Commit: e.index.Applied(), Commits: e.index.Applied() - before}
	if err != nil {
		return out, err
	}
	settings, err := e.index.Settings(ctx)
	if err != nil || e.place.readOnly {
		return out, err
	}
	for _, w := range settings.Watches {
		if w.Every == 0 {
			continue
		}
		r, err := e.survey(ctx, w.Prefix)
		if err != nil {
			return out, err
		}
		out.Looks = append(out.Looks, looked{w.Prefix, r.New, r.Changed, r.Missing, r.Back})
	}
	if !e.following.Load() { // nobody else does
		err = e.describeAll(ctx)
	}
	out.Commit = e.index.Applied()
	return out, err
}
