package remote

import (
	"context"
	"fmt"
	"io"
)

// readerWindow is how much a ReaderAt fetches at once, in bytes.
const readerWindow = 128 << 10

// ReaderAt reads an object in place, for those who look at a few spots of it, such
// as its tags. It keeps the last window it fetched.
type ReaderAt struct {
	ctx   context.Context // of the one look that the reader is made for
	store Getter
	obj   Object

	// turn holds one token: who has it may fetch and use what follows.
	turn   chan struct{}
	window []byte
	start  int64
}

// NewReaderAt gives a reader of obj, whose Key and Size must be set; where its ETag
// is, no other version is read.
func NewReaderAt(ctx context.Context, s Getter, obj Object) *ReaderAt {
	return &ReaderAt{ctx: ctx, store: s, obj: obj, turn: make(chan struct{}, 1)}
}

// ReadAt implements io.ReaderAt.
func (r *ReaderAt) ReadAt(p []byte, off int64) (n int, err error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	}
	for n < len(p) {
		at := off + int64(n)
		if at < 0 {
			return n, fmt.Errorf("offset %d: %w", at, ErrInvalid)
		}
		if at >= r.obj.Size {
			return n, io.EOF
		}
		if at < r.start || at >= r.start+int64(len(r.window)) {
			if err := r.fetch(at); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], r.window[at-r.start:])
	}
	return n, nil
}

// fetch makes the window begin at off.
func (r *ReaderAt) fetch(off int64) error {
	length := min(readerWindow, r.obj.Size-off)
	body, _, err := r.store.Get(r.ctx, r.obj.Key, Range{off, length}, r.obj.ETag)
	if err != nil {
		return err
	}
	defer body.Close()
	window := make([]byte, length)
	if _, err := io.ReadFull(body, window); err != nil {
		return fmt.Errorf("reading %s at %d: %w", r.obj.Key, off, err)
	}
	r.window, r.start = window, off
	return nil
}
