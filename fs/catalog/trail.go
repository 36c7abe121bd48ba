package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// trail is what is known of a locker path.
type trail struct {
	// present is what stands there; nil for nothing.
	present *Entry
	// rows are what stood there, the newest first. A file that stands there is followed
	// through its renames.
	rows []pastRow
}

// pastRow is a Past, with what became of its entry since.
type pastRow struct {
	Past
	// present: the entry stands somewhere. later: more of it is past.
	present, later bool
	size           int // of the row, in bytes
}

func (r *pastRow) fate() Fate {
	if r.present || r.later {
		return Replaced
	}
	return Removed
}

// The past as a query sees it: table p.
const (
	pastPresent = "EXISTS (SELECT 1 FROM entry e WHERE e.id = p.id)"
	pastLater   = "EXISTS (SELECT 1 FROM past q WHERE q.id = p.id AND (q.n, q.at, q.node) > (p.n, p.at, p.node))"
	pastGone    = "NOT " + pastPresent + " AND NOT " + pastLater
	pastName    = "CAST(p.body AS TEXT) ->> '$.name'"
	pastDir     = "CAST(p.body AS TEXT) ->> '$.kind' = 'dir'"
)

// choice says which rows of the past are wanted, and how many for each folder.
type choice struct {
	and   string // a condition that begins with AND, or nothing
	args  []any
	order string
	limit int
}

// newest chooses the last rows that fulfil a condition, or of all.
func newest(and string, limit int) choice { return choice{and, nil, "p.n DESC, p.at DESC", limit} }

// since chooses what was taken away first after commit n.
func since(n int64, limit int) choice { return choice{"AND p.n > ?", []any{n}, "p.n, p.at", limit} }

// maxPlaces bounds how many folders of one path are looked into: when more have stood
// there, the last ones.
const maxPlaces = 64

// trail follows a path. The error is ErrNotFound where nothing of the choice stood, and
// nothing stands.
func (s *txState) trail(path string, of choice) (t trail, err error) {
	parts := partsOf(path)
	if len(parts) == 0 {
		e, _, err := s.Entry(Root)
		return trail{present: &e}, err
	}
	folders := []ID{Root}
	for _, name := range parts[:len(parts)-1] {
		if folders, err = s.folders(folders, name); err != nil {
			return trail{}, err
		}
	}
	name := parts[len(parts)-1]
	if t.present, err = s.standing(folders, name); err != nil {
		return trail{}, err
	}
	if t.rows, err = s.stoodIn(folders, name, of); err != nil {
		return trail{}, err
	}
	if err := t.follow(s, of); err != nil {
		return trail{}, err
	}
	if t.present == nil && len(t.rows) == 0 {
		return trail{}, fmt.Errorf("%.80q: %w", path, ErrNotFound)
	}
	return t, nil
}

// follow adds the versions that the file had which stands there, wherever it was then.
func (t *trail) follow(s *txState, of choice) error {
	if t.present == nil || t.present.Kind == Dir {
		return nil
	}
	id := t.present.ID
	t.rows = slices.DeleteFunc(t.rows, func(r pastRow) bool { return r.Entry.ID == id })
	rows, err := s.rows("p.id = ?", []any{int64(id)}, of)
	t.rows = append(t.rows, rows...)
	newestFirst(t.rows)
	return err
}

// standing gives the entry with this name in one of the folders, nil for none.
func (s *txState) standing(folders []ID, name string) (*Entry, error) {
	for _, folder := range folders {
		id, found, err := s.Child(folder, name)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		e, found, err := s.Entry(id)
		if err == nil && !found {
			err = fmt.Errorf("name %q leads to no entry: %w", name, ErrCorrupt)
		}
		return &e, err
	}
	return nil, nil
}

// folders gives the folders that have, or had, this name in one of the folders above:
// the one that stands first, then the last that was removed.
func (s *txState) folders(above []ID, name string) (list []ID, err error) {
	e, err := s.standing(above, name)
	if err != nil {
		return nil, err
	}
	if e != nil && e.Kind == Dir {
		list = append(list, e.ID)
	}
	rows, err := s.stoodIn(above, name, newest("AND "+pastDir, maxPlaces))
	for _, r := range rows {
		list = append(list, r.Entry.ID)
	}
	return list[:min(len(list), maxPlaces)], err
}

// stoodIn gives what was taken away with this name from the folders, the newest first.
func (s *txState) stoodIn(folders []ID, name string, of choice) ([]pastRow, error) {
	var list []pastRow
	for _, folder := range folders {
		rows, err := s.rows("p.parent = ? AND "+pastName+" = ?", []any{int64(folder), name}, of)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	newestFirst(list)
	return list, nil
}

func newestFirst(rows []pastRow) {
	slices.SortStableFunc(rows, func(a, b pastRow) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(b.At, a.At)) })
}

// rows gives the rows that fulfil a condition and are of the choice. All are read when it
// returns: the tree may be changed then.
func (s *txState) rows(where string, args []any, of choice) (list []pastRow, err error) {
	err = s.eachPast(where, args, of, func(r pastRow) error {
		list = append(list, r)
		return nil
	})
	return list, err
}

// eachPast is rows one by one. f must not change the tree.
func (s *txState) eachPast(where string, args []any, of choice, f func(pastRow) error) error {
	stmt, err := s.stmt("SELECT p.n, p.at, p.body, " + pastPresent + ", " + pastLater +
		" FROM past p WHERE " + where + " " + of.and + " ORDER BY " + of.order + " LIMIT ?")
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(s.ctx, append(append(args, of.args...), of.limit)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r pastRow
		var body []byte
		if err := rows.Scan(&r.N, &r.At, &body, &r.present, &r.later); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &r.Entry); err != nil {
			return err
		}
		r.size = len(body)
		if err := f(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// partsOf splits a locker path into names as they are stored.
func partsOf(path string) []string {
	return slices.DeleteFunc(strings.Split(norm.NFC.String(path), "/"), func(p string) bool { return p == "" || p == "." })
}
