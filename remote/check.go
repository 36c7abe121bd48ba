package remote

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxMetadata is the most user metadata of one object, in bytes: keys plus values
// as [EscapeMetadata] writes them. It is S3's rule, and every store holds to it so
// that a locker can move from one to another.
const MaxMetadata = 2048

// Within gives how many bytes of r an object of size bytes has. ErrInvalid: r is
// negative; ErrRange: it starts outside the object.
func (r Range) Within(size int64) (int64, error) {
	switch {
	case r.Offset < 0 || r.Length < 0:
		return 0, fmt.Errorf("%w: range %d+%d", ErrInvalid, r.Offset, r.Length)
	case r.Offset == 0 && size == 0:
		return 0, nil
	case r.Offset >= size:
		return 0, fmt.Errorf("%w: start %d, size %d", ErrRange, r.Offset, size)
	case r.Length == 0 || r.Length > size-r.Offset:
		return size - r.Offset, nil
	}
	return r.Length, nil
}

// CheckPut tells whether a put is one that every store takes; any error is
// ErrInvalid. Stores call it before they do anything.
func CheckPut(key string, body *io.SectionReader, o PutOptions) error {
	switch {
	case !ValidKey(key):
		return fmt.Errorf("%w: key", ErrInvalid)
	case body == nil:
		return fmt.Errorf("%w: no body", ErrInvalid)
	case o.If.Absent && o.If.ETag != "":
		return fmt.Errorf("%w: two conditions on one write", ErrInvalid)
	case o.If != (Condition{}) && body.Size() > MaxConditional:
		return fmt.Errorf("%w: %d bytes are too many for a conditional write", ErrInvalid, body.Size())
	}
	return checkMetadata(o.Metadata)
}

func checkMetadata(m map[string]string) error {
	total := 0
	for k, v := range m {
		if !validMetadataKey(k) || !utf8.ValidString(v) {
			return fmt.Errorf("%w: metadata %q", ErrInvalid, k)
		}
		total += len(k) + len(EscapeMetadata(v))
	}
	if total > MaxMetadata {
		return fmt.Errorf("%w: %d bytes of metadata, the limit is %d", ErrInvalid, total, MaxMetadata)
	}
	return nil
}

func validMetadataKey(k string) bool {
	for i := range len(k) {
		c := k[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return k != ""
}
