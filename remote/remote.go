// Package remote is the contract between lockerfs and the place its bytes are
// kept: objects under keys, read by range, written whole, listed in order.
//
// It knows: [Object], [Range], the five one-verb interfaces that add up to a
// [Store], and the closed set of error kinds every store answers with. It must
// never know what an object means (tracks, catalogs, packs), nor any concrete
// store: those live in remote/s3 and remote/dir and are held to this contract by
// the suite in remote/remotetest.
//
// Keys are relative to the place a store was opened at (bucket and prefix, or
// folder); a store never reads or writes outside it.
package remote

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Object describes one stored object. It is what Head and List answer, and what
// comes with the body of a Get and after a Put.
type Object struct {
	// Key is relative to the store's root, never empty, without a leading slash.
	Key string
	// Size is the whole object's size in bytes, also when only a range was read.
	Size int64
	// ETag names the content as the store knows it: opaque, compared byte for
	// byte, without the quotes of the HTTP header.
	ETag string
	// ModTime is the store's own clock.
	ModTime time.Time
	// Metadata holds the object's user metadata: keys in lower case, values UTF-8.
	// Head, Get and Put fill it; List does not.
	Metadata map[string]string
}

// Range is a span of an object's bytes. The zero Range is the whole object.
type Range struct {
	// Offset counts from the start, in bytes; it is never negative.
	Offset int64
	// Length in bytes; 0 means to the end of the object.
	Length int64
}

// Whole tells whether r covers an object of any size.
func (r Range) Whole() bool { return r == Range{} }

// String gives the range in the form of an HTTP Range header value.
func (r Range) String() string {
	if r.Length == 0 {
		return fmt.Sprintf("bytes=%d-", r.Offset)
	}
	return fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1)
}

// Condition guards a write. The zero Condition always writes.
type Condition struct {
	// Absent writes only if no object has the key (If-None-Match: *).
	Absent bool
	// ETag writes only over the object with this ETag (If-Match).
	ETag string
}

// PutOptions say how an object is written.
type PutOptions struct {
	// If guards the write. Use it on small objects only (at most [MaxConditional]
	// bytes): a refused large conditional PUT often looks like a connection reset.
	If Condition
	// Metadata is stored with the object: keys lower-case ASCII letters, digits and
	// dashes; values any UTF-8, 2 KiB in all by S3's rule (after encoding).
	Metadata map[string]string
	// ContentType is advice for those who read the bucket with other tools.
	ContentType string
	// Resume: a large body may go on where an earlier put of the same key was broken off,
	// and what arrives of this one stays for a later. What is never resumed takes space in
	// the store until it is collected.
	Resume bool
}

// MaxConditional is the largest body, in bytes, a store takes with a Condition.
const MaxConditional = 1 << 20

// Page is one piece of a listing, in ascending byte order of the keys.
type Page struct {
	Objects []Object
	// Next is the key to continue after, or empty when the listing is complete.
	Next string
}

// Getter reads objects.
type Getter interface {
	// Get opens the bytes r of the object at key. The range must start inside the
	// object, or at 0 of an empty one; it may end beyond it and is cut there. The
	// answer is exactly the range asked for and the Object of the version read;
	// anything else (another range, a short body, another version than ifMatch)
	// is an error, at the latest when reading the body. An empty ifMatch takes any version.
	//
	// Errors: ErrNotFound, ErrPrecondition when the ETag is not ifMatch, ErrRange
	// when the range starts outside, and the kinds any call may give.
	Get(ctx context.Context, key string, r Range, ifMatch string) (io.ReadCloser, Object, error)
}

// Header describes objects without their bytes.
type Header interface {
	// Head gives the object at key. Errors: ErrNotFound, and the common kinds.
	Head(ctx context.Context, key string) (Object, error)
}

// Putter writes objects.
type Putter interface {
	// Put writes all of body as the object at key, atomically: readers see the old
	// object or the new one, whole. When it returns nil the object is as durable as
	// the store makes it. body is read from any goroutine, in any order, maybe more
	// than once.
	//
	// Errors: ErrExists when If.Absent was set and refused, ErrPrecondition when
	// If.ETag was, ErrNotImplemented when the store has no conditional writes. Any
	// error but these three may mean that the object was written all the same, and
	// so may ErrExists and ErrPrecondition after a retry inside the store: who must
	// know reads the object and compares something only they could have written.
	Put(ctx context.Context, key string, body *io.SectionReader, opts PutOptions) (Object, error)
}

// Deleter removes objects.
type Deleter interface {
	// Delete removes the object at key; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Lister lists objects.
type Lister interface {
	// List gives the objects whose key begins with prefix and is greater than
	// after, in ascending byte order, at most limit of them (0: as many as the store
	// likes, at most 1,000). It is consistent with every write that returned before.
	List(ctx context.Context, prefix, after string, limit int) (Page, error)
}

// Store is everything a locker needs of the place its bytes are kept. All methods
// may be called from many goroutines at once.
type Store interface {
	Getter
	Header
	Putter
	Deleter
	Lister
}
