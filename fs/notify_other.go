//go:build !linux

package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// canTell is false: macFUSE does not take notifications from go-fuse.
func canTell(*fuse.Server) bool { return false }

// canKeepLists is false: it would not be told when one changes.
func canKeepLists(*fuse.Server) bool { return false }
