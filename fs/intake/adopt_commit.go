package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// vanished marks the files whose objects are not in a listing that was whole.
func (s *survey) vanished(ctx context.Context) error {
	for _, id := range s.gone {
		e, err := s.a.Index.Entry(ctx, id)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if e.Version == nil || !e.Version.Object.Foreign || e.Version.Object.Missing {
			continue
		}
		v := *e.Version
		v.Object.Missing = true
		s.describe(&e, &v)
		s.ledger.count(func(r *AdoptReport, _ *AdoptProgress) { r.Missing++ })
		if len(s.ops) >= cmp.Or(s.a.batch, surveyBatch) {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	return s.flush(ctx)
}

// flush commits the batch.
func (s *survey) flush(ctx context.Context) error {
	defer s.fresh()
	ops := append(s.grow.ops, s.ops...)
	if len(ops) == 0 || s.a.Commit == nil {
		return nil
	}
	keys := map[catalog.ID]string{}
	still := ops[:0]
	for _, op := range ops {
		if op.Verb == catalog.Create {
			if v := op.Entry.Version; v != nil {
				keys[op.Entry.ID] = v.Object.Key
			}
		} else if e, err := s.a.Index.Entry(ctx, op.ID); err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return err
		} else if err != nil || e.Version == nil || e.Version.ID != s.expect[op.ID] {
			continue // changed in the locker meanwhile; the next look sees how
		} else if v := op.Version; op.Verb == catalog.Describe && v.Object.ETag == e.Version.Object.ETag {
			v.SHA256, v.Tags, v.Pack = e.Version.SHA256, e.Version.Tags, e.Version.Pack // it may have been described since
		}
		still = append(still, op)
	}
	if len(still) == 0 {
		return nil
	}
	done, err := s.a.Commit.Commit(ctx, still)
	if err != nil {
		return fmt.Errorf("committing %d adopted files: %w", len(still), err)
	}
	for _, c := range done.Conflicts {
		switch key := keys[c.ID]; {
		case key == "":
		case c.Dropped:
			s.ledger.note(adoptFailed, key, c.What)
		default:
			s.ledger.note(adoptRenamed, key, c.What)
		}
	}
	return nil
}
