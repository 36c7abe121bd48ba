package intake

import (
	"container/list"
	"context"
	"errors"
	"path"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// shelf is the locker as planning sees it: what is committed, and what this run has
// placed already. It holds the folders used last and reads others again. It belongs
// to the goroutine that plans.
type shelf struct {
	ctx   context.Context // of the one run it serves
	index *catalog.Index
	spool *spool
	// hidden tells which entries are not to be seen, away which are not where the
	// catalog has them; nil for none.
	hidden, away func(catalog.ID) bool

	folders map[string]*shelved
	recent  list.List // of *shelved, the one used last in front
	held    int       // names in them
}

// shelved is one folder of the locker.
type shelved struct {
	dir      string
	folder   *library.Folder
	ours     map[string]bool // the files that this run has placed
	releases []library.Release
	known    map[library.Release]bool // those in releases
	names    int
	at       *list.Element
}

// How much a shelf holds: so many names, but not fewer folders than are used for one
// album after another.
const (
	shelfNames   = 2000
	shelfFolders = 64
)

func newShelf(ctx context.Context, index *catalog.Index, spool *spool) *shelf {
	return &shelf{ctx: ctx, index: index, spool: spool, folders: map[string]*shelved{}}
}

// contentID is the hash as library knows content: its bytes, or nothing when unknown.
func contentID(h catalog.Hash) string {
	if !h.Known() {
		return ""
	}
	return string(h[:])
}

// has tells whether a file with this content stands at a locker path, and whether
// this run has placed it there.
func (s *shelf) has(p string, h catalog.Hash) (there, ours bool, err error) {
	dir, name := split(p)
	f, err := s.get(dir)
	if err != nil {
		return false, false, err
	}
	c, found := f.folder.Child(name)
	return found && !c.Dir && c.ID == contentID(h), f.ours[name], nil
}

// place notes that a file will stand at a locker path, and its folders with it. It came
// from source, and is entry id if it is one already.
func (s *shelf) place(at string, h catalog.Hash, t *tag.Info, source string, id catalog.ID) error {
	dir, name := split(at)
	stands := spooled{name: name, hash: h, source: source, id: id}
	if tag.Audio(name) {
		r := library.ReleaseOf(t)
		stands.release = &r
	}
	for {
		f, err := s.get(dir)
		if err != nil {
			return err
		}
		old, there := f.folder.Child(stands.name)
		if there && old.Dir && stands.dir {
			return nil
		}
		if err := s.spool.place(dir, stands); err != nil {
			return err
		}
		if there && !stands.dir {
			s.drop(f) // other content, of another release perhaps
		} else {
			s.held -= f.names
			f.add(stands, true)
			s.held += f.names
			s.trim()
		}
		if dir == "" {
			return nil
		}
		dir, name = split(dir)
		stands = spooled{name: name, dir: true}
	}
}

func (f *shelved) add(c spooled, ours bool) {
	child := library.Child{Name: c.name, Dir: c.dir}
	if !c.dir {
		child.ID = contentID(c.hash)
	}
	f.folder.Add(child)
	f.names++
	if ours && !c.dir {
		f.ours[c.name] = true
	}
	if c.release != nil && !f.known[*c.release] {
		f.known[*c.release] = true
		f.releases = append(f.releases, *c.release)
	}
}

// Folder implements library.Existing.
func (s *shelf) Folder(dir string) (*library.Folder, error) {
	f, err := s.get(dir)
	if err != nil {
		return nil, err
	}
	return f.folder, nil
}

// Releases implements library.Existing.
func (s *shelf) Releases(dir string) ([]library.Release, error) {
	f, err := s.get(dir)
	if err != nil {
		return nil, err
	}
	return f.releases, nil
}

// get gives a folder, to be used before another is asked for.
func (s *shelf) get(dir string) (*shelved, error) {
	if f, ok := s.folders[dir]; ok {
		s.recent.MoveToFront(f.at)
		return f, nil
	}
	f := &shelved{dir: dir, folder: new(library.Folder), ours: map[string]bool{}, known: map[library.Release]bool{}}
	if err := s.read(f); err != nil {
		return nil, err
	}
	s.folders[dir] = f
	f.at = s.recent.PushFront(f)
	s.held += f.names
	s.trim()
	return f, nil
}

// trim lets go of the folders not used for longest, while too much is held.
func (s *shelf) trim() {
	for s.held > shelfNames && len(s.folders) > shelfFolders {
		s.drop(s.recent.Back().Value.(*shelved))
	}
}

// forget has a folder read again.
func (s *shelf) forget(dir string) {
	if f, ok := s.folders[dir]; ok {
		s.drop(f)
	}
}

// drop lets go of a folder.
func (s *shelf) drop(f *shelved) {
	s.recent.Remove(f.at)
	delete(s.folders, f.dir)
	s.held -= f.names
}

// read fills a folder with what this run has placed, and what the catalog has; with
// none for a folder that is not there.
func (s *shelf) read(f *shelved) error {
	placed, err := s.spool.in(f.dir)
	if err != nil {
		return err
	}
	for name, c := range placed {
		if is(s.hidden, c.id) {
			delete(placed, name)
			continue
		}
		f.add(c, true)
	}
	e, err := s.index.Resolve(s.ctx, f.dir)
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
			after = a.Name
			if _, over := placed[a.Name]; over || is(s.hidden, a.ID) || is(s.away, a.ID) {
				continue
			}
			c, err := s.committed(a)
			if err != nil {
				return err
			}
			f.add(c, false)
		}
	}
}

// committed tells what the catalog has of an entry.
func (s *shelf) committed(a catalog.Attr) (spooled, error) {
	c := spooled{name: a.Name, dir: a.Kind == catalog.Dir}
	if c.dir {
		return c, nil
	}
	v, err := s.index.Version(s.ctx, a.Node)
	if err != nil {
		return c, err
	}
	c.hash = v.SHA256
	if tag.Audio(a.Name) {
		r := library.ReleaseOf(v.Tags)
		c.release = &r
	}
	return c, nil
}

func is(f func(catalog.ID) bool, id catalog.ID) bool { return f != nil && f(id) }

// split gives the folder and the name of a locker path; the root is "".
func split(p string) (dir, name string) {
	dir, name = path.Split(p)
	return path.Clean("/" + dir)[1:], name
}
