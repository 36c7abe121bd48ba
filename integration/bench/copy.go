package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	workCopy     = "copy an album of 21 FLACs in"
	workCopySafe = "an album copied in until it is in the store"
	workMany     = "copy many files of 100 KB in, a file"
	workManySafe = "many copied in until in the store, a file"
	copySize     = 256 << 10 // as cp does
)

// copying is one kind of folder that is copied in.
type copying struct {
	work, safe string
	turns      int
	units      int // that the times are of
	make       func() (folder, error)
}

func (b *bench) copyAlbum(ctx context.Context, s subject) error {
	return b.copies(ctx, s, copying{workCopy, workCopySafe, b.settings.turns, 1, func() (folder, error) {
		return b.newAlbum(ctx, s, albumTracks, b.settings.size.copied)
	}})
}

func (b *bench) copyMany(ctx context.Context, s subject) error {
	return b.copies(ctx, s, copying{workMany, workManySafe, min(b.settings.turns, rounds), b.settings.size.many(), func() (folder, error) {
		return b.newSmalls(ctx, s)
	}})
}

// copies copies folders in, each new, by turns with the same to the local file system.
// The first is also timed until it is in the store, and read back from there. Pairs and
// their medians keep out what else this machine does.
func (b *bench) copies(ctx context.Context, s subject, c copying) error {
	if err := b.ready(ctx, s); err != nil {
		return err
	}
	var times []time.Duration
	var shares []float64
	var bytes int64
	b.report.row(c.work, b.rig.wire()) // before that of the first copy in the store
	for i := range c.turns {
		f, err := c.make()
		if err != nil {
			return err
		}
		before := b.begin(c.work)
		through, beside, err := b.both(ctx, s, f, i%2 == 1)
		if err != nil {
			return err
		}
		times = append(times, through/time.Duration(c.units))
		shares = append(shares, beside.Seconds()/through.Seconds())
		bytes += total(f.files)
		if i == 0 {
			if err := b.untilSafe(ctx, s, c, f, through, before); err != nil {
				return err
			}
		}
		if err := b.clear(ctx, s, f); err != nil {
			return err
		}
	}
	whole := figures{Units: c.units, bytes: bytes / int64(c.units)}.times(times...)
	whole.OfLocal = slices.Sorted(slices.Values(shares))[len(shares)/2]
	b.add(s, c.work, whole)
	return nil
}

// untilSafe waits until a folder that was copied in just now, in so much time, is in
// the store.
func (b *bench) untilSafe(ctx context.Context, s subject, c copying, f folder, copied time.Duration, before traffic) error {
	b.rig.now(c.safe)
	further, err := b.synced(ctx, s)
	if err != nil {
		return err
	}
	safe, err := b.costs(s, before, c.units)
	if err != nil {
		return err
	}
	safe.bytes = total(f.files) / int64(c.units)
	b.add(s, c.safe, safe.each(copied+further))
	return b.kept(ctx, s, f)
}

// both copies a folder through the mount and to the local file system, where nothing is
// left of it. The second of them begins when the first is on the disk.
func (b *bench) both(ctx context.Context, s subject, f folder, mountFirst bool) (through, beside time.Duration, err error) {
	local := filepath.Join(b.dir, "beside")
	works := []func() error{
		func() (err error) { beside, err = f.copy(ctx, local); return errors.Join(err, os.RemoveAll(local)) },
		func() (err error) { through, err = f.copy(ctx, s.path(f.path)); return err },
	}
	if mountFirst { // who goes second has it warmer, or hotter
		slices.Reverse(works)
	}
	for _, work := range works {
		unix.Sync() // what was written before is not to be paid for here
		if err := work(); err != nil {
			return 0, 0, err
		}
	}
	return through, beside, nil
}

// copy copies a folder to where none is, one file after the other, and has all of it
// synced to the disk in the end.
func (f folder) copy(ctx context.Context, to string) (time.Duration, error) {
	buffer := make([]byte, copySize)
	start := time.Now()
	if err := os.MkdirAll(to, 0o755); err != nil {
		return 0, err
	}
	for _, tr := range f.files {
		if err := errors.Join(ctx.Err(), copyFile(tr.source, filepath.Join(to, filepath.Base(tr.source)), buffer)); err != nil {
			return 0, err
		}
	}
	for _, tr := range f.files {
		if err := errors.Join(ctx.Err(), syncPath(filepath.Join(to, filepath.Base(tr.source)))); err != nil {
			return 0, err
		}
	}
	err := syncPath(to)
	return time.Since(start), err
}

// copyFile copies by reads and writes: the kernel's own ways differ between file systems.
func copyFile(from, to string, buffer []byte) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, buffer)
	return errors.Join(err, w.Close())
}

// syncPath has a file or folder safe on the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
