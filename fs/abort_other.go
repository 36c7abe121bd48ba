//go:build !linux

package fs

import "golang.org/x/sys/unix"

// Abort ends all requests of the mount on dir with an error.
func Abort(dir string) error { return unmount(dir, unix.MNT_FORCE) }
