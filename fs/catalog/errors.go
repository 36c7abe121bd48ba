package catalog

import "errors"

// Errors that callers tell apart.
var (
	// ErrNotFound: the catalog was read, and there is no such entry.
	ErrNotFound = errors.New("no such entry in the locker")
	// ErrInvalid: a commit or an operation breaks the rules of [Apply].
	ErrInvalid = errors.New("invalid commit")
	// ErrEpoch: a commit belongs to another run of the log than the index follows:
	// the catalog was rebuilt, or the commit is nothing to us.
	ErrEpoch = errors.New("commit of another epoch")
	// ErrTooLarge: operations do not fit into one commit.
	ErrTooLarge = errors.New("too large for one commit")
	// ErrNewer: the locker was written by a newer lockerfs.
	ErrNewer = errors.New("the locker has a newer format than this lockerfs reads")
	// ErrNoLocker: there is no locker at this place in the store.
	ErrNoLocker = errors.New("no locker here")
	// ErrOther: this device's index belongs to another locker, or to the time
	// before the catalog was rebuilt.
	ErrOther = errors.New("the index belongs to another locker or to an earlier catalog")
	// ErrCorrupt: the catalog's objects contradict each other.
	ErrCorrupt = errors.New("the catalog in the store is damaged")
	// ErrBehind: the store has commits that this device cannot reach and has not read.
	ErrBehind = errors.New("this device has not read all commits of the locker")
	// ErrUnsynced: this device has not read the catalog yet.
	ErrUnsynced = errors.New("the catalog has not been read yet")
)
