package catalog

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// Ignored tells whether the foreign object with this key and ETag was taken out of the
// locker by somebody, and is not to be adopted again by itself.
func (x *Index) Ignored(ctx context.Context, key, etag string) (bool, error) {
	var ignored bool
	err := x.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ignored WHERE key = ? AND etag = ?)", key, etag).Scan(&ignored)
	return ignored, err
}

// LeftBehind counts the foreign objects that are ignored, and their bytes.
func (x *Index) LeftBehind(ctx context.Context) (objects, bytes int64, err error) {
	err = x.read.QueryRowContext(ctx, "SELECT count(*), CAST(total(size) AS INTEGER) FROM ignored").Scan(&objects, &bytes)
	return objects, bytes, err
}

// Condemned tells which commit gave up the object of ours with this key, if one did. By a
// chance of one in 2^64 for each key that was given up it may say so of another one.
func (x *Index) Condemned(ctx context.Context, key string) (n int64, found bool, err error) {
	return x.condemned(ctx, Ref{Key: key})
}

func (x *Index) condemned(ctx context.Context, r Ref) (n int64, found bool, err error) {
	err = x.read.QueryRowContext(ctx, "SELECT n FROM condemned WHERE hash = ?", condemnedHash(r)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, err
}

// GivenUp tells whether the object may be deleted: no operation may name it.
func (x *Index) GivenUp(ctx context.Context, r Ref) (bool, error) {
	_, gone, err := x.condemned(ctx, Ref{Key: r.Key})
	if err == nil && !gone && r.Foreign {
		_, gone, err = x.condemned(ctx, r)
	}
	return gone, err
}

// Refers tells whether any entry, present or past, refers to the object with this key.
func (x *Index) Refers(ctx context.Context, key string) (bool, error) {
	var refers bool
	err := x.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM content WHERE key = ?1 AND "+tableKey["content"]+" = ?2)"+
		" OR EXISTS (SELECT 1 FROM past WHERE key = ?1 AND "+tableKey["past"]+" = ?2)", keyHash(key), key).Scan(&refers)
	return refers, err
}

// ByKey gives the present entries whose object has this key.
func (x *Index) ByKey(ctx context.Context, key string) ([]Entry, error) {
	list, err := x.contents(ctx, "WHERE c.key = ? ORDER BY e.id", keyHash(key))
	same := list[:0]
	for _, e := range list {
		if e.Version.Object.Key == key {
			same = append(same, e)
		}
	}
	return same, err
}

// Foreign lists the present entries with foreign objects whose key begins with prefix and
// is greater than after, in byte order of the keys. It gives about limit of them: those
// that share the last key come together.
func (x *Index) Foreign(ctx context.Context, prefix, after string, limit int) ([]Entry, error) {
	list, err := x.contents(ctx, "WHERE c.foreign_key >= ? AND c.foreign_key > ? ORDER BY c.foreign_key, e.id LIMIT ?", prefix, after, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if last := list[len(list)-1]; len(list) == limit {
		rest, err := x.contents(ctx, "WHERE c.foreign_key = ? AND e.id > ? ORDER BY e.id", last.Version.Object.Key, int64(last.ID))
		if err != nil {
			return nil, err
		}
		list = append(list, rest...)
	}
	for i, e := range list {
		if !strings.HasPrefix(e.Version.Object.Key, prefix) {
			return list[:i], nil
		}
	}
	return list, nil
}

// contents gives the files that the end of a query, from WHERE on, selects.
func (x *Index) contents(ctx context.Context, where string, args ...any) ([]Entry, error) {
	rows, err := x.read.QueryContext(ctx, "SELECT "+entryColumns+" FROM content c JOIN entry e ON e.row = c.row "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, err
		}
		e, err := r.entry()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}
