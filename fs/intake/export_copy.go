package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// errInTheWay: something that no export wrote has the name.
var errInTheWay = errors.New("something else has this name; it was left as it is")

// errWrong: the store gave other bytes than the catalog says.
var errWrong = errors.New("damaged in the store")

// file brings one file to its place. Only an error after which no other file can be
// copied comes back; others are noted.
func (x *export) file(ctx context.Context, p *planned) error {
	found, err := x.look(p)
	if err == nil && found != asItShouldBe {
		err = x.fetch(ctx, p, found == outdated)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &x.report
	switch {
	case err != nil:
		x.failed.add(p.Path, err.Error())
		if errors.Is(err, errStore) || fatal(err) != nil {
			return err
		}
	case found == asItShouldBe:
		r.Present++
	default:
		r.Copied++
		r.CopiedBytes += p.Size
	}
	if err == nil && found == outdated {
		r.Replaced++
	}
	if err == nil && !p.SHA256.Known() {
		r.Unhashed++
	}
	x.far.Done++
	x.far.DoneBytes += p.Size
	x.tell(x.far)
	return nil
}

// standing is what has the name of a file that is to be written.
type standing int

const (
	nothing      standing = iota
	outdated              // what an earlier export wrote, and is not what should be there
	asItShouldBe          // the file
)

// look tells what has the file's name. The error is errInTheWay for what is not ours.
func (x *export) look(p *planned) (standing, error) {
	info, err := os.Lstat(x.at(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	if err != nil {
		return nothing, err
	}
	if !info.Mode().IsRegular() {
		return nothing, errInTheWay
	}
	is := exportedAs(p.To, info, p.SHA256)
	left, proven := x.journal.knows(is)
	if proven && !x.opts.Check {
		return asItShouldBe, nil
	}
	if info.Size() == p.Size && p.SHA256.Known() && (!left || x.opts.Check) {
		h, err := hashFile(x.at(p))
		if err != nil {
			return nothing, err
		}
		if h == p.SHA256 {
			return asItShouldBe, x.journal.add(is)
		}
	}
	if !p.SHA256.Known() && (proven || info.Size() == p.Size && is.MTime == twoSeconds(time.Unix(0, p.MTime))) {
		return asItShouldBe, x.journal.add(is) // no more can be said of it
	}
	if left {
		return outdated, nil
	}
	return nothing, errInTheWay
}

func hashFile(path string) (h catalog.Hash, err error) {
	f, err := openPlain(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return h, err
	}
	sum.Sum(h[:0])
	return h, nil
}

// fetch writes the file beside its place and then puts it there.
func (x *export) fetch(ctx context.Context, p *planned, replace bool) error {
	part, err := os.CreateTemp(x.journal.dir, "part-")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name()) // not there any more if all went well
	err = x.download(ctx, p, part)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Chmod(part.Name(), fs.FileMode(p.Mode&0o777)); err != nil && !modeless(err) {
		return err
	}
	when := time.Unix(0, p.MTime)
	if err := os.Chtimes(part.Name(), when, when); err != nil {
		return err
	}
	info, err := os.Lstat(part.Name())
	if err != nil {
		return err
	}
	if replace {
		err = os.Rename(part.Name(), x.at(p))
	} else {
		err = renameToFree(part.Name(), x.at(p))
	}
	if err != nil {
		return err
	}
	return x.journal.add(exportedAs(p.To, info, p.SHA256))
}

// download writes an object's bytes to a file, waiting for a store that may come back. What
// is wrong is fetched once more: it may have become so on its way.
func (x *export) download(ctx context.Context, p *planned, to *os.File) error {
	wait := uploadPause
	for try := 1; ; try++ {
		err := x.attempt(ctx, p, to)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.Is(err, errDisk):
			return err
		case errors.Is(err, remote.ErrNotFound):
			return errors.New("missing from the store")
		case errors.Is(err, remote.ErrPrecondition):
			return errors.New("written over in the store")
		case errors.Is(err, errWrong) || errors.Is(err, remote.ErrCorrupt) || errors.Is(err, remote.ErrRange):
			if try > 1 {
				return err
			}
			continue
		case !remote.Temporary(err) || try >= uploadPatience:
			return fmt.Errorf("%w: %w", errStore, err)
		}
		x.Logger.Warn("a download failed, trying again", "key", p.Key, "try", try, "error", err)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, uploadLongest)
	}
}

// errDisk marks what the disk refused, not the store.
var errDisk = errors.New("cannot be written")

// attempt fetches an object once and proves its bytes.
func (x *export) attempt(ctx context.Context, p *planned, to *os.File) error {
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := to.Truncate(0); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	sum := sha256.New()
	if p.Size > 0 {
		body, obj, err := x.Store.Get(ctx, p.Key, remote.Range{}, p.ETag)
		if err != nil {
			return err
		}
		defer body.Close()
		if obj.Size != p.Size {
			return fmt.Errorf("%w: it has %d bytes, not %d", errWrong, obj.Size, p.Size)
		}
		if _, err := io.Copy(diskWriter{to}, io.TeeReader(remote.Paced(ctx, body), sum)); err != nil {
			return err
		}
	}
	var h catalog.Hash
	sum.Sum(h[:0])
	if p.SHA256.Known() && h != p.SHA256 {
		return fmt.Errorf("%w: its SHA-256 is %s", errWrong, h)
	}
	return nil
}

// diskWriter marks the errors of a disk.
type diskWriter struct{ file *os.File }

// Write is io.Writer.
func (w diskWriter) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errDisk, err)
	}
	return n, err
}
