package intake

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// spool keeps what a run has placed, in a temporary file that goes with the process:
// memory does not grow with it. One goroutine at a time may use it.
type spool struct {
	db   *sql.DB
	conn *sql.Conn // the temporary file belongs to the connection
	ctx  context.Context
	put  *sql.Stmt
	list *sql.Stmt
	from *sql.Stmt
}

// spooled is a file or folder that a run has placed in a folder of the locker.
type spooled struct {
	name    string
	dir     bool
	hash    catalog.Hash     // of a file
	release *library.Release // of audio
	source  string           // path on this machine
	id      catalog.ID       // of its entry, if it has one
}

const spoolSchema = `
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
PRAGMA cache_size = -1024;
PRAGMA temp_store = file;
CREATE TABLE placed (
	dir TEXT NOT NULL, name TEXT NOT NULL, folder INTEGER NOT NULL, hash BLOB, release TEXT, source TEXT,
	id INTEGER NOT NULL, fold TEXT NOT NULL,
	PRIMARY KEY (dir, name)
) WITHOUT ROWID, STRICT;
CREATE INDEX placed_fold ON placed (dir, fold);
CREATE TABLE seen (digest INTEGER PRIMARY KEY) STRICT;
BEGIN;
`

// openSpool makes an empty one. ctx only says what it belongs to: what is placed is
// noted also while a run comes to its end.
func openSpool(ctx context.Context) (*spool, error) {
	db, err := sql.Open("sqlite", "") // SQLite's own temporary file, which nobody sees
	if err != nil {
		return nil, err
	}
	s := &spool{db: db, ctx: context.WithoutCancel(ctx)}
	if s.conn, err = db.Conn(s.ctx); err == nil {
		_, err = s.conn.ExecContext(s.ctx, spoolSchema)
	}
	if err == nil {
		s.put, err = s.conn.PrepareContext(s.ctx, "INSERT OR REPLACE INTO placed (dir, name, folder, hash, release, source, id, fold) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
	}
	if err == nil {
		s.list, err = s.conn.PrepareContext(s.ctx, "SELECT name, folder, hash, release, id FROM placed WHERE dir = ?")
	}
	if err == nil {
		s.from, err = s.conn.PrepareContext(s.ctx, "SELECT source FROM placed WHERE dir = ? AND fold = ? LIMIT 1")
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *spool) close() error {
	if s.conn == nil {
		return s.db.Close()
	}
	return errors.Join(s.conn.Close(), s.db.Close())
}

// place notes what stands in the folder dir from now on.
func (s *spool) place(dir string, p spooled) error {
	args := []any{dir, p.name, p.dir, nil, nil, p.source, int64(p.id), library.Fold(p.name)}
	if !p.dir {
		args[3] = p.hash[:]
	}
	if p.release != nil {
		b, err := json.Marshal(p.release)
		if err != nil {
			return err
		}
		args[4] = string(b)
	}
	_, err := s.put.ExecContext(s.ctx, args...)
	return err
}

// in gives what was placed in the folder dir, by name.
func (s *spool) in(dir string) (map[string]spooled, error) {
	rows, err := s.list.QueryContext(s.ctx, dir)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := map[string]spooled{}
	for rows.Next() {
		var p spooled
		var hash []byte
		var release sql.NullString
		var id int64
		if err := rows.Scan(&p.name, &p.dir, &hash, &release, &id); err != nil {
			return nil, err
		}
		copy(p.hash[:], hash)
		p.id = catalog.ID(id)
		if release.Valid {
			if err := json.Unmarshal([]byte(release.String), &p.release); err != nil {
				return nil, err
			}
		}
		list[p.name] = p
	}
	return list, rows.Err()
}

// source gives the path on this machine of what was placed under a name, or one that
// differs from it only in spelling; "" when nothing was.
func (s *spool) source(dir, name string) (path string, err error) {
	err = s.from.QueryRowContext(s.ctx, dir, library.Fold(name)).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return path, err
}

// meet notes a content, and tells whether it was noted before: by the start of its
// hash, which is as good here.
func (s *spool) meet(h catalog.Hash) (before bool, err error) {
	done, err := s.conn.ExecContext(s.ctx, "INSERT OR IGNORE INTO seen (digest) VALUES (?)", int64(binary.BigEndian.Uint64(h[:8])))
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 0, err
}

// remove takes back what was placed with that id.
func (s *spool) remove(dir, name string, id catalog.ID) error {
	_, err := s.conn.ExecContext(s.ctx, "DELETE FROM placed WHERE dir = ? AND name = ? AND id = ?", dir, name, int64(id))
	return err
}
