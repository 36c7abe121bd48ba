package pack

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Range is a span of an object with its bytes.
type Range struct {
	Offset int64
	Bytes  []byte
}

// Span is a span of an object.
type Span struct{ Offset, Length int64 }

// Builder makes one pack. It holds the pack's bytes in memory, MaxSize at most.
type Builder struct {
	zstd   *zstd.Encoder
	index  index
	blobs  [][]byte // as stored
	known  map[[sha256.Size]byte]int
	ids    map[ID]bool
	stored int
}

// NewBuilder gives an empty one.
func NewBuilder() (*Builder, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, fmt.Errorf("scan pack: %w", err)
	}
	return &Builder{zstd: enc, known: map[[sha256.Size]byte]int{}, ids: map[ID]bool{}}, nil
}

// Size is what the blobs take so far, in bytes.
func (b *Builder) Size() int { return b.stored }

// Objects is how many objects are in.
func (b *Builder) Objects() int { return len(b.index.Objects) }

// Add puts ranges of an object of size bytes into the pack, which do not overlap.
// What lies at shared spans is likely to be in other objects too, such as a picture,
// and is kept once. An object that is in already is left as it is. Bytes are copied.
//
// ErrTooLarge: the pack has no room for it, and is as it was. An object that does not
// fit into an empty pack fits into none.
func (b *Builder) Add(id ID, size int64, ranges []Range, shared []Span) error {
	if b.ids[id] {
		return nil
	}
	if len(b.index.Objects) == MaxObjects {
		return fmt.Errorf("%d objects: %w", MaxObjects, ErrTooLarge)
	}
	total := 0
	for _, r := range ranges {
		total += len(r.Bytes)
	}
	// Half the size leaves room for what the index needs at worst.
	if b.stored+total > MaxSize-maxIndex/2 {
		return fmt.Errorf("%d bytes more: %w", total, ErrTooLarge)
	}
	o := object{ID: id, Size: size}
	for _, r := range ranges {
		if len(r.Bytes) == 0 {
			continue
		}
		part := ranged{Offset: r.Offset}
		for _, cut := range cuts(r, shared) {
			part.Pieces = append(part.Pieces, b.put(cut)...)
		}
		o.Parts = append(o.Parts, part)
	}
	slices.SortFunc(o.Parts, func(a, b ranged) int { return cmp.Compare(a.Offset, b.Offset) })
	b.index.Objects = append(b.index.Objects, o)
	b.ids[id] = true
	return nil
}

// cuts divides a range at the shared spans that lie whole in it.
func cuts(r Range, shared []Span) [][]byte {
	shared = slices.SortedFunc(slices.Values(shared), func(a, b Span) int { return cmp.Compare(a.Offset, b.Offset) })
	var out [][]byte
	at, end := r.Offset, r.Offset+int64(len(r.Bytes))
	take := func(to int64) {
		if to > at {
			out = append(out, r.Bytes[at-r.Offset:to-r.Offset])
			at = to
		}
	}
	for _, s := range shared {
		if s.Offset >= at && s.Length > 0 && s.Length <= end-s.Offset {
			take(s.Offset)
			take(s.Offset + s.Length)
		}
	}
	take(end)
	return out
}

// put stores bytes unless they are there, in blobs that are not too large.
func (b *Builder) put(data []byte) (pieces []piece) {
	for chunk := range slices.Chunk(data, MaxBlob) {
		sum := sha256.Sum256(chunk)
		n, ok := b.known[sum]
		if !ok {
			n = b.store(chunk)
			b.known[sum] = n
		}
		pieces = append(pieces, piece{Blob: n, Length: len(chunk)})
	}
	return pieces
}

// store appends a blob, under zstd where that saves a tenth.
func (b *Builder) store(data []byte) int {
	packed := b.zstd.EncodeAll(data, nil)
	one := blob{Raw: len(data), Zstd: len(packed) < len(data)-len(data)/10}
	if !one.Zstd {
		packed = slices.Clone(data)
	}
	one.Stored, one.CRC = len(packed), crc32.Checksum(packed, castagnoli)
	b.index.Blobs = append(b.index.Blobs, one)
	b.blobs = append(b.blobs, packed)
	b.stored += len(packed)
	return len(b.blobs) - 1
}

// Encode gives the pack and its name. An empty one is valid.
func (b *Builder) Encode() (name string, body []byte, err error) {
	if body, err = encode(b.zstd, b.index, b.blobs); err != nil {
		return "", nil, err
	}
	return nameOf(body), body, nil
}
