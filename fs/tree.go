package fs

import (
	"context"
	"os"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
)

// Names answers for what is visible, from this machine. The error is
// [catalog.ErrNotFound] for what is not there; any other error is not absence.
type Names interface {
	// Node gives the attributes of what the kernel knows as node, also when it has
	// been replaced or removed since.
	Node(ctx context.Context, node catalog.ID) (catalog.Attr, error)
	// Child gives the entry with this name, in any normal form, in folder parent.
	Child(ctx context.Context, parent catalog.ID, name string) (catalog.Attr, error)
	// Children lists folder parent in byte order: at most limit entries, those
	// after the name given. Fewer than limit means that there are no more.
	Children(ctx context.Context, parent catalog.ID, after string, limit int) ([]catalog.Attr, error)
	// Version gives the content that the kernel knows as node, present or past.
	Version(ctx context.Context, node catalog.ID) (*catalog.Version, error)
	// Entry gives all about the entry with this id (not node id).
	Entry(ctx context.Context, id catalog.ID) (catalog.Entry, error)
}

// Gate tells whether names may be answered: in the first sync of a device a folder not
// before it is there whole.
type Gate interface {
	// Synced is called twice for every request about names, so it must cost little.
	Synced() bool
	// WaitSynced returns nil once Synced is true, or an error when ctx ends first.
	WaitSynced(ctx context.Context) error
	// Await returns nil once what is in folder may be read, or an error when ctx ends
	// first; folder 0 stands for the folders alone. What is read all the same while it is
	// not there whole gives [catalog.ErrUnsynced].
	Await(ctx context.Context, folder catalog.ID) error
}

// Tree is what is mounted. [catalog.Index] is one.
type Tree interface {
	Names
	Gate
}

// Writer changes what is visible. [pending.Overlay] is one.
type Writer interface {
	FileWriter
	NameWriter
	// Sync makes all names durable.
	Sync(ctx context.Context) error
	// Free is how many bytes may be written now; -1 where that is not known.
	Free() int64
}

// FileWriter opens files whose content is staged.
type FileWriter interface {
	// Open opens a node whose content is staged, for reading; ok is false for others.
	Open(node catalog.ID) (f *pending.File, ok bool)
	// Edit opens a node for writing. [pending.ErrMoved]: the kernel must look the name up
	// again, and gets another node.
	Edit(ctx context.Context, node catalog.ID, truncate bool) (*pending.File, error)
	Create(ctx context.Context, parent catalog.ID, name string, mode uint32) (catalog.Attr, *pending.File, error)
}

// NameWriter changes names and attributes.
type NameWriter interface {
	Mkdir(ctx context.Context, parent catalog.ID, name string, mode uint32) (catalog.Attr, error)
	Remove(ctx context.Context, parent catalog.ID, name string, kind catalog.Kind) error
	Rename(ctx context.Context, from catalog.ID, name string, to catalog.ID, newName string, how pending.How) error
	Set(ctx context.Context, node catalog.ID, s pending.Setting) (catalog.Attr, error)
	// SetXattr sets an attribute, or removes it when value is nil. check may refuse, knowing
	// whether it is there.
	SetXattr(ctx context.Context, node catalog.ID, name string, value []byte, check func(there bool) error) error
}

// Contents gives the bytes of versions.
type Contents interface {
	// Open gets ready to read v. It must not wait for the network.
	Open(ctx context.Context, v *catalog.Version) (Content, error)
	// Present tells how many bytes of v are on this machine.
	Present(v *catalog.Version) int64
}

// Content is one version, opened. Its methods may be called from many goroutines.
type Content interface {
	// ReadAt is [io.ReaderAt]'s with a context: fewer bytes than asked for come with
	// an error, io.EOF at the end. It must not use p after it returned.
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	// Close gives up the content. Reads have returned by then.
	Close()
}

// Narrower is a Content that can be told that its reader stops after the beginning.
type Narrower interface {
	Content
	Narrow()
}

// Backed is a Content whose bytes may all lie in one file of this machine.
type Backed interface {
	Content
	// Backing gives that file, once every byte of it is known to be right. Nothing in
	// it changes or is taken away before Close. ok is false where that cannot be said.
	Backing() (file *os.File, ok bool)
}

// Space counts the tree for statfs. [catalog.Index] does.
type Space interface {
	// Totals may take seconds: it is called in the background, once per change.
	Totals(ctx context.Context) (catalog.Totals, error)
}
