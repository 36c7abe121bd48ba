package dir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	metaDir    = ".lockerfs/meta"
	tmpDir     = ".lockerfs/tmp"
	markerName = metaDir + "/store"
	lockName   = metaDir + "/lock"

	markerText = "lockerfs folder store "
	// tmpAge is how old a temporary file must be to be taken for one whose writer
	// died; no write takes a day.
	tmpAge = 24 * time.Hour
)

// Store is a folder of objects. Several processes may use one folder at once.
type Store struct {
	path   string
	id     string               // what the marker says
	held   atomic.Pointer[held] // replaced when the folder comes back as another one
	closed atomic.Bool
}

// held is the root folder kept open, and which folder it is.
type held struct {
	root *folder
	info os.FileInfo
}

// folder is the root to this package's functions.
type folder struct {
	*os.Root
	bare bool // take files to have no attributes, whatever the file system says
}

var _ remote.Store = (*Store)(nil)

// Open opens the store in the folder root. ErrNoStore: there is no such folder, or
// it was not made by [Create], as when the disk that holds it is not mounted.
func Open(root string) (*Store, error) {
	s, err := open(root)
	if err != nil {
		return nil, fail("open", root, err)
	}
	return s, nil
}

// Create makes root a store, with the folders above it if they are missing. What
// is in it already stays and counts as objects. A store that is there is opened.
func Create(root string) (*Store, error) {
	s, err := create(root)
	if err != nil {
		return nil, fail("create", root, err)
	}
	return s, nil
}

func open(path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	h, id, err := hold(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, id: id}
	s.held.Store(h)
	sweep(h.root)
	return s, nil
}

func create(path string) (*Store, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	top, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	root := &folder{Root: top}
	for _, dir := range []string{metaDir, tmpDir} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if err := writeMarker(root); err != nil {
		return nil, err
	}
	if err := syncAbove(path); err != nil {
		return nil, err
	}
	return open(path)
}

// syncAbove makes the names of the folders that lead to path durable. One that may
// not be read was not made by us.
func syncAbove(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if err := syncPath(dir); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// writeMarker names the store unless it has a name. Two processes at once agree on
// one name, because the marker is made whole and only where there is none.
func writeMarker(root *folder) error {
	if _, err := root.Lstat(markerName); err == nil {
		return nil
	}
	tmp := tmpDir + "/" + rand.Text()
	if err := root.WriteFile(tmp, []byte(markerText+rand.Text()+"\n"), 0o644); err != nil {
		return err
	}
	defer root.Remove(tmp)
	if err := syncIn(root, tmp); err != nil {
		return err
	}
	err := root.Link(tmp, markerName)
	if noHardLinks(err) {
		err = root.Rename(tmp, markerName)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncUp(root, markerName)
}

// hold opens the folder and reads its name. No folder or no name is ErrNoStore.
func hold(path string) (*held, string, error) {
	top, err := os.OpenRoot(path)
	if err != nil {
		if info, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) || missing == nil && !info.IsDir() {
			err = fmt.Errorf("%w: %w", remote.ErrNoStore, err)
		}
		return nil, "", err
	}
	root := &folder{Root: top}
	id, err := readMarker(root)
	if err != nil {
		root.Close()
		return nil, "", err
	}
	info, err := root.Stat(".")
	if err != nil {
		root.Close()
		return nil, "", err
	}
	return &held{root: root, info: info}, id, nil
}

func readMarker(root *folder) (string, error) {
	f, err := root.Open(markerName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: the folder holds no lockerfs store (is its disk mounted?)", remote.ErrNoStore)
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(strings.TrimSpace(string(text)), markerText)
	if !ok || id == "" {
		return "", fmt.Errorf("%w: %s is not a marker of lockerfs", remote.ErrCorrupt, markerName)
	}
	return id, nil
}

// Close releases the folder, so that its disk can be unmounted. Any call after it is
// ErrNoStore.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.held.Load().root.Close()
}

// enter gives the root folder after making sure that it still is the store: a disk
// that was pulled or a folder that was emptied must not look like missing objects.
// A disk that came back under the same path and name is taken up again.
func (s *Store) enter(ctx context.Context) (*folder, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, fmt.Errorf("%w: %w", remote.ErrNoStore, os.ErrClosed)
	}
	old := s.held.Load()
	if s.present(old) {
		return old.root, nil
	}
	h, id, err := hold(s.path)
	if err != nil {
		return nil, err
	}
	h.root.bare = old.root.bare
	if id != s.id {
		h.root.Close()
		return nil, fmt.Errorf("%w: another store is at %s now", remote.ErrNoStore, s.path)
	}
	if !s.held.CompareAndSwap(old, h) {
		h.root.Close()
		return s.held.Load().root, nil
	}
	old.root.Close()
	return h.root, nil
}

func (s *Store) present(h *held) bool {
	info, err := os.Stat(s.path)
	if err != nil || !os.SameFile(info, h.info) {
		return false
	}
	// An inode number may be used again; the marker is in the folder held open.
	_, err = h.root.Lstat(markerName)
	return err == nil
}

// sweep removes what writers that died left behind. It is housekeeping: where it
// may not or cannot, nothing is wrong.
func sweep(root *folder) {
	dir, err := root.Open(tmpDir)
	if err != nil {
		return
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(1000)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > tmpAge {
			_ = root.Remove(tmpDir + "/" + e.Name())
		}
	}
}
