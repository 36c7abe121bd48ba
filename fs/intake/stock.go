package intake

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Store is where an importer puts bytes, and looks for those that are said to be there.
type Store interface {
	remote.Putter
	remote.Header
	remote.Lister
}

// stockAfter is how many objects are looked for one by one, before all are listed: a
// listing of everything costs a request for each thousand.
const stockAfter = 300

// stock tells whether the store has the objects that the catalog names. A locker that lost
// some is mended by importing their files again.
type stock struct {
	store  Store
	looked atomic.Int64
	seed   maphash.Seed

	once   sync.Once
	listed map[uint64]struct{} // once is done; nil when listing failed
}

func newStock(s Store) *stock { return &stock{store: s, seed: maphash.MakeSeed()} }

// has tells whether the store has an object as the catalog knows it. What a listing has not
// is looked for by itself: it may have come since.
func (s *stock) has(ctx context.Context, ref catalog.Ref, size int64) (bool, error) {
	if s.looked.Add(1) > stockAfter {
		s.once.Do(func() { s.listed = s.list(ctx) })
		if _, ok := s.listed[s.sum(ref.Key, ref.ETag, size)]; ok {
			return true, nil
		}
	}
	var there bool
	err := patiently(ctx, func() error {
		obj, err := s.store.Head(ctx, ref.Key)
		there = err == nil && obj.Size == size && obj.ETag == ref.ETag
		if errors.Is(err, remote.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%w: looking for %s: %w", errStore, ref.Key, err)
	}
	return there, err
}

// list gives all objects that the store has; nil when it cannot.
func (s *stock) list(ctx context.Context) map[uint64]struct{} {
	all := map[uint64]struct{}{}
	for after := ""; ; {
		page, err := s.store.List(ctx, "", after, 0)
		if err != nil {
			return nil
		}
		for _, o := range page.Objects {
			all[s.sum(o.Key, o.ETag, o.Size)] = struct{}{}
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

func (s *stock) sum(key, etag string, size int64) uint64 {
	return maphash.String(s.seed, fmt.Sprintf("%s\x00%s\x00%d", key, etag, size))
}

// patiently tries f until it works, or the store is away for long.
func patiently(ctx context.Context, f func() error) error {
	pause := uploadPause
	for try := 1; ; try++ {
		err := f()
		if err == nil || ctx.Err() != nil || !remote.Temporary(err) || try == uploadPatience {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, uploadLongest)
	}
}
