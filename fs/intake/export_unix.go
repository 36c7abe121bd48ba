//go:build linux || darwin

package intake

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lockFile takes the lock of a file, which goes with the process; ErrExporting where
// another has it.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrExporting
	}
	if errors.Is(err, syscall.ENOLCK) || errors.Is(err, syscall.ENOTSUP) {
		return nil // a file system without locks
	}
	return err
}

// freeBytes is what an ordinary user may still write to the disk that holds dir.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	for {
		err := syscall.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * int64(st.Bsize), nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
		}
	}
}

// renameToFree renames a file to a name that nothing has. The error is errInTheWay where
// something has.
func renameToFree(from, to string) error {
	err := renameExclusively(from, to)
	if errors.Is(err, fs.ErrExist) {
		return errInTheWay
	}
	if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOSYS) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	// A file system that cannot do it in one step.
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, errInTheWay)
	}
	return os.Rename(from, to)
}
