package catalog

import (
	"fmt"

	"github.com/lockerfs/lockerfs/fs/library"
)

// maxClimb bounds how many folders one commit's moves of folders look at: enough for as many
// moves as a commit has, ten folders down.
const maxClimb = 500_000

// maxDepth bounds how deep folders nest: a path of more parts cannot be used.
const maxDepth = 256

// Apply runs the commit's operations over st in order. It is pure: the same
// commit over the same tree gives the same tree on every device. An error that
// matches ErrInvalid condemns the whole commit: the caller undoes what was put
// into st, and the commit counts as empty. Any other error comes from st.
func Apply(st State, c *Commit) ([]Change, error) {
	a := applier{State: st, n: c.N}
	for i := range c.Ops {
		if err := a.apply(&c.Ops[i]); err != nil {
			return nil, fmt.Errorf("commit %d, operation %d (%.20s): %w", c.N, i, c.Ops[i].Verb, err)
		}
	}
	return a.changes, nil
}

type applier struct {
	State
	n       int64
	changes []Change
	// climbed counts the folders that were looked at to keep folders from loops.
	climbed int
}

func (a *applier) apply(op *Op) error {
	if err := checkTimes(op); err != nil {
		return err
	}
	switch op.Verb {
	case Create:
		return a.create(op)
	case Replace:
		return a.replace(op)
	case Move:
		return a.move(op)
	case Remove:
		return a.remove(op)
	case Set:
		return a.set(op)
	case Describe:
		return a.describe(op)
	case Condemn:
		return a.condemn(op)
	case Expire:
		return a.expire(op)
	case Configure:
		return a.configure(op)
	}
	return fmt.Errorf("unknown verb %.40q: %w", op.Verb, ErrInvalid)
}

func (a *applier) create(op *Op) error {
	e := op.Entry
	if e == nil {
		return fmt.Errorf("no entry: %w", ErrInvalid)
	}
	if err := checkEntry(e); err != nil {
		return err
	}
	if err := a.fresh(e.ID); err != nil {
		return err
	}
	if e.Version != nil {
		if e.Version.ID == e.ID {
			return fmt.Errorf("entry and version share id %s: %w", e.ID, ErrInvalid)
		}
		if err := a.fresh(e.Version.ID); err != nil {
			return err
		}
	}
	if err := a.free(e.Parent, e.Name); err != nil {
		return err
	}
	if err := a.allowed(e.Version); err != nil {
		return err
	}
	if err := a.touch(e.Parent, op.At); err != nil {
		return err
	}
	if err := a.adopt(e.Version); err != nil {
		return err
	}
	a.changes = append(a.changes, Change{Parent: e.Parent, Name: e.Name})
	return a.Put(*e)
}

func (a *applier) replace(op *Op) error {
	e, err := a.entry(op.ID)
	if err != nil {
		return err
	}
	if e.Kind != File || op.Version == nil || op.MTime == nil {
		return fmt.Errorf("replace of a %s, version %v: %w", e.Kind, op.Version != nil, ErrInvalid)
	}
	if err := checkVersion(op.Version, 0); err != nil {
		return err
	}
	if err := a.fresh(op.Version.ID); err != nil {
		return err
	}
	if err := a.allowed(op.Version); err != nil {
		return err
	}
	if err := a.Keep(e, a.n, op.At); err != nil {
		return err
	}
	if err := a.ignore(&e); err != nil {
		return err
	}
	if err := a.adopt(op.Version); err != nil {
		return err
	}
	a.changed(&e)
	e.Version, e.MTime = op.Version, *op.MTime
	return a.Put(e)
}

func (a *applier) move(op *Op) error {
	e, err := a.entry(op.ID)
	if err != nil {
		return err
	}
	if err := library.ValidName(op.Name); err != nil {
		return fmt.Errorf("%v: %w", err, ErrInvalid)
	}
	if reserved(op.Parent, op.Name) {
		return fmt.Errorf("name %q is reserved: %w", op.Name, ErrInvalid)
	}
	if e.Kind == Dir {
		if err := a.outside(e.ID, op.Parent); err != nil {
			return err
		}
	}
	if op.Over != 0 {
		if err := a.overwrite(&e, op); err != nil {
			return err
		}
	}
	if err := a.free(op.Parent, op.Name); err != nil {
		return err
	}
	if err := a.touch(e.Parent, op.At); err != nil {
		return err
	}
	if err := a.touch(op.Parent, op.At); err != nil {
		return err
	}
	a.changed(&e)
	e.Parent, e.Name = op.Parent, op.Name
	a.changes = append(a.changes, Change{Parent: e.Parent, Name: e.Name})
	return a.Put(e)
}

// overwrite removes the entry that a move goes over.
func (a *applier) overwrite(e *Entry, op *Op) error {
	over, err := a.entry(op.Over)
	if err != nil {
		return err
	}
	if over.Parent != op.Parent || over.Name != op.Name || over.Kind != e.Kind || over.ID == e.ID {
		return fmt.Errorf("moving over %s, which is %q in %s: %w", over.ID, over.Name, over.Parent, ErrInvalid)
	}
	return a.drop(&over, op.At)
}

func (a *applier) remove(op *Op) error {
	e, err := a.entry(op.ID)
	if err != nil {
		return err
	}
	return a.drop(&e, op.At)
}

func (a *applier) drop(e *Entry, at int64) error {
	if e.ID == Root {
		return fmt.Errorf("removing the root: %w", ErrInvalid)
	}
	if e.Kind == Dir {
		switch empty, err := a.Empty(e.ID); {
		case err != nil:
			return err
		case !empty:
			return fmt.Errorf("folder %q is not empty: %w", e.Name, ErrInvalid)
		}
	}
	if err := a.Keep(*e, a.n, at); err != nil {
		return err
	}
	if err := a.ignore(e); err != nil {
		return err
	}
	if err := a.touch(e.Parent, at); err != nil {
		return err
	}
	a.changed(e)
	return a.Delete(e.ID)
}

func (a *applier) set(op *Op) error {
	e, ok, err := a.Entry(op.ID)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("no entry %s: %w", op.ID, ErrInvalid)
	}
	if op.Mode != nil {
		e.Mode = *op.Mode
	}
	if op.MTime != nil {
		e.MTime = *op.MTime
	}
	if op.Xattrs != nil {
		e.Xattrs = op.Xattrs
	}
	if err := checkShared(&e); err != nil {
		return err
	}
	a.changed(&e)
	return a.Put(e)
}

// entry gives an entry that may be changed: any but the root.
func (a *applier) entry(id ID) (Entry, error) {
	e, ok, err := a.Entry(id)
	if err == nil && (!ok || id == Root) {
		err = fmt.Errorf("no entry %s to change: %w", id, ErrInvalid)
	}
	return e, err
}

// fresh refuses an id that cannot be, or has been, used.
func (a *applier) fresh(id ID) error {
	if !id.valid() {
		return fmt.Errorf("id %s: %w", id, ErrInvalid)
	}
	switch taken, err := a.Taken(id); {
	case err != nil:
		return err
	case taken:
		return fmt.Errorf("id %s is taken: %w", id, ErrInvalid)
	}
	return nil
}

// free refuses a name that is taken in its folder.
func (a *applier) free(parent ID, name string) error {
	switch _, taken, err := a.Child(parent, name); {
	case err != nil:
		return err
	case taken:
		return fmt.Errorf("name %q is taken: %w", name, ErrInvalid)
	}
	return nil
}

// touch gives a folder whose list of names changes its new time: at, but always
// later than before, because scanners skip a folder whose time stands still.
func (a *applier) touch(parent ID, at int64) error {
	p, ok, err := a.Entry(parent)
	if err != nil {
		return err
	}
	if !ok || p.Kind != Dir {
		return fmt.Errorf("no folder %s: %w", parent, ErrInvalid)
	}
	p.MTime = min(max(at, p.MTime+1), maxTime)
	return a.Put(p)
}

// outside refuses to put folder id under itself, or deeper than maxDepth.
func (a *applier) outside(id, parent ID) error {
	for range maxDepth {
		if parent == id {
			return fmt.Errorf("folder %s under itself: %w", id, ErrInvalid)
		}
		if parent == Root {
			return nil
		}
		if a.climbed++; a.climbed > maxClimb {
			return fmt.Errorf("too many moves of folders too deep down: %w", ErrInvalid)
		}
		p, ok, err := a.Entry(parent)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("no folder %s: %w", parent, ErrInvalid)
		}
		parent = p.Parent
	}
	return fmt.Errorf("folder %s is too deep: %w", id, ErrInvalid)
}

func (a *applier) changed(e *Entry) {
	a.changes = append(a.changes, Change{Parent: e.Parent, Name: e.Name, Node: e.Attr().Node})
}
