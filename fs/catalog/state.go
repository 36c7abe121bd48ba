package catalog

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// txState is the index's tree inside one transaction: the State that commits are
// applied to.
type txState struct {
	tx    *sql.Tx
	ctx   context.Context // of the update that the transaction belongs to
	stmts map[string]*sql.Stmt
	// described: a version may be another than it was, under the same ID.
	described bool
}

// stmt prepares a query once per transaction: a commit runs each thousands of times.
func (s *txState) stmt(query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.tx.PrepareContext(s.ctx, query)
	if err != nil {
		return nil, err
	}
	if s.stmts == nil {
		s.stmts = map[string]*sql.Stmt{}
	}
	s.stmts[query] = st
	return st, nil
}

func (s *txState) close() {
	for _, st := range s.stmts {
		st.Close()
	}
}

func (s *txState) exec(query string, args ...any) error {
	st, err := s.stmt(query)
	if err == nil {
		_, err = st.ExecContext(s.ctx, args...)
	}
	return err
}

// one reads one row; found is false when there is none.
func (s *txState) one(query string, args []any, dest ...any) (found bool, err error) {
	st, err := s.stmt(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(s.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

const entryColumns = "e.id, e.parent, e.name, e.node, e.kind, e.mode, e.mtime, e.size, e.xattrs, c.body"

// Entry implements View.
func (s *txState) Entry(id ID) (Entry, bool, error) {
	var r entryRow
	found, err := s.one("SELECT "+entryColumns+" FROM entry e LEFT JOIN content c ON c.row = e.row WHERE e.id = ?",
		[]any{int64(id)}, r.dest()...)
	if err != nil || !found {
		return Entry{}, false, err
	}
	e, err := r.entry()
	return e, err == nil, err
}

// Child implements View.
func (s *txState) Child(parent ID, name string) (ID, bool, error) {
	var id int64
	found, err := s.one("SELECT id FROM entry WHERE parent = ? AND name = ?", []any{int64(parent), name}, &id)
	return ID(id), found, err
}

// Empty implements View.
func (s *txState) Empty(id ID) (bool, error) {
	var one int
	found, err := s.one("SELECT 1 FROM entry WHERE parent = ? LIMIT 1", []any{int64(id)}, &one)
	return !found, err
}

// Taken implements View.
func (s *txState) Taken(id ID) (bool, error) {
	var taken bool
	n := int64(id)
	_, err := s.one(`SELECT EXISTS (SELECT 1 FROM entry WHERE id = ?) OR EXISTS (SELECT 1 FROM entry WHERE node = ?)
		OR EXISTS (SELECT 1 FROM past WHERE id = ?) OR EXISTS (SELECT 1 FROM past WHERE node = ?)`, []any{n, n, n, n}, &taken)
	return taken, err
}

// Put implements State.
func (s *txState) Put(e Entry) error {
	var parent, node int64
	var name string
	found, err := s.one("SELECT parent, name, node FROM entry WHERE id = ?", []any{int64(e.ID)}, &parent, &name, &node)
	if err != nil {
		return err
	}
	a := e.Attr()
	if !found || ID(node) != a.Node {
		if err := s.drop(e.ID); err != nil {
			return err
		}
		if err := s.insert(e); err != nil || e.Kind == Dir {
			return err // nothing is in a new folder yet that could be searched for
		}
		return s.markStale(e.ID)
	}
	xattrs, err := e.xattrsJSON()
	if err != nil {
		return err
	}
	if ID(parent) == a.Parent && name == a.Name {
		return s.exec("UPDATE entry SET mode = ?, mtime = ?, xattrs = ? WHERE parent = ? AND name = ?", a.Mode, a.MTime, xattrs, parent, name)
	}
	if err := s.exec("UPDATE entry SET parent = ?, name = ?, mode = ?, mtime = ?, xattrs = ? WHERE parent = ? AND name = ?",
		int64(a.Parent), a.Name, a.Mode, a.MTime, xattrs, parent, name); err != nil {
		return err
	}
	return s.markStale(e.ID)
}

// insert adds an entry whose ID is not there.
func (s *txState) insert(e Entry) error {
	xattrs, err := e.xattrsJSON()
	if err != nil {
		return err
	}
	var body []byte
	if e.Version != nil {
		if body, err = json.Marshal(e.Version); err != nil {
			return err
		}
	}
	return s.insertRow(&e, body, xattrs)
}

// insertRow adds an entry whose version and extended attributes are JSON already.
func (s *txState) insertRow(e *Entry, version, xattrs []byte) error {
	a := e.Attr()
	st, err := s.stmt("INSERT INTO entry (id, parent, name, node, kind, mode, mtime, size, xattrs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	done, err := st.ExecContext(s.ctx, int64(a.ID), int64(a.Parent), a.Name, int64(a.Node), kindNumber(a.Kind), a.Mode, a.MTime, a.Size, xattrs)
	if err != nil || e.Version == nil {
		return err
	}
	row, err := done.LastInsertId()
	if err != nil {
		return err
	}
	return s.exec("INSERT INTO content (row, digest, key, foreign_key, body) VALUES (?, ?, ?, ?, ?)",
		row, digest(e.Version.SHA256), keyHash(e.Version.Object.Key), foreignKey(e.Version.Object), version)
}

// xattrsJSON is how the index keeps extended attributes; nil for none.
func (e *Entry) xattrsJSON() ([]byte, error) {
	if len(e.Xattrs) == 0 {
		return nil, nil
	}
	return json.Marshal(e.Xattrs)
}

// Delete implements State.
func (s *txState) Delete(id ID) error {
	if err := s.drop(id); err != nil {
		return err
	}
	return s.markStale(id)
}

// drop takes an entry out, if it is there.
func (s *txState) drop(id ID) error {
	if err := s.exec("DELETE FROM content WHERE row = (SELECT row FROM entry WHERE id = ?)", int64(id)); err != nil {
		return err
	}
	return s.exec("DELETE FROM entry WHERE id = ?", int64(id))
}

// Keep implements State.
func (s *txState) Keep(past Entry, n, at int64) error {
	return s.keep(Past{Entry: past, N: n, At: at})
}

func (s *txState) keep(p Past) error {
	body, err := json.Marshal(p.Entry)
	if err != nil {
		return err
	}
	a := p.Entry.Attr()
	var key any
	if v := p.Entry.Version; v != nil {
		key = keyHash(v.Object.Key)
	}
	return s.exec("INSERT INTO past (id, node, n, at, parent, key, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
		int64(a.ID), int64(a.Node), p.N, p.At, int64(a.Parent), key, body)
}

// clear empties the tree down to the root.
func (s *txState) clear() error {
	s.described = true
	for _, table := range []string{"entry", "content", "past", "invalid", "condemned", "ignored", "awaited"} {
		if err := s.exec("DELETE FROM " + table); err != nil {
			return err
		}
	}
	return errors.Join(s.clearSearch(), s.setMeta("settings", ""), s.setMeta("loading", ""), s.makeSlowIndexes(), s.Put(root()))
}

func (s *txState) setMeta(key, value string) error {
	return s.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
}

// digest is the number under which content with this hash is found; nil for unknown.
func digest(h Hash) any {
	if !h.Known() {
		return nil
	}
	return int64(binary.BigEndian.Uint64(h[:8]))
}

func kindNumber(k Kind) int {
	if k == Dir {
		return 1
	}
	return 2
}

func kindOf(number int) Kind {
	if number == 1 {
		return Dir
	}
	return File
}

// entryRow is one row of entryColumns on its way to an Entry.
type entryRow struct {
	id, parent, node, mtime, size int64
	name                          string
	kind                          int
	mode                          uint32
	xattrs, body                  []byte
}

func (r *entryRow) dest() []any {
	return []any{&r.id, &r.parent, &r.name, &r.node, &r.kind, &r.mode, &r.mtime, &r.size, &r.xattrs, &r.body}
}

func (r *entryRow) attr() Attr {
	return Attr{ID: ID(r.id), Parent: ID(r.parent), Node: ID(r.node), Name: r.name, Kind: kindOf(r.kind), Mode: r.mode, MTime: r.mtime, Size: r.size}
}

func (r *entryRow) entry() (Entry, error) {
	e := Entry{ID: ID(r.id), Parent: ID(r.parent), Name: r.name, Kind: kindOf(r.kind), Mode: r.mode, MTime: r.mtime}
	if len(r.xattrs) > 0 {
		if err := json.Unmarshal(r.xattrs, &e.Xattrs); err != nil {
			return Entry{}, err
		}
	}
	if len(r.body) > 0 {
		e.Version = new(Version)
		if err := json.Unmarshal(r.body, e.Version); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}
