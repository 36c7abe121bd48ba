package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// canTell tells whether the kernel listens (FUSE 7.12, Linux 2.6.31).
func canTell(server *fuse.Server) bool {
	return server.KernelSettings().SupportsNotify(fuse.NOTIFY_INVAL_ENTRY)
}
