package intake

import (
	"io/fs"
	"syscall"
)

// changeTime is when the file's content or attributes last changed, nanoseconds
// since 1970.
func changeTime(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano()
	}
	return 0
}

// inodeOf gives a file's number, and how many names it has.
func inodeOf(info fs.FileInfo) (id inode, names uint64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return inode{uint64(st.Dev), st.Ino}, uint64(st.Nlink)
	}
	return inode{}, 1
}
