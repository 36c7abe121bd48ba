package catalog

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

// deleteAtOnce is how many objects are deleted between two looks at the log.
const deleteAtOnce = 500

// delete deletes what was given up long ago, and what nobody needs to give up.
func (r *collecting) delete(ctx context.Context) error {
	for i := 0; i < len(r.doomed); i += deleteAtOnce {
		if err := r.deleteSome(ctx, r.doomed[i:min(i+deleteAtOnce, len(r.doomed))]); err != nil {
			return fmt.Errorf("deleting objects: %w", err)
		}
	}
	if err := r.each(ctx, len(r.rest), func(ctx context.Context, i int) error { return r.store.Delete(ctx, r.rest[i].Key) }); err != nil {
		return fmt.Errorf("deleting packs and checkpoints: %w", err)
	}
	if err := r.each(ctx, len(r.broken), func(ctx context.Context, i int) error { return r.Uploads.AbortUpload(ctx, r.broken[i]) }); err != nil {
		return fmt.Errorf("aborting uploads: %w", err)
	}
	return nil
}

// deleteSome looks at the log once more: a catalog that was rebuilt meanwhile may know
// nothing of what was given up.
func (r *collecting) deleteSome(ctx context.Context, list []doomed) error {
	if err := r.Follower.CatchUp(ctx); err != nil {
		return err
	}
	gone := make([]bool, len(list))
	err := r.each(ctx, len(list), func(ctx context.Context, i int) (err error) {
		gone[i], err = r.deleteOne(ctx, list[i])
		return err
	})
	for i, d := range list {
		if gone[i] {
			r.out.Deleted.add(d.size)
			if d.ref.Foreign {
				r.out.Adopted.add(d.size)
			}
		}
	}
	return err
}

func (r *collecting) deleteOne(ctx context.Context, d doomed) (gone bool, err error) {
	n, condemned, err := r.index.condemned(ctx, d.ref)
	if err != nil || !condemned || !r.old(r.log.of(n), keepCondemned) {
		return false, err
	}
	if used, err := r.index.Refers(ctx, d.ref.Key); err != nil || used {
		return false, err
	}
	if d.ref.Foreign {
		// Its key is not ours alone: somebody may have put other bytes there by now.
		o, err := r.store.Head(ctx, d.ref.Key)
		if errors.Is(err, remote.ErrNotFound) {
			return false, nil
		}
		if err != nil || o.ETag != d.ref.ETag || o.ModTime.After(r.log.of(n)) {
			return false, err
		}
	}
	return true, r.store.Delete(ctx, d.ref.Key)
}

// each calls f for the numbers up to n, many at a time.
func (r *collecting) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range n {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return f(gctx, i) })
	}
	return g.Wait()
}
