package intake

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// virtual is the locker as it would be with the moves planned so far. Filing anew
// brings files together that were apart, and then their tags may tell more than they
// did before: so what is planned is filed anew again, until nothing moves any more.
type virtual struct {
	spool *spool
	index *catalog.Index
	// moved are the files that are not where the catalog has them.
	moved map[catalog.ID]bool
	set   *sql.Stmt
	get   *sql.Stmt
}

// The tables: now is where the moved files are, next what a pass makes of that. Paths
// sort as a walk meets them, with what separates their parts below all else.
const virtualSchema = `
CREATE TABLE now (id INTEGER PRIMARY KEY, path TEXT NOT NULL, wanted TEXT NOT NULL, walk BLOB NOT NULL) STRICT;
CREATE INDEX now_walk ON now (walk);
CREATE TABLE next (id INTEGER PRIMARY KEY, path TEXT NOT NULL, wanted TEXT NOT NULL, walk BLOB NOT NULL) STRICT;
`

func newVirtual(s *spool, index *catalog.Index) (v *virtual, err error) {
	v = &virtual{spool: s, index: index, moved: map[catalog.ID]bool{}}
	if _, err = s.conn.ExecContext(s.ctx, virtualSchema); err != nil {
		return nil, err
	}
	if v.set, err = s.conn.PrepareContext(s.ctx, "INSERT OR REPLACE INTO next (id, path, wanted, walk) VALUES (?, ?, ?, ?)"); err != nil {
		return nil, err
	}
	v.get, err = s.conn.PrepareContext(s.ctx, "SELECT path, wanted FROM now WHERE id = ?")
	return v, err
}

// walkKey makes paths sort as a walk meets them.
func walkKey(p string) []byte { return []byte(strings.ReplaceAll(p, "/", "\x00")) }

// move puts a file at another path from the next pass on.
func (v *virtual) move(id catalog.ID, to goal) error {
	_, err := v.set.ExecContext(v.spool.ctx, int64(id), to.path, to.wanted, walkKey(to.path))
	return err
}

// pass ends a pass: what it has moved is where it is.
func (v *virtual) pass() error {
	rows, err := v.spool.conn.QueryContext(v.spool.ctx, "SELECT id FROM next")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		v.moved[catalog.ID(id)] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	_, err = v.spool.conn.ExecContext(v.spool.ctx, "INSERT OR REPLACE INTO now SELECT * FROM next; DELETE FROM next;")
	return err
}

// goal gives where a file is by now.
func (v *virtual) goal(h *held) (g goal, err error) {
	if !v.moved[h.id] {
		return goal{path: h.path}, nil
	}
	err = v.get.QueryRowContext(v.spool.ctx, int64(h.id)).Scan(&g.path, &g.wanted)
	return g, err
}

// walk is catalog.Index.Walk over the locker as it would be.
func (v *virtual) walk(ctx context.Context, top catalog.ID, dir string, f func(string, catalog.Entry) error) error {
	below := walkKey(dir)
	if dir != "" {
		below = append(below, 0)
	}
	c := cursor{v: v, ctx: ctx, last: below, below: string(below)}
	err := v.index.Walk(ctx, top, func(p string, e catalog.Entry) error {
		if v.moved[e.ID] {
			return nil
		}
		if err := c.until(string(walkKey(p)), f); err != nil {
			return err
		}
		return f(p, e)
	})
	if err != nil {
		return err
	}
	return c.until("", f)
}

// cursor goes through the moved files below a folder in the order of a walk.
type cursor struct {
	v     *virtual
	ctx   context.Context // of the one walk
	page  []moved
	last  []byte
	below string
	end   bool
}

// moved is a file that is not where the catalog has it.
type moved struct {
	id   catalog.ID
	path string
	walk string
}

// until gives f the files before a key; all that are left for "".
func (c *cursor) until(key string, f func(string, catalog.Entry) error) error {
	for {
		if len(c.page) == 0 && !c.end {
			if err := c.read(); err != nil {
				return err
			}
		}
		if len(c.page) == 0 || key != "" && c.page[0].walk > key {
			return nil
		}
		m := c.page[0]
		c.page = c.page[1:]
		e, err := c.v.index.Entry(c.ctx, m.id)
		if errors.Is(err, catalog.ErrNotFound) || err == nil && e.Version == nil {
			continue // another device has just removed it
		}
		if err != nil {
			return err
		}
		if err := f(m.path, e); err != nil {
			return err
		}
	}
}

func (c *cursor) read() error {
	rows, err := c.v.spool.conn.QueryContext(c.v.spool.ctx, "SELECT id, path, walk FROM now WHERE walk > ? ORDER BY walk LIMIT 500", c.last)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m moved
		var id int64
		var walk []byte
		if err := rows.Scan(&id, &m.path, &walk); err != nil {
			return err
		}
		m.id, m.walk = catalog.ID(id), string(walk)
		if !strings.HasPrefix(m.walk, c.below) {
			break
		}
		c.page = append(c.page, m)
		c.last = walk
	}
	c.end = len(c.page) == 0
	return rows.Err()
}
