package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Walk calls f for every entry below folder, depth first, in byte order of the names
// in each folder; a folder comes before what is in it. path is the locker path, also
// when folder is not the root. What nests too deep for any path is left out.
//
// It sees the tree of one commit, and holds one entry per level in memory. f may read
// the index, but must not commit to it nor wait for the network, because the file
// grows while the walk goes on beside commits. An error of f ends the walk and is
// given back as it is.
func (x *Index) Walk(ctx context.Context, folder ID, f func(path string, e Entry) error) error {
	snap, err := x.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.close()
	path, err := snap.path(ctx, folder)
	if err != nil {
		return err
	}
	return snap.walk(ctx, folder, path, maxDepth-1, f)
}

// walk goes through the entries of folder, which stands at path, and depth levels down.
func (s *snapshot) walk(ctx context.Context, folder ID, path string, depth int, f func(string, Entry) error) error {
	return s.each(ctx, "WHERE e.parent = ? ORDER BY e.name", func(e Entry) error {
		below := join(path, e.Name)
		if err := f(below, e); err != nil || e.Kind == File || depth == 1 {
			return err
		}
		return s.walk(ctx, e.ID, below, depth-1, f)
	}, int64(folder))
}

// path gives the locker path of a folder.
func (s *snapshot) path(ctx context.Context, id ID) (path string, err error) {
	for range maxDepth {
		if id == Root {
			return path, nil
		}
		var parent int64
		var name string
		row := s.tx.QueryRowContext(ctx, "SELECT parent, name FROM entry WHERE id = ? AND kind = 1", int64(id))
		if err := row.Scan(&parent, &name); errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("folder %s: %w", id, ErrNotFound)
		} else if err != nil {
			return "", err
		}
		id, path = ID(parent), join(name, path)
	}
	return "", fmt.Errorf("folder %s lies too deep: %w", id, ErrCorrupt)
}
