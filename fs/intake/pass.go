package intake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Sizes of a pass, in bytes. A piece fits the processor's cache, so that hashing finds
// it there; a head holds the tags of nearly all files, pictures included.
const (
	passPiece = 128 << 10
	passHead  = 1 << 20
)

// pass reads a file once, from its start to its end, for its hash. It keeps the head
// and the last two pieces, and answers from them who asks for its bytes again: to
// read the tags, the file is not read a second time. One goroutine may use it.
type pass struct {
	file   io.ReaderAt
	buf    []byte // head, then two pieces in turn
	most   int64  // bytes of head
	watch  *watch // is shown every byte; may be nil
	head   []byte // what is kept of the start
	pieces [2]kept
}

// kept is a piece of the file.
type kept struct {
	off int64
	b   []byte
}

// passes are buffers to be used again, as many as were ever in use at once. They keep a
// head of so many bytes, which must be whole pieces. A sync.Pool would lose them at every
// other collection of garbage, of which there are many in a second.
type passes struct {
	head int64

	mu   sync.Mutex // guards free
	free [][]byte
}

func (p *passes) begin(f io.ReaderAt) *pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return &pass{file: f, buf: make([]byte, p.head+2*passPiece), most: p.head}
	}
	buf := p.free[last]
	p.free = p.free[:last]
	return &pass{file: f, buf: buf, most: p.head}
}

func (p *passes) end(done *pass) {
	buf := done.buf
	*done = pass{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, buf)
}

// sum reads the file, which should have size bytes, and gives their hash. It looks
// for one byte more, so a file that has grown shows, and one that grows without end ends.
func (p *pass) sum(ctx context.Context, size int64) (catalog.Hash, error) {
	sum := sha256.New()
	p.head, p.pieces = nil, [2]kept{}
	for off := int64(0); off < size; off += passPiece {
		if err := ctx.Err(); err != nil {
			return catalog.Hash{}, err
		}
		b := p.piece(off, min(passPiece, size-off))
		if n, err := p.file.ReadAt(b, off); err != nil && err != io.EOF {
			return catalog.Hash{}, err
		} else if n < len(b) {
			return catalog.Hash{}, fmt.Errorf("it ends at %d of %d bytes: %w", off+int64(n), size, errChanged)
		}
		sum.Write(b)
		p.watch.saw(off, b)
		p.keep(off, b)
	}
	var more [1]byte
	if n, err := p.file.ReadAt(more[:], size); err != nil && err != io.EOF {
		return catalog.Hash{}, err
	} else if n > 0 {
		return catalog.Hash{}, fmt.Errorf("it goes on after %d bytes: %w", size, errChanged)
	}
	return catalog.Hash(sum.Sum(nil)), nil
}

// piece gives where to read n bytes at off to.
func (p *pass) piece(off, n int64) []byte {
	if off+n <= p.most {
		return p.buf[off:][:n]
	}
	at := p.most + off/passPiece%2*passPiece
	return p.buf[at:][:n]
}

func (p *pass) keep(off int64, b []byte) {
	if end := off + int64(len(b)); end <= p.most {
		p.head = p.buf[:end]
		return
	}
	p.pieces[off/passPiece%2] = kept{off, b}
}

// ReadAt implements io.ReaderAt: from what is kept where it can.
func (p *pass) ReadAt(b []byte, off int64) (int, error) {
	if n, ok := (kept{0, p.head}).read(b, off); ok {
		return n, nil
	}
	for _, k := range p.pieces {
		if n, ok := k.read(b, off); ok {
			return n, nil
		}
	}
	// A range over both of the last pieces.
	first, last := p.pieces[0], p.pieces[1]
	if first.off > last.off {
		first, last = last, first
	}
	if cut := last.off - off; first.off+int64(len(first.b)) == last.off && cut > 0 && cut < int64(len(b)) {
		if n, ok := first.read(b[:cut], off); ok {
			if m, ok := last.read(b[cut:], last.off); ok {
				return n + m, nil
			}
		}
	}
	return p.file.ReadAt(b, off)
}

// read fills b from the piece, if it holds all of it.
func (k kept) read(b []byte, off int64) (int, bool) {
	if off < k.off || off+int64(len(b)) > k.off+int64(len(k.b)) {
		return 0, false
	}
	return copy(b, k.b[off-k.off:]), true
}
