//go:build !linux && !darwin

package pack

import "errors"

// diskFree does not know on this platform.
func diskFree(string) (int64, error) { return 0, errors.ErrUnsupported }
