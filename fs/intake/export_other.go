//go:build !linux && !darwin

package intake

import (
	"errors"
	"io/fs"
	"math"
	"os"
)

func lockFile(*os.File) error { return nil }

// freeBytes is not known here.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }

// renameToFree renames a file to a name that nothing has.
func renameToFree(from, to string) error {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, errInTheWay)
	}
	return os.Rename(from, to)
}
