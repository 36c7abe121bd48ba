package fs

import (
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Watcher is told what programs do with the files they have open, for whoever guesses what
// they will read next. Its methods are called from many goroutines while requests wait, so
// they must return at once.
type Watcher interface {
	// Opened says that a file was opened. No other handle has had the number. thread is the
	// kernel's number of the thread that opened it, 0 where that is not known. scans tells
	// whether the program is likely to read only what programs read that look through a
	// library.
	Opened(handle uint64, thread uint32, v *catalog.Version) (scans bool)
	// Asked says that n bytes from off are asked for, and Answered that such a request was
	// answered, well or not. What the kernel has already, or reads by itself, it does not
	// ask for. class says how urgent it is that the bytes come.
	Asked(handle uint64, off, n int64) (class remote.Class)
	Answered(handle uint64)
	// Closed says that a descriptor of the handle was closed, as a rule the only one.
	Closed(handle uint64)
	// Ended says that the handle is no more.
	Ended(handle uint64)
}

// FolderWatcher is a Watcher that is also told of folders that programs list.
type FolderWatcher interface {
	Listed(folder catalog.ID)
}

// nobody watches.
type nobody struct{}

func (nobody) Opened(uint64, uint32, *catalog.Version) bool { return false }
func (nobody) Asked(uint64, int64, int64) remote.Class      { return remote.Demand }
func (nobody) Answered(uint64)                              {}
func (nobody) Closed(uint64)                                {}
func (nobody) Ended(uint64)                                 {}
