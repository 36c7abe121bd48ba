//go:build !linux

package staging

import (
	"errors"
	"os"
)

// dataSync returns when the bytes of f, and what is needed to find them, are safe.
func dataSync(f *os.File) error { return f.Sync() }

// punchHole is not built for this platform: zeros are written.
func punchHole(*os.File, Span) error { return errors.ErrUnsupported }

// allocate is not built for this platform: only the floor is looked at.
func allocate(*os.File, Span) error { return errors.ErrUnsupported }
