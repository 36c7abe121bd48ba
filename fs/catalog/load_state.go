package catalog

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// slowIndexes are those on random numbers that only a whole tree is asked for: made in
// one go, in the end, they cost a fifth.
var slowIndexes = [...][2]string{
	{"content_digest", "CREATE INDEX IF NOT EXISTS content_digest ON content (digest) WHERE digest IS NOT NULL"},
	{"content_key", "CREATE INDEX IF NOT EXISTS content_key ON content (key)"},
}

func (s *txState) dropSlowIndexes() error {
	for _, index := range slowIndexes {
		if err := s.exec("DROP INDEX IF EXISTS " + index[0]); err != nil {
			return err
		}
	}
	return nil
}

func (s *txState) makeSlowIndexes() error {
	for _, index := range slowIndexes {
		if err := s.exec(index[1]); err != nil {
			return err
		}
	}
	return nil
}

// await notes the segments that are to come.
func (s *txState) await(refs []segmentRef) ([]*awaited, error) {
	for _, r := range refs {
		err := s.exec("INSERT INTO awaited (hash, first, last, lines, other) VALUES (?, ?, ?, ?, ?)", r.Hash, int64(r.First), int64(r.Last), r.Lines, r.Other)
		if err != nil {
			return nil, err
		}
	}
	return s.awaited()
}

// awaited gives the segments that have not come.
func (s *txState) awaited() ([]*awaited, error) {
	st, err := s.stmt("SELECT row, hash, first, last, lines, other FROM awaited ORDER BY row")
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(s.ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*awaited
	for rows.Next() {
		var first, last int64
		a := new(awaited)
		if err := rows.Scan(&a.row, &a.Hash, &first, &last, &a.Lines, &a.Other); err != nil {
			return nil, err
		}
		a.First, a.Last = ID(first), ID(last)
		list = append(list, a)
	}
	return list, rows.Err()
}

// eachID calls f for every id that a query selects.
func (s *txState) eachID(query string, f func(ID)) error {
	st, err := s.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(s.ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		f(ID(id))
	}
	return rows.Err()
}

// restoreFolders takes the folders of a checkpoint: the root and those in it, or the others.
func (s *txState) restoreFolders(folders []folderLine, top bool) error {
	for i := range folders {
		e := &folders[i].Entry
		if (e.ID == Root || e.Parent == Root) != top {
			continue
		}
		err := s.restoreFolder(e)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *txState) restoreFolder(e *Entry) error {
	if e.ID == Root {
		r := root()
		r.MTime, r.Mode, r.Xattrs = e.MTime, e.Mode, e.Xattrs
		if err := checkShared(&r); err != nil {
			return fmt.Errorf("root: %v: %w", err, ErrCorrupt)
		}
		return s.Put(r)
	}
	// Ids and names given twice are caught by the index's own unique columns.
	return corruptIfConstraint(s.insert(*e))
}

// restoreSegment takes a segment, and that it has come.
func (s *txState) restoreSegment(d *decoded) error {
	for i := range d.lines {
		line := &d.lines[i]
		var err error
		if line.Entry != nil {
			err = corruptIfConstraint(s.insertRow(line.Entry, line.version, line.xattrs))
		} else {
			err = s.restore(&line.segmentLine)
		}
		if err != nil {
			return err
		}
	}
	return s.exec("DELETE FROM awaited WHERE row = ?", d.row)
}

// restore takes a line that is no file.
func (s *txState) restore(line *segmentLine) error {
	switch {
	case line.Past != nil:
		past := &line.Past.Entry
		if err := checkEntry(past); err != nil || !past.ID.valid() || past.Version != nil && !past.Version.ID.valid() {
			return fmt.Errorf("past entry: %v: %w", err, ErrCorrupt)
		}
		return corruptIfConstraint(s.keep(*line.Past))
	case line.Condemned != nil:
		return s.restoreCondemned(line.Condemned)
	case line.Ignored != nil:
		return s.restoreIgnored(line.Ignored)
	}
	return fmt.Errorf("empty line: %w", ErrCorrupt)
}

// corruptIfConstraint tells a checkpoint that contradicts itself from a failing disk.
func corruptIfConstraint(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("%v: %w", err, ErrCorrupt)
	}
	return err
}

// checkFolders makes sure that the folders are a tree: all can be reached from the root.
// Files are held against them when their segment comes.
func checkFolders(folders []folderLine) error {
	below := make(map[ID][]ID, len(folders)/3)
	for i := range folders {
		e := &folders[i]
		if e.ID != Root && !e.ID.valid() {
			return fmt.Errorf("folder %s: id out of range: %w", e.ID, ErrCorrupt)
		}
		if e.ID != Root {
			below[e.Parent] = append(below[e.Parent], e.ID)
		}
	}
	reached := map[ID]struct{}{Root: {}}
	for todo := []ID{Root}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range below[id] {
			if _, twice := reached[e]; !twice {
				reached[e] = struct{}{}
				todo = append(todo, e)
			}
		}
	}
	if len(reached) != len(folders) {
		return fmt.Errorf("%d of %d folders hang in the tree: %w", len(reached), len(folders), ErrCorrupt)
	}
	return nil
}
