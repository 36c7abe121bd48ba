package catalog

import (
	"fmt"
	"path"
	"strings"
)

// folder gives the folder at a path, making those that are missing.
func (r *refiler) folder(dir string, chain int) (ID, error) {
	if id, ok := r.folders[dir]; ok {
		return id, nil
	}
	if strings.Count(dir, "/") >= maxDepth {
		return 0, fmt.Errorf("folder is too deep: %w", ErrInvalid)
	}
	up, name := path.Split(dir)
	parent, err := r.folder(strings.TrimSuffix(up, "/"), chain)
	if err != nil {
		return 0, err
	}
	id, err := r.subfolder(parent, name, chain)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		id = NewID()
		e := Entry{ID: id, Parent: parent, Name: name, Kind: Dir, Mode: 0o755, MTime: r.at}
		if err := r.do(Op{Verb: Create, Entry: &e}); err != nil {
			return 0, err
		}
	}
	r.folders[dir] = id
	return id, nil
}

// subfolder gives the folder with this name; 0 where the name is free, if need be
// because a file has gone from there to its own place.
func (r *refiler) subfolder(parent ID, name string, chain int) (ID, error) {
	for {
		id, found, err := r.tree.Child(parent, name)
		if err != nil || !found {
			return 0, err
		}
		e, _, err := r.tree.Entry(id)
		if err != nil || e.Kind == Dir {
			return id, err
		}
		q := r.placings[id]
		if q == nil || q.state != waiting || chain >= maxChain {
			return 0, fmt.Errorf("%q is a file: %w", name, ErrInvalid)
		}
		if err := r.settle(q, chain+1); err != nil {
			return 0, err
		}
	}
}

// clear removes the folders that nothing is left in.
func (r *refiler) clear() error {
	for _, id := range r.left {
		for id != Root && r.placings[id] == nil {
			e, found, err := r.tree.Entry(id)
			if err != nil {
				return err
			}
			empty, err := r.tree.Empty(id)
			if err != nil {
				return err
			}
			if !found || !empty {
				break
			}
			if err := r.remove(id); err != nil {
				return err
			}
			id = e.Parent
		}
	}
	return nil
}

func (r *refiler) remove(id ID) error {
	err := r.do(Op{Verb: Remove, ID: id})
	if p, before := r.before.known[id]; err == nil && before {
		r.out.Removed = append(r.out.Removed, p)
	}
	return err
}
