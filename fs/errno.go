package fs

import (
	"context"
	"errors"
	"log/slog"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
)

// What only the kernel's protocol can get wrong.
var (
	errReadOnly     = errors.New("the mount is read-only")
	errStale        = errors.New("no such node any more")
	errNotDir       = errors.New("not a folder")
	errIsDir        = errors.New("is a folder")
	errNoHandle     = errors.New("no such handle")
	errNoAttr       = errors.New("no such extended attribute")
	errSmall        = errors.New("buffer is too small")
	errPastEnd      = errors.New("offset past the end of the file")
	errBadRequest   = errors.New("request makes no sense")
	errNotTTY       = errors.New("no such control")
	errShort        = errors.New("content ended before the file does")
	errNotPermitted = errors.New("not possible on a drive like this")
	errUnsupported  = errors.New("not supported")
	errAttrExists   = errors.New("the extended attribute is there")
	errUnwanted     = errors.New("the file was closed meanwhile")
)

// errnos says which errno stands for which error; the first row that matches
// counts, and what matches none is EIO.
//
// No failure of the store is ENOENT: an error is not absence. None is ENOSYS
// either, because the kernel would never ask again. A cancelled context comes after
// the store's kinds: it is EINTR only when nothing else is known to be wrong.
var errnos = []struct {
	err   error
	errno syscall.Errno
}{
	{errReadOnly, syscall.EROFS},
	{errStale, syscall.ESTALE}, // the kernel looks the name up again
	{errNotDir, syscall.ENOTDIR},
	{errIsDir, syscall.EISDIR},
	{errNoHandle, syscall.EBADF},
	{errNoAttr, syscall.Errno(fuse.ENOATTR)},
	{errSmall, syscall.ERANGE},
	{errPastEnd, syscall.ENXIO},
	{errBadRequest, syscall.EINVAL},
	{errNotTTY, syscall.ENOTTY},
	{errShort, syscall.EIO},
	{errUnwanted, syscall.EINTR},
	{errNotPermitted, syscall.EPERM},
	{errUnsupported, syscall.EOPNOTSUPP},
	{errAttrExists, syscall.EEXIST},
	{ErrInherited, syscall.EPERM},

	{pending.ErrMoved, syscall.ESTALE},
	{pending.ErrExists, syscall.EEXIST},
	{pending.ErrNotEmpty, syscall.ENOTEMPTY},
	{pending.ErrNotDir, syscall.ENOTDIR},
	{pending.ErrIsDir, syscall.EISDIR},
	{pending.ErrLoop, syscall.EINVAL},
	{pending.ErrFull, syscall.ENOSPC},
	{pending.ErrTooLarge, syscall.EFBIG},
	{pending.ErrXattrs, syscall.ENOSPC},
	{pending.ErrJournal, syscall.EIO},
	{pending.ErrNotSynced, syscall.EIO}, // no request of the kernel asks that

	{remote.ErrFull, syscall.ENOSPC},
	{remote.ErrNotFound, syscall.EIO},
	{remote.ErrExists, syscall.EIO},
	{remote.ErrPrecondition, syscall.EIO},
	{remote.ErrNotImplemented, syscall.EIO},
	{remote.ErrOffline, syscall.EIO},
	{remote.ErrDenied, syscall.EIO},
	{remote.ErrThrottled, syscall.EIO},
	{remote.ErrCorrupt, syscall.EIO},
	{remote.ErrNoStore, syscall.EIO},
	{remote.ErrRange, syscall.EIO},
	{remote.ErrInvalid, syscall.EIO},

	{catalog.ErrNotFound, syscall.ENOENT},
	{catalog.ErrNewer, syscall.EROFS},
	{catalog.ErrInvalid, syscall.EIO},
	{catalog.ErrNoLocker, syscall.EIO},
	{catalog.ErrOther, syscall.EIO},
	{catalog.ErrCorrupt, syscall.EIO},
	{catalog.ErrEpoch, syscall.EIO},
	{catalog.ErrTooLarge, syscall.EFBIG},
	{catalog.ErrUnsynced, syscall.EIO},
	{catalog.ErrNotLost, syscall.EIO},
	{catalog.ErrQuery, syscall.EINVAL},  // no request of the kernel asks that
	{catalog.ErrStands, syscall.EEXIST}, // nor that
	{catalog.ErrMany, syscall.EFBIG},
	{catalog.ErrCondemned, syscall.EIO}, // the writers upload again; nobody is answered with it
	{catalog.ErrBehind, syscall.EIO},

	{library.ErrNameTooLong, syscall.ENAMETOOLONG},
	{library.ErrNameEncoding, syscall.EILSEQ},
	{library.ErrNameInvalid, syscall.EINVAL},
	{library.ErrLayout, syscall.EINVAL}, // nor that

	{context.DeadlineExceeded, syscall.EIO},
	{context.Canceled, syscall.EINTR},
}

// errno gives the number that stands for err; 0 for nil.
func errno(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	for _, row := range errnos {
		if errors.Is(err, row.err) {
			return row.errno
		}
	}
	return syscall.EIO
}

// status ends a request: err in the kernel's terms. The number is all that a
// program gets to see, so the cause of an EIO is logged here.
func (f *FS) status(op string, node uint64, err error) fuse.Status {
	if err == nil {
		return fuse.OK
	}
	n := errno(err)
	if n == syscall.EIO {
		level := slog.LevelWarn
		if remote.Temporary(err) || errors.Is(err, context.DeadlineExceeded) {
			level = slog.LevelDebug // a disconnected laptop would fill the log
		}
		f.log.Log(context.Background(), level, "answered with an I/O error", "op", op, "node", id(node), "error", err)
	}
	return fuse.Status(n)
}
