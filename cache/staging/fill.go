package staging

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
)

// piece is how much of the base is read at once, in bytes.
const piece = 1 << 20

// Complete makes the local file hold all of the content and nothing more: it reads what is
// only in the base, never over what was written here, and makes zeros of holes. What was
// filled in stays when it fails. It does not sync. When it returns without an error the
// draft was Whole for a moment at least. Errors: those of the base, ErrFull, ErrUnsettled,
// ErrClosed, that of a Sync that failed, ctx's own.
func (d *Draft) Complete(ctx context.Context) error {
	select {
	case d.filling <- struct{}{}:
		defer func() { <-d.filling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var buf []byte
	for {
		rest, ended, err := d.next()
		if ended || err != nil {
			return err
		}
		if buf == nil {
			buf = make([]byte, piece)
		}
		if err := d.fill(ctx, rest, buf, d.cutOff); err != nil {
			return err
		}
	}
}

// cutOff is ErrUnsettled while the local file holds recorded bytes that are in no extent.
// With d.mu held.
func (d *Draft) cutOff() error {
	if d.recorded && d.cut > d.settled {
		return fmt.Errorf("complete staged file: %w", ErrUnsettled)
	}
	return nil
}

// next is what begins with the first gap; when there is none it gives the local file its
// exact size.
func (d *Draft) next() (rest Span, ended bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return Span{}, false, ErrClosed
	}
	if err := d.cutOff(); err != nil {
		return Span{}, false, err
	}
	if err := d.s.files.failure(d.file); err != nil { // what reads back may not be what was written
		return Span{}, false, fmt.Errorf("complete staged file: %w", err)
	}
	d.spans.gaps(Span{0, d.size}, func(g Span) bool { rest = Span{g.Off, d.size}; return false })
	if rest.End > rest.Off {
		return rest, false, nil
	}
	if d.phys != d.size {
		if err := d.use(true, func(f *os.File) error { return f.Truncate(d.size) }); err != nil {
			return Span{}, false, full(err)
		}
		d.phys = d.size
		d.backed = d.backed.remove(Span{outward(Span{0, d.size}).End, max(d.backed.end(), d.size)})
		d.stamp++
	}
	if d.baseEnd > 0 {
		d.baseEnd = 0
		d.stamp++
	}
	return Span{}, true, nil
}

// Whole tells whether the local file is the content, byte for byte. Changes in place leave
// it so.
func (d *Draft) Whole() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.phys == d.size && d.spans.covers(Span{0, d.size})
}

// fill makes all of s part of the extents, whatever of it is not by then, with buf for the
// base, as long as may, called with d.mu held, has no error.
func (d *Draft) fill(ctx context.Context, s Span, buf []byte, may func() error) error {
	for s.Off < s.End {
		if err := ctx.Err(); err != nil {
			return err
		}
		part, based := d.part(s, int64(len(buf)))
		var b []byte
		if based {
			b = buf[:part.End-part.Off]
			if _, err := readFull(ctx, d.base, b, part.Off); err != nil {
				return err
			}
		}
		if err := d.fillIn(part, b, may); err != nil {
			return err
		}
		s.Off = part.End
	}
	return nil
}

// part is the next of s to be filled, at most n bytes of it where the base is needed; what
// lies before it is there. Many small gaps are one read of the base.
func (d *Draft) part(s Span, n int64) (part Span, based bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	window := s.clip(Span{0, min(d.baseEnd, s.Off+n)})
	if window.End <= window.Off {
		return s, false
	}
	if parts := d.fromBase(window); len(parts) > 0 {
		return parts[0], true
	}
	return window, false
}

// fillIn puts what the base has for s, or zeros where b is nil or the base counts no more,
// where nothing else is by now. What lies beyond the size stays out.
func (d *Draft) fillIn(s Span, b []byte, may func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := may(); err != nil {
		return err
	}
	var gaps []Span
	d.spans.gaps(s.clip(Span{0, d.size}), func(g Span) bool {
		gaps = append(gaps, g)
		return true
	})
	for _, g := range gaps {
		if based := g.clip(Span{0, d.baseEnd}); b != nil && based.Off < based.End {
			if _, err := d.put(b[based.Off-s.Off:based.End-s.Off], based.Off); err != nil {
				return err
			}
		}
		if err := d.blank(g.clip(Span{d.baseEnd, d.size})); err != nil {
			return err
		}
	}
	return nil
}

// thin fills the smallest gaps until a quarter of the extents are gone, those of zeros
// first, which cost nothing. Those may hold what was cut off of recorded bytes and not
// synced since: they become zeros on disk too, as the content says.
func (d *Draft) thin() error {
	d.thinning.Lock()
	defer d.thinning.Unlock()
	d.mu.RLock()
	gaps, closed := d.smallest(), d.closed
	d.mu.RUnlock()
	if closed {
		return ErrClosed
	}
	if len(gaps) == 0 {
		return nil
	}
	buf := make([]byte, piece)
	for _, g := range gaps {
		// The base bounds its own time.
		err := d.fill(context.Background(), g, buf, func() error { return nil })
		if err != nil {
			return fmt.Errorf("too many parts to be kept apart: %w", err)
		}
	}
	return nil
}

// smallest chooses the gaps for thin, those near each other as one. With d.mu held.
func (d *Draft) smallest() []Span {
	many := len(d.spans) - d.s.tune.maxSpans*3/4
	if len(d.spans) < d.s.tune.maxSpans {
		return nil // another caller did it
	}
	gaps := make([]Span, 0, len(d.spans))
	for i := 1; i < len(d.spans); i++ {
		gaps = append(gaps, Span{d.spans[i-1].End, d.spans[i].Off})
	}
	slices.SortFunc(gaps, func(a, b Span) int {
		if x, y := a.Off < d.baseEnd, b.Off < d.baseEnd; x != y {
			if y {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.End-a.Off, b.End-b.Off)
	})
	gaps = gaps[:min(len(gaps), max(many, 1))]
	slices.SortFunc(gaps, func(a, b Span) int { return cmp.Compare(a.Off, b.Off) })
	var parts []Span
	for _, g := range gaps {
		parts = along(parts, g)
	}
	return parts
}
