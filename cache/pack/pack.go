package pack

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Pack is one that is open. It may be read from many goroutines.
type Pack struct {
	file    io.ReaderAt
	zstd    *zstd.Decoder
	index   *index
	objects map[ID]*object
	// recent is the blob unpacked last: a scanner reads a head in a few pieces.
	recent atomic.Pointer[unpacked]
}

type unpacked struct {
	blob  int
	bytes []byte
}

// Open reads the index of a pack of size bytes. Errors: ErrDamaged, and the file's.
func Open(file io.ReaderAt, size int64) (*Pack, error) {
	head := make([]byte, headLen)
	if size < int64(headLen) || size > MaxSize {
		return nil, fmt.Errorf("%d bytes: %w", size, ErrDamaged)
	}
	if _, err := file.ReadAt(head, 0); err != nil {
		return nil, err
	}
	n, err := indexLen(head, size)
	if err != nil {
		return nil, err
	}
	packed := make([]byte, n)
	if _, err := file.ReadAt(packed, int64(headLen)); err != nil && !(err == io.EOF && int64(headLen+n) == size) {
		return nil, err
	}
	in, err := decodeIndex(packed, size)
	if err != nil {
		return nil, err
	}
	dec, err := newDecoder(MaxBlob)
	if err != nil {
		return nil, err
	}
	p := &Pack{file: file, zstd: dec, index: in, objects: make(map[ID]*object, len(in.Objects))}
	for i := range in.Objects {
		p.objects[in.Objects[i].ID] = &in.Objects[i]
	}
	return p, nil
}

// Covers tells whether all n bytes from off of an object are in the pack. Bytes beyond
// its end count as there.
func (p *Pack) Covers(id ID, off int64, n int) bool {
	_, ok := p.find(id, off, n)
	return ok
}

// find gives the range that has n bytes from off, as far as the object has them.
func (p *Pack) find(id ID, off int64, n int) (*ranged, bool) {
	o := p.objects[id]
	if o == nil || off < 0 || n < 0 {
		return nil, false
	}
	end := min(off+int64(n), o.Size)
	i, exact := slices.BinarySearchFunc(o.Parts, off, func(r ranged, off int64) int { return cmp.Compare(r.Offset, off) })
	if !exact {
		i--
	}
	if i < 0 || off >= end || end > o.Parts[i].Offset+o.Parts[i].length {
		return nil, false
	}
	return &o.Parts[i], true
}

// ReadAt reads n bytes from off of an object, as far as the object has them. ok is
// false, and nothing is read, where the pack has not all of them. Errors: ErrDamaged,
// and the file's.
func (p *Pack) ReadAt(id ID, buf []byte, off int64) (n int, ok bool, err error) {
	r, ok := p.find(id, off, len(buf))
	if !ok {
		return 0, false, nil
	}
	skip := off - r.Offset
	for _, one := range r.Pieces {
		if skip >= int64(one.Length) {
			skip -= int64(one.Length)
			continue
		}
		if n == len(buf) {
			break
		}
		bytes, err := p.unpack(one.Blob)
		if err != nil {
			return 0, true, err
		}
		n += copy(buf[n:], bytes[one.Offset+int(skip):one.Offset+one.Length])
		skip = 0
	}
	return n, true, nil
}

// unpack gives a blob's bytes, checked.
func (p *Pack) unpack(number int) ([]byte, error) {
	if u := p.recent.Load(); u != nil && u.blob == number {
		return u.bytes, nil
	}
	b := p.index.Blobs[number]
	data := make([]byte, b.Stored)
	if _, err := p.file.ReadAt(data, b.at); err != nil {
		return nil, fmt.Errorf("blob %d: %w", number, err)
	}
	if crc32.Checksum(data, castagnoli) != b.CRC {
		return nil, fmt.Errorf("blob %d: %w", number, ErrDamaged)
	}
	if b.Zstd {
		var err error
		if data, err = p.zstd.DecodeAll(data, nil); err != nil {
			return nil, fmt.Errorf("blob %d: %w: %w", number, ErrDamaged, err)
		}
	}
	if len(data) != b.Raw {
		return nil, fmt.Errorf("blob %d has %d bytes and not %d: %w", number, len(data), b.Raw, ErrDamaged)
	}
	p.recent.Store(&unpacked{number, data})
	return data, nil
}
