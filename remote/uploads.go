package remote

import (
	"context"
	"time"
)

// Unfinished is a large put that was begun and neither finished nor given up. Its parts take
// space that no listing shows.
type Unfinished struct {
	// Key is of the object that it was to become.
	Key string
	// ID is the store's own name for it.
	ID string
	// Begun is when, by the store's clock.
	Begun time.Time
}

// Uploads is implemented by stores that keep what broke off.
type Uploads interface {
	// ListUploads gives all uploads whose key begins with prefix. ErrNotImplemented: the
	// store does not tell.
	ListUploads(ctx context.Context, prefix string) ([]Unfinished, error)
	// AbortUpload frees what an upload takes; one that is not there is no error.
	AbortUpload(ctx context.Context, u Unfinished) error
}
