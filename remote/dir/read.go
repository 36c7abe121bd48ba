package dir

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lockerfs/lockerfs/remote"
)

// Get implements [remote.Getter].
func (s *Store) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	body, object, err := s.get(ctx, key, r, ifMatch)
	if err != nil {
		return nil, remote.Object{}, s.failed(ctx, "get", key, err)
	}
	return body, object, nil
}

func (s *Store) get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	f, object, err := s.open(ctx, key)
	if err != nil {
		return nil, remote.Object{}, err
	}
	if ifMatch != "" && ifMatch != object.ETag {
		f.Close()
		return nil, remote.Object{}, fmt.Errorf("%w: its ETag is %s", remote.ErrPrecondition, object.ETag)
	}
	n, err := r.Within(object.Size)
	if err != nil {
		f.Close()
		return nil, remote.Object{}, err
	}
	return &body{ctx: ctx, key: key, f: f, r: io.NewSectionReader(f, r.Offset, n), left: n, object: object}, object, nil
}

// Head implements [remote.Header].
func (s *Store) Head(ctx context.Context, key string) (remote.Object, error) {
	f, object, err := s.open(ctx, key)
	if err != nil {
		return remote.Object{}, s.failed(ctx, "head", key, err)
	}
	f.Close()
	return object, nil
}

// open gives the object's file, which the caller closes, and what it is.
func (s *Store) open(ctx context.Context, key string) (*os.File, remote.Object, error) {
	if err := checkKey(key); err != nil {
		return nil, remote.Object{}, err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return nil, remote.Object{}, err
	}
	f, info, err := openObject(root, key)
	if err != nil {
		return nil, remote.Object{}, err
	}
	r, err := describe(ctx, root, key, f, info)
	if err != nil {
		f.Close()
		return nil, remote.Object{}, err
	}
	return f, r.object(key, info), nil
}

// failed is fail, after making sure that absence is not that of the store.
func (s *Store) failed(ctx context.Context, op, key string, err error) error {
	if kindOf(err) == remote.ErrNotFound {
		if _, gone := s.enter(ctx); gone != nil {
			err = gone
		}
	}
	return fail(op, key, err)
}

// body gives a range of one version. The file is never written by a store again, but
// another program may: then the end is an error, so that nobody keeps the bytes.
type body struct {
	ctx    context.Context
	key    string
	f      *os.File
	r      *io.SectionReader
	left   int64
	object remote.Object
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fail("get", b.key, err)
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	switch {
	case err == io.EOF && b.left > 0:
		return n, fail("get", b.key, fmt.Errorf("%w: %d bytes are missing", remote.ErrCorrupt, b.left))
	case err == io.EOF:
		if changed := b.unchanged(); changed != nil {
			return n, fail("get", b.key, changed)
		}
		return n, io.EOF
	case err != nil:
		return n, fail("get", b.key, err)
	}
	return n, nil
}

func (b *body) unchanged() error {
	info, err := b.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != b.object.Size || !info.ModTime().Equal(b.object.ModTime) {
		return fmt.Errorf("%w: another program wrote to the file meanwhile", remote.ErrCorrupt)
	}
	return nil
}

func (b *body) Close() error { return b.f.Close() }

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
