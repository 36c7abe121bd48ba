package intake

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/remote"
)

// Patience with a store that is away or busy: from the first pause to the longest,
// and how many times.
const (
	uploadPause    = 500 * time.Millisecond
	uploadLongest  = 20 * time.Second
	uploadPatience = 8
)

// lastLook is how long a file that was sent may still be read after ctx has ended.
const lastLook = 5 * time.Second

// upload writes the file's bytes as a new object, for the place p. The errors of the
// store are told from the file's with errStore.
func (r *run) upload(ctx context.Context, x *examined, p string) (catalog.Ref, error) {
	f, err := x.open(r.disk)
	if err != nil {
		return catalog.Ref{}, err
	}
	defer f.Close()
	var random [6]byte
	rand.Read(random[:])
	key := library.ObjectKey(p, random)
	meta, err := r.im.Index.ObjectMetadata(ctx, p, x.info.ModTime().UnixNano(), x.hash)
	if err != nil {
		return catalog.Ref{}, err
	}
	opts := remote.PutOptions{
		Metadata:    meta,
		ContentType: mime.TypeByExtension(path.Ext(p)),
	}
	obj, err := r.im.put(ctx, key, &body{file: f, size: x.info.Size()}, opts)
	if err != nil {
		return catalog.Ref{}, err
	}
	// What was sent must be what was examined, else the object is left to gc. Times do
	// not tell: a write through a mapping need not change them.
	look, done := outlive(ctx, lastLook)
	defer done()
	again := r.checks.begin(f)
	defer r.checks.end(again)
	again.watch = x.scan.watching()
	if h, err := again.sum(look, x.info.Size()); err != nil {
		return catalog.Ref{}, err
	} else if h != x.hash {
		return catalog.Ref{}, fmt.Errorf("%s %w", x.path, errChanged)
	}
	if !again.watch.proves(x.scan) {
		x.scan = nil
	}
	return catalog.Ref{Key: key, ETag: obj.ETag}, x.still(f)
}

// outlive gives a context that ends a while after ctx.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// body is a file as a store reads it. It remembers what went wrong with the file, for
// a store gives such an error as its own.
type body struct {
	file io.ReaderAt
	size int64

	mu     sync.Mutex // guards failed
	failed error      // the first error
}

// ReadAt implements io.ReaderAt. A file that ends before its size has changed.
func (b *body) ReadAt(p []byte, at int64) (int, error) {
	n, err := b.file.ReadAt(p, at)
	if err == nil || err == io.EOF && at+int64(n) >= b.size {
		return n, err
	}
	if err == io.EOF {
		err = errChanged
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = cmp.Or(b.failed, err)
	return n, err
}

func (b *body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// errStore marks what ends the whole import: the store failed, not a file.
var errStore = errors.New("the store failed")

// put writes an object, waiting for a store that may come back. The key is new and
// random, so writing twice does no harm.
func (im *Importer) put(ctx context.Context, key string, b *body, opts remote.PutOptions) (remote.Object, error) {
	pause := uploadPause
	for try := 1; ; try++ {
		obj, err := im.Store.Put(ctx, key, io.NewSectionReader(b, 0, b.size), opts)
		switch {
		case err == nil && obj.Size != b.size:
			return obj, fmt.Errorf("%w: %s has %d bytes of %d: %w", errStore, key, obj.Size, b.size, remote.ErrCorrupt)
		case err == nil:
			return obj, nil
		case ctx.Err() != nil:
			return obj, context.Cause(ctx)
		case b.failure() != nil:
			return obj, b.failure()
		case errors.Is(err, remote.ErrInvalid):
			return obj, err // this object, to which another store may not object
		case !remote.Temporary(err) || try == uploadPatience:
			return obj, fmt.Errorf("%w: %w", errStore, err)
		}
		im.Logger.Warn("an upload failed, trying again", "key", key, "try", try, "error", err)
		if err := sleep(ctx, pause); err != nil {
			return obj, err
		}
		pause = min(2*pause, uploadLongest)
	}
}
