package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

// ourPrefix is where all our objects with somebody's bytes lie.
const ourPrefix = "Music/"

// looksOurs tells whether a key is such as we make.
func looksOurs(key string) bool { return strings.HasPrefix(key, ourPrefix) && suffix.MatchString(key) }

// findObjects lists the objects with somebody's bytes, and sorts out what may go.
func (r *collecting) findObjects(ctx context.Context) error {
	prefix := ourPrefix
	if r.own {
		prefix = ""
	}
	listed := int64(0)
	for after := ""; ; {
		page, err := r.store.List(ctx, prefix, after, 0)
		if err != nil {
			return fmt.Errorf("listing the objects: %w", err)
		}
		for _, o := range page.Objects {
			if err := r.sort(ctx, o); err != nil {
				return err
			}
		}
		if listed += int64(len(page.Objects)); r.Progress != nil {
			r.Progress(listed)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return r.sureOurs(ctx)
}

// sort finds out what is to become of an object.
func (r *collecting) sort(ctx context.Context, o remote.Object) error {
	ours := looksOurs(o.Key)
	if strings.HasPrefix(o.Key, ".lockerfs/") || !ours && !r.own {
		return nil
	}
	if used, err := r.index.Refers(ctx, o.Key); err != nil || used {
		return err
	}
	left, err := r.index.Ignored(ctx, o.Key, o.ETag)
	if err != nil || left && !r.own {
		return err
	}
	ours = ours && !left // it was adopted, whatever its key looks like
	ref := Ref{Key: o.Key, ETag: o.ETag, Foreign: !ours}
	n, gone, err := r.index.condemned(ctx, ref)
	switch {
	case err != nil:
		return err
	case gone:
		r.given(ref, o, n)
		return nil
	case !ours:
		if left && r.room() {
			r.left = append(r.left, o)
			r.out.Condemned.add(o.Size)
		}
	case !r.old(o.ModTime, keepLoose):
		r.out.Loose.add(o.Size)
	case r.room():
		r.loose = append(r.loose, o)
	}
	return nil
}

// given takes an object that commit n gave up. A foreign one that was written since is
// another, with the same bytes.
func (r *collecting) given(ref Ref, o remote.Object, n int64) {
	at := r.log.of(n)
	switch {
	case ref.Foreign && o.ModTime.After(at):
	case !r.old(at, keepCondemned):
		r.out.Waiting.add(o.Size)
	case r.room():
		r.doomed = append(r.doomed, doomed{ref, o.Size})
		if r.dry {
			r.out.Deleted.add(o.Size)
		}
	}
}

// room tells whether the run can take on one more object.
func (r *collecting) room() bool {
	full := len(r.loose)+len(r.left)+len(r.doomed) >= mostGarbage
	r.out.More = r.out.More || full
	return !full
}

// sureOurs keeps of the loose objects those that say themselves that they were made for this
// locker: a key alone may be a coincidence, or a copy from another locker.
func (r *collecting) sureOurs(ctx context.Context) error {
	locker, _, err := r.index.Bound(ctx)
	if err != nil {
		return err
	}
	ours := make([]bool, len(r.loose))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i, o := range r.loose {
		g.Go(func() error {
			head, err := r.store.Head(gctx, o.Key)
			if errors.Is(err, remote.ErrNotFound) {
				return nil
			}
			ours[i] = err == nil && locker != "" && head.Metadata[metaLocker] == locker
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("looking at objects that nothing refers to: %w", err)
	}
	kept := r.loose[:0]
	for i, o := range r.loose {
		if ours[i] {
			kept = append(kept, o)
			r.out.Condemned.add(o.Size)
		}
	}
	r.loose = kept
	return nil
}

// condemnAtOnce is how many objects one operation gives up.
const condemnAtOnce = 1000

// condemn gives up what nothing refers to.
func (r *collecting) condemn(ctx context.Context) error {
	var ops []Op
	at := time.Now().UnixNano()
	for i := 0; i < len(r.loose); i += condemnAtOnce {
		op := Op{Verb: Condemn, At: at}
		for _, o := range r.loose[i:min(i+condemnAtOnce, len(r.loose))] {
			op.Keys = append(op.Keys, o.Key)
		}
		ops = append(ops, op)
	}
	for i := 0; i < len(r.left); i += condemnAtOnce {
		op := Op{Verb: Condemn, At: at}
		for _, o := range r.left[i:min(i+condemnAtOnce, len(r.left))] {
			op.Adopted = append(op.Adopted, Ref{Key: o.Key, ETag: o.ETag, Foreign: true})
		}
		ops = append(ops, op)
	}
	if len(ops) == 0 {
		return nil
	}
	return r.Commit(ctx, ops)
}
