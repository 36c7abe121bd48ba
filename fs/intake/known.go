package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// known remembers the hashes of files outside the locker, by path, size and times.
// It only saves work: a lost or damaged file is begun anew.
type known struct{ db *sql.DB }

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

func tryKnown(ctx context.Context, path string) (*known, error) {
	// As a URL, so that a '?', '#' or '%' in the path stays part of it.
	file := url.URL{Scheme: "file", OmitHost: true, Path: path,
		RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS known (
		path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, hash BLOB NOT NULL
	) WITHOUT ROWID, STRICT`)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &known{db}, nil
}

func (k *known) close() error { return k.db.Close() }

// hash gives the hash of the file at path, if it was learnt when the file had the
// same size and times. The change time is what cannot be set back by hand.
func (k *known) hash(ctx context.Context, path string, info fs.FileInfo) (h catalog.Hash, ok bool) {
	var b []byte
	err := k.db.QueryRowContext(ctx, "SELECT hash FROM known WHERE path = ? AND size = ? AND mtime = ? AND ctime = ?",
		path, info.Size(), info.ModTime().UnixNano(), changeTime(info)).Scan(&b)
	if err != nil || len(b) != len(h) {
		return catalog.Hash{}, false
	}
	copy(h[:], b)
	return h, true
}

// settle is how long a file must have stood still before its hash is remembered. One
// written again within the same tick of the file system's clock looks unchanged; git
// calls such files racily clean.
const settle = time.Second

// settled tells whether a file that is as info says can be known again by it.
func settled(info fs.FileInfo) bool { return time.Since(time.Unix(0, changeTime(info))) > settle }

// learn remembers a hash.
func (k *known) learn(ctx context.Context, path string, info fs.FileInfo, h catalog.Hash) error {
	_, err := k.db.ExecContext(ctx, "INSERT OR REPLACE INTO known (path, size, mtime, ctime, hash) VALUES (?, ?, ?, ?, ?)",
		path, info.Size(), info.ModTime().UnixNano(), changeTime(info), h[:])
	return err
}
