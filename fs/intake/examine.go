package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// errChanged: a file was written to, or replaced, while it was being taken in.
var errChanged = errors.New("changed while it was read; run the import again when it is finished")

// examined is a file with what its bytes say.
type examined struct {
	file
	hash catalog.Hash
	tags *tag.Info // nil when it is not audio
	// damage says what is wrong with an audio file that still comes in.
	damage error
	// err is why the file cannot come in.
	err error
	// held is content of the locker with the same hash, if it was looked up already.
	held *catalog.Version
}

// examine gives the file's hash and tags: from memory and catalog where both know
// the file, else by reading it once.
func (im *Importer) examine(ctx context.Context, k *known, f file) examined {
	x := examined{file: f}
	if h, ok := k.hash(ctx, f.path, f.info); ok {
		v, found, err := im.Index.Match(ctx, h, f.info.Size())
		if err == nil && found && (v.Tags != nil || !tag.Audio(f.path)) {
			x.hash, x.tags, x.held = h, v.Tags, v
			return x
		}
	}
	if x.err = x.read(ctx); errors.Is(x.err, errChanged) {
		// Once more, as it is now: programs that write tags replace whole files.
		if now, err := os.Lstat(x.path); err == nil {
			x.info = now
		}
		x.err = x.read(ctx)
	}
	if x.err != nil {
		return x
	}
	if settled(x.info) {
		if err := k.learn(ctx, f.path, x.info, x.hash); err != nil {
			im.Logger.Debug("a hash could not be remembered", "file", f.path, "error", err)
		}
	}
	x.held, _, x.err = im.Index.Match(ctx, x.hash, x.info.Size())
	return x
}

// read hashes the file and reads its tags, and makes sure that it stood still.
func (x *examined) read(ctx context.Context) error {
	f, err := x.open()
	if err != nil {
		return err
	}
	defer f.Close()
	if x.hash, err = x.sum(ctx, f); err != nil {
		return err
	}
	if tag.Audio(x.path) {
		// The bytes have just passed through the page cache.
		info, err := tag.ReadPictures(f, x.info.Size(), x.info.Name())
		if err != nil && !errors.Is(err, tag.ErrUnknown) && !errors.Is(err, tag.ErrTruncated) && !errors.Is(err, tag.ErrBroken) {
			return err
		}
		x.tags, x.damage = &info, err
		if cut := trim(x.tags); cut != nil {
			x.damage = cut // nobody looks for a second fault
		}
	}
	return x.still(f)
}

// open opens the file, and makes sure that it is the plain file x.info tells of: after
// it was found, anything may have taken its place.
func (x *examined) open() (*os.File, error) {
	f, err := openPlain(x.path)
	if err != nil {
		return nil, err
	}
	if err := x.still(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sum hashes the open file, as far as the size it should have.
func (x *examined) sum(ctx context.Context, f io.ReaderAt) (catalog.Hash, error) {
	sum := sha256.New()
	// One byte more shows a file that has grown, and one that grows without end ends.
	n, err := io.Copy(sum, &ctxReader{ctx, io.NewSectionReader(f, 0, x.info.Size()+1)})
	if err != nil {
		return catalog.Hash{}, err
	}
	if n != x.info.Size() {
		return catalog.Hash{}, fmt.Errorf("%s %w", x.path, errChanged)
	}
	return catalog.Hash(sum.Sum(nil)), nil
}

// still tells whether the open file is the one that was examined, and as it was.
func (x *examined) still(f *os.File) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if !now.Mode().IsRegular() || !os.SameFile(now, x.info) || now.Size() != x.info.Size() ||
		!now.ModTime().Equal(x.info.ModTime()) || changeTime(now) != changeTime(x.info) {
		return fmt.Errorf("%s %w", x.path, errChanged)
	}
	return nil
}

// ctxReader ends reading when ctx does.
type ctxReader struct {
	ctx context.Context // of the one copy it is made for
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
