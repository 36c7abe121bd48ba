package pending

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// Trouble is something that a person should know of.
type Trouble struct {
	// Path is where in the locker, as far as that is known.
	Path string `json:"path"`
	// What happened, in words for a person.
	What string `json:"what"`
	// At is when, nanoseconds since 1970.
	At int64 `json:"at"`
}

// housed makes sure that d, which becomes of c, has a folder and a name of its own.
func (r *reconciler) housed(c, d *change, notes *[]Trouble) error {
	x := r.x
	if d.Gone || x.isLocal(d) {
		return nil
	}
	a, err := x.attrOf(r.ctx, d.Parent)
	lost := errors.Is(err, catalog.ErrNotFound) || err == nil && a.Kind != catalog.Dir
	if err != nil && !lost {
		return err
	}
	if !lost {
		err := x.outside(r.ctx, d.attr(), d.Parent)
		if lost = errors.Is(err, ErrLoop) || errors.Is(err, catalog.ErrNotFound); err != nil && !lost {
			return err
		}
	}
	if lost {
		if d.Parent, err = r.conflicts(); err != nil {
			return err
		}
		*notes = append(*notes, r.note(d, "its folder was removed or moved on another device; it is in "+conflictsFolder))
	}
	there, err := x.index.Child(r.ctx, d.Parent, d.Name)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return r.alone(c, d, notes)
	case err != nil || there.ID == d.ID:
		return err
	}
	if o := x.change(there.ID); o != nil && (o.Gone || o.spot() != d.spot() || x.isLocal(o)) {
		return r.alone(c, d, notes) // it leaves
	}
	if d.Kind == catalog.Dir && there.Kind == catalog.Dir && d.Base == nil {
		return r.join(d, there.ID)
	}
	return r.renamed(d, notes)
}

// alone makes sure that nothing else that was changed here has the name of d, which
// becomes of c: the index knows of none. One that was moved and removed here has only the
// name it was moved to, and others may have that by now.
func (r *reconciler) alone(c, d *change, notes *[]Trouble) error {
	if o := r.x.named(d.spot()); o != nil && o.ID != c.ID && o.ID != d.ID && !r.x.isLocal(o) {
		return r.renamed(d, notes)
	}
	return nil
}

// renamed gives a change a name of its own where another has its name.
func (r *reconciler) renamed(d *change, notes *[]Trouble) (err error) {
	was := d.Name
	if d.Name, err = r.conflictName(d.Parent, d.Name); err != nil {
		return err
	}
	*notes = append(*notes, r.note(d, fmt.Sprintf("another took the name %q", was)))
	return nil
}

// join makes what is in a new folder be in the one that another device made with its
// name. The folder itself is left to become nothing.
func (r *reconciler) join(d *change, there catalog.ID) error {
	x := r.x
	x.mu.RLock()
	inside := append([]*change(nil), x.inside[d.ID]...)
	x.mu.RUnlock()
	rec := record{Drop: []catalog.ID{d.ID}}
	var ids []catalog.ID
	var notes []Trouble
	for _, c := range inside {
		k := c.copied()
		k.Parent = there
		if err := r.alone(c, k, &notes); err != nil {
			return err
		}
		r.see(c, k)
		rec.Put = append(rec.Put, k)
		ids = append(ids, k.ID)
	}
	d.ID = 0
	rec.Conflicts = x.noted(notes)
	if err := x.show(rec); err != nil {
		return err
	}
	return r.again(ids)
}

// conflictsFolder takes what has lost its folder.
const conflictsFolder = "Conflicts"

func (r *reconciler) conflicts() (catalog.ID, error) {
	for n, name := 2, conflictsFolder; ; n, name = n+1, library.Numbered(conflictsFolder, n) {
		a, err := r.x.Child(r.ctx, catalog.Root, name)
		switch {
		case err == nil && a.Kind == catalog.Dir:
			return a.ID, nil
		case err == nil:
			continue
		case !errors.Is(err, catalog.ErrNotFound):
			return 0, err
		}
		at := now()
		id := catalog.NewID()
		c := &change{ID: id, Node: id, Parent: catalog.Root, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: at, At: at}
		r.seen = append(r.seen, catalog.Change{Parent: c.Parent, Name: c.Name})
		return id, r.x.apply(nil, c)
	}
}

// conflictName gives a free name like "Title (conflict, laptop, 2026-11-20).flac".
func (r *reconciler) conflictName(parent catalog.ID, name string) (string, error) {
	stem, ext := library.SplitExt(name)
	wanted := library.CleanFile(stem+" (conflict, "+r.x.device+", "+time.Now().Format(time.DateOnly)+")", ext)
	for n, free := 2, wanted; ; n, free = n+1, library.Numbered(wanted, n) {
		switch _, err := r.x.Child(r.ctx, parent, free); {
		case errors.Is(err, catalog.ErrNotFound):
			return free, nil
		case err != nil:
			return "", err
		}
	}
}

func (r *reconciler) note(c *change, what string) Trouble {
	path, err := r.x.Path(r.ctx, c.Parent)
	if err != nil || path == "" {
		path = c.Name
	} else {
		path += "/" + c.Name
	}
	return Trouble{Path: path, What: what, At: now()}
}

// noted keeps troubles for status. turn is held.
func (x *Overlay) noted(notes []Trouble) []Trouble {
	if len(notes) == 0 {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conflicts = append(x.conflicts, notes...)
	for _, n := range notes {
		x.log.Warn("a conflict", "path", n.Path, "what", n.What)
	}
	return notes
}
