package fs

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Owner is the user and group that all files belong to.
type Owner struct{ UID, GID uint32 }

// Options say how the tree is shown. The zero Options are good ones.
type Options struct {
	// Owner of everything; nil for the user this process runs as.
	Owner *Owner
	// Umask holds the permission bits that are taken away.
	Umask uint32
	// Timeout bounds a name that waits for the first sync; 0 means 10 s.
	Timeout time.Duration
	// ReadTimeout bounds a read that waits for bytes; 0 means Timeout. Who gives the bytes
	// is to give up earlier where the store is silent.
	ReadTimeout time.Duration
	// Free is the space that statfs reports as free, in bytes; 0 means 1 TiB. A
	// bucket has no end, but programs refuse to copy to a disk without space.
	Free int64
	// NoPassthrough has all reads pass this process, also of files that are here whole.
	NoPassthrough bool
	// Writer makes changes; nil where nothing may be changed.
	Writer Writer
	// Watcher is told what programs do with open files; nil for none.
	Watcher Watcher
	// Pins keeps what is asked for on this machine; nil where nothing can be pinned.
	Pins Pins
	// Log is for what the kernel is not told; nil for none.
	Log *slog.Logger
}

const (
	defaultTimeout = 10 * time.Second
	defaultFree    = 1 << 40
)

// FS is the file system. It is mounted at one place at a time.
type FS struct {
	// What is not implemented here answers ENOSYS.
	fuse.RawFileSystem

	tree     Tree
	contents Contents
	usage    usage
	owner    Owner
	opts     Options
	log      *slog.Logger

	files  handles[*file]
	places places
	passes passthrough

	// inUse is true from mounting until all requests have ended.
	inUse atomic.Bool
	// validity is how long the kernel may keep names and attributes. It is set
	// before the first request.
	validity time.Duration
	// keepsLists: the kernel keeps listings by itself. Set as validity is.
	keepsLists bool
	// answering is false until a name has been answered: the kernel holds nothing.
	answering atomic.Bool
	// announced counts calls of Changed.
	announced atomic.Uint64
	// teller is nil while nothing is mounted, or where the kernel cannot be told.
	teller atomic.Pointer[teller]
}

var _ fuse.RawFileSystem = (*FS)(nil)

// New makes a file system over tree. Nothing happens until it is mounted.
func New(tree Tree, contents Contents, space Space, opts Options) *FS {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.ReadTimeout <= 0 {
		opts.ReadTimeout = opts.Timeout
	}
	if opts.Free <= 0 {
		opts.Free = defaultFree
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Watcher == nil {
		opts.Watcher = nobody{}
	}
	owner := Owner{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if opts.Owner != nil {
		owner = *opts.Owner
	}
	f := &FS{RawFileSystem: fuse.NewDefaultRawFileSystem(), tree: tree, contents: contents,
		owner: owner, opts: opts, log: opts.Log, validity: brief}
	f.usage.space = space
	return f
}

// String implements fuse.RawFileSystem.
func (f *FS) String() string { return "lockerfs" }

// Init implements fuse.RawFileSystem: the kernel has been greeted and no request
// has been read yet.
func (f *FS) Init(server *fuse.Server) {
	f.answering.Store(false)
	f.validity = brief
	if canTell(server) {
		f.validity = week
		f.attach(server)
	}
	f.keepsLists = canKeepLists(server)
	startPassthrough(f, server)
}

// Passthrough tells how many files the kernel reads by itself.
func (f *FS) Passthrough() Passthrough { return f.passes.stats() }

// Use counts the open handles of a file's content: those whose reads this process answers,
// and those that the kernel reads by itself.
func (f *FS) Use(node catalog.ID) (answered, passed int) { return f.passes.use(uint64(node)) }

// OnUnmount implements fuse.RawFileSystem: no request will come. The kernel does
// not release handles when a mount is torn down.
func (f *FS) OnUnmount() {
	f.detach()
	for _, h := range f.files.takeAll() {
		f.passes.leave(h.node, h.content, h.backing)
	}
	f.usage.wait()
}

// names runs read, which asks the tree, once the tree is whole, and again if it
// ceased to be whole meanwhile (the catalog was rebuilt and is read anew).
//
// The tree is local and answers in microseconds, so read gets no context that can
// end: database/sql starts a goroutine per query for such a one.
func (f *FS) names(cancel <-chan struct{}, read func(ctx context.Context) error) error {
	for {
		if !f.tree.Synced() {
			if err := f.await(cancel, f.tree.WaitSynced); err != nil {
				return err
			}
		}
		f.answering.Store(true)
		if err := read(context.Background()); f.tree.Synced() {
			return err
		}
	}
}

// folders, in place of one of them, is for what is known once all folders are: that a node
// was looked up shows that it is here.
const folders catalog.ID = 0

// with tells what a node comes with: the root is here before what is below it.
func with(node catalog.ID) catalog.ID {
	if node == catalog.Root {
		return node
	}
	return folders
}

// namesIn is names for those who read only what is in folder: in the first sync they wait
// for that alone.
func (f *FS) namesIn(cancel <-chan struct{}, folder catalog.ID, read func(ctx context.Context) error) error {
	for {
		synced := f.tree.Synced()
		if !synced {
			if err := f.await(cancel, func(ctx context.Context) error { return f.tree.Await(ctx, folder) }); err != nil {
				return err
			}
		}
		f.answering.Store(true)
		err := read(context.Background())
		if !errors.Is(err, catalog.ErrUnsynced) && (!synced || f.tree.Synced()) {
			return err
		}
	}
}

func (f *FS) await(cancel <-chan struct{}, wait func(ctx context.Context) error) error {
	r := newRequest(cancel, f.opts.Timeout)
	defer r.finish()
	err := wait(r)
	if err != nil && r.wasInterrupted() {
		return context.Canceled
	}
	return err
}

// Default permission bits, for entries that state none.
const (
	dirMode  = 0o755
	fileMode = 0o644
)

// fill gives a's attributes in the kernel's form.
func (f *FS) fill(out *fuse.Attr, a *catalog.Attr) {
	mode := a.Mode & 0o777
	switch {
	case a.Kind == catalog.Dir && mode == 0:
		mode = dirMode
	case mode == 0:
		mode = fileMode
	}
	mtime := time.Unix(0, a.MTime)
	out.SetTimes(&mtime, &mtime, &mtime)
	out.Ino = uint64(a.ID)
	out.Mode = kind(a) | mode&^f.opts.Umask
	// One link for folders too: two would promise that there are no sub-folders.
	out.Nlink = 1
	if a.Gone {
		out.Nlink = 0
	}
	out.Size = uint64(a.Size)
	out.Blocks = (uint64(a.Size) + 511) / 512
	out.Blksize = blockSize
	out.Owner = fuse.Owner{Uid: f.owner.UID, Gid: f.owner.GID}
}

// kind gives the type bits of a mode.
func kind(a *catalog.Attr) uint32 {
	if a.Kind == catalog.Dir {
		return fuse.S_IFDIR
	}
	return fuse.S_IFREG
}

// entry fills the answer to a lookup that found a.
func (f *FS) entry(out *fuse.EntryOut, a *catalog.Attr) {
	out.NodeId = uint64(a.Node)
	// Node ids are never reused, so one generation does for all.
	out.Generation = 1
	out.SetEntryTimeout(f.validity)
	out.SetAttrTimeout(f.validity)
	f.fill(&out.Attr, a)
}

// id turns the kernel's number into ours; what cannot be one becomes 0, which is
// no node.
func id(node uint64) catalog.ID {
	if node > math.MaxInt64 {
		return 0
	}
	return catalog.ID(node)
}
