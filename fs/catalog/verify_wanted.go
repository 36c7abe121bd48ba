package catalog

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// wanted is an object that the catalog refers to.
type wanted struct {
	key, etag string
	size      int64
	hash      Hash
	// node is a version whose bytes it has, a present one if there is any.
	node ID
	// past: no present file has these bytes.
	past bool
	// foreign: it was adopted; missing: it is known to have vanished.
	foreign, missing bool
	// pack: it is a scan pack, of which only hash is known.
	pack bool
	refs int64
}

// wantedList holds what must be in the store, in a temporary file that goes with the
// process: memory does not grow with the locker.
type wantedList struct {
	db   *sql.DB
	conn *sql.Conn // the temporary file belongs to the connection
	n    int64     // the commit whose tree it is of
}

const wantedSchema = `
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
PRAGMA cache_size = -4096;
PRAGMA temp_store = file;
CREATE TABLE want (key TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, hash BLOB NOT NULL,
	node INTEGER NOT NULL, past INTEGER NOT NULL, foreign_ INTEGER NOT NULL, missing INTEGER NOT NULL, pack INTEGER NOT NULL) STRICT;
BEGIN;
`

// wantedObjects lists what the present tree and its past refer to.
func (x *Index) wantedObjects(ctx context.Context) (_ *wantedList, err error) {
	db, err := sql.Open("sqlite", "") // SQLite's own temporary file, which nobody sees
	if err != nil {
		return nil, err
	}
	l := &wantedList{db: db}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = l.conn.ExecContext(ctx, wantedSchema); err != nil {
		return nil, err
	}
	snap, err := x.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.close()
	l.n = snap.n
	return l, l.fill(ctx, snap)
}

func (l *wantedList) close() {
	if l.conn != nil {
		l.conn.Close()
	}
	l.db.Close()
}

// whereabouts is the part of a version that says where its bytes are.
type whereabouts struct {
	ID     ID    `json:"id"`
	Size   int64 `json:"size"`
	SHA256 Hash  `json:"sha256"`
	Object struct {
		Key     string `json:"key"`
		ETag    string `json:"etag"`
		Foreign bool   `json:"foreign"`
		Missing bool   `json:"missing"`
	} `json:"object"`
	Pack string `json:"pack"`
}

func (l *wantedList) fill(ctx context.Context, snap *snapshot) error {
	put, err := l.conn.PrepareContext(ctx, "INSERT INTO want VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	pack := ""
	add := func(v *whereabouts, past bool) error {
		o := &v.Object
		_, err := put.ExecContext(ctx, o.Key, o.ETag, v.Size, v.SHA256[:], int64(v.ID), past, o.Foreign, o.Missing, false)
		if err != nil || past || v.Pack == "" || v.Pack == pack {
			return err
		}
		pack = v.Pack // those of an album have the same
		if hash, err := hex.DecodeString(v.Pack); err == nil && len(hash) == len(Hash{}) {
			_, err = put.ExecContext(ctx, PackKey(v.Pack), "", 0, hash, 0, false, false, false, true)
			return err
		}
		return nil // nobody reads what has such a name
	}
	err = eachBody(ctx, snap.tx, "SELECT body FROM content", func(body []byte) error {
		var v whereabouts
		if err := json.Unmarshal(body, &v); err != nil {
			return err
		}
		return add(&v, false)
	})
	if err != nil {
		return err
	}
	return eachBody(ctx, snap.tx, "SELECT body FROM past", func(body []byte) error {
		var e struct {
			Version *whereabouts `json:"version"`
		}
		if err := json.Unmarshal(body, &e); err != nil || e.Version == nil {
			return err
		}
		return add(e.Version, true)
	})
}

// eachBody calls f for every row of a query for one value.
func eachBody(ctx context.Context, tx *sql.Tx, query string, f func([]byte) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body sql.RawBytes
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := f(body); err != nil {
			return err
		}
	}
	return rows.Err()
}

// count is how many objects are wanted.
func (l *wantedList) count(ctx context.Context) (n int64, err error) {
	err = l.conn.QueryRowContext(ctx, "SELECT count(DISTINCT key) FROM want").Scan(&n)
	return n, err
}

// bytes is how many bytes those have of which a hash is known.
func (l *wantedList) bytes(ctx context.Context) (n int64, err error) {
	err = l.conn.QueryRowContext(ctx, `SELECT CAST(total(size) AS INTEGER) FROM
		(SELECT DISTINCT key, etag, size, hash FROM want WHERE hash <> zeroblob(32) AND NOT (past AND foreign_))`).Scan(&n)
	return n, err
}

// each calls f for every object in byte order of the keys; for one whose content changed
// under the same key, once for each.
func (l *wantedList) each(ctx context.Context, f func(*wanted) error) error {
	// Bare columns are of the row that has the least past: a present one if there is any.
	rows, err := l.conn.QueryContext(ctx, `SELECT key, etag, size, hash, node, min(past), foreign_, missing, pack, count(*)
		FROM want GROUP BY key, etag, size, hash ORDER BY key, etag, size, hash`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var w wanted
		var hash []byte
		var node int64
		if err := rows.Scan(&w.key, &w.etag, &w.size, &hash, &node, &w.past, &w.foreign, &w.missing, &w.pack, &w.refs); err != nil {
			return err
		}
		copy(w.hash[:], hash)
		w.node = ID(node)
		if err := f(&w); err != nil {
			return err
		}
	}
	return rows.Err()
}

// owner gives the path of a file that has, or had, the bytes of a wanted object, and
// whether it has them now. The path is empty where nothing does any more.
func (x *Index) owner(ctx context.Context, w *wanted) (path string, now bool, err error) {
	v, err := x.Version(ctx, w.node)
	if errors.Is(err, ErrNotFound) || err == nil && (v.Object.Key != w.key || v.Object.ETag != w.etag) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	a, err := x.Node(ctx, w.node)
	if err != nil {
		return "", false, err
	}
	if e, err := x.Entry(ctx, a.ID); err == nil && e.Version != nil && e.Version.ID == w.node {
		path, err = x.Path(ctx, a.ID)
		return path, true, err
	}
	folder, err := x.Path(ctx, a.Parent)
	if errors.Is(err, ErrNotFound) {
		folder, err = "…", nil // removed too
	}
	if err != nil {
		return "", false, fmt.Errorf("the folder of %q: %w", a.Name, err)
	}
	return join(folder, a.Name), false, nil
}
