package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// preview tells what would move.
func (r *organize) preview() error {
	group := int64(0)
	return r.moves.each(r.spool.ctx, func(mv move) error {
		w := r.moves.whole[mv.folder]
		if w != nil && w.group == mv.group && mv.group != group {
			r.tell(Move{w.from, w.to, true, w.files})
			r.count(func(_ *OrganizeProgress, report *OrganizeReport) { report.Folders++ })
		}
		group = mv.group
		r.count(func(_ *OrganizeProgress, report *OrganizeReport) { report.Moved++ })
		if r.moves.with(mv) != mv.to {
			r.tell(Move{mv.from, mv.to, false, 1})
		}
		return nil
	})
}

func (r *organize) tell(m Move) {
	r.count(func(p *OrganizeProgress, _ *OrganizeReport) { p.Current = m.From })
	r.moved(m)
}

// step is one entry to be put at its place.
type step struct {
	move
	at    string // where it should be now
	files int64  // that move with it
	again bool   // it has moved once, and could not have its name then
}

// moveBatch is how many entries are moved by one commit.
const moveBatch = 5000

// carryOut moves: first the folders that move as a whole, then single files. Where it
// is stopped, everything has one of its two names, and the next run goes on.
func (r *organize) carryOut(ctx context.Context) error {
	if err := r.carryFolders(ctx); err != nil {
		return err
	}
	if err := r.commitLate(ctx); err != nil {
		return err
	}
	if err := r.carryFiles(ctx); err != nil {
		return err
	}
	return r.commitLate(ctx)
}

// carryFolders moves the folders that move as a whole.
func (r *organize) carryFolders(ctx context.Context) error {
	steps := make([]step, 0, len(r.moves.whole))
	for id, w := range r.moves.whole {
		steps = append(steps, step{move: move{id: id, from: w.from, to: w.to, group: w.group}, at: w.from, files: w.files})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.group, b.group) })
	for some := range slices.Chunk(steps, r.batch) {
		if err := r.commit(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// commitLate gives those their names that found them taken in their turn.
func (r *organize) commitLate(ctx context.Context) error {
	late := r.late
	r.late = nil
	return r.commit(ctx, late)
}

// carryFiles moves the files that do not move with their folders.
func (r *organize) carryFiles(ctx context.Context) error {
	var steps []step
	group := int64(0)
	err := r.moves.each(ctx, func(mv move) error {
		// Files of one folder, which may want each other's names, move together.
		if mv.group != group && len(steps) >= r.batch {
			if err := r.commit(ctx, steps); err != nil {
				return err
			}
			steps = steps[:0]
		}
		group = mv.group
		if at := r.moves.with(mv); at != mv.to {
			steps = append(steps, step{move: mv, at: at, files: 1})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.commit(ctx, steps)
}

// commit moves some entries.
func (r *organize) commit(ctx context.Context, steps []step) error {
	byID := make(map[catalog.ID]step, len(steps))
	places := make([]catalog.Place, 0, len(steps))
	dirs := map[catalog.ID]string{}
	for _, s := range steps {
		why, err := r.changed(ctx, s, dirs)
		if err != nil {
			return err
		}
		if why != "" {
			r.fail(s, why)
			continue
		}
		byID[s.id] = s
		places = append(places, catalog.Place{ID: s.id, Path: s.to})
	}
	if len(places) == 0 {
		return nil
	}
	re, err := r.o.Index.Refile(ctx, places, time.Now().UnixNano())
	if err != nil {
		return err
	}
	var done []catalog.Conflict
	if len(re.Ops) > 0 {
		c, err := r.o.Commit.Commit(ctx, re.Ops)
		if err != nil {
			return fmt.Errorf("moving %d files and folders: %w", len(places), err)
		}
		done = c.Conflicts
	}
	r.account(re, done, byID)
	return nil
}

// changed tells how an entry is no longer what was planned for; "" when it is as it was.
func (r *organize) changed(ctx context.Context, s step, dirs map[catalog.ID]string) (string, error) {
	e, err := r.o.Index.Entry(ctx, s.id)
	if errors.Is(err, catalog.ErrNotFound) {
		return "it was removed meanwhile", nil
	}
	if err != nil {
		return "", err
	}
	if s.node != 0 && e.Version.ID != s.node {
		return "it was changed meanwhile", nil
	}
	dir, ok := dirs[e.Parent]
	if !ok {
		if dir, err = r.o.Index.Path(ctx, e.Parent); err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return "", err
		}
		dirs[e.Parent] = dir
	}
	wanted, name := split(s.at)
	if dir != wanted || e.Name != name {
		return "it was moved meanwhile", nil
	}
	return "", nil
}

// account counts what a commit has done.
func (r *organize) account(re catalog.Refiling, conflicts []catalog.Conflict, byID map[catalog.ID]step) {
	lost := map[catalog.ID]bool{}
	for _, c := range slices.Concat(re.Conflicts, conflicts) {
		if s, ok := byID[c.ID]; ok && !lost[c.ID] {
			lost[c.ID] = true
			r.fail(s, c.What)
		}
	}
	removed := map[catalog.ID]bool{}
	for _, op := range re.Ops {
		removed[op.ID] = removed[op.ID] || op.Verb == catalog.Remove
	}
	kept := 0
	for _, c := range conflicts {
		if removed[c.ID] {
			kept++ // something has come into the folder meanwhile
		}
	}
	r.count(func(_ *OrganizeProgress, report *OrganizeReport) { report.Removed += int64(len(re.Removed) - kept) })
	for _, m := range re.Moves {
		if s := byID[m.ID]; !lost[m.ID] {
			r.done(s, m.To)
		}
	}
}

// fail notes what does not move. If it is a folder, its files are still to move, one by
// one.
func (r *organize) fail(s step, why string) {
	r.note(organizeFailed, s.from, why)
	delete(r.moves.whole, s.id)
}

// done counts an entry that has moved.
func (r *organize) done(s step, to string) {
	dir := s.node == 0
	if dir {
		r.moves.whole[s.id].to = to
	}
	counted := s.again || !dir && r.moves.with(s.move) != s.from // with its folder
	r.count(func(p *OrganizeProgress, report *OrganizeReport) {
		if counted {
			return
		}
		p.Done += s.files
		report.Moved += s.files
		if dir {
			report.Folders++
		}
	})
	r.tell(Move{s.from, to, dir, s.files})
	if to == s.to {
		return
	}
	if s.again {
		r.note(organizeRenamed, to, "from "+s.from+"; another has the name by now")
		return
	}
	s.from, s.at, s.again = to, to, true
	r.late = append(r.late, s)
}
