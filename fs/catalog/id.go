package catalog

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// ID names an entry or a version: a random number that is never reused. An
// entry's ID is its inode number; a version's ID is the node id under which the
// kernel knows that content. The top bit is always clear, because SQLite, and
// many programs that print inode numbers, take them as signed.
//
// In JSON an ID is a string of 16 hex digits: numbers above 2^53 do not survive
// common JSON tools.
type ID uint64

// Root is the ID of the locker's root folder: FUSE's own number for it.
const Root ID = 1

// minID leaves the small numbers to Root and to those who need reserved ids.
const minID ID = 1 << 16

// NewID makes a random ID.
func NewID() ID {
	var b [8]byte
	for {
		rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
		if id := ID(binary.BigEndian.Uint64(b[:]) &^ (1 << 63)); id >= minID {
			return id
		}
	}
}

// valid tells whether a commit may bring id into the world.
func (id ID) valid() bool { return id >= minID && id>>63 == 0 }

// String gives the 16 hex digits.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// MarshalText gives the 16 hex digits.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads exactly 16 hex digits.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) != 16 {
		return fmt.Errorf("id %q: want 16 hex digits", b)
	}
	n, err := strconv.ParseUint(string(b), 16, 64)
	if err != nil {
		return fmt.Errorf("id %q: want 16 hex digits", b)
	}
	*id = ID(n)
	return nil
}

// Hash is the SHA-256 of a version's bytes; the zero Hash means not known yet
// (adopted objects, until they have been read whole once).
type Hash [32]byte

// Known tells whether the hash has been computed.
func (h Hash) Known() bool { return h != Hash{} }

// String gives 64 hex digits, or nothing when the hash is not known.
func (h Hash) String() string {
	if !h.Known() {
		return ""
	}
	return hex.EncodeToString(h[:])
}

// MarshalText gives what String gives.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits, or nothing for a hash not known.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*h = Hash{}
		return nil
	}
	if len(b) != 2*len(h) {
		return fmt.Errorf("hash %.80q: want 64 hex digits", b)
	}
	_, err := hex.Decode(h[:], b)
	return err
}
