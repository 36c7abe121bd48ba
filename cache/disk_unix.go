//go:build linux || darwin

package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// usage is what a file takes on disk, in bytes: less than its size when it has holes.
func usage(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(st.Blocks) * 512
	}
	return info.Size()
}

// diskSpace is the size of the disk that holds dir, and what an ordinary user may
// still write to it.
func diskSpace(dir string) (space, error) {
	var st syscall.Statfs_t
	for {
		err := syscall.Statfs(dir, &st)
		if err == nil {
			unit := int64(st.Bsize)
			return space{total: int64(st.Blocks) * unit, free: int64(st.Bavail) * unit}, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return space{}, &fs.PathError{Op: "statfs", Path: dir, Err: err}
		}
	}
}

// lockFolder makes this process the only owner of dir until the file is closed.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrInUse
	}
	return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
}
