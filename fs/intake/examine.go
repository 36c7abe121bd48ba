package intake

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// errChanged: a file was written to, or replaced, while it was being taken in.
var errChanged = errors.New("changed while it was read; run the import again when it is finished")

// examined is a file with what its bytes say.
type examined struct {
	file
	hash  catalog.Hash
	tags  *tag.Info // nil when it is not audio
	sound sound
	// damage says what is wrong with an audio file that still comes in.
	damage error
	// err is why the file cannot come in.
	err error
	// scan is what a pack has of it; nil for nothing.
	scan *scanned
	// held is content of the locker with the same hash, as of commit applied.
	held    *catalog.Version
	applied int64
	// past is what this device once made of the path.
	past imported
}

// examine gives the file's hash and tags: from memory and catalog where both know
// the file, else by reading it once.
func (r *run) examine(ctx context.Context, f file) examined {
	x := examined{file: f}
	var known catalog.Hash
	known, x.past = r.known.recall(ctx, f.path, f.info)
	if known.Known() && r.recognise(ctx, &x, known) {
		return x
	}
	if x.err = r.read(ctx, &x); errors.Is(x.err, errChanged) {
		// Once more, as it is now: programs that write tags replace whole files.
		if now, err := r.disk.Lstat(x.path); err == nil {
			x.info = now
		}
		x.err = r.read(ctx, &x)
	}
	if x.err != nil {
		return x
	}
	if settled(x.info) {
		if err := r.known.learn(ctx, f.path, x.info, x.hash); err != nil {
			r.im.Logger.Debug("a hash could not be remembered", "file", f.path, "error", err)
		}
	}
	x.applied = r.im.Index.Applied()
	x.held, _, x.err = r.im.Index.Match(ctx, x.hash, x.info.Size())
	return x
}

// recognise takes hash and tags of a file that was read before from the locker, if it
// has them.
func (r *run) recognise(ctx context.Context, x *examined, h catalog.Hash) bool {
	applied := r.im.Index.Applied()
	v, found, err := r.im.Index.Match(ctx, h, x.info.Size())
	audio := tag.Audio(x.path)
	if err != nil || !found || audio && v.Tags == nil {
		return false
	}
	x.hash, x.held, x.applied = h, v, applied
	if x.past.hash == h {
		x.sound = x.past.sound
	}
	if audio { // the same bytes may be held under a name that is none of audio
		x.tags = v.Tags
	}
	return true
}

// read hashes the file and reads its tags, and makes sure that it stood still.
func (r *run) read(ctx context.Context, x *examined) error {
	f, err := x.open(r.disk)
	if err != nil {
		return err
	}
	defer f.Close()
	p := r.passes.begin(f)
	defer r.passes.end(p)
	if x.hash, err = r.sum(ctx, p, x.info); err != nil {
		return err
	}
	if tag.Audio(x.path) {
		if err := x.readTags(p); err != nil {
			return err
		}
	}
	return x.still(f)
}

// sum hashes the file, or waits for who hashes it under another of its names.
func (r *run) sum(ctx context.Context, p *pass, info os.FileInfo) (h catalog.Hash, err error) {
	link, first := r.links.find(info)
	if link != nil && !first {
		if h, ok := link.wait(ctx); ok {
			return h, nil
		}
	}
	h, err = p.sum(ctx, info.Size())
	if first {
		link.found(h, err == nil)
	}
	return h, err
}

// readTags reads what an audio file says. The bytes have just been read.
func (x *examined) readTags(p *pass) error {
	info, err := tag.ReadPictures(p, x.info.Size(), x.info.Name())
	if err != nil && !errors.Is(err, tag.ErrUnknown) && !errors.Is(err, tag.ErrTruncated) && !errors.Is(err, tag.ErrBroken) {
		return err
	}
	if errors.Is(err, tag.ErrUnknown) && tag.Unread(x.info.Name()) {
		err = nil
	}
	x.tags, x.damage, x.sound = &info, err, sound{}
	if err == nil {
		if x.sound, err = soundOf(p, x.tags); err != nil {
			return err
		}
	}
	if cut := trim(x.tags); cut != nil {
		x.damage = cut // nobody looks for a second fault
	}
	return nil
}

// open opens the file, and makes sure that it is the plain file x.info tells of: after
// it was found, anything may have taken its place.
func (x *examined) open(d disk) (openFile, error) {
	f, err := d.Open(x.path)
	if err != nil {
		return nil, err
	}
	if err := x.still(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// still tells whether the open file is the one that was examined, and as it was.
func (x *examined) still(f openFile) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if !now.Mode().IsRegular() || !os.SameFile(now, x.info) || !sameState(now, x.info) {
		return fmt.Errorf("%s %w", x.path, errChanged)
	}
	return nil
}
