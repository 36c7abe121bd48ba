package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Index is this device's copy of the committed tree. One process uses a file at a
// time; within it, any number of readers run beside one writer. What was applied stays
// through a power cut; losing the file costs reading it from the store again.
type Index struct {
	path  string
	write *sql.DB // one connection
	read  *sql.DB // a few, query-only
	stmts readStatements
	hot   *hotCache
	ahead ahead

	// applying excludes writers from each other; no reader takes it. A checkpoint is
	// loaded from the store with it held.
	applying turn
	// applied is the number of the last commit in the file.
	applied atomic.Int64
	// synced is open once the tree has been the whole tree of some commit. It stays so:
	// a rebuilt catalog takes the place of the old one in one transaction.
	synced *gate
	// listed counts listings.
	listed atomic.Int64
	// arrivals tells what is here while the tree is read for the first time.
	arrivals *arrivals
}

// OpenIndex opens the index in the file at path, or begins an empty one. A file
// that is damaged or of another schema is set aside under a name that says so,
// because all it held can be read from the store again.
func OpenIndex(ctx context.Context, path string, log *slog.Logger) (*Index, error) {
	x, usable, err := openIndex(ctx, path)
	if err == nil && usable {
		return x, nil
	}
	if err != nil && !damaged(err) {
		return nil, fmt.Errorf("opening the index %s: %w", path, err)
	}
	aside := path + ".aside-" + time.Now().UTC().Format("20060102T150405.000")
	log.Warn("the index is set aside and read from the store again", "index", path, "aside", aside, "reason", err)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("setting the index aside: %w", err)
		}
	}
	x, usable, err = openIndex(ctx, path)
	if err == nil && !usable {
		err = errors.New("a new index has the wrong schema")
	}
	if err != nil {
		return nil, fmt.Errorf("opening the index %s: %w", path, err)
	}
	return x, nil
}

// openIndex opens the file; usable is false, and x nil, for another schema.
func openIndex(ctx context.Context, path string) (x *Index, usable bool, err error) {
	x = &Index{path: path, applying: newTurn(), synced: newGate(), arrivals: newArrivals()}
	defer func() {
		if err != nil || !usable {
			x.Close()
			x = nil
		}
	}()
	// What the journal of changes says builds on commits that are in here: they must be as
	// safe as it is.
	if x.write, err = openDB(path, "_pragma=synchronous(full)&_txlock=immediate&_pragma=cache_size(-4096)", 1); err != nil {
		return x, false, err
	}
	if usable, err = migrate(ctx, x.write); err != nil || !usable {
		return x, usable, err
	}
	if x.read, err = openDB(path, "_pragma=query_only(1)&_pragma=cache_size(-1024)", 4); err != nil {
		return x, false, err
	}
	if err = x.stmts.prepare(ctx, x.read); err != nil {
		return x, false, err
	}
	if x.hot, err = newHotCache(); err != nil {
		return x, false, err
	}
	return x, true, x.loadMeta(ctx)
}

// openDB opens a pool. Each connection has a
// cache of its own, which takes twice what it is given; what does not fit lies in the
// system's cache of the file.
func openDB(path, param string, conns int) (*sql.DB, error) {
	// As a URL, so that a '?' or '#' in the path stays part of it.
	uri := url.URL{Scheme: "file", OmitHost: true, Path: path}
	db, err := sql.Open("sqlite", uri.String()+"?"+param+
		"&_pragma=busy_timeout(10000)&_pragma=temp_store(memory)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// damaged tells whether err says that the file is no sound database.
func damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// Close ends all reading and writing.
func (x *Index) Close() error {
	var errs []error
	if x.hot != nil {
		x.hot.close()
	}
	if x.read != nil {
		errs = append(errs, x.stmts.close(), x.read.Close())
	}
	if x.write != nil {
		errs = append(errs, x.write.Close())
	}
	return errors.Join(errs...)
}

// Applied is the number of the last commit that the index holds; 0 for none.
func (x *Index) Applied() int64 { return x.applied.Load() }

// Synced tells whether the index has ever held the whole tree. Before that, names
// must not be answered from it.
func (x *Index) Synced() bool { return x.synced.isOpen() }

// WaitSynced waits until the index holds the whole tree. The error is ErrUnsynced
// when ctx ends first.
func (x *Index) WaitSynced(ctx context.Context) error {
	if err := x.synced.wait(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsynced, err)
	}
	return nil
}

// Bind ties an index that is tied to no locker yet. One that belongs to another is
// refused with ErrOther; that the locker's epoch is another is for a Follower to mend.
func (x *Index) Bind(ctx context.Context, f Format) error {
	locker, _, err := x.Bound(ctx)
	if err != nil || locker == f.Locker {
		return err
	}
	if locker != "" {
		return fmt.Errorf("index of locker %.8s, store holds locker %.8s: %w", locker, f.Locker, ErrOther)
	}
	return x.update(ctx, func(st *txState) error { return st.begin(f, 0) })
}

// Bound gives the locker and epoch that the index is tied to, empty when none.
func (x *Index) Bound(ctx context.Context) (locker, epoch string, err error) {
	if locker, err = x.meta(ctx, "locker"); err != nil {
		return "", "", err
	}
	epoch, err = x.meta(ctx, "epoch")
	return locker, epoch, err
}

func (x *Index) meta(ctx context.Context, key string) (string, error) {
	var value string
	err := x.read.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// loadMeta takes applied and synced from the file.
func (x *Index) loadMeta(ctx context.Context) error {
	applied, err := x.meta(ctx, "applied")
	if err != nil {
		return err
	}
	if applied != "" {
		n, err := strconv.ParseInt(applied, 10, 64)
		if err != nil {
			return fmt.Errorf("index says applied %q: %w", applied, err)
		}
		x.applied.Store(n)
	}
	synced, err := x.meta(ctx, "synced")
	if err == nil && synced == "1" {
		x.synced.open()
	}
	return err
}

// update runs f in one transaction and takes its outcome into memory.
func (x *Index) update(ctx context.Context, f func(*txState) error) error {
	if err := x.applying.take(ctx); err != nil {
		return err
	}
	defer x.applying.give()
	var described bool
	err := x.transact(ctx, func(st *txState) error {
		err := f(st)
		described = st.described
		return err
	}, (*sql.Tx).Commit)
	if err != nil {
		return err
	}
	x.hot.forget(described)
	// What is in the file now must be known here, also when ctx has just ended.
	return x.loadMeta(context.WithoutCancel(ctx))
}

// try runs f in a transaction that is undone.
func (x *Index) try(ctx context.Context, f func(*txState) error) error {
	if err := x.applying.take(ctx); err != nil {
		return err
	}
	defer x.applying.give()
	return x.transact(ctx, f, (*sql.Tx).Rollback)
}

// transact needs the turn.
func (x *Index) transact(ctx context.Context, f func(*txState) error, end func(*sql.Tx) error) error {
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	st := &txState{tx: tx, ctx: context.WithoutCancel(ctx)}
	defer st.close()
	if err := f(st); err != nil {
		return err
	}
	return end(tx)
}

// LastChange gives who made the newest commit that this device has read, and when in
// nanoseconds since 1970; 0 when it is not known.
func (x *Index) LastChange(ctx context.Context) (device string, at int64, err error) {
	text, err := x.meta(ctx, "change")
	if err != nil || text == "" {
		return "", 0, err
	}
	var c lastChange
	err = json.Unmarshal([]byte(text), &c)
	return c.Device, c.At, err
}

// lastChange is how the index keeps it.
type lastChange struct {
	Device string `json:"device"`
	At     int64  `json:"at"`
}

func (s *txState) setChange(h Header) error {
	b, err := json.Marshal(lastChange{h.DeviceName, h.Time})
	if err != nil {
		return err
	}
	return s.setMeta("change", string(b))
}

// MarkSynced records that the index now holds the whole tree of its last commit.
func (x *Index) MarkSynced(ctx context.Context) error {
	if x.Synced() {
		return nil
	}
	return x.update(ctx, func(st *txState) error { return st.setMeta("synced", "1") })
}
