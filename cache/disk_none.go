//go:build !linux && !darwin

package cache

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

func usage(info fs.FileInfo) int64 { return info.Size() }

// diskSpace does not know on this platform, so that a floor has no effect.
func diskSpace(string) (space, error) { return space{free: math.MaxInt64}, nil }

// lockFolder only opens the lock file: this platform has no flock.
func lockFolder(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
}
