package dir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/lockerfs/lockerfs/remote"
)

// maxPage is the most objects in one page.
const maxPage = 1000

// List implements [remote.Lister]. Files without a remembered ETag are read whole,
// so the first listing of a folder full of foreign files takes its time.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	page, err := s.list(ctx, prefix, after, limit)
	if err != nil {
		return remote.Page{}, s.failed(ctx, "list", prefix, err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	if limit < 0 {
		return remote.Page{}, fmt.Errorf("%w: limit %d", remote.ErrInvalid, limit)
	}
	root, err := s.enter(ctx)
	if err != nil {
		return remote.Page{}, err
	}
	if limit == 0 || limit > maxPage {
		limit = maxPage
	}
	l := listing{root: root, prefix: prefix, after: after, limit: limit}
	start := prefix[:strings.LastIndexByte(prefix, '/')+1]
	there, err := l.isFolder(strings.TrimSuffix(start, "/"))
	if err == nil && there {
		err = l.walk(ctx, start)
	}
	if err != nil && !errors.Is(err, errPageFull) {
		return remote.Page{}, err
	}
	// A disk pulled half way must not look like the end of the listing.
	if _, err := s.enter(ctx); err != nil {
		return remote.Page{}, err
	}
	return l.page, nil
}

// errPageFull ends the walk when there is one more object than the page takes.
var errPageFull = errors.New("page is full")

type listing struct {
	root          *folder
	prefix, after string
	limit         int
	page          remote.Page
}

// isFolder tells whether there is a folder of this name; "" is the root. That it
// could not be found out is an error, not an empty folder.
func (l *listing) isFolder(name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	if !remote.ValidKey(name) || own(name) {
		return false, nil
	}
	info, err := locate(l.root, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return false, nil
	}
	return err == nil && info.IsDir(), err
}

// walk visits the folder in byte order of keys. A folder sorts as its name with the
// slash, so that "a-b" and "a.b" come where they do among the keys "a/…". Only the
// names of the folders on the way down are in memory.
func (l *listing) walk(ctx context.Context, folder string) error {
	names, err := l.names(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := folder + name
		if strings.HasSuffix(name, "/") {
			err = l.walk(ctx, key)
		} else {
			err = l.add(ctx, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// names gives the wanted names in a folder ("" or ending in a slash), folders with
// a slash at the end.
func (l *listing) names(folder string) ([]string, error) {
	dir, err := l.root.Open(cmp.Or(folder, "."))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // deleted meanwhile
	}
	if folder == "lost+found/" && errors.Is(err, fs.ErrPermission) {
		return nil, nil // the file system's own, and nobody else's
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if name := e.Name(); e.IsDir() && l.wantsFolder(folder+name) {
			names = append(names, name+"/")
		} else if e.Type().IsRegular() && l.wantsKey(folder+name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (l *listing) wantsKey(key string) bool {
	return key > l.after && strings.HasPrefix(key, l.prefix) && checkKey(key) == nil
}

// wantsFolder tells whether a wanted key can be below.
func (l *listing) wantsFolder(name string) bool {
	below := name + "/"
	inside := strings.HasPrefix(below, l.prefix) || strings.HasPrefix(l.prefix, below)
	passed := below < l.after && !strings.HasPrefix(l.after, below)
	return inside && !passed && checkKey(name) == nil
}

func (l *listing) add(ctx context.Context, key string) error {
	if len(l.page.Objects) == l.limit {
		l.page.Next = l.page.Objects[l.limit-1].Key
		return errPageFull
	}
	f, info, err := openObject(l.root, key)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, remote.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := describe(ctx, l.root, key, f, info)
	if err != nil && !errors.Is(err, errBusy) { // one growing file must not hide all others
		return err
	}
	r.Metadata = nil
	l.page.Objects = append(l.page.Objects, r.object(key, info))
	return nil
}
