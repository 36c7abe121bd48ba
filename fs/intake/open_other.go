//go:build !unix

package intake

import "os"

// openPlain opens a file to read it.
func openPlain(path string) (*os.File, error) { return os.Open(path) }
