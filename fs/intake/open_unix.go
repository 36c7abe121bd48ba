//go:build unix

package intake

import (
	"os"
	"syscall"
)

// openPlain opens a file to read it. Where a pipe has taken the file's place since it
// was found, that does not wait for a writer; a link is refused.
func openPlain(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
}
