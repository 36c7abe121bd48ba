package dir

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	copyBuffer = 256 << 10
	// maxRaces is how often a write makes its folders again because deletes beside
	// it removed them empty.
	maxRaces = 1000
	// coarseClock is the largest step of a file system's clock: FAT's.
	coarseClock = 2 * time.Second
)

// draft is an object's next version: whole and durable, without its name yet.
type draft struct {
	tmp    string
	info   os.FileInfo
	record record
	// beside: the file system has no attributes, so the record goes into a sidecar
	// when the draft gets its name.
	beside bool
}

// Put implements [remote.Putter].
func (s *Store) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	object, err := s.put(ctx, key, body, o)
	if err != nil {
		return remote.Object{}, fail("put", key, err)
	}
	return object, nil
}

func (s *Store) put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if err := remote.CheckPut(key, body, o); err != nil {
		return remote.Object{}, err
	}
	if err := checkKey(key); err != nil {
		return remote.Object{}, err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return remote.Object{}, err
	}
	if _, err := vacate(root, key); err != nil {
		return remote.Object{}, err
	}
	d, err := write(ctx, root, body, o.Metadata)
	if d.tmp != "" {
		defer root.Remove(d.tmp)
	}
	if err == nil {
		err = publish(ctx, root, key, &d, o.If)
	}
	if err != nil {
		return remote.Object{}, s.stillThere(ctx, err)
	}
	return d.record.object(key, d.info), syncUp(root, key)
}

// stillThere puts the store's own absence before what it caused.
func (s *Store) stillThere(ctx context.Context, err error) error {
	if ctx.Err() == nil && kindOf(err) == remote.ErrNotFound {
		if _, gone := s.enter(ctx); gone != nil {
			return gone
		}
		return fmt.Errorf("%w: %v", remote.ErrThrottled, err) // a put is never ErrNotFound
	}
	return err
}

// write makes the draft. Its name is set as soon as there is a file to remove.
func write(ctx context.Context, root *folder, body *io.SectionReader, metadata map[string]string) (d draft, err error) {
	tmp := tmpDir + "/" + rand.Text()
	f, err := root.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return d, err
	}
	d.tmp = tmp
	defer func() { err = errors.Join(err, f.Close()) }()
	etag, err := fill(ctx, f, body)
	if err != nil {
		return d, err
	}
	if d.info, err = f.Stat(); err != nil {
		return d, err
	}
	d.record = record{ETag: etag, Size: d.info.Size(), ModTime: d.info.ModTime().UnixNano(), Metadata: escaped(metadata)}
	text, err := d.record.text()
	if err != nil {
		return d, err
	}
	d.beside = root.setAttr(f, text) != nil
	return d, f.Sync()
}

// fill copies body and gives its MD5 in hex.
func fill(ctx context.Context, f *os.File, body *io.SectionReader) (string, error) {
	hash := md5.New()
	buffer := make([]byte, min(copyBuffer, body.Size()))
	for offset := int64(0); offset < body.Size(); {
		n, err := body.ReadAt(buffer[:min(int64(len(buffer)), body.Size()-offset)], offset)
		if ctxErr := ctx.Err(); ctxErr != nil {
			return "", ctxErr
		}
		if n == 0 {
			return "", fmt.Errorf("%w: body ends at %d of %d bytes: %w", remote.ErrInvalid, offset, body.Size(), noProgress(err))
		}
		if err := remote.WaitPace(ctx, n); err != nil {
			return "", err
		}
		hash.Write(buffer[:n])
		if _, err := f.Write(buffer[:n]); err != nil {
			return "", err
		}
		offset += int64(n)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func noProgress(err error) error {
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// publish gives the draft its name if the condition holds.
func publish(ctx context.Context, root *folder, key string, d *draft, c remote.Condition) error {
	how := shared
	if d.beside {
		how = alone
	}
	if c.ETag != "" {
		how = strict
	}
	err := publishLocked(ctx, root, key, d, c, how)
	if c.Absent && noHardLinks(err) {
		// Without links, to check and then rename needs everyone else to wait.
		err = publishLocked(ctx, root, key, d, c, strict)
	}
	return err
}

func publishLocked(ctx context.Context, root *folder, key string, d *draft, c remote.Condition, how grip) error {
	unlock, err := lock(ctx, root, how)
	if err != nil {
		return err
	}
	defer unlock()
	for range maxRaces {
		if err = ctx.Err(); err != nil {
			return err
		}
		if err = name(ctx, root, key, d, c, how); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, gone := root.Lstat(d.tmp); gone != nil {
			return err // it was not a folder that went away
		}
	}
	return err
}

// name tries once; fs.ErrNotExist means that a folder was removed meanwhile.
func name(ctx context.Context, root *folder, key string, d *draft, c remote.Condition, how grip) error {
	there, err := vacate(root, key)
	if err != nil {
		return err
	}
	if c.Absent && there != nil {
		return remote.ErrExists
	}
	if c.ETag != "" {
		if err := matches(ctx, root, key, c.ETag); err != nil {
			return err
		}
	}
	if err := makeParents(root, key); err != nil {
		return err
	}
	if d.beside {
		if err := d.putBeside(root, key, there); err != nil {
			return err
		}
	}
	if c.Absent {
		err = linkOnly(root, key, d, how)
	} else {
		err = root.Rename(d.tmp, key)
	}
	if d.beside && err == nil {
		dropSidecars(root, key, sidecar(key, d.info))
	}
	return err
}

// linkOnly names the draft only if nothing has the name; the system decides races.
func linkOnly(root *folder, key string, d *draft, how grip) error {
	err := root.Link(d.tmp, key)
	switch {
	case noHardLinks(err) && how == strict:
		return root.Rename(d.tmp, key) // vacate found nothing and nobody else may write
	case errors.Is(err, fs.ErrExist):
		// What the faster writer made decides between ErrExists and ErrInvalid.
		if _, err := vacate(root, key); err != nil {
			return err
		}
		return remote.ErrExists
	}
	return err
}

// putBeside writes the draft's sidecar just before the draft gets its name. Size and
// time name the version, so where a coarse clock gave it the time of the version it
// replaces, it gets a later one.
func (d *draft) putBeside(root *folder, key string, old os.FileInfo) error {
	if old != nil && old.Size() == d.info.Size() && old.ModTime().Equal(d.info.ModTime()) {
		later := old.ModTime().Add(coarseClock)
		if err := root.Chtimes(d.tmp, later, later); err != nil {
			return err
		}
		if err := syncIn(root, d.tmp); err != nil {
			return err
		}
		info, err := root.Lstat(d.tmp)
		if err != nil {
			return err
		}
		d.info, d.record.ModTime = info, info.ModTime().UnixNano()
	}
	text, err := d.record.text()
	if err != nil {
		return err
	}
	return writeSidecar(root, sidecar(key, d.info), text)
}

// matches compares the ETag of what is at key; the exclusive lock is held.
func matches(ctx context.Context, root *folder, key, etag string) error {
	f, info, err := openObject(root, key)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, remote.ErrNotFound) {
		return fmt.Errorf("%w: there is none", remote.ErrPrecondition)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := describe(ctx, root, key, f, info)
	if err != nil {
		return err
	}
	if r.ETag != etag {
		return fmt.Errorf("%w: its ETag is %s", remote.ErrPrecondition, r.ETag)
	}
	return nil
}

// Delete implements [remote.Deleter].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.remove(ctx, key); err != nil {
		return fail("delete", key, s.stillThere(ctx, err))
	}
	return nil
}

func (s *Store) remove(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, root, shared)
	if err != nil {
		return err
	}
	defer unlock()
	info, err := locate(root, key)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) || err == nil && !info.Mode().IsRegular() {
		_, err = s.enter(ctx)
		return err
	}
	if err == nil {
		err = removeFile(root, key)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dropSidecar(root, key, info)
	return syncUp(root, removeParents(root, key)+"/.")
}
