package catalog

import (
	"fmt"
	"strings"
)

// folderPaths gives the locker paths of folders, as the tree in one transaction has
// them, and keeps what it has read.
type folderPaths struct {
	tree  *txState
	known map[ID]string
}

func newFolderPaths(tree *txState) folderPaths {
	return folderPaths{tree, map[ID]string{Root: ""}}
}

// path gives the path of a folder. The error is ErrInvalid when it lies so deep that
// no path leads there.
func (f *folderPaths) path(id ID) (string, error) { return f.climb(id, maxDepth) }

func (f *folderPaths) climb(id ID, depth int) (string, error) {
	if p, ok := f.known[id]; ok {
		return p, nil
	}
	var parent int64
	var name string
	found, err := f.tree.one("SELECT parent, name FROM entry WHERE id = ?", []any{int64(id)}, &parent, &name)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("folder %s is not there: %w", id, ErrCorrupt)
	case depth == 0:
		return "", fmt.Errorf("it lies too deep: %w", ErrInvalid)
	}
	up, err := f.climb(ID(parent), depth-1)
	if err != nil {
		return "", err
	}
	p := join(up, name)
	if strings.Count(p, "/")+2 >= maxDepth { // the parts of the path of what is in it
		return "", fmt.Errorf("it lies too deep: %w", ErrInvalid)
	}
	f.known[id] = p
	return p, nil
}

// join puts two locker paths together, either of which may be empty.
func join(dir, name string) string {
	if dir == "" || name == "" {
		return dir + name
	}
	return dir + "/" + name
}
