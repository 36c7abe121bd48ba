package pending

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// change is one entry that programs see otherwise than it is committed: new, moved,
// written, set or gone. It is never altered once it is in the overlay, but for its
// content's own state: who changes it puts a copy in its place.
type change struct {
	ID     catalog.ID        `json:"id"`
	Parent catalog.ID        `json:"parent"`
	Name   string            `json:"name"`
	Kind   catalog.Kind      `json:"kind"`
	Mode   uint32            `json:"mode"`
	MTime  int64             `json:"mtime"`
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
	// Node is what the kernel knows the content by: a version's id, of the committed
	// version or of the one that Content will be. A folder's is its own id.
	Node catalog.ID `json:"node"`
	// Size of a committed version, in bytes.
	Size int64 `json:"size,omitempty"`
	// Dated: the folder's time was set, and its list has not changed since. Otherwise that
	// time follows from the list.
	Dated bool `json:"dated,omitempty"`
	// Gone: it was removed here. Such a change waits for its commit, and has a Base.
	Gone bool `json:"gone,omitempty"`
	// At is when it was changed last, nanoseconds since 1970: the time of its operations.
	At int64 `json:"at"`
	// Base is the entry as it was committed when it was looked at last; nil for one that
	// the locker does not have.
	Base *base `json:"base,omitempty"`
	// Asked is what a commit that may have been sent makes of the entry; nil for none.
	Asked *base `json:"asked,omitempty"`
	// Was: the locker had it once and has it no more; its ids cannot be used again.
	Was bool `json:"was,omitempty"`
	// Origin is the version in the index, present or past, whose bytes a new file has; 0 for
	// none. Its own version will share the object.
	Origin catalog.ID `json:"origin,omitempty"`
	// Content is what was written here and is not committed; nil for none.
	Content *content `json:"content,omitempty"`
}

// base is what of an entry was committed.
type base struct {
	Parent catalog.ID        `json:"parent"`
	Name   string            `json:"name"`
	Mode   uint32            `json:"mode"`
	MTime  int64             `json:"mtime"`
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
	Node   catalog.ID        `json:"node"`
}

// content is a version that was written here: staged bytes on their way to the store.
// Where it comes to life it is shared by all copies of its change.
type content struct {
	// Record says where the bytes are that are safe.
	Record staging.Record `json:"record"`
	// From is the version that lies under what was written; 0 for none.
	From catalog.ID `json:"from,omitempty"`
	// New: the file was new, not edited. It is uploaded sooner.
	New bool `json:"new,omitempty"`
	// Key is the key under which a large content is being sent; empty for none yet.
	Key string `json:"key,omitempty"`
	// Sent is the version once its object is in the store, and nobody has written since.
	Sent *catalog.Version `json:"sent,omitempty"`

	*live
}

// live is what of a content is not recorded. Its fields are guarded by Overlay.turn,
// where nothing else is said.
type live struct {
	draft   *staging.Draft
	under   *under // what lies under the draft; nil for nothing
	handles int    // open ones, for whatever
	writers int    // of which may write
	// durable: Record is in the journal. A content that was only opened is not.
	durable bool
	// frozen: a commit that may have been sent names it. It is not written any more.
	frozen bool
	// beneath is what this is a copy of, when that must not be lost yet; nil for none.
	beneath *beneath
	// dead: nothing refers to it but handles; leaving: and who takes its bytes into the cache.
	dead, leaving bool
	// tried: a scan pack was to be made of Sent.
	tried bool
	// sentAt is the draft's generation that Sent is of.
	sentAt uint64
	// trouble is why it is not uploaded; parked: and is not tried again by itself.
	trouble error
	parked  bool
	// next is when an upload that failed is tried again, pause how long that took.
	next  time.Time
	pause time.Duration
	// idleSince is when a content that was never written was found without a handle.
	idleSince time.Time
	// mtime is what programs see, and written when it was written last: nanoseconds since
	// 1970.
	mtime, written atomic.Int64
	// recorded is the generation that the journal knows.
	recorded atomic.Uint64
	// urgent: somebody waits for it to be in the store.
	urgent atomic.Bool
}

// changeOf begins a change of a committed entry.
func changeOf(e *catalog.Entry) *change {
	a := e.Attr()
	return &change{ID: e.ID, Parent: e.Parent, Name: e.Name, Kind: e.Kind, Mode: e.Mode, MTime: e.MTime,
		Xattrs: e.Xattrs, Node: a.Node, Size: a.Size, Base: baseOf(e)}
}

func baseOf(e *catalog.Entry) *base {
	return &base{Parent: e.Parent, Name: e.Name, Mode: e.Mode, MTime: e.MTime, Xattrs: e.Xattrs, Node: e.Attr().Node}
}

// copied gives a copy to be altered.
func (c *change) copied() *change {
	d := *c
	return &d
}

// attr gives what programs see.
func (c *change) attr() catalog.Attr {
	a := catalog.Attr{ID: c.ID, Parent: c.Parent, Node: c.Node, Name: c.Name, Kind: c.Kind, Mode: c.Mode, MTime: c.MTime, Size: c.Size, Gone: c.Gone}
	if c.Content != nil {
		a.Size, a.MTime = c.Content.draft.Size(), c.Content.mtime.Load()
	}
	return a
}

// entry gives it in the form of the catalog, with no version where that is staged.
func (c *change) entry() catalog.Entry {
	a := c.attr()
	return catalog.Entry{ID: c.ID, Parent: c.Parent, Name: c.Name, Kind: c.Kind, Mode: c.Mode, MTime: a.MTime, Xattrs: c.Xattrs}
}

// differs tells whether the locker would have anything to learn from it.
func (c *change) differs() bool {
	b := c.Base
	return b == nil || c.Asked != nil || c.Gone || c.Content != nil || c.Parent != b.Parent || c.Name != b.Name || c.Mode != b.Mode ||
		c.MTime != b.MTime && (c.Kind == catalog.File || c.Dated) || !sameXattrs(c.Xattrs, b.Xattrs)
}

func (c *change) moved() bool {
	return c.Base != nil && (c.Parent != c.Base.Parent || c.Name != c.Base.Name)
}

func sameXattrs(a, b map[string][]byte) bool {
	return maps.EqualFunc(a, b, func(x, y []byte) bool { return string(x) == string(y) })
}

// spot is a name in a folder.
type spot struct {
	parent catalog.ID
	name   string
}

func (c *change) spot() spot { return spot{c.Parent, c.Name} }
