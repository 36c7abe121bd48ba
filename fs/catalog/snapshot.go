package catalog

import (
	"context"
	"database/sql"
)

// snapshot is the index as it was at one commit, while later ones are applied.
type snapshot struct {
	tx    *sql.Tx
	n     int64  // of the commit
	epoch string // empty where the index is tied to no locker
}

func (x *Index) snapshot(ctx context.Context) (*snapshot, error) {
	tx, err := x.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	s := &snapshot{tx: tx}
	// The first read fixes what the transaction sees.
	err = tx.QueryRowContext(ctx, `SELECT CAST(value AS INTEGER), coalesce((SELECT value FROM meta WHERE key = 'epoch'), '')
		FROM meta WHERE key = 'applied'`).Scan(&s.n, &s.epoch)
	if err != nil {
		tx.Rollback()
		return nil, err
	}
	return s, nil
}

func (s *snapshot) close() { s.tx.Rollback() }

// each calls f for every entry that the end of a query, from WHERE on, selects.
func (s *snapshot) each(ctx context.Context, where string, f func(Entry) error, args ...any) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT "+entryColumns+" FROM entry e LEFT JOIN content c ON c.row = e.row "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.dest()...); err != nil {
			return err
		}
		e, err := r.entry()
		if err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// folders gives all folders, the root among them, ordered by id.
func (s *snapshot) folders(ctx context.Context) ([]folderLine, error) {
	var list []folderLine
	err := s.each(ctx, "WHERE e.kind = 1 ORDER BY e.id", func(e Entry) error {
		list = append(list, folderLine{Entry: e})
		return nil
	})
	if err != nil {
		return nil, err
	}
	full, err := s.withFiles(ctx)
	for i := range list {
		_, has := full[list[i].ID]
		list[i].Bare = !has
	}
	return list, err
}

// withFiles gives the folders that have files of their own.
func (s *snapshot) withFiles(ctx context.Context) (map[ID]struct{}, error) {
	rows, err := s.tx.QueryContext(ctx, "SELECT DISTINCT parent FROM entry WHERE kind = 2")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	full := map[ID]struct{}{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		full[ID(id)] = struct{}{}
	}
	return full, rows.Err()
}
