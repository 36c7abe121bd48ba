package catalog

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// goodList remembers, in a file, which objects were read and are good: 64 bits of each,
// which is as good here. Losing it costs reading them again. One goroutine at a time may
// use it.
type goodList struct {
	db    *sql.DB
	fresh []int64 // not in the file yet
	wrote time.Time
}

// A batch of the list goes to its file after so many objects, or so much time.
const (
	goodBatch = 256
	goodEvery = 2 * time.Second
)

const goodSchema = "CREATE TABLE IF NOT EXISTS good (digest INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT"

// openGoodList opens the list in a file. again begins an empty one, and so does damage.
func openGoodList(ctx context.Context, path string, again bool) (*goodList, error) {
	if again {
		if err := removeDB(path); err != nil {
			return nil, err
		}
	}
	open := func() (*sql.DB, error) {
		db, err := openDB(path, "_pragma=journal_mode(wal)&_pragma=synchronous(normal)", 1)
		if err != nil {
			return nil, err
		}
		if _, err := db.ExecContext(ctx, goodSchema); err != nil {
			db.Close()
			return nil, err
		}
		return db, nil
	}
	db, err := open()
	if damaged(err) {
		if err := removeDB(path); err != nil {
			return nil, err
		}
		db, err = open()
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return &goodList{db: db, wrote: time.Now()}, nil
}

func removeDB(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// goodDigest names an object with its content.
func goodDigest(w *wanted) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%x", w.key, w.etag, w.hash[:]))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

func (l *goodList) has(ctx context.Context, w *wanted) (bool, error) {
	var one int
	err := l.db.QueryRowContext(ctx, "SELECT 1 FROM good WHERE digest = ?", goodDigest(w)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (l *goodList) add(ctx context.Context, w *wanted) error {
	l.fresh = append(l.fresh, goodDigest(w))
	if len(l.fresh) < goodBatch && time.Since(l.wrote) < goodEvery {
		return nil
	}
	return l.flush(ctx)
}

func (l *goodList) flush(ctx context.Context) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	now := time.Now().UnixNano()
	for _, digest := range l.fresh {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO good (digest, at) VALUES (?, ?)", digest, now); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	l.fresh, l.wrote = l.fresh[:0], time.Now()
	return nil
}

// close keeps what is left, also after a run that ended with err, and tells since when
// the list has been kept, in nanoseconds since 1970.
func (l *goodList) close(err error) (since int64, _ error) {
	ctx := context.Background() // a run that was told to end keeps what it read
	err = errors.Join(err, l.flush(ctx))
	err = errors.Join(err, l.db.QueryRowContext(ctx, "SELECT coalesce(min(at), 0) FROM good").Scan(&since))
	return since, errors.Join(err, l.db.Close())
}
