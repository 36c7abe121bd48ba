//go:build !linux && !darwin

package staging

import "math"

// diskSpace does not know on this platform, so that a floor has no effect.
func diskSpace(string) (total, free int64, err error) { return math.MaxInt64, math.MaxInt64, nil }

// noSpace does not know on this platform: a full disk is an error like others.
func noSpace(error) bool { return false }
