package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/lockerfs/lockerfs/cache/pack"
	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// look is what was seen of one object: its tags, and what goes into a scan pack.
type look struct {
	entry  catalog.Entry
	tags   *tag.Info
	ranges []pack.Range
	damage error
	// head is how many bytes of its start tag readers touch.
	head            int64
	requests, bytes int64
}

// errMoved: the object is no more what the catalog says of it. The next survey sees what
// has become of it.
var errMoved = errors.New("it has changed in the bucket, or gone")

// look reads the tags of a file far away, and what a scan pack has of it. likely is how
// long its head is likely to be; 0 where nothing is known.
func (a *Adopter) look(ctx context.Context, e catalog.Entry, likely int64) (*look, error) {
	v := e.Version
	f := newFar(ctx, a.Store, remote.Object{Key: v.Object.Key, Size: v.Size, ETag: v.Object.ETag}, likely)
	seen := &look{entry: e}
	info, err := tag.Read(f, v.Size, e.Name)
	switch {
	case errors.Is(err, tag.ErrUnknown) && tag.Unread(e.Name):
	case errors.Is(err, tag.ErrUnknown), errors.Is(err, tag.ErrTruncated), errors.Is(err, tag.ErrBroken):
		seen.damage = err
	case err != nil:
		return nil, asMoved(err)
	}
	seen.tags = &info
	if cut := trim(seen.tags); cut != nil {
		seen.damage = cut
	}
	var scratch []byte
	if seen.ranges, err = ScanRanges(seen.tags, v.Size, f, &scratch); err != nil {
		return nil, asMoved(err)
	}
	if t := info.Touch; len(t) > 0 && t[0].Offset == 0 && t[0].Length < v.Size {
		seen.head = t[0].Length
	}
	seen.requests, seen.bytes = f.requests, f.bytes
	return seen, nil
}

// asMoved tells apart an object that is not what it was.
func asMoved(err error) error {
	if errors.Is(err, remote.ErrNotFound) || errors.Is(err, remote.ErrPrecondition) || errors.Is(err, remote.ErrRange) {
		return fmt.Errorf("%w: %w", errMoved, err)
	}
	return err
}

// same tells whether an object that has another ETag now has the content of v all the
// same, as after a copy. That can be known where the hash of v is.
func (a *Adopter) same(ctx context.Context, v *catalog.Version, o remote.Object) (bool, error) {
	if !v.SHA256.Known() || v.Size != o.Size || a.Commit == nil {
		return false, nil
	}
	ctx = remote.WithTicket(ctx, remote.NewTicket(remote.Verify))
	body, _, err := a.Store.Get(ctx, o.Key, remote.Range{}, o.ETag)
	if errors.Is(asMoved(err), errMoved) {
		return false, nil // it changes just now
	}
	if err != nil {
		return false, err
	}
	defer body.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		return false, err
	}
	return catalog.Hash(sum.Sum(nil)) == v.SHA256, nil
}
