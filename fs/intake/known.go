package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"

	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// known remembers files outside the locker, by path: their hashes, by size and times,
// and what became of them in the locker. Losing it costs reading files again, and that
// a file whose tags have changed comes in beside its earlier self.
type known struct {
	db    *sql.DB
	look  *sql.Stmt
	empty bool // when it was opened: there is nothing to recall

	mu    sync.Mutex // guards fresh
	fresh []learnt   // not written yet
}

// learnt is the hash of one file as it was.
type learnt struct {
	path               string
	size, mtime, ctime int64
	hash               catalog.Hash
}

// imported is what this device once made of a path.
type imported struct {
	entry catalog.ID   // zero: nothing
	hash  catalog.Hash // the content it had
	sound sound
}

// openKnown opens the memory in the file at path.
func openKnown(ctx context.Context, path string) (*known, error) {
	k, err := tryKnown(ctx, path)
	if damaged(err) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		k, err = tryKnown(ctx, path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the memory of imported files: %w", err)
	}
	return k, nil
}

// damaged tells whether err says that the file is no sound database.
func damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff // without the details
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// knownSchema: known are hashes of files as they were, taken is what files became.
const knownSchema = `
CREATE TABLE IF NOT EXISTS known (
	path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, hash BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS taken (
	path TEXT PRIMARY KEY, entry INTEGER NOT NULL, hash BLOB NOT NULL, sound BLOB NOT NULL
) WITHOUT ROWID, STRICT;
`

func tryKnown(ctx context.Context, path string) (*known, error) {
	// As a URL, so that a '?', '#' or '%' in the path stays part of it.
	file := url.URL{Scheme: "file", OmitHost: true, Path: path,
		RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=cache_size(-512)"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	k := &known{db: db}
	if _, err = db.ExecContext(ctx, knownSchema); err == nil {
		k.look, err = db.PrepareContext(ctx, recallQuery)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT NOT EXISTS (SELECT 1 FROM known) AND NOT EXISTS (SELECT 1 FROM taken)").Scan(&k.empty)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return k, nil
}

// close writes what is not written yet.
func (k *known) close() error {
	return errors.Join(k.write(context.Background()), k.look.Close(), k.db.Close())
}

const recallQuery = `SELECT k.hash, t.entry, t.hash, t.sound FROM (SELECT ? AS path) p
	LEFT JOIN known k ON k.path = p.path AND k.size = ? AND k.mtime = ? AND k.ctime = ?
	LEFT JOIN taken t ON t.path = p.path`

// recall gives what is known of the file at path: its hash, if it was learnt when the
// file had the same size and times (the change time is what cannot be set back by
// hand), and what it became.
func (k *known) recall(ctx context.Context, path string, info fs.FileInfo) (h catalog.Hash, past imported) {
	if k.empty {
		return catalog.Hash{}, imported{}
	}
	var hash, was, sound []byte
	var entry sql.NullInt64
	err := k.look.QueryRowContext(ctx, path, info.Size(), info.ModTime().UnixNano(), changeTime(info)).Scan(&hash, &entry, &was, &sound)
	if err != nil {
		return catalog.Hash{}, imported{}
	}
	if len(hash) == len(h) {
		copy(h[:], hash)
	}
	if len(was) == len(past.hash) && len(sound) == len(past.sound) {
		past.entry = catalog.ID(entry.Int64)
		copy(past.hash[:], was)
		copy(past.sound[:], sound)
	}
	return h, past
}

// knownBatch is how many hashes are written at once.
const knownBatch = 256

// learn remembers a hash.
func (k *known) learn(ctx context.Context, path string, info fs.FileInfo, h catalog.Hash) error {
	k.mu.Lock()
	k.fresh = append(k.fresh, learnt{path, info.Size(), info.ModTime().UnixNano(), changeTime(info), h})
	full := len(k.fresh) >= knownBatch
	k.mu.Unlock()
	if !full {
		return nil
	}
	return k.write(ctx)
}

// write writes the hashes learnt.
func (k *known) write(ctx context.Context) error {
	k.mu.Lock()
	fresh := k.fresh
	k.fresh = nil
	k.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	return k.all(ctx, "INSERT OR REPLACE INTO known (path, size, mtime, ctime, hash) VALUES (?, ?, ?, ?, ?)", len(fresh), func(i int) []any {
		f := &fresh[i]
		return []any{f.path, f.size, f.mtime, f.ctime, f.hash[:]}
	})
}

// took remembers what files became.
func (k *known) took(ctx context.Context, files []placed) error {
	if len(files) == 0 {
		return nil
	}
	return k.all(ctx, "INSERT OR REPLACE INTO taken (path, entry, hash, sound) VALUES (?, ?, ?, ?)", len(files), func(i int) []any {
		f := &files[i]
		return []any{f.file.path, int64(f.entry), f.hash[:], f.sound[:]}
	})
}

// all runs a statement n times in one transaction. It is not to be interrupted: that takes
// a goroutine for each statement, and n of them waiting to end are memory.
func (k *known) all(ctx context.Context, query string, n int, args func(i int) []any) error {
	ctx = context.WithoutCancel(ctx)
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range n {
		if _, err := stmt.ExecContext(ctx, args(i)...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
