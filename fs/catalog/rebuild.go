package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// ErrNotLost: rebuilding was asked for a locker whose catalog is there.
var ErrNotLost = errors.New("the locker has its catalog")

// RebuildFromIndex publishes the catalog again, as index holds it, in a store that
// has lost it. Ids, names, folders and the past come back as of the last commit that
// this device has read or that is still there; it gives that commit's number.
func RebuildFromIndex(ctx context.Context, s remote.Store, index *Index) (int64, error) {
	locker, _, err := index.Bound(ctx)
	if err != nil {
		return 0, err
	}
	if locker == "" || !index.Synced() {
		return 0, ErrUnsynced
	}
	if err := lost(ctx, s); err != nil {
		return 0, err
	}
	if err := index.salvage(ctx, NewLog(s, true)); err != nil {
		return 0, err
	}
	_, err = publishIndex(ctx, s, index, locker)
	return index.Applied(), err
}

// RebuildDamaged publishes the catalog again, as index holds it, over one that is there
// and is damaged: what of the log cannot be read any more is given up. The error is
// ErrBehind where the log goes on, beyond a hole, with commits that the index has not got,
// and ErrOther where the index is not of this catalog. No other device may write meanwhile:
// what it commits while this runs would not be seen.
func RebuildDamaged(ctx context.Context, s remote.Store, index *Index) (int64, error) {
	format, err := ReadFormat(ctx, s)
	if err != nil {
		return 0, err
	}
	locker, epoch, err := index.Bound(ctx)
	if err != nil {
		return 0, err
	}
	if locker != format.Locker || epoch != format.Epoch {
		return 0, ErrOther
	}
	if !index.Synced() {
		return 0, ErrUnsynced
	}
	if err := index.salvage(ctx, NewLog(s, true)); err != nil {
		return 0, err
	}
	last, err := lastNumber(ctx, s)
	if err != nil {
		return 0, err
	}
	if last > index.Applied() {
		return 0, fmt.Errorf("the store has commit %d, this device's index ends with %d: %w", last, index.Applied(), ErrBehind)
	}
	tree, err := index.copyTree(ctx)
	if err != nil {
		return 0, err
	}
	defer tree.close()
	tree.anew = true
	_, err = publishEpoch(ctx, s, tree, locker)
	return index.Applied(), err
}

// salvage applies the commits that a lost catalog still has.
func (x *Index) salvage(ctx context.Context, log *Log) error {
	for {
		n := x.Applied() + 1
		body, err := log.Read(ctx, n)
		if errors.Is(err, remote.ErrNotFound) {
			return nil
		}
		if err == nil {
			_, err = x.Apply(ctx, n, body)
		}
		if errors.Is(err, ErrEpoch) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("taking what is left of the log: %w", err)
		}
	}
}

// RebuildFromObjects publishes a catalog made from what the locker's own objects
// say of themselves: path, time, hash. Of several objects with one path the newest
// wins. Renames, deletions and folders without files cannot be known. scratch is a
// folder for a temporary index; progress, if not nil, is told how many objects
// have been looked at.
func RebuildFromObjects(ctx context.Context, s remote.Store, scratch string, log *slog.Logger, progress func(int)) (Found, error) {
	if err := lost(ctx, s); err != nil {
		return Found{}, err
	}
	// With commits left, only an index knows which of them count: renames and
	// deletions that the log tells of must not be undone by what objects remember.
	if begun, err := (&Log{store: s}).Begun(ctx); err != nil || begun {
		return Found{}, errors.Join(err, fmt.Errorf("commits are there, only the format is lost: rebuild from the index of a device: %w", ErrNotLost))
	}
	dir, err := os.MkdirTemp(scratch, "rebuild-")
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(dir)
	index, err := OpenIndex(ctx, filepath.Join(dir, "index.db"), log)
	if err != nil {
		return Found{}, err
	}
	defer index.Close()
	found, ops, err := findObjects(ctx, s, progress)
	if err != nil {
		return Found{}, err
	}
	err = index.update(ctx, func(st *txState) error {
		_, err := Apply(st, &Commit{Ops: ops})
		return errors.Join(err, st.setMeta("applied", "0"))
	})
	if err != nil {
		return Found{}, err
	}
	_, err = publishIndex(ctx, s, index, NewCommitID())
	return found, err
}

// publishIndex publishes the index's tree.
func publishIndex(ctx context.Context, s remote.Store, index *Index, locker string) (Format, error) {
	tree, err := index.copyTree(ctx)
	if err != nil {
		return Format{}, err
	}
	defer tree.close()
	return publishAnew(ctx, s, tree, locker)
}

// publishAnew makes a tree the locker's catalog: a checkpoint in a new
// epoch, one empty commit to go on from, and last of all the format that makes
// both count. Killed before that, nothing has changed and it can be run again.
func publishAnew(ctx context.Context, s remote.Store, tree *treeCopy, locker string) (Format, error) {
	if err := lost(ctx, s); err != nil {
		return Format{}, err
	}
	return publishEpoch(ctx, s, tree, locker)
}

// publishEpoch is publishAnew whatever is there.
func publishEpoch(ctx context.Context, s remote.Store, tree *treeCopy, locker string) (Format, error) {
	last, err := lastNumber(ctx, s)
	if err != nil {
		return Format{}, err
	}
	last = max(last, tree.n) // a commit that was lost may come back
	f := Format{Format: lockerFormat, Locker: locker, Epoch: NewCommitID(), Base: last + 1, Created: time.Now().UTC()}
	if err := tree.publish(ctx, s, f.Base, f.Epoch); err != nil {
		return Format{}, fmt.Errorf("writing the checkpoint: %w", err)
	}
	first := Commit{Header: Header{N: f.Base, ID: NewCommitID(), Epoch: f.Epoch, Time: time.Now().UnixNano()}}
	body, err := first.Encode()
	if err != nil {
		return Format{}, err
	}
	opts := remote.PutOptions{ContentType: "application/zstd"}
	if _, err := s.Put(ctx, logKey(first.N), section(body), opts); err != nil {
		return Format{}, fmt.Errorf("writing commit %d: %w", first.N, err)
	}
	return f, writeFormat(ctx, s, f)
}

// lost makes sure that there is no catalog that a new one would hide: no format,
// or a format without a single commit or checkpoint.
func lost(ctx context.Context, s remote.Store) error {
	switch _, err := ReadFormat(ctx, s); {
	case errors.Is(err, ErrNoLocker), errors.Is(err, ErrCorrupt):
		return nil
	case err != nil:
		return err
	}
	begun, err := (&Log{store: s}).Begun(ctx)
	if err == nil && begun {
		err = ErrNotLost
	}
	return err
}

// lastNumber is the greatest commit number that the store knows of, so that a new
// epoch begins behind whatever an earlier one left.
func lastNumber(ctx context.Context, s remote.Store) (int64, error) {
	last, err := NewestCheckpoint(ctx, s)
	if err != nil {
		return 0, err
	}
	for after := logKey(last); ; {
		page, err := s.List(ctx, logPrefix, after, 0)
		if err != nil {
			return 0, err
		}
		for _, o := range page.Objects {
			if n, ok := parseLogKey(o.Key); ok {
				last = max(last, n)
			}
		}
		if after = page.Next; after == "" {
			return last, nil
		}
	}
}
