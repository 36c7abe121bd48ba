//go:build linux || darwin

package pin

import (
	"errors"
	"io/fs"
	"syscall"
)

// diskFree is what an ordinary user may still write to the disk that holds dir, in bytes.
func diskFree(dir string) (int64, error) {
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
