package pending

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
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

// settle makes what a content holds safe, and lets go of what is not needed for that any
// more.
func (x *Overlay) settle(ctx context.Context, node catalog.ID, c *content) error {
	crash("close.sync")
	r, err := c.draft.Sync()
	if err != nil {
		return full(err)
	}
	crash("close.synced")
	if recorded, err := x.keepNode(node, c, r); err != nil || !recorded {
		return err
	}
	crash("close.recorded")
	if err := x.Sync(ctx); err != nil {
		return err
	}
	crash("close.durable")
	c.draft.Settle(r)
	crash("close.settled")
	return nil
}

// settled waits until the record of a content that is not dirty is durable: another
// handle may be about to make it so.
func (x *Overlay) settled(ctx context.Context, f *File) error {
	if !f.writes {
		return nil
	}
	return x.Sync(ctx)
}

// keepNode records what of a node is safe.
func (x *Overlay) keepNode(node catalog.ID, c *content, r staging.Record) (recorded bool, err error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	if c.dead {
		return false, nil // nobody will ever ask for it
	}
	x.mu.RLock()
	ch := x.nodes[node]
	x.mu.RUnlock()
	if ch == nil || ch.Content == nil || ch.Content.live != c.live {
		return false, nil // committed meanwhile, as it was
	}
	if c.durable && ch.Content.Record.Gen == r.Gen && ch.Content.Record.NeedsBase() == r.NeedsBase() {
		return true, nil // by a truncation without a handle, which has not settled it
	}
	return true, x.keepRecord(ch.copied(), ch.Content, r)
}

// keep syncs a content and records it. turn is held: it is for what nobody has open.
func (x *Overlay) keep(ch *change, c *content) error {
	r, err := c.draft.Sync()
	if err != nil {
		return full(err)
	}
	return x.keepRecord(ch, c, r)
}

func (x *Overlay) keepRecord(ch *change, c *content, r staging.Record) error {
	next := &content{Record: r, From: c.From, New: c.New, live: c.live}
	if r.BaseEnd == 0 {
		next.From = 0
	}
	ch.Content, ch.MTime, ch.At = next, c.mtime.Load(), max(c.written.Load(), ch.At)
	c.live.durable, c.live.parked, c.live.trouble = true, false, nil
	if c.beneath != nil {
		x.freed = append(x.freed, c.beneath.content.files()...)
	}
	crash("write.record")
	defer crash("write.recorded")
	err := x.show(record{Put: []*change{ch}})
	if err == nil {
		c.recorded.Store(r.Gen)
	}
	return err
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

// throwAway has a content's staged files removed once the record that says it is over is
// durable: a loss of power must not keep the name and lose the bytes. turn is held.
func (x *Overlay) throwAway(c *content) {
	x.mu.Lock()
	x.garbage = append(x.garbage, c)
	x.mu.Unlock()
	x.nudge()
}

// sweep removes what was thrown away.
func (x *Overlay) sweep(ctx context.Context) {
	x.mu.Lock()
	garbage := x.garbage
	x.garbage = nil
	x.mu.Unlock()
	if len(garbage) == 0 {
		return
	}
	if err := x.Sync(ctx); err != nil {
		x.mu.Lock()
		x.garbage = append(garbage, x.garbage...)
		x.mu.Unlock()
		return
	}
	for _, c := range garbage {
		x.turn.Lock()
		if err := x.discard(c); err != nil {
			x.log.Warn("a staged file could not be removed", "error", err)
		}
		x.turn.Unlock()
	}
}

// discard removes what was staged for a content that nothing refers to. turn is held.
func (x *Overlay) discard(c *content) error {
	if c.under != nil {
		c.under.close()
	}
	crash("discard")
	defer crash("discarded")
	return c.draft.Discard()
}

// files are the names of the staged files of a content.
func (c *content) files() []string {
	return append([]string{c.Record.File, filepath.Base(c.draft.Path())}, c.Record.Former...)
}

// under gives the bytes that lie under a content; nil for none.
func (x *Overlay) under(c *content) staging.Base {
	if c.From == 0 {
		return nil
	}
	u := &under{x: x, node: c.From}
	c.live.under = u
	return u
}

// under reads a committed version that is being written over. It opens it when first
// asked.
type under struct {
	x    *Overlay
	node catalog.ID

	mu   sync.Mutex // guards open; held while it is opened, which waits for no store
	open Content
}

// ReadAt implements staging.Base.
func (u *under) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	open, err := u.opened(context.WithoutCancel(ctx))
	if err != nil {
		return 0, err
	}
	n, err := open.ReadAt(ctx, p, off)
	if n == len(p) && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (u *under) opened(ctx context.Context) (Content, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != nil {
		return u.open, nil
	}
	v, err := u.x.index.Version(ctx, u.node)
	if err != nil {
		return nil, err
	}
	u.open, err = u.x.versions.Open(ctx, v)
	return u.open, err
}

// close gives up what was opened. Nobody reads any more.
func (u *under) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != nil {
		u.open.Close()
	}
}

// fetchUnder begins to bring all that lies under a content here: its upload needs it, and
// a tag editor will read it piece by piece.
func (x *Overlay) fetchUnder(c *content) {
	if v, err := x.index.Version(context.Background(), c.From); err == nil {
		x.versions.Fetch(v)
	}
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
