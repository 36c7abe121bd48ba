package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/lockerfs/lockerfs/remote"
)

// own tells whether a key or folder lies in what belongs to a store itself, this one
// or one in a folder below.
func own(key string) bool {
	key = "/" + key + "/"
	return strings.Contains(key, "/"+metaDir+"/") || strings.Contains(key, "/"+tmpDir+"/")
}

func checkKey(key string) error {
	if !remote.ValidKey(key) {
		return fmt.Errorf("%w: key", remote.ErrInvalid)
	}
	if own(key) {
		return fmt.Errorf("%w: %s and %s belong to the store", remote.ErrInvalid, metaDir, tmpDir)
	}
	return nil
}

// locate makes sure that nothing but folders leads to key and gives what is there.
// os.Root keeps links from leading out of the root; this keeps them from leading to
// another object inside it.
func locate(root *folder, key string) (os.FileInfo, error) {
	for i, c := range key {
		if c != '/' {
			continue
		}
		info, err := root.Lstat(key[:i])
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, &fs.PathError{Op: "lstat", Path: key[:i], Err: errNotFolder}
		}
	}
	return root.Lstat(key)
}

var (
	errNotFolder = errors.New("not a folder")
	errNotObject = errors.New("not a regular file")
)

// openObject opens the file of an object; whatever else is at key is ErrNotFound.
func openObject(root *folder, key string) (*os.File, os.FileInfo, error) {
	info, err := locate(root, key)
	if errors.Is(err, errNotFolder) {
		return nil, nil, fmt.Errorf("%w: %w", remote.ErrNotFound, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%w: %w", remote.ErrNotFound, errNotObject)
	}
	// Should a named pipe take its place now, opening must not wait for a writer.
	f, err := root.OpenFile(key, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: %w", remote.ErrNotFound, errNotObject)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// vacate answers whether key may be written: nil if nothing or an object is there.
// An empty folder, left by a delete that was cut short, is removed.
func vacate(root *folder, key string) (os.FileInfo, error) {
	info, err := locate(root, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, errNotFolder):
		return nil, fmt.Errorf("%w: an object or link is where the key needs a folder: %w", remote.ErrInvalid, err)
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return info, nil
	case !info.IsDir():
		return nil, fmt.Errorf("%w: %w", remote.ErrInvalid, errNotObject)
	}
	if err := removeFolder(root, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: a folder with objects has this name: %w", remote.ErrInvalid, err)
	}
	return nil, nil
}

// makeParents makes the folders that key needs.
func makeParents(root *folder, key string) error {
	if dir := path.Dir(key); dir != "." {
		return root.MkdirAll(dir, 0o755)
	}
	return nil
}

// removeParents removes the folders above key that have become empty, and gives the
// lowest one that stays.
func removeParents(root *folder, key string) string {
	dir := path.Dir(key)
	for dir != "." && removeFolder(root, dir) == nil {
		dir = path.Dir(dir)
	}
	return dir
}

// removeFolder removes the folder dir if it is empty. os.Root.Remove would not do: it
// would remove an object that has just taken the folder's place.
func removeFolder(root *folder, dir string) error {
	parent, err := root.Open(path.Dir(dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return rmdirAt(parent, path.Base(dir))
}

// removeFile removes the file at key and never a folder.
func removeFile(root *folder, key string) error {
	parent, err := root.Open(path.Dir(key))
	if err != nil {
		return err
	}
	defer parent.Close()
	return unlinkAt(parent, path.Base(key))
}

// syncUp makes the names on the way to key durable. Every folder is synced, also
// those this call did not make: another writer may have made them and not synced yet.
// A folder that a delete has removed meanwhile has no name left to be lost.
func syncUp(root *folder, key string) error {
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if err := syncIn(root, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

func syncIn(root *folder, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return syncAndClose(f)
}

func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return syncAndClose(f)
}

func syncAndClose(f *os.File) error {
	defer f.Close()
	if err := f.Sync(); err != nil && !cannotSync(err) {
		return err
	}
	return nil
}
