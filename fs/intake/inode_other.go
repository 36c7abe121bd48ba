//go:build !linux && !darwin

package intake

import "io/fs"

// changeTime is 0 where it is not known.
func changeTime(fs.FileInfo) int64 { return 0 }

// inodeOf knows of one name only.
func inodeOf(fs.FileInfo) (id inode, names uint64) { return inode{}, 1 }
