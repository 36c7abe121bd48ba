//go:build !linux && !darwin

package dir

import (
	"errors"
	"os"
	"path/filepath"
)

const nonblock = 0

// errPlain makes the store take its fallbacks: records in files, no locks.
var errPlain = errors.ErrUnsupported

func rmdirAt(dir *os.File, name string) error  { return removeAt(dir, name, true) }
func unlinkAt(dir *os.File, name string) error { return removeAt(dir, name, false) }

// removeAt checks what it removes just before: the best there is without unlinkat.
func removeAt(dir *os.File, name string, folder bool) error {
	full := filepath.Join(dir.Name(), name)
	if info, err := os.Lstat(full); err != nil || info.IsDir() != folder {
		return errors.Join(err, errNotObject)
	}
	return os.Remove(full)
}

func tryLock(*os.File, bool) (bool, error)          { return false, errPlain }
func noLocks(err error) bool                        { return errors.Is(err, errPlain) }
func cannotSync(error) bool                         { return true }
func setAttr(*os.File, string, []byte) error        { return errPlain }
func getAttr(*os.File, string, []byte) (int, error) { return 0, errPlain }
