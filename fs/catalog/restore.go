package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockerfs/lockerfs/fs/library"
)

// Errors of Restore.
var (
	// ErrStands: it was asked for what was removed, and it is there.
	ErrStands = errors.New("it stands in the locker")
	// ErrMany: it is more than one Restore takes on.
	ErrMany = errors.New("too much to be restored at once")
)

// AtRemoval, in place of a commit, means: as it was when it was removed.
const AtRemoval int64 = -1

// Restoration is what it takes to bring something back.
type Restoration struct {
	// Ops do it, as the tree is now.
	Ops []Op
	// Back is what comes back, a folder before what is in it.
	Back []Back
	// Earlier counts what was removed from the folders before they were removed
	// themselves, and stays away.
	Earlier int
	// Conflicts are what cannot come back.
	Conflicts []Conflict
}

// Back is a file or folder that comes back.
type Back struct {
	// Path is where it stands then, and Wanted where it should, if that name is taken.
	Path   string
	Wanted string
	Kind   Kind
	Size   int64
	// Replaces: it becomes the content of the file that stands there.
	Replaces bool
}

// Restore gives the operations that bring back what stood at a locker path, as done at
// time at (nanoseconds since 1970); it changes nothing. They name the objects that are
// in the store already: no byte moves.
//
// With commit as it comes back as it was after that commit: a file that stands gets the
// content it had, what was removed is created, a folder is filled up with what was in
// it; nothing that stands is removed. Of a file that was changed there and then moved
// away a copy comes. Since when something stood is not kept: what was made after the
// commit, and taken away since, comes too.
//
// With AtRemoval a file or folder comes back that does not stand any more, as it was
// when it was removed last. Programs remove a folder from the bottom, file by file: with
// it come those that were removed from it in one go, which means that going back from
// its own removal no two removals lie more than an hour apart. Of each name the last.
//
// All gets new ids. Folders above it that are missing are made. A name that is taken by
// another entry is left to it, and what comes back gets a numbered one, unless it is the
// same content. The errors are ErrNotFound, ErrStands and ErrMany.
func (x *Index) Restore(ctx context.Context, path string, as, at int64) (Restoration, error) {
	var out Restoration
	err := x.try(ctx, func(st *txState) error {
		r := restorer{tree: st, as: as, at: at, rows: maxRestored, bytes: maxRestoredBytes, seen: map[ID]bool{}}
		err := r.restore(partsOf(path))
		out = r.out
		return err
	})
	return out, err
}

// What one Restore reads of the past.
const (
	maxRestored      = 100_000
	maxRestoredBytes = 64 << 20
)

// restorer works out a Restoration on a tree whose changes are undone.
type restorer struct {
	tree *txState
	as   int64
	at   int64
	out  Restoration
	// oldest is the time of the first removal of those that were in one go.
	oldest      int64
	rows, bytes int         // that may still be read
	seen        map[ID]bool // folders; no sound catalog leads to one twice
}

func (r *restorer) restore(parts []string) error {
	path := strings.Join(parts, "/")
	of := since(r.as, 1)
	if r.as == AtRemoval {
		of = newest("AND "+pastGone, 1)
	}
	t, err := r.tree.trail(path, of)
	if err != nil {
		return err
	}
	switch {
	case t.present != nil && r.as == AtRemoval:
		return fmt.Errorf("%.80q: %w", path, ErrStands)
	case len(t.rows) == 0 && t.present.Kind == Dir:
		return r.refill(t.present.ID, t.present.ID, path, maxDepth-len(parts))
	case len(t.rows) == 0:
		return nil // the file is as it was
	}
	row := t.rows[len(t.rows)-1]
	if r.as == AtRemoval {
		row = t.rows[0]
		begun, err := (&removals{tree: r.tree, room: maxRestored}).beginning(&row)
		if err != nil {
			return err
		}
		r.oldest = begun.at
	}
	row.Entry.Name = parts[len(parts)-1] // it may have had another before
	into, dir, err := r.above(parts[:len(parts)-1])
	if err != nil {
		return err
	}
	return r.put(&row, into, dir, maxDepth-len(parts))
}

// above gives the folder at a path, making those that are missing, and where it stands.
func (r *restorer) above(parts []string) (id ID, at string, err error) {
	id = Root
	for _, name := range parts {
		e := Entry{Parent: id, Name: name, Kind: Dir, Mode: 0o755}
		if id, at, err = r.folder(e, at); err != nil {
			return 0, "", err
		}
	}
	return id, at, nil
}

// folder gives the folder with e's name in the one that stands at dir, or makes it.
func (r *restorer) folder(e Entry, dir string) (id ID, at string, err error) {
	there, wanted, err := r.place(&e, func(there *Entry) bool { return there.Kind == Dir })
	if err != nil {
		return 0, "", err
	}
	if at = join(dir, e.Name); there != nil {
		return there.ID, at, nil
	}
	e.MTime = r.at
	return e.ID, at, r.create(e, dir, wanted)
}

// place finds e a name and an id of its own in its folder, unless an entry stands under
// such a name that will do in its place.
func (r *restorer) place(e *Entry, will func(*Entry) bool) (there *Entry, wanted string, err error) {
	wanted = e.Name
	for n := 2; ; n++ {
		there, err := r.tree.standing([]ID{e.Parent}, e.Name)
		if err != nil || there != nil && will(there) {
			return there, wanted, err
		}
		if there == nil {
			e.ID = NewID()
			return nil, wanted, nil
		}
		e.Name = library.Numbered(wanted, n)
	}
}

// put brings back what a row tells of, in the folder into that stands at dir.
func (r *restorer) put(row *pastRow, into ID, dir string, depth int) error {
	e := row.Entry
	source := e.ID
	e.Parent = into
	if e.Kind == Dir {
		id, at, err := r.folder(e, dir)
		if err != nil {
			return err
		}
		return r.refill(source, id, at, depth)
	}
	there, err := r.tree.standing([]ID{into}, e.Name)
	if err != nil {
		return err
	}
	if there != nil && there.ID == source {
		return r.replace(there, &e, dir)
	}
	there, wanted, err := r.place(&e, func(there *Entry) bool { return sameContent(there.Version, e.Version) })
	if err != nil || there != nil {
		return err
	}
	return r.create(e, dir, wanted)
}

// sameContent tells whether two versions have the same content. A folder has none.
func sameContent(a, b *Version) bool {
	if a == nil || b == nil {
		return false
	}
	return a.SHA256.Known() && a.SHA256 == b.SHA256 || a.Object == b.Object
}

func (r *restorer) create(e Entry, dir, wanted string) error {
	back := Back{Path: join(dir, e.Name), Kind: e.Kind}
	if e.Name != wanted {
		back.Wanted = join(dir, wanted)
	}
	if e.Version != nil {
		v := *e.Version
		v.ID = NewID()
		e.Version, back.Size = &v, v.Size
	}
	return r.do(Op{Verb: Create, Entry: &e}, e.ID, back)
}

// replace gives a file that stands the content and time it had.
func (r *restorer) replace(there, e *Entry, dir string) error {
	if sameContent(there.Version, e.Version) {
		return nil
	}
	v := *e.Version
	v.ID = NewID()
	return r.do(Op{Verb: Replace, ID: there.ID, Version: &v, MTime: &e.MTime}, there.ID,
		Back{Path: join(dir, there.Name), Kind: File, Size: v.Size, Replaces: true})
}

// do takes op, and does it to the tree. What the rules forbid is reported.
func (r *restorer) do(op Op, id ID, back Back) error {
	op.At = r.at
	err := r.tree.attempt(func() error {
		return (&applier{State: r.tree}).apply(&op)
	})
	if errors.Is(err, ErrInvalid) {
		why := strings.TrimSuffix(err.Error(), ": "+ErrInvalid.Error())
		r.out.Conflicts = append(r.out.Conflicts, Conflict{ID: id, Name: back.Path, What: "cannot come back: " + why, Dropped: true})
		return nil
	}
	if err != nil {
		return err
	}
	r.out.Ops, r.out.Back = append(r.out.Ops, op), append(r.out.Back, back)
	return nil
}
