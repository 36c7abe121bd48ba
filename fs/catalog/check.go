package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lockerfs/lockerfs/fs/library"
)

// MaxTags bounds what a version's tags take as JSON, in bytes.
const MaxTags = 64 << 10

// maxETag bounds an ETag, in bytes.
const maxETag = 1024

// maxXattrs bounds an entry's shared extended attributes: names and values, bytes.
const maxXattrs = 4 << 10

// reserved names are lockerfs's own: .lockerfs in the root.
func reserved(parent ID, name string) bool { return parent == Root && name == ".lockerfs" }

func checkEntry(e *Entry) error { return checkSized(e, 0) }

// checkSized is checkEntry where it is known how long the version is as JSON.
func checkSized(e *Entry, version int) error {
	if err := library.ValidName(e.Name); err != nil {
		return fmt.Errorf("%v: %w", err, ErrInvalid)
	}
	if reserved(e.Parent, e.Name) {
		return fmt.Errorf("name %q is reserved: %w", e.Name, ErrInvalid)
	}
	if err := checkShared(e); err != nil {
		return err
	}
	switch {
	case e.Kind == Dir && e.Version == nil:
		return nil
	case e.Kind == File && e.Version != nil:
		return checkVersion(e.Version, version)
	}
	return fmt.Errorf("kind %.20q, version %v: %w", e.Kind, e.Version != nil, ErrInvalid)
}

// maxTime bounds every time, in nanoseconds: about the years 1824 to 2116. It leaves
// touch room for one more.
const maxTime = 1 << 62

// checkTimes checks the times of an operation, the entry's own among them.
func checkTimes(op *Op) error {
	times := []int64{op.At}
	if op.MTime != nil {
		times = append(times, *op.MTime)
	}
	if op.Entry != nil {
		times = append(times, op.Entry.MTime)
	}
	for _, t := range times {
		if t <= -maxTime || t >= maxTime {
			return fmt.Errorf("time %d: %w", t, ErrInvalid)
		}
	}
	return nil
}

// checkShared checks what Set may change too.
func checkShared(e *Entry) error {
	if e.Mode&^0o777 != 0 {
		return fmt.Errorf("mode %o: %w", e.Mode, ErrInvalid)
	}
	size := 0
	for name, value := range e.Xattrs {
		size += len(name) + len(value)
		if !strings.HasPrefix(name, "user.") || len(name) > 255 || strings.ContainsRune(name, 0) || !utf8.ValidString(name) {
			return fmt.Errorf("extended attribute %.80q: %w", name, ErrInvalid)
		}
	}
	if size > maxXattrs {
		return fmt.Errorf("%d bytes of extended attributes: %w", size, ErrInvalid)
	}
	return nil
}

// checkVersion checks a version, and that its object is one a catalog may name:
// anything in the bucket but lockerfs's own records. size is how long it is as JSON, 0 where
// that is not known.
func checkVersion(v *Version, size int) error {
	switch {
	case v.Size < 0 || v.Size > 1<<50:
		return fmt.Errorf("size %d: %w", v.Size, ErrInvalid)
	case checkKey(v.Object.Key) != nil:
		return checkKey(v.Object.Key)
	case v.Object.Missing && !v.Object.Foreign:
		return fmt.Errorf("object %.80q is ours, and said to be missing: %w", v.Object.Key, ErrInvalid)
	case !v.Object.Foreign && !v.SHA256.Known():
		return fmt.Errorf("object %.80q has no hash: %w", v.Object.Key, ErrInvalid)
	case v.Object.ETag == "": // reading could not tell another content from this one
		return fmt.Errorf("object %.80q has no ETag: %w", v.Object.Key, ErrInvalid)
	case len(v.Object.ETag)+len(v.Pack) > maxETag:
		return fmt.Errorf("object %.80q: long etag or pack: %w", v.Object.Key, ErrInvalid)
	}
	if size > 0 && size <= MaxTags {
		return nil
	}
	tags, err := json.Marshal(v.Tags)
	if err != nil || len(tags) > MaxTags {
		return fmt.Errorf("object %.80q: %d bytes of tags (%v): %w", v.Object.Key, len(tags), err, ErrInvalid)
	}
	return nil
}

// ValidName tells whether an entry in folder parent may have this name, in NFC. The errors
// are package library's.
func ValidName(parent ID, name string) error {
	if err := library.ValidName(name); err != nil {
		return err
	}
	if reserved(parent, name) {
		return fmt.Errorf("%w: %q is lockerfs's own", library.ErrNameInvalid, name)
	}
	return nil
}

// CheckXattrs tells whether an entry may have these shared extended attributes.
func CheckXattrs(x map[string][]byte) error { return checkShared(&Entry{Xattrs: x}) }
