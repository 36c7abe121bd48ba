package intake

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
)

// maxAdoptDepth is how many folders deep a key may lead.
const maxAdoptDepth = 200

// ours has the form of the keys that lockerfs gives its own objects: see
// library.ObjectKey. One that no file refers to may be on its way to a commit.
var ours = regexp.MustCompile(`^Music/.*\.[0-9a-f]{12}(\.[^./]*)?$`)

// Why an object is left out.
var (
	errMarker = errors.New("it stands for a folder")
	errOurs   = errors.New("it has the form of lockerfs's own objects")
	errLitter = errors.New("desktops leave such files everywhere")
)

// keyPath gives the locker path at which a watch shows an object.
func keyPath(w *catalog.Watch, o remote.Object) (string, error) {
	switch {
	case strings.HasPrefix(o.Key, ".lockerfs/") || ours.MatchString(o.Key):
		return "", errOurs
	case strings.HasSuffix(o.Key, "/") && o.Size == 0:
		return "", errMarker
	case !remote.ValidKey(o.Key):
		return "", errors.New("its key is none that every store can hold")
	}
	rest := o.Key
	if w.Under != "" {
		rest = w.Under + "/" + strings.TrimPrefix(o.Key, w.Prefix)
	}
	parts := strings.Split(norm.NFC.String(rest), "/")
	if len(parts) > maxAdoptDepth {
		return "", fmt.Errorf("it lies %d folders deep", len(parts))
	}
	for i, part := range parts {
		parent := catalog.ID(0)
		if i == 0 {
			parent = catalog.Root
		}
		if library.Litter(part) {
			return "", errLitter
		}
		if err := catalog.ValidName(parent, part); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, "/"), nil
}

// chosen tells whether the globs of a watch let a key in.
func chosen(w *catalog.Watch, key string) bool {
	return (len(w.Include) == 0 || matchesAny(w.Include, key)) && !matchesAny(w.Exclude, key)
}

// matchesAny tells whether one of the globs means a key. A glob without a slash means the
// names of files and folders wherever they are, others whole keys; one that means a folder
// means all that is in it. Case does not count.
func matchesAny(globs []string, key string) bool {
	key = strings.ToLower(key)
	for _, g := range globs {
		g = strings.ToLower(strings.TrimSuffix(g, "/"))
		for at := key; at != "." && at != "/"; at = path.Dir(at) {
			subject := at
			if !strings.Contains(g, "/") {
				subject = path.Base(at)
			}
			if ok, _ := path.Match(g, subject); ok {
				return true
			}
		}
	}
	return false
}

// grower makes the operations that add files to the tree, and the folders they need. It
// sees the tree as it was and what it has added itself since it was made.
type grower struct {
	index *catalog.Index
	now   int64
	ops   []catalog.Op
	dirs  map[string]catalog.ID
	// made are the folders that it has added, names what it has put into any folder.
	made  map[catalog.ID]bool
	names map[catalog.ID]map[string]catalog.Kind
}

func newGrower(index *catalog.Index, now int64) *grower {
	return &grower{index: index, now: now, dirs: map[string]catalog.ID{"": catalog.Root},
		made: map[catalog.ID]bool{}, names: map[catalog.ID]map[string]catalog.Kind{}}
}

// what tells what has a name in a folder; "" for nothing.
func (g *grower) what(ctx context.Context, parent catalog.ID, name string) (catalog.Kind, catalog.ID, error) {
	if k := g.names[parent][name]; k != "" || g.made[parent] {
		return k, 0, nil
	}
	a, err := g.index.Child(ctx, parent, name)
	if errors.Is(err, catalog.ErrNotFound) {
		return "", 0, nil
	}
	return a.Kind, a.ID, err
}

func (g *grower) put(e catalog.Entry) {
	if g.names[e.Parent] == nil {
		g.names[e.Parent] = map[string]catalog.Kind{}
	}
	g.names[e.Parent][e.Name] = e.Kind
	g.ops = append(g.ops, catalog.Op{Verb: catalog.Create, At: g.now, Entry: &e})
}

// folder gives the folder for a locker path, creating it where it is missing; beside the
// file that has its name, if one has.
func (g *grower) folder(ctx context.Context, dir string) (catalog.ID, error) {
	if id, ok := g.dirs[dir]; ok {
		return id, nil
	}
	up, wanted := split(dir)
	parent, err := g.folder(ctx, up)
	if err != nil {
		return 0, err
	}
	for n, name := 2, wanted; ; n, name = n+1, library.Numbered(wanted, n) {
		kind, id, err := g.what(ctx, parent, name)
		if err != nil {
			return 0, err
		}
		if kind == catalog.File {
			continue
		}
		if kind == "" {
			id = catalog.NewID()
			g.made[id] = true
			g.put(catalog.Entry{ID: id, Parent: parent, Name: name, Kind: catalog.Dir, Mode: 0o755, MTime: g.now})
		}
		if id != 0 {
			g.dirs[dir] = id
			return id, nil
		}
		// A folder of this name was made for another path, whose last part it has only
		// because a file had that: they are kept apart.
	}
}

// file adds a file at a locker path, and gives the name it got.
func (g *grower) file(ctx context.Context, at string, mtime int64, v *catalog.Version) (string, error) {
	dir, wanted := split(at)
	parent, err := g.folder(ctx, dir)
	if err != nil {
		return "", err
	}
	for n, name := 2, wanted; ; n, name = n+1, library.Numbered(wanted, n) {
		kind, _, err := g.what(ctx, parent, name)
		if err != nil {
			return "", err
		}
		if kind == "" {
			g.put(catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: name, Kind: catalog.File, Mode: 0o644, MTime: mtime, Version: v})
			return name, nil
		}
	}
}
