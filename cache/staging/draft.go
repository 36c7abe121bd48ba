package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
)

// Draft is one file being written. It may be used from many goroutines; a read sees each
// write whole or not at all. After Close all its methods that can fail say ErrClosed.
type Draft struct {
	s    *Store
	base Base // may be nil when baseEnd is 0

	filling  chan struct{} // of one: held by Complete; before all others
	thinning sync.Mutex    // held by thin; before mu
	syncing  sync.Mutex    // held during an fdatasync; before mu
	done     done          // guarded by syncing

	mu      sync.RWMutex // guards the fields below and the bytes of file; see the package
	closed  bool
	file    *local
	former  []*local // what file replaces, oldest first, until a record of file is settled
	phys    int64    // the size of the local file, in bytes
	size    int64
	baseEnd int64
	spans   spans // Extents
	backed  spans // what surely has its place on the disk, in whole units; a hint
	gen     uint64
	stamp   uint64 // rises with every change of the local file or of spans
	synced  uint64 // gen of the newest record
	settled uint64 // gen of the newest record that was settled
	// recorded: a record tells of bytes in file. From then on they may be overwritten, but
	// not cut off.
	recorded bool
	cut      uint64 // gen when recorded bytes last left spans
}

// Size is the size of the file in bytes.
func (d *Draft) Size() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.size
}

// Generation rises with every change of the content or the size, and goes on rising when
// the draft is reopened.
func (d *Draft) Generation() uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.gen
}

// Dirty tells whether the content or the size changed since the last Sync. A draft that
// was created and not changed is not dirty.
func (d *Draft) Dirty() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.gen != d.synced
}

// NeedsBase tells whether bytes are still only in the base.
func (d *Draft) NeedsBase() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return !d.spans.covers(Span{0, d.baseEnd})
}

// Path is where the local file is. It is another one after a truncation to nothing. Only
// while Whole is it the content; who links it elsewhere must Discard the draft unchanged.
func (d *Draft) Path() string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.file.path
}

// Close ends the use of the draft. Its files stay; what was not synced is as safe as any
// such bytes are. A second Close does nothing.
func (d *Draft) Close() error {
	for _, l := range d.shut() {
		d.s.disown(l.name)
	}
	return nil
}

// Discard is Close, and removes the draft's files, those of its records too. After Close
// it does nothing: see [Store.Remove].
func (d *Draft) Discard() error {
	var errs []error
	for _, l := range d.shut() {
		errs = append(errs, d.s.unlink(l.name))
	}
	return errors.Join(errs...)
}

// shut closes the draft and gives the files it had, which the caller disowns.
func (d *Draft) shut() []*local {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	files := append(d.former, d.file)
	d.mu.Unlock()
	for _, l := range files {
		d.s.files.forget(l)
	}
	return files
}

// use lends the local file to do. With d.mu held, for writing if do writes.
func (d *Draft) use(writing bool, do func(*os.File) error) error {
	if d.closed {
		return ErrClosed
	}
	f, err := d.s.files.borrow(d.file, writing)
	if err != nil {
		return err
	}
	defer d.s.files.giveBack(d.file)
	return do(f)
}

// put writes p to the local file and makes it count. It gives how many bytes do, which is
// fewer than len(p) only with an error. With d.mu held.
func (d *Draft) put(p []byte, off int64) (n int, err error) {
	s := Span{off, off + int64(len(p))}
	need := d.backed.missing(outward(s))
	if err := d.s.room.take(need); err != nil {
		return 0, err
	}
	defer d.s.room.born(need)
	err = d.use(true, func(f *os.File) error {
		n, err = d.s.tune.write(f, p, off)
		return err
	})
	if n > 0 {
		s.End = off + int64(n)
		d.count(s)
		d.back(s)
	}
	return n, full(err)
}

// count makes s, which is in the local file, an extent. With d.mu held.
func (d *Draft) count(s Span) {
	d.spans = d.spans.add(s)
	d.phys = max(d.phys, s.End)
	d.stamp++
}

// back notes that s has its place on the disk. With d.mu held.
func (d *Draft) back(s Span) {
	if len(d.backed) > d.s.tune.maxSpans {
		d.backed = nil // a hint too long to keep
	}
	d.backed = d.backed.add(outward(s))
}

// blank makes s zeros in the local file, and an extent. With d.mu held.
func (d *Draft) blank(s Span) error {
	if s.End <= s.Off {
		return nil
	}
	err := d.use(true, func(f *os.File) error {
		if d.phys < s.End { // so that the file tells that it holds s
			if err := f.Truncate(s.End); err != nil {
				return err
			}
			d.phys = s.End
		}
		return d.s.tune.punch(f, s)
	})
	switch {
	case err == nil:
		d.backed = d.backed.remove(outward(s))
		d.count(s)
		return nil
	case errors.Is(err, errors.ErrUnsupported):
		return d.blankSlowly(s)
	}
	return full(err)
}

// blankSlowly is blank where holes cannot be punched.
func (d *Draft) blankSlowly(s Span) error {
	zeros := make([]byte, min(s.End-s.Off, piece))
	for s.Off < s.End {
		n, err := d.put(zeros[:min(s.End-s.Off, piece)], s.Off)
		if err != nil {
			return err
		}
		s.Off += int64(n)
	}
	return nil
}

// within checks a range that a caller gave.
func (d *Draft) within(off, n int64) error {
	switch {
	case off < 0 || n < 0:
		return fmt.Errorf("%d bytes at %d: %w", n, off, fs.ErrInvalid)
	case off > math.MaxInt64-n || off+n > d.s.maxSize:
		return fmt.Errorf("%d bytes at %d: %w", n, off, ErrTooLarge)
	}
	return nil
}
