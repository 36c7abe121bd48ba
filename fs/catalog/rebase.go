package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockerfs/lockerfs/fs/library"
)

// Conflict is an operation that could not be done as it was meant.
type Conflict struct {
	// ID is the entry that the operation was about.
	ID ID
	// Name is what the operation was about, for a person.
	Name string
	// What became of it, in words for a person.
	What string
	// Dropped is set when nothing of it was done.
	Dropped bool
	// Err is ErrCondemned where it was dropped because its object was given up: it can be
	// done with another object. Else nil.
	Err error
}

// conflictsFolder takes what has lost its folder.
const conflictsFolder = "Conflicts"

// Rebase fits operations that were planned on an older tree to the present one:
//
//   - creating a folder that is there by now becomes using that folder;
//   - creating a file whose name is taken by the same content is dropped, by other
//     content gives the new one a numbered name: both are kept;
//   - adopting an object that a file has by now is dropped: two devices watch one bucket;
//   - what has lost its folder goes to Conflicts/;
//   - an operation that has become impossible is dropped and reported, among them those
//     that name a condemned object (Conflict.Err).
//
// The result applies to the present tree as it is. Rebase changes nothing itself: it
// tries the operations in a transaction that is undone.
func (x *Index) Rebase(ctx context.Context, ops []Op) (rebased []Op, conflicts []Conflict, err error) {
	err = x.try(ctx, func(st *txState) error {
		rebased, conflicts, err = rebase(st, ops)
		return err
	})
	return rebased, conflicts, err
}

func rebase(tree *txState, ops []Op) ([]Op, []Conflict, error) {
	r := rebaser{tree: tree, alias: map[ID]ID{}}
	for i := range ops {
		if err := r.rebase(ops[i]); err != nil {
			return nil, nil, fmt.Errorf("operation %d (%s): %w", i, ops[i].Verb, err)
		}
	}
	return r.ops, r.conflicts, nil
}

type rebaser struct {
	tree      *txState
	alias     map[ID]ID // our folder -> the one that stands in its place
	ops       []Op
	conflicts []Conflict
}

func (r *rebaser) rebase(op Op) error {
	op.Parent = r.actual(op.Parent)
	op.ID = r.actual(op.ID)
	if op.Verb != Create || op.Entry == nil || checkEntry(op.Entry) != nil {
		return r.try(op)
	}
	e := *op.Entry // the caller's stays as it is: it may be rebased again
	op.Entry = &e
	e.Parent = r.actual(e.Parent)
	if _, found, err := r.tree.Entry(e.ID); err != nil || found {
		return err // committed already, by a commit whose answer was lost
	}
	if v := e.Version; v != nil && v.Object.Foreign && !v.SHA256.Known() {
		if adopted, err := r.tree.adopted(v.Object.Key); err != nil || adopted {
			return err
		}
	}
	if err := r.parent(&e, op.At); err != nil {
		return err
	}
	wanted := e.Name
	for n := 2; ; n++ {
		there, err := r.there(&e)
		switch {
		case err != nil:
			return err
		case there == nil:
			if e.Name != wanted {
				r.conflict(e.ID, wanted, "name taken by other content, kept as "+e.Name)
			}
			return r.try(op)
		case there.Kind == Dir && e.Kind == Dir:
			r.alias[e.ID] = there.ID
			return nil
		case there.Kind == File && e.Kind == File && there.Version.SHA256 == e.Version.SHA256 && e.Version.SHA256.Known():
			return nil
		}
		e.Name = library.Numbered(wanted, n)
	}
}

// there gives the entry that has e's name, if any.
func (r *rebaser) there(e *Entry) (*Entry, error) {
	id, found, err := r.tree.Child(e.Parent, e.Name)
	if err != nil || !found {
		return nil, err
	}
	there, found, err := r.tree.Entry(id)
	if err == nil && !found {
		err = fmt.Errorf("name %q leads to no entry: %w", e.Name, ErrCorrupt)
	}
	return &there, err
}

// parent makes sure that e has a folder to be in.
func (r *rebaser) parent(e *Entry, at int64) error {
	p, found, err := r.tree.Entry(e.Parent)
	if err != nil || found && p.Kind == Dir {
		return err
	}
	if e.Parent, err = r.conflictsFolder(at); err != nil {
		return err
	}
	r.conflict(e.ID, e.Name, "its folder was removed, kept in "+conflictsFolder)
	return nil
}

// conflictsFolder gives the folder for what has lost its own, making it if need be,
// beside whatever has its name.
func (r *rebaser) conflictsFolder(at int64) (ID, error) {
	for n, name := 2, conflictsFolder; ; n, name = n+1, library.Numbered(conflictsFolder, n) {
		id, found, err := r.tree.Child(Root, name)
		if err != nil {
			return 0, err
		}
		if !found {
			dir := Entry{ID: NewID(), Parent: Root, Name: name, Kind: Dir, Mode: 0o755, MTime: at}
			return dir.ID, r.try(Op{Verb: Create, At: at, Entry: &dir})
		}
		if there, _, err := r.tree.Entry(id); err != nil || there.Kind == Dir {
			return id, err
		}
	}
}

func (r *rebaser) actual(id ID) ID {
	if there, ok := r.alias[id]; ok {
		return there
	}
	return id
}

func (r *rebaser) conflict(id ID, name, what string) {
	r.conflicts = append(r.conflicts, Conflict{ID: id, Name: name, What: what})
}

// try takes op if it can be done, and reports it if it cannot.
func (r *rebaser) try(op Op) error {
	err := r.tree.attempt(func() error {
		_, err := Apply(r.tree, &Commit{Ops: []Op{op}})
		return err
	})
	if errors.Is(err, ErrInvalid) {
		id, name := op.subject()
		c := Conflict{ID: id, Name: name, What: fmt.Sprintf("%s is not possible: %v", op.Verb, err), Dropped: true}
		if errors.Is(err, ErrCondemned) {
			c.Err = ErrCondemned
		}
		r.conflicts = append(r.conflicts, c)
		return nil
	}
	if err == nil {
		r.ops = append(r.ops, op)
	}
	return err
}

// subject says what op is about.
func (op *Op) subject() (ID, string) {
	switch {
	case op.Entry != nil:
		return op.Entry.ID, op.Entry.Name
	case op.Name != "":
		return op.ID, op.Name
	}
	return op.ID, op.ID.String()
}
