package fs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// The attributes that every file has, so that scripts need no command of ours:
// the SHA-256 in hex (once it is known), the object's key in the store, and where
// the bytes are.
const (
	attrSHA256 = "user.lockerfs.sha256"
	attrKey    = "user.lockerfs.key"
	attrState  = "user.lockerfs.state"
)

// Values of user.lockerfs.state.
const (
	stateOnline  = "online"  // only in the store
	statePartial = "partial" // some bytes are here
	stateLocal   = "local"   // all bytes are here
	statePinned  = "pinned"  // all bytes are here to stay
	statePending = "pending" // written here, not in the store yet
	stateMissing = "missing" // the store has lost it, and not all is here
)

// GetXAttr implements fuse.RawFileSystem.
func (f *FS) GetXAttr(cancel <-chan struct{}, header *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	value, err := f.xattr(cancel, id(header.NodeId), name)
	if err == nil {
		err = fits(len(value), dest)
	}
	copy(dest, value)
	return uint32(len(value)), f.status("getxattr", header.NodeId, err)
}

// ListXAttr implements fuse.RawFileSystem.
func (f *FS) ListXAttr(cancel <-chan struct{}, header *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	names, err := f.xattrNames(cancel, id(header.NodeId))
	var list []byte
	for _, name := range names {
		list = append(append(list, name...), 0)
	}
	if err == nil {
		err = fits(len(list), dest)
	}
	copy(dest, list)
	return uint32(len(list)), f.status("listxattr", header.NodeId, err)
}

// fits refuses a buffer that is too small. go-fuse passes an empty one when only
// the size is asked for, and answers with it.
func fits(n int, dest []byte) error {
	if n > len(dest) {
		return errSmall
	}
	return nil
}

// xattr gives one attribute. The kernel and ls ask for security.* and system.* all
// the time; those are refused without a look at the tree.
func (f *FS) xattr(cancel <-chan struct{}, node catalog.ID, name string) ([]byte, error) {
	switch {
	case !strings.HasPrefix(name, "user."):
		return nil, errNoAttr
	case name == attrPin:
		return f.pinned(cancel, node)
	case name == attrSHA256 || name == attrKey || name == attrState:
		return f.ownXattr(cancel, node, name)
	}
	shared, err := f.sharedXattrs(cancel, node)
	if err != nil {
		return nil, err
	}
	value, ok := shared[name]
	if !ok {
		return nil, errNoAttr
	}
	return value, nil
}

func (f *FS) ownXattr(cancel <-chan struct{}, node catalog.ID, name string) ([]byte, error) {
	v, err := f.version(cancel, node)
	switch {
	case errors.Is(err, errStale) && name == attrState:
		word, err := f.summary(cancel, node)
		return []byte(word), err
	case errors.Is(err, errStale):
		return nil, errNoAttr // a folder
	case err != nil:
		return nil, err
	case name == attrKey && v.Object.Key == "":
		return nil, errNoAttr
	case name == attrKey:
		return []byte(v.Object.Key), nil
	case name == attrState:
		return []byte(f.state(v)), nil
	case !v.SHA256.Known():
		return nil, errNoAttr
	}
	return []byte(v.SHA256.String()), nil
}

func (f *FS) state(v *catalog.Version) string {
	if v.Object.Key == "" {
		return statePending
	}
	if f.opts.Pins != nil && f.opts.Pins.Kept(v) {
		return statePinned
	}
	switch here := f.contents.Present(v); {
	case here >= v.Size:
		return stateLocal
	case v.Object.Missing:
		return stateMissing
	case here > 0:
		return statePartial
	}
	return stateOnline
}

// sharedXattrs gives what the catalog keeps. An entry that was removed while open
// has none.
func (f *FS) sharedXattrs(cancel <-chan struct{}, node catalog.ID) (map[string][]byte, error) {
	var e catalog.Entry
	err := f.namesIn(cancel, folders, func(ctx context.Context) error {
		a, err := f.node(ctx, node)
		if err != nil {
			return err
		}
		e, err = f.tree.Entry(ctx, a.ID)
		if errors.Is(err, catalog.ErrNotFound) {
			return nil
		}
		return err
	})
	return e.Xattrs, err
}

func (f *FS) xattrNames(cancel <-chan struct{}, node catalog.ID) ([]string, error) {
	shared, err := f.sharedXattrs(cancel, node)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(shared))
	v, err := f.version(cancel, node)
	switch {
	case errors.Is(err, errStale):
		return names, nil // whoever lists a folder does not want to know that of all in it
	case err != nil:
		return nil, err
	case v.Object.Key == "":
		return append(names, attrState), nil
	case v.SHA256.Known():
		names = append(names, attrSHA256)
	}
	return append(names, attrKey, attrState), nil
}
