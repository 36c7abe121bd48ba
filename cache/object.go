package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/lockerfs/lockerfs/remote"
)

// maxName is the longest key or ETag in bytes that a map holds. S3 keys end at
// 1,024 bytes.
const maxName = 1024

// Object names one immutable version of one stored object.
type Object struct {
	// Key is the object's key, as the Fetcher takes it.
	Key string
	// ETag is the version. When it is empty the SHA-256 must be known: whatever the
	// store has is fetched whole and served only once it matched.
	ETag string
	// Size in bytes.
	Size int64
	// SHA256 of the whole content; zero when it is not known.
	SHA256 [sha256.Size]byte
	// Foreign objects were not written by us. Another ETag means another content
	// for them, even if SHA256 is known.
	Foreign bool
}

// hashed tells whether the SHA-256 is known.
func (o Object) hashed() bool { return o.SHA256 != [sha256.Size]byte{} }

func (o Object) check() error {
	if o.Key == "" || len(o.Key) > maxName || len(o.ETag) > maxName || o.Size < 0 {
		return fmt.Errorf("cache object %q of %d bytes: %w", o.Key, o.Size, remote.ErrInvalid)
	}
	if o.ETag == "" && !o.hashed() {
		return fmt.Errorf("cache object %q: neither ETag nor SHA-256: %w", o.Key, remote.ErrInvalid)
	}
	return nil
}

// Name is a short name of the version, in hex: of key, ETag and size. No two have the same.
func (o Object) Name() string { return o.id().String() }

// id is the name of an object version in this cache.
type id [16]byte

func (i id) String() string { return hex.EncodeToString(i[:]) }

func (o Object) id() id {
	h := sha256.New()
	var n [8]byte
	for _, s := range []string{o.Key, o.ETag} {
		binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	binary.LittleEndian.PutUint64(n[:], uint64(o.Size))
	h.Write(n[:])
	return id(h.Sum(nil)[:16])
}

func parseID(name string) (id, bool) {
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(id{}) || hex.EncodeToString(raw) != name {
		return id{}, false
	}
	return id(raw), true
}
