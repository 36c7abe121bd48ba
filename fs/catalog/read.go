package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const attrColumns = "id, parent, name, node, kind, mode, mtime, size"

// grandchildrenQuery lists what lies in the folders of a folder, one after the other.
const grandchildrenQuery = "SELECT e.id, e.parent, e.name, e.node, e.kind, e.mode, e.mtime, e.size FROM entry f CROSS JOIN entry e ON e.parent = f.id " +
	"WHERE f.parent = ? AND f.kind = 1 ORDER BY f.name, e.name LIMIT ?+0"

// readStatements are prepared once: a lookup is a few microseconds, parsing SQL more. A
// bare parameter as LIMIT would have SQLite parse the query anew whenever it is bound.
type readStatements struct {
	byNode, byID, child, children, grandchildren, packs, content, pastNode, match *sql.Stmt
}

func (r *readStatements) prepare(ctx context.Context, db *sql.DB) (err error) {
	for _, q := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&r.byNode, "SELECT " + attrColumns + " FROM entry WHERE node = ?"},
		{&r.byID, "SELECT " + entryColumns + " FROM entry e LEFT JOIN content c ON c.row = e.row WHERE e.id = ?"},
		{&r.child, "SELECT " + attrColumns + " FROM entry WHERE parent = ? AND name = ?"},
		{&r.children, "SELECT " + attrColumns + " FROM entry WHERE parent = ? AND name > ? ORDER BY name LIMIT ?+0"},
		{&r.grandchildren, grandchildrenQuery},
		{&r.packs, packsQuery},
		{&r.content, "SELECT body FROM content WHERE row = (SELECT row FROM entry WHERE node = ?)"},
		{&r.pastNode, "SELECT body FROM past WHERE node = ? LIMIT 1"},
		{&r.match, "SELECT body FROM content WHERE digest = ? AND foreign_key IS NULL"},
	} {
		if *q.stmt, err = db.PrepareContext(ctx, q.query); err != nil {
			return err
		}
	}
	return nil
}

func (r *readStatements) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{r.byNode, r.byID, r.child, r.children, r.grandchildren, r.packs, r.content, r.pastNode, r.match} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// Node gives the attributes of what the kernel knows as node. A version that has
// been replaced or removed is still answered for, from the past, because handles
// on it may be open. The error is ErrNotFound when there never was such a node.
func (x *Index) Node(ctx context.Context, node ID) (Attr, error) {
	return x.hot.attr(hotKey{node: node}, func() (Attr, error) {
		a, err := scanAttr(x.stmts.byNode.QueryRowContext(ctx, int64(node)))
		if !errors.Is(err, ErrNotFound) {
			return a, err
		}
		e, _, err := scanJSON[Entry](x.stmts.pastNode.QueryRowContext(ctx, int64(node)))
		return e.Attr(), err
	})
}

// Child gives the attributes of the entry with this name in folder parent. The
// name is looked up in NFC. The error is ErrNotFound when there is none, and ErrUnsynced
// while only a part of the folder is here.
func (x *Index) Child(ctx context.Context, parent ID, name string) (Attr, error) {
	name = norm.NFC.String(name)
	return x.hot.attr(hotKey{node: parent, name: name}, func() (a Attr, err error) {
		err = x.whole(parent, func() error {
			a, err = scanAttr(x.stmts.child.QueryRowContext(ctx, int64(parent), name))
			return err
		})
		return a, err
	})
}

// Children lists folder parent in byte order of the names: at most limit entries,
// those after the name given. The error is ErrUnsynced while only a part of them is here.
func (x *Index) Children(ctx context.Context, parent ID, after string, limit int) (list []Attr, err error) {
	x.listed.Add(1)
	generation := x.hot.generation.Load() // before reading
	if after == "" {
		if list, ok := x.ahead.take(parent, generation); ok && len(list) < limit {
			return list, nil
		}
	}
	err = x.whole(parent, func() error {
		list, err = x.query(ctx, x.stmts.children, int64(parent), after, limit)
		return err
	})
	if err == nil && after == "" && len(list) < limit {
		x.listAhead(ctx, parent, list, generation)
	}
	return list, err
}

// query gives the entries that a statement finds.
func (x *Index) query(ctx context.Context, stmt *sql.Stmt, args ...any) ([]Attr, error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Attr
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(r.dest()[:8]...); err != nil {
			return nil, err
		}
		list = append(list, r.attr())
	}
	return list, rows.Err()
}

// Listed counts the listings of folders since the index was opened. Who goes through all of it
// in the background makes way while they are many.
func (x *Index) Listed() int64 { return x.listed.Load() }

// Entry gives all about the entry with this ID. The error is ErrNotFound when
// there is none now.
func (x *Index) Entry(ctx context.Context, id ID) (Entry, error) {
	var r entryRow
	err := x.stmts.byID.QueryRowContext(ctx, int64(id)).Scan(r.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, ErrNotFound
	}
	if err != nil {
		return Entry{}, err
	}
	return r.entry()
}

// Version gives the content that the kernel knows as node, present or past. The
// error is ErrNotFound when there never was one.
func (x *Index) Version(ctx context.Context, node ID) (*Version, error) {
	return x.hot.version(node, func() (*Version, int, error) {
		v, n, err := scanJSON[Version](x.stmts.content.QueryRowContext(ctx, int64(node)))
		if !errors.Is(err, ErrNotFound) {
			return &v, n, err
		}
		e, n, err := scanJSON[Entry](x.stmts.pastNode.QueryRowContext(ctx, int64(node)))
		if err == nil && e.Version == nil {
			err = ErrNotFound
		}
		return e.Version, n, err
	})
}

// Match finds content with this hash and size that the locker holds already, in an object
// of its own: one that was adopted belongs to somebody who may delete it.
func (x *Index) Match(ctx context.Context, h Hash, size int64) (*Version, bool, error) {
	rows, err := x.stmts.match.QueryContext(ctx, digest(h))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, false, err
		}
		v := new(Version)
		if err := json.Unmarshal(body, v); err != nil {
			return nil, false, err
		}
		if v.SHA256 == h && v.Size == size {
			return v, true, nil
		}
	}
	return nil, false, rows.Err()
}

// Resolve finds the entry at a slash-separated locker path; "" and "/" are the root.
func (x *Index) Resolve(ctx context.Context, path string) (Entry, error) {
	id := Root
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." {
			continue
		}
		a, err := x.Child(ctx, id, part)
		if err != nil {
			return Entry{}, fmt.Errorf("%q: %w", path, err)
		}
		id = a.ID
	}
	return x.Entry(ctx, id)
}

// Path gives the locker path of an entry, without a leading slash; "" for the root.
func (x *Index) Path(ctx context.Context, id ID) (string, error) {
	var parts []string
	for range maxDepth {
		if id == Root {
			return strings.Join(parts, "/"), nil
		}
		e, err := x.Entry(ctx, id)
		if err != nil {
			return "", err
		}
		parts = append([]string{e.Name}, parts...)
		id = e.Parent
	}
	return "", fmt.Errorf("entry %s lies too deep: %w", id, ErrCorrupt)
}

// Totals counts the present tree.
type Totals struct {
	Folders int64 `json:"folders"`
	Files   int64 `json:"files"`
	// Bytes is the sum of the files' sizes.
	Bytes int64 `json:"bytes"`
	// Invalid is how many commits counted as empty, and Broken are the newest of them, the
	// newest first.
	Invalid int64    `json:"invalid_commits"`
	Broken  []Broken `json:"broken_commits,omitempty"`
}

// Broken is a commit that counted as empty.
type Broken struct {
	N      int64  `json:"commit"`
	Reason string `json:"reason"`
}

// maxBroken is how many broken commits Totals names.
const maxBroken = 5

// Totals reads the whole index, once per commit: seconds at a million entries.
func (x *Index) Totals(ctx context.Context) (Totals, error) {
	var t Totals
	err := x.read.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE kind = 1) - 1, count(*) FILTER (WHERE kind = 2),
		CAST(total(size) AS INTEGER), (SELECT count(*) FROM invalid) FROM entry`).Scan(&t.Folders, &t.Files, &t.Bytes, &t.Invalid)
	if err != nil || t.Invalid == 0 {
		return t, err
	}
	rows, err := x.read.QueryContext(ctx, "SELECT n, reason FROM invalid ORDER BY n DESC LIMIT ?", maxBroken)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		var b Broken
		if err := rows.Scan(&b.N, &b.Reason); err != nil {
			return t, err
		}
		t.Broken = append(t.Broken, b)
	}
	return t, rows.Err()
}

func scanAttr(row *sql.Row) (Attr, error) {
	var r entryRow
	err := row.Scan(r.dest()[:8]...)
	if errors.Is(err, sql.ErrNoRows) {
		return Attr{}, ErrNotFound
	}
	return r.attr(), err
}

// scanJSON reads a row of one JSON value, and tells its length.
func scanJSON[T any](row *sql.Row) (v T, n int, err error) {
	var body []byte
	if err := row.Scan(&body); errors.Is(err, sql.ErrNoRows) {
		return v, 0, ErrNotFound
	} else if err != nil {
		return v, 0, err
	}
	return v, len(body), json.Unmarshal(body, &v)
}
