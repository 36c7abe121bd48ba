//go:build !linux

package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// startPassthrough is called when the kernel has been greeted.
func startPassthrough(f *FS, _ *fuse.Server) { f.passes.start(nil, noKernelSupport) }
