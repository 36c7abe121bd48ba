package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
)

const (
	magic = "lockerfs pack 1\n"
	// headLen is the bytes before the index.
	headLen = len(magic) + 4

	// MaxSize bounds a pack, in bytes.
	MaxSize = 16 << 20
	// MaxBlob bounds a blob unpacked, in bytes.
	MaxBlob = 4 << 20
	// MaxObjects bounds the objects of a pack.
	MaxObjects = 4096
	// maxIndex bounds the index unpacked, in bytes, and maxParts its commas: a list that
	// takes two bytes an element as text can take forty in memory.
	maxIndex = 4 << 20
	maxParts = 64 * MaxObjects
)

var (
	// ErrDamaged: the bytes are not the pack that the name says, or no pack.
	ErrDamaged = errors.New("scan pack is damaged")
	// ErrTooLarge: what should go into a pack is more than one may hold.
	ErrTooLarge = errors.New("too large for a scan pack")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ID is an object's content as the maker of packs calls it.
type ID [sha256.Size]byte

// MarshalText implements encoding.TextMarshaler: hexadecimal.
func (i ID) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(i[:])), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *ID) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(i)) {
		return fmt.Errorf("id of %d digits: %w", len(text), ErrDamaged)
	}
	_, err := hex.Decode(i[:], text)
	return err
}

// index tells what lies where.
type index struct {
	Blobs   []blob   `json:"blobs"`
	Objects []object `json:"objects"`
}

// blob is stored bytes. Its place follows from those before it.
type blob struct {
	Stored int    `json:"stored"` // bytes in the pack
	Raw    int    `json:"raw"`    // unpacked
	CRC    uint32 `json:"crc"`    // CRC-32C of the stored bytes
	Zstd   bool   `json:"zstd,omitempty"`

	at int64
}

// object is what a pack has of one.
type object struct {
	ID    ID       `json:"id"`
	Size  int64    `json:"size"`
	Parts []ranged `json:"parts"`
}

// ranged is one range of an object: its pieces one after another.
type ranged struct {
	Offset int64   `json:"off"`
	Pieces []piece `json:"pieces"`

	length int64
}

// piece is a span of an unpacked blob.
type piece struct {
	Blob   int `json:"blob"`
	Offset int `json:"off,omitempty"`
	Length int `json:"len"`
}

// nameOf gives the name of a pack with this content.
func nameOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// ValidName tells whether a string can be the name of a pack.
func ValidName(name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == sha256.Size && hex.EncodeToString(raw) == name
}

// encode puts a pack together.
func encode(enc *zstd.Encoder, in index, blobs [][]byte) ([]byte, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	if len(text) > maxIndex || len(in.Objects) > MaxObjects || bytes.Count(text, []byte{','}) > maxParts {
		return nil, fmt.Errorf("index of %d objects, %d bytes: %w", len(in.Objects), len(text), ErrTooLarge)
	}
	packed := enc.EncodeAll(text, nil)
	size := headLen + len(packed)
	for _, b := range blobs {
		size += len(b)
	}
	var out bytes.Buffer
	out.Grow(size) // it is large, and would be copied as it grows
	out.WriteString(magic)
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(packed))))
	out.Write(packed)
	for _, b := range blobs {
		out.Write(b)
	}
	if out.Len() > MaxSize {
		return nil, fmt.Errorf("%d bytes: %w", out.Len(), ErrTooLarge)
	}
	return out.Bytes(), nil
}

// decodeIndex reads and checks the packed index of a pack of size bytes.
func decodeIndex(packed []byte, size int64) (*index, error) {
	dec, err := newDecoder(maxIndex)
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	text, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("index: %w: %w", ErrDamaged, err)
	}
	if n := bytes.Count(text, []byte{','}); n > maxParts {
		return nil, fmt.Errorf("index of %d parts: %w", n, ErrDamaged)
	}
	in := new(index)
	if err := json.Unmarshal(text, in); err != nil {
		return nil, fmt.Errorf("index: %w: %w", ErrDamaged, err)
	}
	return in, in.check(int64(headLen+len(packed)), size)
}

// indexLen gives the length of the packed index from a pack's first headLen bytes.
func indexLen(head []byte, size int64) (int, error) {
	if size > MaxSize || len(head) < headLen || string(head[:len(magic)]) != magic {
		return 0, fmt.Errorf("no pack of this format: %w", ErrDamaged)
	}
	n := int64(binary.LittleEndian.Uint32(head[len(magic):]))
	if n > maxIndex || int64(headLen)+n > size {
		return 0, fmt.Errorf("index of %d bytes: %w", n, ErrDamaged)
	}
	return int(n), nil
}

// check holds the index to the pack's size, and fills in what follows from it.
func (in *index) check(at, size int64) error {
	if len(in.Objects) > MaxObjects {
		return fmt.Errorf("%d objects: %w", len(in.Objects), ErrDamaged)
	}
	for i := range in.Blobs {
		b := &in.Blobs[i]
		if b.Stored < 0 || b.Raw < 0 || b.Raw > MaxBlob || int64(b.Stored) > size-at || !b.Zstd && b.Stored != b.Raw {
			return fmt.Errorf("blob %d of %d bytes: %w", i, b.Stored, ErrDamaged)
		}
		b.at = at
		at += int64(b.Stored)
	}
	if at != size {
		return fmt.Errorf("blobs end at %d of %d: %w", at, size, ErrDamaged)
	}
	for i := range in.Objects {
		o := &in.Objects[i]
		for k := range o.Parts {
			if err := o.Parts[k].check(in.Blobs, o.Size); err != nil {
				return fmt.Errorf("object %d: %w", i, err)
			}
		}
	}
	return nil
}

func (r *ranged) check(blobs []blob, size int64) error {
	for _, p := range r.Pieces {
		if p.Blob < 0 || p.Blob >= len(blobs) || p.Offset < 0 || p.Length <= 0 || p.Length > blobs[p.Blob].Raw-p.Offset {
			return fmt.Errorf("piece of blob %d: %w", p.Blob, ErrDamaged)
		}
		r.length += int64(p.Length)
	}
	if r.Offset < 0 || size < 0 || r.length > size || r.Offset > size-r.length {
		return fmt.Errorf("range outside the object: %w", ErrDamaged)
	}
	return nil
}

// newEncoder and newDecoder give zstd of one goroutine each, for packs of this format.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
}

func newDecoder(limit uint64) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(limit), zstd.WithDecoderMaxWindow(8<<20))
}
