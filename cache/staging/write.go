package staging

import (
	"errors"
	"io/fs"
	"os"
)

// WriteAt writes p at off, which may lie beyond Size. It writes all of p or gives an error
// and how many bytes count nevertheless. It reads from the base only to keep the number of
// extents bounded. Errors: ErrFull, ErrTooLarge, ErrClosed, and those of the disk.
func (d *Draft) WriteAt(p []byte, off int64) (int, error) {
	if err := d.within(off, int64(len(p))); err != nil || len(p) == 0 {
		return 0, err
	}
	if err := d.lockFor(Span{off, off + int64(len(p))}); err != nil {
		return 0, err
	}
	defer d.mu.Unlock()
	n, err := d.put(p, off)
	if n > 0 {
		d.size = max(d.size, off+int64(n))
		d.gen++
	}
	return n, err
}

// Truncate makes the size what is given: what lies beyond is cut off, what is missing reads
// as zeros. Errors: ErrTooLarge, ErrClosed, ErrFull when there is no fresh local file.
func (d *Draft) Truncate(size int64) error {
	if err := d.within(size, 0); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return ErrClosed
	case size == d.size:
		return nil
	}
	if size == 0 {
		if err := d.restart(); err != nil {
			return err
		}
	}
	d.gen++
	if size < d.size {
		d.drop(Span{size, d.size})
		d.baseEnd = min(d.baseEnd, size)
		d.shorten(size)
	}
	d.size = size
	return nil
}

// restart goes on in a fresh local file if a record tells of the bytes in this one, or if
// this one is known to lose bytes. With d.mu held.
func (d *Draft) restart() error {
	if !d.recorded && d.s.files.failure(d.file) == nil {
		return nil
	}
	fresh, err := d.s.fresh()
	if err != nil {
		return err
	}
	d.former = append(d.former, d.file)
	d.file, d.phys, d.recorded, d.cut = fresh, 0, false, 0
	d.spans, d.backed = nil, nil
	d.stamp++
	return nil
}

// drop takes s out of the extents. With d.mu held, and gen already the new one.
func (d *Draft) drop(s Span) {
	if d.spans.missing(s) == s.End-s.Off {
		return
	}
	d.spans = d.spans.remove(s)
	d.stamp++
	if d.recorded {
		d.cut = d.gen
	}
}

// shorten gives the disk back what lies beyond size, if no record tells of it. That it
// fails is no harm. With d.mu held.
func (d *Draft) shorten(size int64) {
	if d.recorded || d.phys <= size {
		return
	}
	err := d.use(true, func(f *os.File) error { return f.Truncate(size) })
	if err == nil {
		d.phys = size
		d.backed = d.backed.remove(Span{size, outward(Span{0, d.backed.end()}).End})
	}
}

// Allocate takes disk space for n bytes at off, so that writing them does not fail for want
// of it, as far as the platform can. Unless keepSize the size becomes at least off+n.
// ErrFull as WriteAt; ErrClosed.
func (d *Draft) Allocate(off, n int64, keepSize bool) error {
	if err := d.within(off, n); err != nil {
		return err
	}
	if n == 0 {
		return fs.ErrInvalid
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Span{off, off + n}
	need := d.backed.missing(outward(s))
	if err := d.s.room.take(need); err != nil {
		return err
	}
	defer d.s.room.born(need)
	err := d.use(true, func(f *os.File) error { return d.s.tune.allocate(f, s) })
	switch {
	case err == nil:
		d.back(s)
	case !errors.Is(err, errors.ErrUnsupported):
		return full(err)
	}
	d.grow(s.End, keepSize)
	return nil
}

// grow makes the size at least end unless keep. With d.mu held.
func (d *Draft) grow(end int64, keep bool) {
	if !keep && end > d.size {
		d.size = end
		d.gen++
	}
}

// Zero makes n bytes at off read as zeros, and gives their disk space back where that is
// possible. With keepSize what lies beyond Size stays out; else the size becomes at least
// off+n. Errors as WriteAt.
func (d *Draft) Zero(off, n int64, keepSize bool) error {
	if err := d.within(off, n); err != nil {
		return err
	}
	if n == 0 {
		return fs.ErrInvalid
	}
	s := Span{off, off + n}
	if err := d.lockFor(s); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	inside := s.clip(Span{0, d.size})
	if inside.Off < inside.End {
		d.gen++
		if err := d.zero(inside); err != nil {
			return err
		}
	}
	d.grow(s.End, keepSize)
	return nil
}

// zero makes s, which lies within the size, zeros. Those beyond the base need no extent;
// those before its end must hide it, unless they reach its end. With d.mu held.
func (d *Draft) zero(s Span) error {
	if s.End >= d.baseEnd {
		d.baseEnd = min(d.baseEnd, s.Off)
		d.stamp++
	}
	hiding := s.clip(Span{0, d.baseEnd})
	if err := d.blank(hiding); err != nil {
		return err
	}
	bare := s.clip(Span{d.baseEnd, d.size})
	if bare.End <= bare.Off {
		return nil
	}
	d.drop(bare)
	held := bare.clip(Span{0, d.phys})
	if d.recorded || held.End <= held.Off {
		return nil
	}
	// Only for the disk's sake: the bytes are in no extent.
	if err := d.use(true, func(f *os.File) error { return d.s.tune.punch(f, held) }); err == nil {
		d.backed = d.backed.remove(outward(held))
	}
	return nil
}

// lockFor locks d.mu for a change of the extents by s, when it is certain that they stay
// within their number.
func (d *Draft) lockFor(s Span) error {
	var failed error
	for {
		d.mu.Lock()
		if len(d.spans) < d.s.tune.maxSpans || !d.spans.grows(s) && !d.spans.splits(s) {
			return nil
		}
		d.mu.Unlock()
		if failed != nil {
			return failed
		}
		failed = d.thin()
	}
}
