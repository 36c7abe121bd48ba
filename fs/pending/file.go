package pending

import (
	"context"
	"errors"
	"syscall"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// File is a handle of a file whose content is staged. Its methods may be called from many
// goroutines.
type File struct {
	x       *Overlay
	content *content
	node    catalog.ID
	writes  bool
}

func newContent(d *staging.Draft, mtime int64) *content {
	c := &content{live: &live{draft: d}}
	c.mtime.Store(mtime)
	c.written.Store(mtime)
	return c
}

// Open opens a node whose content is staged. ok is false when it is not, or no more.
func (x *Overlay) Open(node catalog.ID) (f *File, ok bool) {
	x.mu.RLock()
	c := x.nodes[node]
	x.mu.RUnlock()
	if c == nil || c.Content == nil {
		return nil, false
	}
	x.turn.Lock()
	defer x.turn.Unlock()
	x.mu.RLock()
	c = x.nodes[node]
	x.mu.RUnlock()
	if c == nil || c.Content == nil {
		return nil, false
	}
	c.Content.handles++
	return &File{x: x, content: c.Content, node: node}, true
}

// Edit opens a node for writing. The error is ErrMoved when the file has another node
// now, which is to be looked up by its name and opened: a node that was committed is never
// written to.
func (x *Overlay) Edit(ctx context.Context, node catalog.ID, truncate bool) (*File, error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	x.mu.RLock()
	c := x.nodes[node]
	x.mu.RUnlock()
	if c == nil || c.Content == nil || c.Content.frozen {
		id, err := x.present(ctx, node)
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(x.renew(ctx, id), ErrMoved)
	}
	c.Content.handles++
	c.Content.writers++
	f := &File{x: x, content: c.Content, node: node, writes: true}
	if truncate {
		if err := f.truncate(0); err != nil {
			x.release(f)
			return nil, err
		}
	} else if c.Content.From != 0 {
		x.fetchUnder(c.Content)
	}
	return f, nil
}

// renew gives a file a new node, whose content is that of the present one until it is
// written to. It is not recorded before that. turn is held.
func (x *Overlay) renew(ctx context.Context, id catalog.ID) error {
	c, err := x.altered(ctx, id)
	if err != nil {
		return err
	}
	if c.Kind != catalog.File {
		return ErrIsDir
	}
	next := newContent(nil, c.attr().MTime)
	old := c.Content
	if old != nil {
		err = x.copyOf(ctx, old, next)
		next.beneath = &beneath{old, c.Node}
	} else {
		if next.From = c.Node; c.Origin != 0 {
			next.From, c.Origin = c.Origin, 0
		}
		next.draft, err = x.staging.Create(x.under(next), c.Size)
	}
	if err != nil {
		return full(err)
	}
	if old != nil {
		// Until it is written to, a crash leaves a copy that nobody needs.
		if err := x.record(record{Free: next.files()}); err != nil {
			return errors.Join(err, next.draft.Discard())
		}
	}
	crash("renew.staged")
	was := c.Node
	c.Node, c.Content = catalog.NewID(), next
	c.MTime = next.mtime.Load()
	x.mu.Lock()
	x.takeOut(c.ID)
	x.putIn(c)
	x.mu.Unlock()
	if old != nil && old.handles > 0 {
		x.linger(old, was, c)
	}
	crash("renewed")
	x.nudge() // one that nobody opens is given up again
	return nil
}

// copyOf makes next begin as a copy of a content that must stay as it is. turn is held.
func (x *Overlay) copyOf(ctx context.Context, old, next *content) (err error) {
	if next.draft, err = x.staging.Create(old.draft, old.draft.Size()); err != nil {
		return err
	}
	if err := next.draft.Complete(ctx); err != nil {
		return err
	}
	next.From = 0
	next.written.Store(now())
	return nil
}

// resize sets the size of a file that has a draft; one that has none gets one first, with
// ErrMoved. turn is held.
func (x *Overlay) resize(ctx context.Context, c *change, size int64) error {
	if c.Kind != catalog.File {
		return ErrIsDir
	}
	if c.Content == nil || c.Content.frozen {
		if c.attr().Size == size {
			return nil
		}
		return errors.Join(x.renew(ctx, c.ID), ErrMoved)
	}
	f := &File{x: x, content: c.Content, node: c.Node}
	if err := f.truncate(size); err != nil {
		return err
	}
	// Also when somebody has it open for writing: that handle may be closed already, and the
	// kernel tells so later.
	return x.keep(c, c.Content)
}

// ReadAt is [io.ReaderAt]'s with a context.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	return f.content.draft.ReadAt(ctx, p, off)
}

// WriteAt is [io.WriterAt]'s.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.content.draft.WriteAt(p, off)
	f.wrote()
	return n, full(err)
}

// wrote notes that the content has changed.
func (f *File) wrote() {
	at := now()
	f.content.mtime.Store(at)
	f.content.written.Store(at)
}

// Truncate sets the size.
func (f *File) Truncate(size int64) error { return f.truncate(size) }

func (f *File) truncate(size int64) error {
	if size == f.content.draft.Size() {
		return nil
	}
	err := f.content.draft.Truncate(size)
	f.wrote()
	return full(err)
}

// Allocate makes room for n bytes from off, and the file as large unless keepSize.
func (f *File) Allocate(off, n int64, keepSize bool) error {
	before := f.content.draft.Size()
	err := f.content.draft.Allocate(off, n, keepSize)
	if f.content.draft.Size() != before {
		f.wrote()
	}
	return full(err)
}

// Zero makes n bytes from off zero.
func (f *File) Zero(off, n int64, keepSize bool) error {
	err := f.content.draft.Zero(off, n, keepSize)
	f.wrote()
	return full(err)
}

// Size is the present size in bytes.
func (f *File) Size() int64 { return f.content.draft.Size() }

// Sync makes what was written, and the file's name, safe against a loss of power. It
// costs nothing when nothing was written.
func (f *File) Sync(ctx context.Context) error {
	c := f.content
	// One that is not dirty may be about to be recorded by another handle.
	if !c.draft.Dirty() && (!f.writes || c.recorded.Load() == c.draft.Generation()) {
		return f.x.settled(ctx, f)
	}
	return f.x.settle(ctx, f.node, c)
}

// Release ends the use of the handle.
func (f *File) Release() {
	f.x.turn.Lock()
	defer f.x.turn.Unlock()
	f.x.release(f)
}

// release is Release with turn held.
func (x *Overlay) release(f *File) {
	l := f.content.live
	l.handles--
	if f.writes {
		l.writers--
	}
	if l.handles > 0 {
		return
	}
	if l.dead && !l.leaving {
		x.mu.Lock()
		if c := x.nodes[f.node]; c != nil && c.Content != nil && c.Content.live == l {
			delete(x.nodes, f.node)
		}
		x.mu.Unlock()
		x.throwAway(f.content)
		return
	}
	x.nudge()
}

// full gives errors of the disk their name here.
func full(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, staging.ErrFull) || errors.Is(err, syscall.ENOSPC):
		return errors.Join(ErrFull, err)
	case errors.Is(err, staging.ErrTooLarge):
		return errors.Join(ErrTooLarge, err)
	}
	return err
}
