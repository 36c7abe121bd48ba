//go:build linux || darwin

package pin

import (
	"errors"
	"io/fs"
	"syscall"
)

// diskSpace is the size of the disk that holds dir and what an ordinary user may still write
// to it, in bytes.
func diskSpace(dir string) (total, free int64, err error) {
	var st syscall.Statfs_t
	for {
		err := syscall.Statfs(dir, &st)
		if err == nil {
			unit := int64(st.Bsize)
			return int64(st.Blocks) * unit, int64(st.Bavail) * unit, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
		}
	}
}
