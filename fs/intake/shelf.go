package intake

import (
	"context"
	"errors"
	"path"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// shelf is the locker as planning sees it: what is committed, and what this import
// has placed already. It belongs to the goroutine that plans.
type shelf struct {
	ctx     context.Context // of the one import it serves
	index   *catalog.Index
	folders map[string]*library.Folder
}

func newShelf(ctx context.Context, index *catalog.Index) *shelf {
	return &shelf{ctx: ctx, index: index, folders: map[string]*library.Folder{}}
}

// contentID is the hash as library knows content: its bytes, or nothing when unknown.
func contentID(h catalog.Hash) string {
	if !h.Known() {
		return ""
	}
	return string(h[:])
}

// has tells whether a file with this content stands at a locker path.
func (s *shelf) has(p string, h catalog.Hash) (bool, error) {
	dir, name := split(p)
	folder, err := s.Folder(dir)
	if err != nil {
		return false, err
	}
	c, found := folder.Child(name)
	return found && !c.Dir && c.ID == contentID(h), nil
}

// place notes that a file will stand at p, and its folders with it.
func (s *shelf) place(p string, h catalog.Hash) error {
	dir, name := split(p)
	child := library.Child{Name: name, ID: contentID(h)}
	for {
		folder, err := s.Folder(dir)
		if err != nil {
			return err
		}
		if old, there := folder.Child(child.Name); there && old.Dir && child.Dir {
			return nil
		}
		folder.Add(child)
		if dir == "" {
			return nil
		}
		dir, name = split(dir)
		child = library.Child{Name: name, Dir: true}
	}
}

// Folder implements library.Existing. It reads each folder once.
func (s *shelf) Folder(dir string) (*library.Folder, error) {
	if folder, ok := s.folders[dir]; ok {
		return folder, nil
	}
	folder := new(library.Folder)
	if err := s.read(dir, folder); err != nil {
		return nil, err
	}
	s.folders[dir] = folder
	return folder, nil
}

// read fills a folder with what the catalog has; none for one that is not there.
func (s *shelf) read(dir string, folder *library.Folder) error {
	e, err := s.index.Resolve(s.ctx, dir)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && e.Kind != catalog.Dir {
		return nil
	}
	if err != nil {
		return err
	}
	for after := ""; ; {
		list, err := s.index.Children(s.ctx, e.ID, after, 1000)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, a := range list {
			child := library.Child{Name: a.Name, Dir: a.Kind == catalog.Dir}
			if a.Kind == catalog.File {
				v, err := s.index.Version(s.ctx, a.Node)
				if err != nil {
					return err
				}
				child.ID = contentID(v.SHA256)
			}
			folder.Add(child)
			after = a.Name
		}
	}
}

// split gives the folder and the name of a locker path; the root is "".
func split(p string) (dir, name string) {
	dir, name = path.Split(p)
	return path.Clean("/" + dir)[1:], name
}
