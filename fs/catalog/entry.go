package catalog

import (
	"github.com/lockerfs/lockerfs/fs/tag"
)

// Kind tells a folder from a file.
type Kind string

// The kinds of entry.
const (
	Dir  Kind = "dir"
	File Kind = "file"
)

// Entry is one name in the tree with all that the locker keeps about it. It is
// what commits and checkpoints carry.
type Entry struct {
	ID     ID     `json:"id"`
	Parent ID     `json:"parent"`
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	// Mode holds the nine permission bits.
	Mode uint32 `json:"mode"`
	// MTime is in nanoseconds since 1970, UTC. A folder's is the time of the last
	// operation that changed its list of names.
	MTime int64 `json:"mtime"`
	// Xattrs are the extended attributes shared by all devices (user.*, 4 KiB in all).
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
	// Version is the content of a file; nil for a folder.
	Version *Version `json:"version,omitempty"`
}

// Version is one immutable content of a file.
type Version struct {
	ID ID `json:"id"`
	// Size in bytes.
	Size int64 `json:"size"`
	// SHA256 of all bytes; zero until known.
	SHA256 Hash `json:"sha256,omitzero"`
	// Object is where the bytes are.
	Object Ref `json:"object"`
	// Tags are what fs/tag read; nil for what is not audio.
	Tags *tag.Info `json:"tags,omitempty"`
	// Pack names the scan pack that holds the file's head and tail, if any.
	Pack string `json:"pack,omitempty"`
}

// Ref points at an object in the store.
type Ref struct {
	Key string `json:"key"`
	// ETag is never empty: reading names it, so that other content is not taken for this.
	ETag string `json:"etag,omitempty"`
	// Foreign objects were not written by lockerfs: they may change under us, and
	// are never written or deleted.
	Foreign bool `json:"foreign,omitempty"`
	// Missing: a foreign object that vanished from the store; reading it is EIO.
	Missing bool `json:"missing,omitempty"`
}

// Attr is the part of an Entry that answering for names needs.
type Attr struct {
	ID     ID
	Parent ID
	// Node is the id the kernel knows the present content by: the version's ID for
	// a file, the entry's own for a folder.
	Node  ID
	Name  string
	Kind  Kind
	Mode  uint32
	MTime int64
	// Size in bytes; 0 for a folder.
	Size int64
	// Gone: it was removed, and is answered for because handles may be open.
	Gone bool
}

// Attr gives the entry's Attr.
func (e *Entry) Attr() Attr {
	a := Attr{ID: e.ID, Parent: e.Parent, Node: e.ID, Name: e.Name, Kind: e.Kind, Mode: e.Mode, MTime: e.MTime}
	if e.Version != nil {
		a.Node, a.Size = e.Version.ID, e.Version.Size
	}
	return a
}

// root is the entry every locker begins with. No commit creates or removes it.
func root() Entry { return Entry{ID: Root, Kind: Dir, Mode: 0o755} }
