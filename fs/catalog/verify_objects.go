package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

// Listings bound what is asked about objects one by one: those that a listing does not
// show as they should be.
const (
	askAtOnce = 16
	askBatch  = 256
)

// tellEvery is how many objects lie between two words of progress.
const tellEvery = 500

// objects compares what is wanted with the listing of the store, both in order of the keys.
func (v *verification) objects(ctx context.Context) error {
	next, stop := iter.Pull2(v.listing(ctx))
	defer stop()
	m := merge{verification: v, next: next}
	if err := m.advance(); err != nil {
		return err
	}
	if err := v.wanted.each(ctx, func(w *wanted) error { return m.meet(ctx, w) }); err != nil {
		return err
	}
	for m.more {
		m.unwanted()
		if err := m.advance(); err != nil {
			return err
		}
	}
	v.tell(v.far)
	return m.ask(ctx)
}

// listing gives all objects of the store but the log, checkpoints and the like.
func (v *verification) listing(ctx context.Context) iter.Seq2[remote.Object, error] {
	const own = ".lockerfs/"
	return func(yield func(remote.Object, error) bool) {
		spans := []struct{ prefix, after string }{{"", ""}, {packPrefix, ""}, {"", own + "~"}}
		for i, span := range spans {
			for after, done := span.after, false; !done; {
				page, err := v.Store.List(ctx, span.prefix, after, 0)
				if err != nil {
					yield(remote.Object{}, fmt.Errorf("listing the objects: %w", err))
					return
				}
				for _, o := range page.Objects {
					if span.prefix == "" && strings.HasPrefix(o.Key, own) {
						if done = i == 0; done {
							break // the next span begins here
						}
						continue
					}
					if !yield(o, nil) {
						return
					}
				}
				after = page.Next
				done = done || after == ""
			}
		}
	}
}

// merge goes through the listing and what is wanted side by side.
type merge struct {
	*verification
	next  func() (remote.Object, error, bool)
	here  remote.Object // the listing's present object, if more
	more  bool
	known bool   // here is wanted
	last  string // the key that was wanted last
	// doubtful are to be asked about one by one.
	doubtful []*wanted
}

func (m *merge) advance() (err error) {
	m.known = false
	if m.here, err, m.more = m.next(); err != nil || !m.more {
		return err
	}
	if m.far.Listed++; m.far.Listed%tellEvery == 0 {
		m.tell(m.far)
	}
	return nil
}

// unwanted counts the present object, if nothing refers to it.
func (m *merge) unwanted() {
	r := &m.report
	switch {
	case m.known:
	case strings.HasPrefix(m.here.Key, packPrefix) || strings.HasPrefix(m.here.Key, "Music/") && suffix.MatchString(m.here.Key):
		r.Spare++
		r.SpareBytes += m.here.Size
	default:
		r.Strange++
		r.StrangeBytes += m.here.Size
	}
}

// meet compares a wanted object with the listing.
func (m *merge) meet(ctx context.Context, w *wanted) error {
	m.sum(w)
	for m.more && m.here.Key < w.key {
		m.unwanted()
		if err := m.advance(); err != nil {
			return err
		}
	}
	there := m.more && m.here.Key == w.key
	m.known = m.known || there
	if there && w.differs(m.here) == "" && !w.missing {
		return nil
	}
	if m.doubtful = append(m.doubtful, w); len(m.doubtful) == askBatch {
		return m.ask(ctx)
	}
	return nil
}

// sum counts what is wanted.
func (m *merge) sum(w *wanted) {
	r := &m.report
	if w.pack {
		r.Packs++
		return
	}
	if w.key == m.last {
		return // another version under the same key
	}
	m.last = w.key
	r.Objects++
	r.Bytes += w.size
	if w.past {
		r.Past++
	}
	if w.foreign {
		r.Foreign++
	}
	if !w.hash.Known() {
		r.Unhashed++
	}
}

// differs says what of an object is not as it is wanted; "" for nothing.
func (w *wanted) differs(o remote.Object) FaultKind {
	switch {
	case w.pack && o.Size > 0:
		return ""
	case o.Size != w.size:
		return ObjectSize
	case o.ETag != w.etag:
		return ObjectChanged
	}
	return ""
}

// ask looks at the doubtful one by one: they may have come, or gone for good reason, since
// the listing.
func (m *merge) ask(ctx context.Context) error {
	found := make([]remote.Object, len(m.doubtful))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(askAtOnce)
	for i, w := range m.doubtful {
		g.Go(func() (err error) {
			found[i], err = m.Store.Head(gctx, w.key)
			if errors.Is(err, remote.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("asking about objects: %w", err)
	}
	for i, w := range m.doubtful {
		if err := m.judge(ctx, w, found[i]); err != nil {
			return err
		}
	}
	m.doubtful = m.doubtful[:0]
	return nil
}

// judge notes a fault if an object, which is empty where there is none, is not as wanted.
func (v *verification) judge(ctx context.Context, w *wanted, o remote.Object) error {
	if w.foreign && w.past {
		return nil // nobody promised to keep what others wrote
	}
	kind, what := FaultKind(""), ""
	if o.Key == "" {
		kind, what = ObjectMissing, "its object is missing from the store"
	} else if kind = w.differs(o); kind == ObjectSize {
		what = fmt.Sprintf("its object has %d bytes, not %d", o.Size, w.size)
	} else if kind == ObjectChanged {
		what = fmt.Sprintf("its object was written over: its ETag is %q, not %q", o.ETag, w.etag)
	}
	if w.pack && kind != "" {
		what = "scan pack is missing or empty"
	}
	if kind == "" {
		return nil
	}
	return v.blame(ctx, w, kind, what)
}
