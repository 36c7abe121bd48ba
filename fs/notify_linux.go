package fs

import "github.com/hanwen/go-fuse/v2/fuse"

// canTell tells whether the kernel listens (FUSE 7.12, Linux 2.6.31).
func canTell(server *fuse.Server) bool {
	return server.KernelSettings().SupportsNotify(fuse.NOTIFY_INVAL_ENTRY)
}

// canKeepLists tells whether the kernel does without handles of folders (FUSE 7.29,
// Linux 5.1). It keeps their listings then, so it must listen too.
func canKeepLists(server *fuse.Server) bool {
	return canTell(server) && server.KernelSettings().Flags64()&fuse.CAP_NO_OPENDIR_SUPPORT != 0
}
