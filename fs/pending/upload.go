package pending

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// send uploads one content, and notes how that went.
func (u *Uploader) send(ctx context.Context, c *change) {
	s, err := u.upload(ctx, c)
	if err != nil && ctx.Err() == nil && parks(err) && u.Parked != nil {
		defer u.Parked()
	}
	if u.note(ctx, c, s, err) && s.key != "" {
		// Nobody knows the object, and its hash may be another than its bytes'.
		if err := u.store.Delete(context.WithoutCancel(ctx), s.key); err != nil {
			u.x.log.Debug("an object that nobody needs stays", "key", s.key, "error", err)
		}
	}
}

// sending is what became of an upload.
type sending struct {
	version    *catalog.Version
	generation uint64 // of the draft, before it was read
	key        string // of the object that was made for it; empty for none
}

// note notes how an upload went. stale: the file was written to meanwhile, so what there is
// now will be uploaded in its turn.
func (u *Uploader) note(ctx context.Context, c *change, s sending, err error) (stale bool) {
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	l := c.Content.live
	if err == nil || l.dead {
		u.mu.Lock()
		delete(u.read, l)
		u.mu.Unlock()
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && !l.dead && (s.generation == 0 || l.draft.Generation() == s.generation):
		u.failed(c, err)
	case err != nil || l.dead || l.draft.Generation() != s.generation:
		return true
	default:
		l.trouble, l.pause = nil, 0
		if err := u.x.sent(c, s.version, s.generation); err != nil {
			u.x.log.Warn("an upload could not be recorded", "name", c.Name, "error", err)
		}
	}
	return false
}

// failed notes why a content is not in the store. turn is held.
func (u *Uploader) failed(c *change, err error) {
	l := c.Content.live
	l.trouble = err
	l.parked = parks(err)
	l.pause = min(max(2*l.pause, retryFirst), retryLongest)
	l.next = time.Now().Add(l.pause)
	u.x.log.Warn("a file is not uploaded yet", "name", c.Name, "again", !l.parked, "error", err)
}

// parks tells whether trying again by itself will not help. A store that is not there may be
// a folder whose disk will be plugged in.
func parks(err error) bool {
	for _, kind := range []error{remote.ErrDenied, remote.ErrFull, remote.ErrInvalid, remote.ErrNotImplemented, errBaseLost} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

var errBaseLost = errors.New("what lies under the change is gone from the store")

// sent notes that a version is in the store. turn is held.
func (x *Overlay) sent(old *change, v *catalog.Version, generation uint64) error {
	x.mu.RLock()
	c := x.nodes[v.ID]
	x.mu.RUnlock()
	if c == nil || c.Gone || c.Content == nil || c.Content.live != old.Content.live {
		return nil
	}
	d := c.copied()
	d.Content = &content{Record: c.Content.Record, From: c.Content.From, New: c.Content.New, Sent: v, live: c.Content.live}
	c.Content.live.sentAt, c.Content.live.tried = generation, false
	x.abandon(c.Content.live)
	crash("sent.record")
	defer crash("sent.recorded")
	return x.show(record{Put: []*change{d}})
}

// upload puts the bytes of a content into the store, unless they are there.
func (u *Uploader) upload(ctx context.Context, c *change) (s sending, err error) {
	crash("upload")
	d := c.Content.draft
	if err := u.x.settle(ctx, c.Node, c.Content); err != nil {
		return s, err
	}
	// The order matters: what is written after the generation was read shows.
	s.generation = d.Generation()
	ctx = remote.WithTicket(ctx, remote.NewTicket(remote.Upload))
	if err := d.Complete(ctx); err != nil {
		if errors.Is(err, remote.ErrNotFound) || errors.Is(err, remote.ErrPrecondition) || errors.Is(err, catalog.ErrNotFound) {
			err = errors.Join(errBaseLost, err)
		}
		return sending{}, fmt.Errorf("reading what lies under the change: %w", full(err))
	}
	crash("upload.whole")
	// Nothing under it is needed from now on.
	if err := u.x.settle(ctx, c.Node, c.Content); err != nil {
		return sending{}, err
	}
	file, err := os.Open(d.Path())
	if err != nil {
		return sending{}, err
	}
	defer file.Close()
	v, err := u.known(c, s.generation, file)
	if err != nil {
		return sending{}, err
	}
	s.version = v
	crash("upload.hashed")
	if held, err := u.match(ctx, v, c.Content.Sent); err != nil || held {
		return s, err
	}
	err = u.put(ctx, c, watched{file, u.of(c.Content.live)}, v)
	s.key = v.Object.Key
	return s, err
}

// known gives what is known of a content: its size, hash and tags. It is read once, however
// often its upload is tried.
func (u *Uploader) known(c *change, generation uint64, file *os.File) (*catalog.Version, error) {
	d := c.Content.draft
	u.mu.Lock()
	last := u.read[c.Content.live]
	u.mu.Unlock()
	if last.generation == generation && last.version.ID == c.Node {
		v := last.version
		return &v, nil
	}
	v := catalog.Version{ID: c.Node, Size: d.Size()}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, v.Size)); err != nil {
		return nil, err
	}
	v.SHA256 = catalog.Hash(sum.Sum(nil))
	if u.describe != nil {
		u.describe(file, v.Size, c.Name, &v)
	}
	u.mu.Lock()
	u.read[c.Content.live] = lastRead{generation, v}
	u.mu.Unlock()
	return &v, nil
}

// lastRead is what was found when a content was read last.
type lastRead struct {
	generation uint64
	version    catalog.Version
}

// match gives a version the object of another one with the same bytes, if the store has it
// still: what was lost there must not take these bytes with it. That may be the one that
// was sent before a crash.
func (u *Uploader) match(ctx context.Context, v, sent *catalog.Version) (held bool, err error) {
	same, ok := sent, sent != nil && sent.SHA256 == v.SHA256 && sent.Size == v.Size
	if !ok {
		if same, ok, err = u.x.index.Match(ctx, v.SHA256, v.Size); err != nil || !ok {
			return false, err
		}
	}
	if gone, err := u.x.index.GivenUp(ctx, same.Object); err != nil || gone {
		return false, err
	}
	obj, err := u.store.Head(ctx, same.Object.Key)
	switch {
	case errors.Is(err, remote.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case obj.Size != v.Size || obj.ETag != same.Object.ETag:
		return false, nil
	}
	crash("upload.matched")
	v.Object, v.Pack = same.Object, same.Pack
	return true, nil
}

func (u *Uploader) put(ctx context.Context, c *change, file io.ReaderAt, v *catalog.Version) error {
	at, err := u.x.Path(ctx, c.Parent)
	if err != nil {
		return err
	}
	at = path.Join(at, c.Name)
	key := cmp.Or(c.Content.Key, catalog.NewObjectKey(at))
	if gone, err := u.x.index.GivenUp(ctx, catalog.Ref{Key: key}); err != nil {
		return err
	} else if gone {
		key = catalog.NewObjectKey(at)
	}
	large := v.Size > resumeAbove
	if large {
		if err := u.x.sendAs(c, key); err != nil {
			return err
		}
	}
	meta, err := u.x.index.ObjectMetadata(ctx, at, c.Content.mtime.Load(), v.SHA256)
	if err != nil {
		return err
	}
	crash("upload.put")
	obj, err := u.store.Put(ctx, key, io.NewSectionReader(file, 0, v.Size), remote.PutOptions{
		Metadata:    meta,
		ContentType: mime.TypeByExtension(path.Ext(at)),
		Resume:      large,
	})
	if err == nil && obj.Size != v.Size {
		err = fmt.Errorf("%s has %d bytes of %d: %w", key, obj.Size, v.Size, remote.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	crash("upload.there")
	v.Object = catalog.Ref{Key: key, ETag: obj.ETag}
	return nil
}

// sendAs records under which key a content is being sent, so that it goes on there after a
// restart.
func (x *Overlay) sendAs(old *change, key string) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	c := x.change(old.ID)
	if c == nil || c.Content == nil || c.Content.live != old.Content.live || c.Content.Key == key {
		return nil
	}
	d, content := c.copied(), *c.Content
	content.Key = key
	d.Content = &content
	return x.show(record{Put: []*change{d}})
}
