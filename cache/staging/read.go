package staging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// stride is how many bytes between two parts of the base are read along rather than left
// out with a call of their own.
const stride = 64 << 10

// ReadAt reads as io.ReaderAt does: io.EOF at Size. Errors are those of the base, where the
// base is needed, and of the disk.
func (d *Draft) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at %d: %w", off, fs.ErrInvalid)
	}
	if len(p) == 0 {
		return 0, nil
	}
	upTo, failed := d.readBase(ctx, p, off)
	return d.merge(p, off, upTo, failed)
}

// readBase puts what the base gives of p at its place. What only the base has can become
// less before merge looks, never more. upTo is where it stopped because of an error.
func (d *Draft) readBase(ctx context.Context, p []byte, off int64) (upTo int64, err error) {
	d.mu.RLock()
	parts := d.fromBase(Span{off, off + min(int64(len(p)), max(d.size-off, 0))})
	d.mu.RUnlock()
	for _, s := range parts {
		n, err := readFull(ctx, d.base, p[s.Off-off:s.End-off], s.Off)
		if err != nil {
			return s.Off + int64(n), err
		}
	}
	return off + int64(len(p)), nil
}

// fromBase is what must be read from the base for s, with what lies in short stretches
// between. With d.mu held.
func (d *Draft) fromBase(s Span) (parts []Span) {
	d.spans.gaps(s.clip(Span{0, d.baseEnd}), func(g Span) bool {
		parts = along(parts, g)
		return true
	})
	return parts
}

// along appends g, which lies behind parts, or makes the last of them reach to its end.
func along(parts []Span, g Span) []Span {
	if last := len(parts) - 1; last >= 0 && g.Off-parts[last].End < stride {
		parts[last].End = g.End
		return parts
	}
	return append(parts, g)
}

// readFull fills p from base. An end that comes too soon is an error, and not io.EOF, which
// would pass for the end of the draft.
func readFull(ctx context.Context, base Base, p []byte, off int64) (int, error) {
	n, err := base.ReadAt(ctx, p, off)
	if n == len(p) {
		return n, nil
	}
	n = min(max(n, 0), len(p))
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, fmt.Errorf("base at %d: %w", off+int64(n), err)
}

// merge puts the extents and the zeros between what p holds of the base up to upTo; failed
// says why there is no more of it.
func (d *Draft) merge(p []byte, off, upTo int64, failed error) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return 0, ErrClosed
	}
	if off >= d.size {
		return 0, io.EOF
	}
	all := Span{off, min(off+int64(len(p)), d.size)}
	if failed != nil {
		d.spans.gaps(all.clip(Span{0, d.baseEnd}), func(g Span) bool {
			if g.End <= upTo {
				return true
			}
			all.End = max(g.Off, upTo)
			return false
		})
	}
	d.spans.gaps(all.clip(Span{d.baseEnd, d.size}), func(g Span) bool {
		clear(p[g.Off-off : g.End-off])
		return true
	})
	if err := d.readLocal(p, all); err != nil {
		return 0, err
	}
	n := int(all.End - off)
	switch {
	case n == len(p):
		return n, nil
	case all.End == d.size:
		return n, io.EOF
	}
	return n, failed
}

// readLocal puts the extents of s into p, which begins at s.Off. With d.mu held.
func (d *Draft) readLocal(p []byte, s Span) error {
	i := d.spans.after(s.Off)
	if i == len(d.spans) || d.spans[i].Off >= s.End {
		return nil
	}
	return d.use(false, func(f *os.File) error {
		for ; i < len(d.spans) && d.spans[i].Off < s.End; i++ {
			part := d.spans[i].clip(s)
			_, err := f.ReadAt(p[part.Off-s.Off:part.End-s.Off], part.Off)
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("%s ends before %d: %w", f.Name(), part.End, ErrDamaged)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
