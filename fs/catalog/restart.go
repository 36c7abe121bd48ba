package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/lockerfs/lockerfs/remote"
)

// restart begins the index anew for the locker's present epoch: from the newest
// checkpoint that is whole, or empty where a locker's first epoch has none. An index that
// was whole answers as before until all of that is there, another as its arrivals say.
//
// gone are the names in the root of checkpoints that were shown in part and then given up.
func (x *Index) restart(ctx context.Context, log *Log, format Format, logger *slog.Logger) (gone []Change, err error) {
	if err := x.setAside(ctx, format); err != nil {
		return nil, err
	}
	tried, gone, err := x.loadNewest(ctx, log.store, format, logger)
	if err != nil {
		return gone, err
	}
	if x.Applied() > 0 {
		return gone, x.learnLast(ctx, log)
	}
	if !tried {
		return gone, nil
	}
	// Checkpoints were written, and none is whole: only the log from its beginning will do.
	if _, err := log.Read(ctx, 1); errors.Is(err, remote.ErrNotFound) {
		return gone, fmt.Errorf("no checkpoint is whole, and the log does not begin at 1: %w", ErrCorrupt)
	} else if err != nil {
		return gone, err
	}
	return gone, nil
}

// learnLast reads the commit that a checkpoint ends with. A commit is never deleted,
// so it must be there; and it tells who made it.
func (x *Index) learnLast(ctx context.Context, log *Log) error {
	n := x.Applied()
	body, err := log.Read(ctx, n)
	if errors.Is(err, remote.ErrNotFound) {
		return fmt.Errorf("commit %d, which a checkpoint holds, is not there: %w", n, ErrCorrupt)
	}
	if err != nil {
		return err
	}
	return x.update(ctx, func(st *txState) error {
		epoch, err := st.meta("epoch")
		if err != nil {
			return err
		}
		if c, invalid := DecodeCommit(n, epoch, body); invalid == nil {
			err = st.setChange(c.Header)
		}
		return errors.Join(err, st.setMeta("sum", bodyHash(body)))
	})
}

// setAside keeps a copy of the index before it gives way to a rebuilt catalog: it may
// know more than whoever rebuilt it.
func (x *Index) setAside(ctx context.Context, format Format) error {
	_, epoch, err := x.Bound(ctx)
	if err != nil || epoch == "" || epoch == format.Epoch || x.Applied() == 0 {
		return err
	}
	// VACUUM INTO refuses a file that is there; then the copy has been made before.
	if _, err := x.write.ExecContext(ctx, "VACUUM INTO ?", fmt.Sprintf("%s.epoch-%.8s", x.path, epoch)); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// loadNewest fills the index from the newest checkpoint of the epoch that is whole. A
// broken one is passed over for the one before; a store that fails is an error. tried
// tells whether there was any. Without one the index is made empty, which only a
// locker's first epoch may begin with.
func (x *Index) loadNewest(ctx context.Context, s remote.Store, format Format, logger *slog.Logger) (tried bool, gone []Change, err error) {
	keys, err := manifests(ctx, s)
	if err != nil {
		return false, nil, err
	}
	for i := len(keys) - 1; i >= 0; i-- {
		names, err := x.take(ctx, s, format, keys[i])
		if gone = append(gone, names...); err == nil {
			return true, gone, nil
		}
		if errors.Is(err, ErrEpoch) {
			continue
		}
		tried = true
		if !unusable(err) {
			return tried, gone, fmt.Errorf("reading checkpoint %s: %w", keys[i], err)
		}
		logger.Warn("a checkpoint cannot be used", "checkpoint", keys[i], "reason", err)
	}
	if format.Base > 0 || x.Synced() { // a tree that is shown must not give way to none
		return tried, gone, fmt.Errorf("the checkpoint %d that the catalog begins with is missing or damaged: %w", format.Base, ErrCorrupt)
	}
	return tried, gone, x.update(ctx, func(st *txState) error { return st.begin(format, 0) })
}

// unusable tells whether an error says that a checkpoint is damaged, and not that the store
// cannot be read.
func unusable(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, remote.ErrNotFound)
}

// begin empties the tree and ties it to a locker's epoch, as of commit n.
func (s *txState) begin(format Format, n int64) error {
	return errors.Join(s.clear(), s.setMeta("locker", format.Locker), s.setMeta("epoch", format.Epoch),
		s.setMeta("applied", fmt.Sprint(n)), s.setMeta("sum", ""))
}

// standsIn makes sure that the commit which the index ends with is in the log, the
// same as it was: a store that was set back to an earlier day must not be built on.
func (x *Index) standsIn(ctx context.Context, log *Log) error {
	n := x.Applied()
	if n == 0 {
		return nil
	}
	sum, err := x.meta(ctx, "sum")
	if err != nil {
		return err
	}
	body, err := log.Read(ctx, n)
	if errors.Is(err, remote.ErrNotFound) {
		return fmt.Errorf("commit %d, which this device has read, is no longer there: %w", n, ErrCorrupt)
	}
	if err != nil {
		return err
	}
	if sum != "" && bodyHash(body) != sum {
		return fmt.Errorf("commit %d is another than this device has read: %w", n, ErrCorrupt)
	}
	return nil
}

// rootNames gives the names in the root as changes of names that stood for nothing: a folder
// may keep its id, and hold other things.
func (x *Index) rootNames(ctx context.Context) ([]Change, error) {
	var changes []Change
	for after := ""; ; {
		list, err := x.query(ctx, x.stmts.children, int64(Root), after, 1000)
		if err != nil || len(list) == 0 {
			return changes, err
		}
		for _, a := range list {
			changes = append(changes, Change{Parent: Root, Name: a.Name})
		}
		after = list[len(list)-1].Name
	}
}
