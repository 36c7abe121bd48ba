// Package fs answers the kernel's file system protocol (FUSE) over the visible
// tree of a locker.
//
// It knows names and versions through [Tree], bytes through [Contents], and which
// errno stands for which error (errno.go is the only place that decides that). It
// must never know a store, a command line, or how bytes come here.
//
// # No state per name
//
// [FS] implements go-fuse's low-level [fuse.RawFileSystem]. A node id is
// [catalog.Attr].Node, the id of one content version of a file or the id of a
// folder, and the tree can answer for every id that it ever gave out. So nothing
// is remembered for a lookup and nothing freed for a forget; there is one object
// per open handle and no other. The inode number that programs see is the entry's
// id, which is the same in every mount and survives new versions.
//
// Because a node is one version, its bytes never change: every open keeps the
// kernel's pages (FOPEN_KEEP_CACHE), the kernel is told never to drop them by
// itself (explicit invalidation), and an open handle keeps reading the version it
// opened. A new version is a new node at the same name. FOPEN_DIRECT_IO is never
// used: io_uring readers get wrong bytes over it.
//
// # Writing
//
// A [Writer] makes changes; without one the mount is read-only. A file that is being written
// has a node of its own, whose bytes all come through this mount, so the kernel's pages of
// it are right too. Opening committed content for writing gives the path a new node, and
// ESTALE has the kernel look it up: nobody's open version changes. What programs here change
// the kernel knows by itself; it is told of what other devices do, and of what a commit
// makes otherwise.
//
// # What the kernel remembers
//
// On Linux the kernel may keep names, their absence and attributes for a [week],
// and is told of every change by one goroutine (the teller). A name must not stay
// wrong because an answer and a change passed each other. With C a commit and A an
// answer that does not contain it yet:
//
//   - A is a lookup of a name. The kernel holds the folder's lock from before it
//     asks until the answer is installed, and telling it of a name (NotifyEntry)
//     takes the same lock exclusively. C is told after it was applied. If A was
//     asked before C was applied, then C is told after A was installed and removes
//     it; if A was asked later, it contains C.
//   - A is a page of a listing, with attributes (READDIRPLUS). The lock is held in the
//     same way, and every answer is read from the tree while it is given, so what was
//     said of a name above holds for all of them.
//   - A is a listing that the kernel keeps. It is made of several answers, and the first
//     may lack C while the last has it. After the names the folder itself is told of
//     (NotifyContent from offset 0), which drops all pages of its listing: what was asked
//     for before C is in them by then, and a listing with a page missing is not used. (One
//     that loses a page while it is being made is asked for ever after: Linux 6.18.)
//     Where a listing goes on is the id of an entry, which means the same place in every
//     listing of the folder; see places.
//   - A is attributes of a node the kernel has. Telling it that they changed
//     (NotifyContent with offset -1: attributes, no bytes) raises the node's
//     attribute version, and the kernel drops answers to questions asked before.
//   - A is attributes of a folder that came with a lookup of its name, and the
//     kernel does not have the node yet when C is told. Then that telling answers
//     ENOENT, and the name of the folder is told as well, which waits for the
//     lookup's lock; after that the attributes are told again.
//
// A revalidation asks without the lock, but only for a name that the kernel has:
// telling it of the name unhooks it, and an answer that comes later revives
// nothing. Names asked for in another form than NFC are never kept, because they
// would be told under the stored form.
//
// The teller's queue is bounded. When it is full, [FS.Changed] waits for room: the
// log is then followed no faster than the kernel listens, nothing is lost, and no
// request of the kernel ever waits for the queue. One telling waits at most for
// the requests in that folder, which end within [Options].Timeout.
//
// # What programs are about
//
// A [Watcher] is told of opens, reads and closes, and guesses what will be read next; this
// package fetches nothing by itself. What only the kernel reads ahead, beyond a scan pack,
// is not fetched when the file is closed meanwhile; see grace.
//
// # Time
//
// Names are answered from this machine. Only a device's first sync makes them wait,
// [Options].Timeout at most, and then they fail with EIO: a listing is never
// partial, an error never looks like absence. Who reads waits for the folder in
// question, who changes something for all. Reads wait for bytes, [Options].ReadTimeout at
// most. A signal ends both with EINTR where the kernel tells us of it.
package fs
