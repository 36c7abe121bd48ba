package intake

import (
	"context"
	"fmt"
	"io"

	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

// How an object far away is looked at. What tag readers touch is its head, which is its
// tags and 16 KiB more, 36 KiB at least, and its last 64 KiB: see fs/tag. Both go into a
// scan pack, so they are fetched in one request each, where the tags are no longer than
// usual.
const (
	farPage  = 4 << 10
	farHead  = 36 << 10 // of which a first look makes do, in bytes
	farSlack = 16 << 10 // that is wanted after the tags
	farTail  = 64 << 10
	farWhole = farHead + farTail + farSlack // a smaller object is fetched whole
	farGap   = 2 << 20                      // bytes of pictures that are fetched rather than passed over
	farMost  = 1 << 20                      // a first look is never greater
	farSpot  = 64 << 10                     // a look at some other place
)

// far reads one object far away for its tags and for what goes into a scan pack. It keeps
// what it has fetched. One goroutine may use it.
type far struct {
	ctx   context.Context // of the one look that it is made for
	store remote.Getter
	obj   remote.Object // reading names its ETag: another version is not read
	first int64         // bytes of the head to begin with

	head  []byte
	tail  []byte
	spots []spot // other places

	requests, bytes int64
}

// spot is a part of the object.
type spot struct {
	off int64
	b   []byte
}

var _ tag.Reacher = (*far)(nil)

// newFar gives a reader of an object whose head is likely to have so many bytes; 0 where
// nothing is known of it.
func newFar(ctx context.Context, s remote.Getter, obj remote.Object, likely int64) *far {
	if likely == 0 {
		likely = farHead
	}
	return &far{ctx: ctx, store: s, obj: obj, first: min(likely, farMost)}
}

// tailAt is where the tail begins.
func (f *far) tailAt() int64 { return max(f.obj.Size-farTail, 0) &^ (farPage - 1) }

// Reach is tag.Reacher's.
func (f *far) Reach(off int64, n int) (int64, error) {
	end := off + int64(n)
	if off < 0 || n < 0 || end > f.obj.Size {
		return 0, io.ErrUnexpectedEOF
	}
	for {
		if b := f.held(off, end); b != nil {
			return int64(len(b)), nil
		}
		if err := f.fetch(off, end); err != nil {
			return 0, err
		}
	}
}

// held gives what is here from off on, if that goes to end at least.
func (f *far) held(off, end int64) []byte {
	for _, p := range append(f.spots, spot{0, f.head}, spot{f.tailAt(), f.tail}) {
		if p.b != nil && p.off <= off && end <= p.off+int64(len(p.b)) {
			return p.b[off-p.off:]
		}
	}
	return nil
}

// fetch brings here what lies from off to end.
func (f *far) fetch(off, end int64) error {
	has := int64(len(f.head))
	switch {
	case f.obj.Size <= max(farWhole, f.first+farTail):
		return f.grow(f.obj.Size)
	case off >= f.tailAt() && f.tail == nil:
		b, err := f.get(f.tailAt(), f.obj.Size)
		f.tail = b
		return err
	case off <= has+farGap && off < f.tailAt() || end <= has+farGap && off < has:
		// Who looks at a little looks at what begins there; who wants much has all. When
		// the first look was too small, there is a picture.
		to := (max(f.first, end, off+farSlack, 2*has) + farPage - 1) &^ (farPage - 1)
		if end <= f.tailAt() {
			to = min(to, f.tailAt())
		}
		return f.grow(min(to, f.obj.Size))
	}
	b, err := f.get(off&^(farPage-1), min(max(end, off+farSpot), f.obj.Size))
	f.spots = append(f.spots, spot{off &^ (farPage - 1), b})
	return err
}

// grow makes the head end at to.
func (f *far) grow(to int64) error {
	b, err := f.get(int64(len(f.head)), to)
	if err == nil {
		f.head = append(f.head, b...)
	}
	return err
}

func (f *far) get(from, to int64) ([]byte, error) {
	f.requests++
	f.bytes += to - from
	body, _, err := f.store.Get(f.ctx, f.obj.Key, remote.Range{Offset: from, Length: to - from}, f.obj.ETag)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b := make([]byte, to-from)
	if _, err := io.ReadFull(body, b); err != nil {
		return nil, fmt.Errorf("reading %s at %d: %w", f.obj.Key, from, err)
	}
	return b, nil
}

// ReadAt implements io.ReaderAt.
func (f *far) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= f.obj.Size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.obj.Size-off))
	if _, err := f.Reach(off, n); err != nil {
		return 0, err
	}
	copy(p[:n], f.held(off, off+int64(n)))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
