package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// oneGo is how far apart the removals may be, in nanoseconds, of what was removed in one go.
const oneGo = int64(time.Hour)

// removal is when something was removed, and by which commit.
type removal struct{ at, n int64 }

// removals finds out what was removed in one go.
type removals struct {
	tree *txState
	room int // how many removals may still be read
	list []removal
	seen map[ID]bool // folders; no sound catalog leads to one twice
}

// beginning gives the first of the removals that were done in one go with that of row:
// the oldest time, and the lowest commit.
func (r *removals) beginning(row *pastRow) (removal, error) {
	first := removal{row.At, row.N}
	if row.Entry.Kind == File {
		return first, nil
	}
	r.list, r.seen = nil, map[ID]bool{}
	if err := r.below(row.Entry.ID, maxDepth); err != nil {
		return first, err
	}
	slices.SortFunc(r.list, func(a, b removal) int { return cmp.Compare(b.at, a.at) })
	for _, x := range r.list {
		if x.at < first.at-oneGo {
			break
		}
		first = removal{min(first.at, x.at), min(first.n, x.n)}
	}
	return first, nil
}

// below lists the removals of what was in a removed folder, all the way down.
func (r *removals) below(folder ID, depth int) error {
	if r.seen[folder] {
		return nil
	}
	r.seen[folder] = true
	below, err := r.in(folder)
	if err != nil {
		return err
	}
	for _, id := range below {
		if depth == 0 {
			return fmt.Errorf("folder %s lies too deep: %w", id, ErrMany)
		}
		if err := r.below(id, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// in is below for the folder alone, and gives the folders that were in it.
func (r *removals) in(folder ID) (below []ID, err error) {
	stmt, err := r.tree.stmt("SELECT p.id, p.at, p.n, " + pastDir + " FROM past p WHERE p.parent = ? AND " + pastGone)
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
		var x removal
		var dir bool
		if err := rows.Scan(&id, &x.at, &x.n, &dir); err != nil {
			return nil, err
		}
		if r.room--; r.room < 0 {
			return nil, ErrMany
		}
		if r.list = append(r.list, x); dir {
			below = append(below, ID(id))
		}
	}
	return below, rows.Err()
}
