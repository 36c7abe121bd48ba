package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/remote"
)

// bucket is what this process knows and does about objects that others put into the
// locker's bucket.
type bucket struct {
	// surveying holds one token: who has it compares the listing with the catalog. reading
	// holds one too: who has it reads what is not described yet.
	surveying, reading chan struct{}
	// news tells that the settings may have changed, unread that there is something to be
	// described.
	news, unread chan struct{}
	// looked are folders that programs list.
	looked chan catalog.ID

	mu     sync.Mutex // guards what follows; no I/O under it
	seen   map[string]surveyed
	totals catalog.Adopted
	of     int64 // the commit the totals are of; -1 for none
}

// surveyed is how the last look at a prefix went.
type surveyed struct {
	at  time.Time
	err error
}

func newBucket() *bucket {
	return &bucket{surveying: make(chan struct{}, 1), reading: make(chan struct{}, 1), news: make(chan struct{}, 1),
		unread: make(chan struct{}, 1), looked: make(chan catalog.ID, 16), seen: map[string]surveyed{}, of: -1}
}

// wake sends to a channel of one, without waiting.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Listed tells that a program lists a folder.
func (b *bucket) Listed(folder catalog.ID) {
	select {
	case b.looked <- folder:
	default: // many are looked at
	}
}

func (b *bucket) note(prefix string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[prefix] = surveyed{time.Now(), err}
}

// last gives when a prefix was looked at, and how that went.
func (b *bucket) last(prefix string) surveyed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[prefix]
}

// take takes a token, or gives the error of ctx.
func take(ctx context.Context, token chan struct{}) error {
	select {
	case token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// adopter gives what adopts objects into this locker.
func (e *engine) adopter(ctx context.Context, dry bool) (*intake.Adopter, error) {
	a := &intake.Adopter{Store: e.store, Index: e.index, Logger: e.log("intake"), Looked: e.bucket.looked}
	if e.following.Load() {
		a.Class = remote.ScanPack
	} else {
		a.Store = unqueued{e.store, e.store.hedges}
	}
	if e.packs != nil {
		a.Keep = e.packs.shelf.Put
	}
	if dry {
		return a, nil
	}
	var err error
	a.Commit, err = e.writer(ctx)
	return a, err
}

// unqueued is the store of a process that does nothing but adopt. The queue finds out how
// many large bodies fill the link; many small ones fill it only when many more are on their
// way, and here they are in nobody's way.
type unqueued struct {
	remote.Store
	direct remote.Getter
}

// Get is remote.Getter.
func (s unqueued) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	return s.direct.Get(ctx, key, r, ifMatch)
}

// surveyRetry is how soon after a look that failed the next one comes, at least.
const surveyRetry = time.Minute

// watchBucket looks at every watched prefix at its interval, and has described what is new,
// until ctx ends.
func (e *engine) watchBucket(ctx context.Context) {
	if e.place.readOnly || e.index.WaitSynced(ctx) != nil {
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() { e.describeBucket(ctx) })
	defer reading.Wait()
	wake(e.bucket.unread) // what an earlier process has left
	due := map[string]time.Time{}
	for {
		settings, err := e.index.Settings(ctx)
		if err != nil {
			e.log("intake").Warn("the watches of this locker cannot be read", "reason", err)
		}
		next := time.Now().Add(time.Hour)
		for _, w := range settings.Watches {
			if w.Every == 0 {
				delete(due, w.Prefix)
				continue
			}
			at := e.dueAt(w, due)
			if time.Until(at) <= 0 {
				if e.surveyDue(ctx, w) != nil && ctx.Err() != nil {
					return
				}
				at = e.dueAt(w, due)
			}
			if at.Before(next) {
				next = at
			}
		}
		pause := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		case <-e.bucket.news:
			pause.Stop()
		}
	}
}

// dueAt gives when a prefix is to be looked at: at once where this process has not yet. Each
// time is a little other than its interval, so that devices do not look at the same moment.
func (e *engine) dueAt(w catalog.Watch, due map[string]time.Time) time.Time {
	last := e.bucket.last(w.Prefix)
	every := time.Duration(w.Every) * time.Second
	if last.at.IsZero() {
		return time.Time{}
	}
	if last.err != nil {
		every = max(every, surveyRetry)
	}
	if at, ok := due[w.Prefix]; ok && at.After(last.at) && at.Sub(last.at) <= every+every/10 {
		return at
	}
	due[w.Prefix] = last.at.Add(every + time.Duration(rand.Int64N(int64(every/10)+1)))
	return due[w.Prefix]
}

// surveyDue looks at one prefix.
func (e *engine) surveyDue(ctx context.Context, w catalog.Watch) error {
	report, err := e.survey(ctx, w.Prefix)
	switch {
	case err != nil && ctx.Err() == nil:
		e.log("intake").Info("the bucket could not be looked at", "prefix", w.Prefix, "reason", err)
	case report.New+report.Changed+report.Missing+report.Back > 0:
		e.log("intake").Info("the bucket has changed", "prefix", w.Prefix, "new", report.New, "changed", report.Changed,
			"missing", report.Missing, "back", report.Back)
	}
	return err
}

// survey compares what lies under a prefix with the catalog.
func (e *engine) survey(ctx context.Context, prefix string) (report intake.AdoptReport, err error) {
	if err := take(ctx, e.bucket.surveying); err != nil {
		return report, err
	}
	defer func() { <-e.bucket.surveying }()
	defer func() { e.bucket.note(prefix, err) }()
	settings, err := e.index.Settings(ctx)
	if err != nil {
		return report, err
	}
	a, err := e.adopter(ctx, false)
	if err != nil {
		return report, err
	}
	// Another device may have seen the same since.
	if err := e.follower.Poll(ctx); err != nil {
		return report, err
	}
	report, err = a.Survey(ctx, prefix, settings.Watches, nil)
	if errors.Is(err, intake.ErrNotWatched) { // no longer
		err = nil
	}
	if report.New+report.Changed+report.Same+report.Back > 0 {
		wake(e.bucket.unread)
	}
	return report, err
}

// describeBucket describes what the watches have brought, until ctx ends.
func (e *engine) describeBucket(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.bucket.unread:
		}
		if err := e.describeAll(ctx); err != nil && ctx.Err() == nil {
			e.log("intake").Info("new files of the bucket are not read yet", "reason", err)
			if rest(ctx, surveyRetry) != nil {
				return
			}
			wake(e.bucket.unread)
		}
	}
}

// describeAll reads all that is not described, and files by its tags what is to be.
func (e *engine) describeAll(ctx context.Context) error {
	settings, err := e.index.Settings(ctx)
	if err != nil || len(settings.Watches) == 0 {
		return err
	}
	if err := take(ctx, e.bucket.reading); err != nil {
		return err
	}
	defer func() { <-e.bucket.reading }()
	a, err := e.adopter(ctx, false)
	if err != nil {
		return err
	}
	for _, w := range settings.Watches {
		if _, err := a.Describe(ctx, w.Prefix, nil); err != nil {
			return fmt.Errorf("%q: %w", w.Prefix, err)
		}
		if w.Layout != layoutTags {
			continue
		}
		done, err := e.alone()
		if err != nil {
			return err
		}
		_, err = a.FileByTags(ctx, w.Prefix, settings.Watches, intake.OrganizeOptions{Layout: e.place.layout}, nil, nil)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// adopted counts what is adopted, read once per commit; nil where nothing is.
func (e *engine) adopted(ctx context.Context) (*adoptedStats, error) {
	settings, err := e.index.Settings(ctx)
	if err != nil || len(settings.Watches) == 0 {
		return nil, err
	}
	n := e.index.Applied()
	b := e.bucket
	b.mu.Lock()
	totals, known := b.totals, b.of == n
	b.mu.Unlock()
	if !known {
		if totals, err = e.index.Adopted(ctx); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.totals, b.of = totals, n
	out := &adoptedStats{Adopted: totals, Own: settings.Own}
	for _, w := range settings.Watches {
		s := watchStats{Watch: w}
		if last := b.seen[w.Prefix]; !last.at.IsZero() {
			s.Looked = &last.at
			if last.err != nil {
				s.Trouble = oneLine(diagnose(last.err, e.place.where()).cause)
			}
		}
		out.Watches = append(out.Watches, s)
	}
	return out, nil
}
