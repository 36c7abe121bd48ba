package tag

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Limits of one Read, whatever the file says about its own sizes.
const (
	pieceMin   = 64 << 10
	pieceMax   = 512 << 10
	maxPieces  = 4        // kept at a time
	maxSpent   = 32 << 20 // bytes
	maxFetches = 512
	maxOne     = 1 << 20 // bytes asked for at once
	maxAsked   = 1 << 20 // times that bytes are asked for
)

// Reacher is a reader of something far away that chooses itself how much it fetches: it
// may know better than the usual pieces what will be read.
type Reacher interface {
	io.ReaderAt
	// Reach makes sure that the n bytes at off are here, and tells how many are from
	// there on: reading those costs nothing.
	Reach(off int64, n int) (int64, error)
}

// window reads a file in a few large pieces and keeps the latest of them. A walk
// that goes on where the last piece ended gets pieces that double in size, as a
// reader far away pays for each request; a walk that jumps gets small ones.
type window struct {
	r       io.ReaderAt
	size    int64
	pieces  []piece // oldest first
	next    int64   // where a walk going on would read
	length  int64   // of the next piece in that case
	spent   int64
	budget  int64 // the most that may be spent
	fetches int
	asked   int
	failed  error // the reader's first error
}

type piece struct {
	off int64
	b   []byte
}

func newWindow(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, length: pieceMin, budget: maxSpent}
}

// windowOn is a window on bytes that are here already.
func windowOn(b []byte) *window {
	w := newWindow(bytes.NewReader(b), int64(len(b)))
	w.pieces = []piece{{0, b}}
	return w
}

// bytes gives the n bytes at off. They stay as they are, later calls do not change
// them. It is ErrTruncated when the file is not that long.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	if n < 0 || off < 0 || n > maxOne {
		return nil, fmt.Errorf("%w: a part of %d bytes at %d", ErrBroken, n, off)
	}
	if w.asked++; w.asked > maxAsked {
		return nil, fmt.Errorf("%w: it has more than %d parts", ErrBroken, maxAsked)
	}
	if int64(n) > w.size-off {
		return nil, fmt.Errorf("%w: %d bytes wanted at %d of %d", ErrTruncated, n, off, w.size)
	}
	for i := len(w.pieces) - 1; i >= 0; i-- {
		p := w.pieces[i]
		if off >= p.off && off+int64(n) <= p.off+int64(len(p.b)) {
			return p.b[off-p.off:][:n:n], nil
		}
	}
	return w.fetch(off, n)
}

// upTo is bytes that gives less at the end of the file.
func (w *window) upTo(off int64, n int) ([]byte, error) {
	if off < 0 || off >= w.size {
		return nil, nil
	}
	return w.bytes(off, int(min(int64(n), w.size-off)))
}

// tired tells whether half of what may be read is spent. What is good to know but
// costs a read for each of many parts ends there, so that the rest is still read.
func (w *window) tired() bool { return w.fetches > maxFetches/2 || w.spent > w.budget/2 }

func (w *window) fetch(off int64, n int) ([]byte, error) {
	if w.failed != nil {
		return nil, w.failed
	}
	start := off &^ (pageSize - 1)
	if goesOn := off+int64(n) > w.next && off <= w.next+pieceMin; w.next == 0 || !goesOn {
		w.length = pieceMin
	}
	need := off + int64(n) - start
	length := min(max(w.length, need), w.size-start)
	if far, ok := w.r.(Reacher); ok {
		here, err := far.Reach(start, int(need))
		if err != nil {
			w.failed = fmt.Errorf("read %d bytes at %d: %w", need, start, err)
			return nil, w.failed
		}
		length = max(need, min(here, pieceMax))
	}
	if w.spent+length > w.budget || w.fetches >= maxFetches {
		return nil, fmt.Errorf("%w: its tags take more than %d reads or %d bytes", ErrBroken, maxFetches, w.budget)
	}
	w.spent += length
	w.fetches++
	b := make([]byte, length)
	got, err := w.r.ReadAt(b, start)
	if int64(got) < length {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the size we were told is not the file's
		}
		w.failed = fmt.Errorf("read %d bytes at %d: %w", length, start, err)
		return nil, w.failed
	}
	w.next, w.length = start+length, min(w.length*2, pieceMax)
	if len(w.pieces) == maxPieces {
		w.pieces = slices.Delete(w.pieces, 0, 1)
	}
	w.pieces = append(w.pieces, piece{start, b})
	return b[off-start:][:n:n], nil
}

// mergeSpans cuts spans to a file of size bytes, rounds them outward to pages, and
// gives them in order without overlap.
func mergeSpans(spans []Span, size int64) []Span {
	var out []Span
	for _, s := range spans {
		start := max(s.Offset, 0) &^ (pageSize - 1)
		end := min((s.End()+pageSize-1)&^(pageSize-1), size)
		if start < end {
			out = append(out, Span{start, end - start})
		}
	}
	slices.SortFunc(out, func(a, b Span) int { return cmp.Compare(a.Offset, b.Offset) })
	merged := out[:0]
	for _, s := range out {
		if last := len(merged) - 1; last >= 0 && s.Offset <= merged[last].End() {
			merged[last].Length = max(merged[last].End(), s.End()) - merged[last].Offset
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
