package catalog

import "fmt"

// refill brings back what was in folder source, into folder target that stands at dir.
// Both are the same where the folder stands.
func (r *restorer) refill(source, target ID, dir string, depth int) error {
	if depth <= 0 {
		return fmt.Errorf("%.80q lies too deep: %w", dir, ErrMany)
	}
	if r.seen[source] {
		return nil
	}
	r.seen[source] = true
	rows, err := r.taken(source)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for i := range rows {
		if name := rows[i].Entry.Name; !done[name] {
			done[name] = true
			if err := r.put(&rows[i], target, dir, depth-1); err != nil {
				return err
			}
		}
	}
	if r.as == AtRemoval || source != target {
		return nil
	}
	return r.below(target, dir, depth, done)
}

// taken gives what was taken away from a folder and comes back; of several with one name
// the one that counts is the first.
func (r *restorer) taken(folder ID) (rows []pastRow, err error) {
	of := since(r.as, r.rows+1)
	if r.as == AtRemoval {
		of = newest("AND "+pastGone, r.rows+1)
	}
	err = r.tree.eachPast("p.parent = ?", []any{int64(folder)}, of, func(row pastRow) error {
		if r.rows, r.bytes = r.rows-1, r.bytes-row.size; r.rows < 0 || r.bytes < 0 {
			return ErrMany
		}
		switch {
		case r.as != AtRemoval || row.At >= r.oldest:
			rows = append(rows, row)
		case row.Entry.Kind == File:
			r.out.Earlier++
		}
		return nil
	})
	return rows, err
}

// below fills up the folders that stand in folder, but for the names that are done.
func (r *restorer) below(folder ID, dir string, depth int, done map[string]bool) error {
	list, err := r.subfolders(folder)
	if err != nil {
		return err
	}
	for _, e := range list {
		if done[e.Name] {
			continue
		}
		if err := r.refill(e.ID, e.ID, join(dir, e.Name), depth-1); err != nil {
			return err
		}
	}
	return nil
}

// subfolders gives the id and name of the folders that stand in a folder.
func (r *restorer) subfolders(folder ID) (list []Entry, err error) {
	stmt, err := r.tree.stmt("SELECT id, name FROM entry WHERE parent = ? AND kind = 1 ORDER BY name")
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(r.tree.ctx, int64(folder))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var e Entry
		if err := rows.Scan(&id, &e.Name); err != nil {
			return nil, err
		}
		if r.rows--; r.rows < 0 {
			return nil, ErrMany
		}
		e.ID = ID(id)
		list = append(list, e)
	}
	return list, rows.Err()
}
