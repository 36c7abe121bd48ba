package intake

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// moves are the moves that a run has planned, in the spool: a locker may have a
// million.
type moves struct {
	spool *spool
	put   *sql.Stmt
	group int64
	// whole are the folders that could move as a whole, by their id; dests where they go.
	whole map[catalog.ID]*whole
	dests map[string]bool
}

// whole is a folder that moves with all that is in it.
type whole struct {
	group    int64
	from, to string
	files    int64
}

// move is a file that moves.
type move struct {
	id, node catalog.ID
	from, to string
	group    int64
	folder   catalog.ID // that of its group
}

const movesSchema = `CREATE TABLE move (
	seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, node INTEGER NOT NULL, "from" TEXT NOT NULL, "to" TEXT NOT NULL,
	team INTEGER NOT NULL, folder INTEGER NOT NULL) STRICT`

func newMoves(s *spool) (*moves, error) {
	if _, err := s.conn.ExecContext(s.ctx, movesSchema); err != nil {
		return nil, err
	}
	put, err := s.conn.PrepareContext(s.ctx, `INSERT INTO move (id, node, "from", "to", team, folder) VALUES (?, ?, ?, ?, ?, ?)`)
	return &moves{spool: s, put: put, whole: map[catalog.ID]*whole{}, dests: map[string]bool{}}, err
}

// add notes where the files of a group go.
func (m *moves) add(g *heldGroup, to []string) error {
	m.group++
	for i, f := range g.files {
		if to[i] == f.path {
			continue
		}
		if _, err := m.put.ExecContext(m.spool.ctx, int64(f.id), int64(f.node), f.path, to[i], m.group, int64(g.folder)); err != nil {
			return err
		}
	}
	// Where one folder goes, the files of others join it one by one.
	if dest := g.whole(to); dest != "" && !m.dests[dest] {
		m.dests[dest] = true
		m.whole[g.folder] = &whole{m.group, g.dir, dest, int64(len(g.files))}
	}
	return nil
}

// whole gives where the group's folder goes as a whole, if it does: all that is in it
// goes there, and most of it keeps its place in the folder.
func (g *heldGroup) whole(to []string) string {
	if g.some || g.dir == "" {
		return ""
	}
	votes := map[string]int{}
	best := ""
	for i, f := range g.files {
		below, _ := split(strings.TrimPrefix(f.path, g.dir+"/"))
		dest, _ := split(to[i])
		if below != "" {
			var ok bool
			if dest, ok = strings.CutSuffix(dest, "/"+below); !ok {
				continue
			}
		}
		if votes[dest]++; votes[dest] > votes[best] {
			best = dest
		}
	}
	if best == "" || inside(best, g.dir) || inside(g.dir, best) || 2*votes[best] < len(g.files) {
		return ""
	}
	for i := range to {
		if !inside(to[i], best) {
			return ""
		}
	}
	return best
}

// inside tells whether a locker path is dir or below it.
func inside(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// each calls f for all moves, in the order in which they were planned.
func (m *moves) each(ctx context.Context, f func(move) error) error {
	for last := int64(0); ; {
		list, next, err := m.page(ctx, last)
		if err != nil || len(list) == 0 {
			return err
		}
		last = next
		for _, mv := range list {
			if err := f(mv); err != nil {
				return err
			}
		}
	}
}

// page reads some moves: the connection must be free while they are carried out.
func (m *moves) page(ctx context.Context, after int64) (list []move, last int64, err error) {
	rows, err := m.spool.conn.QueryContext(ctx, `SELECT seq, id, node, "from", "to", team, folder FROM move WHERE seq > ? ORDER BY seq LIMIT 1000`, after)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var mv move
		var id, node, folder int64
		if err := rows.Scan(&last, &id, &node, &mv.from, &mv.to, &mv.group, &folder); err != nil {
			return nil, 0, err
		}
		mv.id, mv.node, mv.folder = catalog.ID(id), catalog.ID(node), catalog.ID(folder)
		list = append(list, mv)
	}
	return list, last, rows.Err()
}

// with gives where a file is once its group's folder has moved, if that moves.
func (m *moves) with(mv move) string {
	if w := m.whole[mv.folder]; w != nil && w.group == mv.group {
		return w.to + strings.TrimPrefix(mv.from, w.from)
	}
	return mv.from
}

// chooseWhole leaves of the folders that could move as a whole those for which there
// is a place: nothing is there, or a folder that itself moves as a whole.
func (r *organize) chooseWhole(ctx context.Context) error {
	whole := r.moves.whole
	waiting := map[catalog.ID][]catalog.ID{} // for a folder to make room
	var not []catalog.ID
	for id, w := range whole {
		there, free, err := r.inTheWay(ctx, w)
		switch {
		case err != nil:
			return err
		case !free || there != 0 && whole[there] == nil:
			not = append(not, id)
		case there != 0:
			waiting[there] = append(waiting[there], id)
		}
	}
	for len(not) > 0 {
		id := not[0]
		not = append(not[1:], waiting[id]...)
		delete(whole, id)
	}
	return nil
}

// inTheWay gives what is now where a folder would move to; zero for nothing. free is
// false when a folder above that place moves away: it would take the place along.
func (r *organize) inTheWay(ctx context.Context, w *whole) (there catalog.ID, free bool, err error) {
	for dir := w.to; dir != ""; dir, _ = split(dir) {
		e, err := r.o.Index.Resolve(ctx, dir)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
		case err != nil:
			return 0, false, err
		case dir == w.to:
			there = e.ID
		case r.moves.whole[e.ID] != nil:
			return 0, false, nil
		}
	}
	return there, true, nil
}
