package cache

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// punchHole gives the disk space of n bytes at off back, and keeps the file's size.
func punchHole(f *os.File, off, n int64) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("punch hole: %w", err)
	}
	var punched error
	err = raw.Control(func(fd uintptr) {
		for {
			punched = unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
			if punched != unix.EINTR {
				return
			}
		}
	})
	if err == nil {
		err = punched
	}
	if err != nil {
		return fmt.Errorf("punch hole in %s: %w", f.Name(), err)
	}
	return nil
}
