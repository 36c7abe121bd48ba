package catalog

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/library"
)

// refiler works out a Refiling on a tree whose changes are undone.
type refiler struct {
	tree *txState
	at   int64
	out  Refiling

	placings map[ID]*placing
	order    []*placing
	stepped  []*placing    // out of another's way, and to be settled next
	folders  map[string]ID // by path, as the tree is at the moment
	before   folderPaths   // of the folders above what is to move, as they were
	left     []ID          // folders that something has left
}

// placing is a Place on its way.
type placing struct {
	id        ID
	dir, name string // what is wanted
	from, to  string // locker paths: before, and as of now
	state     placingState
	stepped   bool // has made room once
}

type placingState int

const (
	waiting placingState = iota
	moving               // wants a name, and waits for the entry that has it
	settled
)

func newRefiler(tree *txState, at int64) *refiler {
	return &refiler{tree: tree, at: at, placings: map[ID]*placing{}, folders: map[string]ID{"": Root}, before: newFolderPaths(tree)}
}

func (r *refiler) refile(places []Place) error {
	for _, p := range places {
		if err := r.take(p); err != nil {
			return err
		}
	}
	for _, p := range r.order {
		if err := r.settle(p, 0); err != nil {
			return err
		}
		for len(r.stepped) > 0 {
			p, r.stepped = r.stepped[0], r.stepped[1:]
			if err := r.settle(p, 0); err != nil {
				return err
			}
		}
	}
	for _, p := range r.order {
		if p.from != p.to {
			r.out.Moves = append(r.out.Moves, Refiled{p.id, p.from, p.to})
		}
	}
	return r.clear()
}

// take notes a place and where its entry stands.
func (r *refiler) take(p Place) error {
	e, found, err := r.tree.Entry(p.ID)
	if err != nil {
		return err
	}
	dir, name := path.Split(strings.Trim(norm.NFC.String(p.Path), "/"))
	pl := &placing{id: p.ID, dir: strings.TrimSuffix(dir, "/"), name: name}
	switch {
	case !found || p.ID == Root:
		err = fmt.Errorf("no such entry: %w", ErrInvalid)
	case r.placings[p.ID] != nil:
		err = fmt.Errorf("the entry was given a place before: %w", ErrInvalid)
	default:
		if err = library.ValidName(name); err != nil {
			err = fmt.Errorf("%v: %w", err, ErrInvalid)
		}
	}
	if err != nil {
		return r.unlessInvalid(pl, err)
	}
	up, err := r.before.path(e.Parent)
	if err != nil {
		return r.unlessInvalid(pl, err)
	}
	pl.from = join(up, e.Name)
	if pl.to = pl.from; strings.HasPrefix(pl.dir+"/", pl.from+"/") {
		return r.unlessInvalid(pl, fmt.Errorf("it would stand in itself: %w", ErrInvalid))
	}
	r.placings[p.ID], r.order = pl, append(r.order, pl)
	return nil
}

// maxChain is how many entries wait for each other's names before one makes room.
const maxChain = 1000

// settle puts an entry at its place, after those that stand in its way.
func (r *refiler) settle(p *placing, chain int) error {
	if p.state != waiting {
		return nil
	}
	p.state = moving
	parent, err := r.folder(p.dir, chain)
	if err != nil {
		p.state = settled
		return r.unlessInvalid(p, err)
	}
	for n, name := 2, p.name; ; {
		holder, taken, err := r.tree.Child(parent, name)
		if err != nil {
			return err
		}
		if !taken || holder == p.id {
			p.state = settled
			return r.move(p, parent, name)
		}
		switch q := r.placings[holder]; {
		case q != nil && q.state == waiting && chain < maxChain:
			if err := r.settle(q, chain+1); err != nil {
				return err
			}
		case q != nil && q.state != settled && !p.stepped:
			return r.step(p, parent)
		default:
			name = library.Numbered(p.name, n)
			n++
		}
	}
}

// step takes p out of the way of those who wait for each other in a circle, p among
// them. The number is one that nobody gets for good here, and the name one to live
// with, should another device's commit keep the rest from being done.
func (r *refiler) step(p *placing, parent ID) error {
	p.stepped, p.state = true, waiting
	for n := len(r.order) + 2; ; n++ {
		name := library.Numbered(p.name, n)
		if _, taken, err := r.tree.Child(parent, name); err != nil {
			return err
		} else if !taken {
			r.stepped = append(r.stepped, p)
			return r.move(p, parent, name)
		}
	}
}

// move moves p, unless it stands there.
func (r *refiler) move(p *placing, parent ID, name string) error {
	e, _, err := r.tree.Entry(p.id)
	if err != nil || e.Parent == parent && e.Name == name {
		return err
	}
	if err := r.do(Op{Verb: Move, ID: p.id, Parent: parent, Name: name}); err != nil {
		p.state = settled
		r.left = append(r.left, parent) // which may have been made for it
		return r.unlessInvalid(p, err)
	}
	p.to = join(p.dir, name)
	r.left = append(r.left, e.Parent)
	if e.Kind == Dir {
		r.folders = map[string]ID{"": Root}
	}
	return nil
}

// do takes op, and does it to the tree.
func (r *refiler) do(op Op) error {
	op.At = r.at
	err := r.tree.attempt(func() error {
		return (&applier{State: r.tree}).apply(&op)
	})
	if err == nil {
		r.out.Ops = append(r.out.Ops, op)
	}
	return err
}

// unlessInvalid reports what the rules forbid, and gives back any other error.
func (r *refiler) unlessInvalid(p *placing, err error) error {
	if !errors.Is(err, ErrInvalid) {
		return err
	}
	why := strings.TrimSuffix(err.Error(), ": "+ErrInvalid.Error())
	r.out.Conflicts = append(r.out.Conflicts, Conflict{ID: p.id, Name: join(p.dir, p.name), What: "cannot stand there: " + why, Dropped: true})
	return nil
}
