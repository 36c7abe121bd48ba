//go:build !linux

package fs

import (
	"errors"
	"fmt"
	"os"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

func (f *FS) newServer(dir string, opts MountOptions) (*fuse.Server, error) {
	server, err := fuse.NewServer(f, dir, f.fuseOptions(opts))
	switch {
	case err == nil:
		return server, nil
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("mount on %s: %w: %w", dir, ErrNoFUSE, err)
	}
	return nil, fmt.Errorf("mount on %s: %w", dir, err)
}

func setReadOnly(o *fuse.MountOptions, on bool) {
	if on {
		o.Options = append(o.Options, "ro")
	}
}

// awaitMount waits for the mounting helper, which goes on after it was started.
func awaitMount(server *fuse.Server) error { return server.WaitMount() }

func checkSystem(MountOptions) error { return nil }

func checkMountPoint(dir string) error {
	err := checkEmpty(dir)
	if errors.Is(err, unix.ENOTCONN) || errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("%w: %s", ErrDeadMount, dir)
	}
	return err
}

// Unmount takes away what is mounted on dir. Errors: ErrBusy, ErrNotMounted.
func Unmount(dir string) error { return unmount(dir, 0) }

// Detach takes away what is mounted on dir, also while programs have files open there.
func Detach(dir string) error { return unmount(dir, unix.MNT_FORCE) }

// ClearDead takes away a mount whose process has died.
func ClearDead(dir string) error { return unmount(dir, unix.MNT_FORCE) }

func unmount(dir string, flags int) error {
	dir, err := resolve(dir)
	if err != nil {
		return err
	}
	switch err := unix.Unmount(dir, flags); {
	case err == nil:
		return nil
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s: %w", dir, ErrBusy)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: %s", ErrNotMounted, dir)
	default:
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
}
