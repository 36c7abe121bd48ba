package remote

import (
	"errors"
	"fmt"
)

// The closed set of error kinds. Every error of a store, other than a context's
// own, matches exactly one of them with errors.Is.
var (
	// ErrNotFound: the store answered, and no object has this key. It is the only
	// kind that means absence.
	ErrNotFound = errors.New("object not found")
	// ErrExists: a create-only write found an object at its key.
	ErrExists = errors.New("object exists already")
	// ErrPrecondition: the object's ETag is not the one the caller named.
	ErrPrecondition = errors.New("object has changed")
	// ErrNotImplemented: the store does not do this (501, or a condition it refuses).
	ErrNotImplemented = errors.New("not implemented by the store")
	// ErrOffline: the store could not be reached, or did not answer in time, or something
	// else answered in its place (the web page of a captive portal).
	ErrOffline = errors.New("store cannot be reached")
	// ErrDenied: the store refused the credentials or the rights they carry.
	ErrDenied = errors.New("access denied")
	// ErrThrottled: the store asks for fewer requests (429, 503 SlowDown) or is
	// failing (other 5xx); the same call may succeed later.
	ErrThrottled = errors.New("store is busy")
	// ErrCorrupt: the answer contradicts itself or the request: a wrong range, a
	// short body, a bad digest, something that is not S3 at all.
	ErrCorrupt = errors.New("store gave a wrong answer")
	// ErrNoStore: the bucket, or the folder a folder store lives in, is not there.
	// It is never ErrNotFound: a vanished bucket must not look like empty objects.
	ErrNoStore = errors.New("no such bucket or folder")
	// ErrRange: the range starts outside the object.
	ErrRange = errors.New("range outside the object")
	// ErrFull: the store has no room for more.
	ErrFull = errors.New("store is full")
	// ErrInvalid: the caller's key, range or options break this contract.
	ErrInvalid = errors.New("invalid request")
)

// Error is what stores return: what was tried, on which key, the kind, the cause.
type Error struct {
	// Op is the verb: get, head, put, delete, list.
	Op string
	// Key is the object's key, or the prefix of a list.
	Key string
	// Kind is one of this package's sentinel errors.
	Kind error
	// Err is the cause as the store's library gave it; it may be nil.
	Err error
}

// Error says it in one line.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s %q: %v", e.Op, e.Key, e.Kind)
	}
	return fmt.Sprintf("%s %q: %v: %v", e.Op, e.Key, e.Kind, e.Err)
}

// Unwrap lets errors.Is match the kind and errors.As the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Temporary tells whether the same call may succeed later with nothing changed on
// this side.
func Temporary(err error) bool {
	return errors.Is(err, ErrOffline) || errors.Is(err, ErrThrottled)
}
