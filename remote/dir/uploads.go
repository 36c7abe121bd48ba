package dir

import (
	"context"

	"github.com/lockerfs/lockerfs/remote"
)

var _ remote.Uploads = (*Store)(nil)

// ListUploads implements [remote.Uploads]: what breaks off is a temporary file, which the
// store sweeps by itself.
func (s *Store) ListUploads(ctx context.Context, _ string) ([]remote.Unfinished, error) {
	return nil, ctx.Err()
}

// AbortUpload implements [remote.Uploads].
func (s *Store) AbortUpload(ctx context.Context, _ remote.Unfinished) error { return ctx.Err() }
