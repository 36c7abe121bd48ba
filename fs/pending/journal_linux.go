package pending

import (
	"os"
	"syscall"
)

// datasync leaves the times of the file aside, which Sync would write too.
func (f osFile) datasync() error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var synced error
	err = raw.Control(func(fd uintptr) {
		for {
			// A signal comes before any page was tried, so that trying again is sound.
			if synced = syscall.Fdatasync(int(fd)); synced != syscall.EINTR {
				return
			}
		}
	})
	if err == nil && synced != nil {
		err = &os.PathError{Op: "fdatasync", Path: f.Name(), Err: synced}
	}
	return err
}
