package remotetest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/remote"
)

// Exception is a known fault of a server that no client can make good.
type Exception string

// StaleETag: a get beside an overwrite may give the new version's bytes under the ETag
// of a version before. Objects that are written once are safe from it, and so are
// conditional writes, which fail on an old ETag. A get with If-Match is not.
const StaleETag Exception = "stale ETag"

// Run holds a store to the contract of package remote, one subtest per clause.
// open gives an empty store, and closes it (if it must be) through t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) remote.Store, except ...Exception) {
	stale := slices.Contains(except, StaleETag)
	for _, clause := range []struct {
		name  string
		check func(*testing.T, remote.Store)
	}{
		{"get gives the range asked for", getRanges},
		{"get and put of an empty object", emptyObject},
		{"get takes only the ETag asked for", getIfMatch},
		{"head describes", headDescribes},
		{"a missing object is ErrNotFound", missingObject},
		{"metadata comes back", metadataComesBack},
		{"readable keys are kept as they are", readableKeys},
		{"invalid requests are refused", invalidRequests},
		{"put replaces atomically", func(t *testing.T, s remote.Store) { replaceIsAtomic(t, s, stale) }},
		{"put with a condition", conditionalPut},
		{"create-only has one winner", createRace},
		{"conditional replace loses no update", replaceRace},
		{"delete is idempotent", deleteIdempotent},
		{"list is in byte order and complete", listOrder},
		{"list shows what was just done", listIsConsistent},
		{"a large object comes back by ranges", largeObject},
		{"get ends with its context", getEndsWithContext},
		{"put ends with its context", putEndsWithContext},
		{"put keeps to its pace", putKeepsPace},
		{"every verb refuses an ended context", endedContext},
		{"what broke off is told of", unfinishedUploads},
		{"probe finds the conditions enforced", probeEnforced},
	} {
		t.Run(clause.name, func(t *testing.T) { clause.check(t, open(t)) })
	}
	t.Run("no goroutine is left behind", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		t.Run("use", func(t *testing.T) { useAndAbandon(t, open(t)) })
		goleak.VerifyNone(t, before)
	})
}

// section gives content as the body of a put.
func section(content []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))
}

// put writes content without conditions and fails the test if it cannot.
func put(t *testing.T, s remote.Store, key string, content []byte) remote.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, section(content), remote.PutOptions{})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return object
}

// get reads a range whole and fails the test if it cannot.
func get(t *testing.T, s remote.Store, key string, r remote.Range) ([]byte, remote.Object) {
	t.Helper()
	content, object, err := read(t, s, key, r, "")
	if err != nil {
		t.Fatalf("get %q %v: %v", key, r, err)
	}
	return content, object
}

// read is get with the error given back, whether it came from Get or from the body.
func read(t *testing.T, s remote.Store, key string, r remote.Range, ifMatch string) ([]byte, remote.Object, error) {
	t.Helper()
	body, object, err := s.Get(t.Context(), key, r, ifMatch)
	if err != nil {
		return nil, object, err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	return content, object, err
}

// wantKind fails the test unless err is of kind, and of no other kind.
func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
	for _, other := range []error{
		remote.ErrNotFound, remote.ErrExists, remote.ErrPrecondition, remote.ErrNotImplemented, remote.ErrOffline,
		remote.ErrDenied, remote.ErrThrottled, remote.ErrCorrupt, remote.ErrNoStore, remote.ErrRange, remote.ErrFull, remote.ErrInvalid,
	} {
		if other != kind && errors.Is(err, other) {
			t.Errorf("%s: %v is also of the kind %v", what, err, other)
		}
	}
}

// pattern gives n bytes that differ from place to place and from seed to seed.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}
