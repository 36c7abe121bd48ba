package catalog

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
)

// hotCache keeps what was just read from the index: attributes, and versions with
// their decoded tags. Losing an entry is harmless, which suits ristretto: its Set
// may be dropped and shows late.
//
// Attributes are kept under the generation in which they were read and a commit
// begins a new one, so a stale one is never found. Versions hardly ever change: their
// generation ends with a commit that describes some of them.
type hotCache struct {
	attrs                 *ristretto.Cache[string, Attr]
	versions              *ristretto.Cache[string, *Version]
	generation, described atomic.Uint64
}

// hotKey names attributes: of a node, or of a name in the folder node.
type hotKey struct {
	node ID
	name string
}

// Costs are estimates in bytes; the caches together stay under about 16 MiB.
const (
	attrCost, attrBytes       = 256, 4 << 20
	versionCost, versionBytes = 1024, 8 << 20 // a version costs that and its tags as JSON
)

func newHotCache() (*hotCache, error) {
	attrs, err := ristretto.NewCache(&ristretto.Config[string, Attr]{
		NumCounters: 10 * attrBytes / attrCost, MaxCost: attrBytes, BufferItems: 64, IgnoreInternalCost: true})
	if err != nil {
		return nil, err
	}
	versions, err := ristretto.NewCache(&ristretto.Config[string, *Version]{
		NumCounters: 10 * versionBytes / versionCost, MaxCost: versionBytes, BufferItems: 64, IgnoreInternalCost: true})
	if err != nil {
		attrs.Close()
		return nil, err
	}
	return &hotCache{attrs: attrs, versions: versions}, nil
}

func (h *hotCache) close() {
	h.attrs.Close()
	h.versions.Close()
}

// forget makes all attributes kept so far unfindable, and all versions if some of them
// were described.
func (h *hotCache) forget(described bool) {
	h.generation.Add(1)
	if described {
		h.described.Add(1)
	}
}

func (k hotKey) in(generation uint64) string {
	b := make([]byte, 16, 16+len(k.name))
	binary.LittleEndian.PutUint64(b, generation)
	binary.LittleEndian.PutUint64(b[8:], uint64(k.node))
	return string(append(b, k.name...))
}

// keepFolder keeps a folder that was listed: it is opened next. generation is that of before
// the listing was read.
func (h *hotCache) keepFolder(a *Attr, generation uint64) {
	h.attrs.Set(hotKey{node: a.Node}.in(generation), *a, attrCost)
}

func (h *hotCache) attr(k hotKey, load func() (Attr, error)) (Attr, error) {
	// The generation is taken before loading: what is read is at least as new.
	key := k.in(h.generation.Load())
	if a, ok := h.attrs.Get(key); ok {
		return a, nil
	}
	a, err := load()
	if err == nil {
		h.attrs.Set(key, a, attrCost)
	}
	return a, err
}

// version gives a version; load also tells how many bytes of JSON it was.
func (h *hotCache) version(node ID, load func() (*Version, int, error)) (*Version, error) {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 16), h.described.Load())
	key := string(binary.LittleEndian.AppendUint64(b, uint64(node)))
	if v, ok := h.versions.Get(key); ok {
		return v, nil
	}
	v, size, err := load()
	if err == nil {
		h.versions.Set(key, v, int64(versionCost+2*size))
	}
	return v, err
}
