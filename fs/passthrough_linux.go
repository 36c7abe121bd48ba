package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// startPassthrough is called when the kernel has been greeted.
func startPassthrough(f *FS, server *fuse.Server) {
	off := ""
	switch {
	case f.opts.NoPassthrough:
		off = "switched off"
	case server.KernelSettings().Flags64()&fuse.CAP_PASSTHROUGH == 0:
		off = noKernelSupport
	}
	f.passes.start(server, off)
}
