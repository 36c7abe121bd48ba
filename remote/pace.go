package remote

import (
	"context"
	"io"
)

// Pace returns when the next n bytes of a body may go out, or with the context's error.
// It is called from many goroutines.
type Pace func(ctx context.Context, n int) error

// paceKey is the context's key of a Pace.
type paceKey struct{}

// WithPace gives a context whose Puts send their bodies at the pace p, and at that of ctx
// if it has one. A store asks for pieces of at most [PacePiece] bytes, and only for bytes
// that go out: not for those that it reads to know their sum.
func WithPace(ctx context.Context, p Pace) context.Context {
	if before := PaceOf(ctx); before != nil {
		now := p
		p = func(ctx context.Context, n int) error {
			if err := before(ctx, n); err != nil {
				return err
			}
			return now(ctx, n)
		}
	}
	return context.WithValue(ctx, paceKey{}, p)
}

// PaceOf gives the pace of a context, or nil.
func PaceOf(ctx context.Context) Pace {
	p, _ := ctx.Value(paceKey{}).(Pace)
	return p
}

// PacePiece is the most that goes out between two looks at the pace, in bytes.
const PacePiece = 16 << 10

// WaitPace returns when the next n bytes may go out at the pace of ctx.
func WaitPace(ctx context.Context, n int) error {
	pace := PaceOf(ctx)
	for pace != nil && n > 0 {
		piece := min(n, PacePiece)
		if err := pace(ctx, piece); err != nil {
			return err
		}
		n -= piece
	}
	return nil
}

// Paced reads from r at the pace of ctx.
func Paced(ctx context.Context, r io.Reader) io.Reader {
	pace := PaceOf(ctx)
	if pace == nil {
		return r
	}
	return &paced{ctx: ctx, pace: pace, r: r}
}

type paced struct {
	ctx  context.Context
	pace Pace
	r    io.Reader
}

func (p *paced) Read(b []byte) (int, error) {
	b = b[:min(len(b), PacePiece)]
	n, err := p.r.Read(b)
	if n > 0 {
		if waited := p.pace(p.ctx, n); waited != nil {
			return 0, waited
		}
	}
	return n, err
}
