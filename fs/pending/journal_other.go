//go:build !linux

package pending

// datasync is Sync, which on macOS asks the drive to empty its cache too.
func (f osFile) datasync() error { return f.Sync() }
