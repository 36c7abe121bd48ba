package pending

import (
	"context"
	"io"
	"slices"
	"sync/atomic"
)

// way is an upload: how far the file was read for the store, in bytes.
type way struct{ read atomic.Int64 }

// mark notes that a content is being uploaded, or no more.
func (u *Uploader) mark(l *live, on bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if on {
		u.working[l] = &way{}
	} else {
		delete(u.working, l)
	}
}

// of gives the upload of a content; nil for none.
func (u *Uploader) of(l *live) *way {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.working[l]
}

// watched is a file that is being sent.
type watched struct {
	io.ReaderAt
	as *way // nil: nobody looks
}

// ReadAt is io.ReaderAt's. What is sent again counts once.
func (w watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(p, off)
	if w.as == nil {
		return n, err
	}
	for end := off + int64(n); ; {
		if was := w.as.read.Load(); was >= end || w.as.read.CompareAndSwap(was, end) {
			return n, err
		}
	}
}

// Sending is a file on its way to the store.
type Sending struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	// Sent is how far it was read for the store, in bytes; 0 while it is hashed.
	Sent int64 `json:"sent"`
}

// onTheWay tells of the uploads of some changes, in their order.
func (u *Uploader) onTheWay(ctx context.Context, changes []*change) []Sending {
	var all []Sending
	for _, c := range changes {
		if c.Content == nil {
			continue
		}
		if w := u.of(c.Content.live); w != nil {
			at, err := u.x.Path(ctx, c.ID)
			if err != nil {
				continue // removed meanwhile
			}
			size := c.Content.draft.Size()
			all = append(all, Sending{Path: at, Size: size, Sent: min(w.read.Load(), size)})
		}
	}
	return slices.Clip(all)
}
