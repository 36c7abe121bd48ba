package catalog

import (
	"context"
	"database/sql"
	"fmt"
)

// schemaVersion is the index's own; another number means: throw it away.
const schemaVersion = 4

// schema is the index. Rows have numbers in the order they came in, which in a checkpoint
// is that of the folders, so that a listing is nearly one sequential read, and other
// indexes, on random numbers, stay small. What a listing does not need lies in content.
//
//	meta     who and where: locker, epoch, applied (number of the last commit), synced
//	entry    present names; node is the version's id for a file, else the entry's
//	content  present versions, under the rows of their entries, as JSON; digest is the first 8 bytes of the SHA-256, key
//	         those of the SHA-256 of the object's key; foreign_key is the key itself
//	past     what replace and remove took away, as JSON, with the commit that did, which
//	         is found by node for open handles and by folder for its history
//	invalid  commits that counted as empty, and why
//	condemned  objects that were given up, by a hash, and the commit that did
//	awaited    segments of a checkpoint that have not come yet
//	ignored    foreign objects that are not to be adopted again
//
// For searching, with numbers of its own for files, because random ids would make it
// several times as large:
//
//	search        the words of each file: main are those of title, artist and album
//	search_row    which file has which number
//	search_stale  files, and folders with all below them, that search does not know as
//	              they are; of a folder the names up to after have been looked at
const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE entry (
	row INTEGER PRIMARY KEY,
	parent INTEGER NOT NULL, name TEXT NOT NULL,
	id INTEGER NOT NULL, node INTEGER NOT NULL,
	kind INTEGER NOT NULL, mode INTEGER NOT NULL, mtime INTEGER NOT NULL, size INTEGER NOT NULL,
	xattrs BLOB) STRICT;
CREATE UNIQUE INDEX entry_name ON entry (parent, name);
CREATE UNIQUE INDEX entry_id ON entry (id);
CREATE UNIQUE INDEX entry_node ON entry (node);
CREATE TABLE content (row INTEGER PRIMARY KEY, digest INTEGER, key INTEGER NOT NULL, foreign_key TEXT, body BLOB NOT NULL) STRICT;
CREATE INDEX content_digest ON content (digest) WHERE digest IS NOT NULL;
CREATE INDEX content_key ON content (key);
CREATE INDEX content_foreign ON content (foreign_key) WHERE foreign_key IS NOT NULL;
CREATE TABLE past (
	id INTEGER NOT NULL, node INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL,
	parent INTEGER NOT NULL, key INTEGER, body BLOB NOT NULL,
	PRIMARY KEY (id, node, n)) WITHOUT ROWID, STRICT;
CREATE INDEX past_node ON past (node);
CREATE INDEX past_parent ON past (parent, n);
CREATE INDEX past_key ON past (key) WHERE key IS NOT NULL;
CREATE INDEX past_n ON past (n);
CREATE TABLE condemned (hash INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TABLE ignored (key TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (key, etag)) WITHOUT ROWID, STRICT;
CREATE TABLE awaited (row INTEGER PRIMARY KEY, hash TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
	lines INTEGER NOT NULL, other INTEGER NOT NULL) STRICT;
CREATE TABLE invalid (n INTEGER PRIMARY KEY, reason TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE search USING fts5(main, rest, content='', contentless_delete=1, tokenize='ascii', detail='column', prefix='1 2');
CREATE TABLE search_row (row INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE) STRICT;
CREATE TABLE search_stale (seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, after TEXT NOT NULL DEFAULT '') STRICT;
`

// migrate makes an empty database an index. It reports false when the database
// holds an index of another schema version.
func migrate(ctx context.Context, db *sql.DB) (bool, error) {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, err
	}
	if version != 0 {
		return version == schemaVersion, complete(ctx, db, version)
	}
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return false, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return false, err
	}
	if err := (&txState{tx: tx, ctx: ctx}).Put(root()); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return false, err
	}
	return true, tx.Commit()
}

// complete adds what an index of this schema may lack, because it came later and what
// is there does not depend on it.
func complete(ctx context.Context, db *sql.DB, version int) error {
	if version != schemaVersion {
		return nil
	}
	_, err := db.ExecContext(ctx, "CREATE INDEX IF NOT EXISTS past_parent ON past (parent, n)")
	return err
}
