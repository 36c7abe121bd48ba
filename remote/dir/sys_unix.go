//go:build linux || darwin

package dir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const nonblock = unix.O_NONBLOCK

func rmdirAt(dir *os.File, name string) error {
	return onFD(dir, func(fd int) error { return unix.Unlinkat(fd, name, unix.AT_REMOVEDIR) })
}

func unlinkAt(dir *os.File, name string) error {
	return onFD(dir, func(fd int) error { return unix.Unlinkat(fd, name, 0) })
}

// tryLock takes the lock without waiting; it tells whether it did. The lock belongs
// to the open file, so it excludes within this process too, and ends with it.
func tryLock(f *os.File, exclusive bool) (bool, error) {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := onFD(f, func(fd int) error { return unix.Flock(fd, how|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func noLocks(err error) bool {
	return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOLCK)
}

// cannotSync tells whether sync failed only because folders cannot be synced here,
// as on some network file systems.
func cannotSync(err error) bool { return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) }

func setAttr(f *os.File, name string, value []byte) error {
	return onFD(f, func(fd int) error { return unix.Fsetxattr(fd, name, value, 0) })
}

func getAttr(f *os.File, name string, into []byte) (n int, err error) {
	err = onFD(f, func(fd int) (err error) {
		n, err = unix.Fgetxattr(fd, name, into)
		return err
	})
	return n, err
}

// onFD calls do with f's descriptor, again when a signal interrupts it.
func onFD(f *os.File, do func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for {
			if callErr = do(int(fd)); !errors.Is(callErr, unix.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return callErr
}
