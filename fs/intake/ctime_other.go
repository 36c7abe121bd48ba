//go:build !linux && !darwin

package intake

import "io/fs"

// changeTime is 0 where it is not known.
func changeTime(fs.FileInfo) int64 { return 0 }
