package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/lockerfs/lockerfs/remote"
)

// kinds says what the system's errors mean for a store. What is missing is
// ErrThrottled: the call failed, and says nothing about the object.
var kinds = []struct {
	kind  error
	errno []syscall.Errno
}{
	{remote.ErrNotFound, []syscall.Errno{syscall.ENOENT}},
	{remote.ErrFull, []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}},
	{remote.ErrDenied, []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS}},
	{remote.ErrInvalid, []syscall.Errno{syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EILSEQ, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP}},
	{remote.ErrOffline, []syscall.Errno{
		syscall.ENODEV, syscall.ENXIO, syscall.ESTALE, syscall.ETIMEDOUT, syscall.ENOTCONN, syscall.ECONNABORTED,
		syscall.ECONNRESET, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ESHUTDOWN,
	}},
	// A bad sector and a failing disk are the 500 of a local store.
	{remote.ErrThrottled, []syscall.Errno{syscall.EIO, syscall.EBUSY, syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM}},
}

// sentinel gives the kind err has already, or nil.
func sentinel(err error) error {
	for _, kind := range []error{
		remote.ErrNoStore, remote.ErrNotFound, remote.ErrExists, remote.ErrPrecondition, remote.ErrNotImplemented,
		remote.ErrCorrupt, remote.ErrRange, remote.ErrInvalid, remote.ErrFull, remote.ErrDenied, remote.ErrOffline, remote.ErrThrottled,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}

func kindOf(err error) error {
	if kind := sentinel(err); kind != nil {
		return kind
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		for _, k := range kinds {
			for _, e := range k.errno {
				if e == errno {
					return k.kind
				}
			}
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return remote.ErrNotFound
	}
	if errors.Is(err, os.ErrClosed) {
		return remote.ErrNoStore
	}
	return remote.ErrThrottled
}

// fail wraps err as the contract wants it; a context's error passes as it is.
func fail(op, key string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %q: %w", op, key, err)
	}
	kind := kindOf(err)
	if err == kind {
		err = nil // else the kind would be said twice
	}
	return &remote.Error{Op: op, Key: key, Kind: kind, Err: err}
}

// noHardLinks tells whether link failed because the file system has no hard links.
func noHardLinks(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EMLINK} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
