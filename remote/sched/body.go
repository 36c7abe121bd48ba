package sched

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// held is what a body that is held back reads at a time, in bytes.
const held = 16 << 10

// body is what a Get answered: one request's, or one piece after another of a
// background one's. One goroutine at a time may read it; Close may come from another.
type body struct {
	store  *Store
	ctx    context.Context
	ticket *remote.Ticket
	key    string
	etag   string // asked for, then that of the first answer
	size   int64  // of the object; -1 until it is known
	at     int64  // offset in the object of the next byte
	end    int64  // of the range; -1 until the object's size is known
	last   int64  // end of the piece on its way
	number int    // in the order of the bodies; 0 before the first piece

	mu     sync.Mutex // guards the fields below; no call under it
	piece  io.ReadCloser
	pass   *pass // kept between pieces
	closed bool
}

// open asks for the next piece, when its turn comes.
func (b *body) open() (remote.Object, error) {
	s := b.store
	p, err := b.enter()
	if err != nil {
		return remote.Object{}, err
	}
	r := remote.Range{Offset: b.at}
	if b.end >= 0 {
		r.Length = b.end - b.at
	}
	if most := s.piece(b.ticket.Class()); most > 0 && (r.Length == 0 || r.Length > most) {
		r.Length = most
	}
	asked := time.Now()
	piece, obj, err := s.below.Get(b.ctx, b.key, r, b.etag)
	if err != nil {
		s.queue.leave(p)
		return remote.Object{}, err
	}
	s.meter.answered(time.Since(asked))
	if err := b.same(obj); err != nil {
		piece.Close()
		s.queue.leave(p)
		return remote.Object{}, err
	}
	b.last = obj.Size
	if r.Length > 0 {
		b.last = min(r.Offset+r.Length, obj.Size)
	}
	return obj, b.take(piece, p)
}

// enter waits for the body's turn. One that has begun goes on before others of its class
// do that came later: what is wanted first is here first, and not all of it late.
func (b *body) enter() (*pass, error) {
	b.mu.Lock()
	p := b.pass
	b.pass = nil
	b.mu.Unlock()
	if p != nil {
		if b.store.queue.goesOn(p) {
			return p, nil
		}
		b.store.queue.leave(p)
	}
	p, err := b.store.queue.enter(b.ctx, b.ticket, b.number, b.end >= 0 && b.end-b.at <= smallBody)
	if err == nil {
		b.number = p.body
	}
	return p, err
}

// same fixes the version with the first answer and holds the others to it: not every
// store heeds If-Match.
func (b *body) same(obj remote.Object) error {
	if b.size < 0 {
		b.etag, b.size = obj.ETag, obj.Size
		if b.end < 0 || b.end > obj.Size {
			b.end = obj.Size
		}
		return nil
	}
	if obj.ETag != b.etag || obj.Size != b.size {
		return &remote.Error{Op: "get", Key: b.key, Kind: remote.ErrPrecondition, Err: fmt.Errorf("version %q after %q", obj.ETag, b.etag)}
	}
	return nil
}

// take makes a piece the one being read, unless the body was closed meanwhile.
func (b *body) take(piece io.ReadCloser, p *pass) error {
	b.mu.Lock()
	closed := b.closed
	if !closed {
		b.piece, b.pass = piece, p
	}
	b.mu.Unlock()
	if closed {
		b.store.queue.leave(p)
		return errors.Join(errClosed, piece.Close())
	}
	b.store.meter.begin()
	return nil
}

var errClosed = errors.New("body is closed")

// Read gives the next bytes, when nothing more urgent is on its way.
func (b *body) Read(p []byte) (int, error) {
	for {
		b.mu.Lock()
		piece, pass, closed := b.piece, b.pass, b.closed
		b.mu.Unlock()
		if closed {
			return 0, errClosed
		}
		if piece == nil {
			if b.at >= b.end {
				return 0, io.EOF
			}
			if _, err := b.open(); err != nil {
				return 0, err
			}
			continue
		}
		p, err := b.hold(pass, p)
		if err != nil {
			return 0, err
		}
		n, err := b.read(piece, p)
		if limited := b.limit(n); limited != nil {
			return 0, limited
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// read reads from the piece on its way, and ends it with its last byte.
func (b *body) read(piece io.Reader, p []byte) (int, error) {
	n, err := piece.Read(p)
	b.at += int64(n)
	if n > 0 {
		b.store.learn(n)
	}
	switch {
	case b.at > b.last && b.last < b.end: // what follows would stand in the wrong place
		return 0, b.corrupt("more bytes than asked for")
	case err == io.EOF && b.at < b.last:
		return n, b.corrupt("fewer bytes than asked for")
	case err == io.EOF:
		return n, b.drop()
	}
	return n, err
}

func (b *body) corrupt(why string) error {
	return &remote.Error{Op: "get", Key: b.key, Kind: remote.ErrCorrupt, Err: errors.New(why)}
}

// hold waits while more urgent bodies are on their way, and then gives as much of p as
// may be read. What waits is not measured.
func (b *body) hold(pass *pass, p []byte) ([]byte, error) {
	waited, err := b.store.queue.hold(b.ctx, pass, b.store.meter)
	if waited && len(p) > held {
		p = p[:held]
	}
	return p, err
}

// limit waits until the n bytes that have come fit the limit. What waits is not measured.
func (b *body) limit(n int) error {
	l := &b.store.downLimit
	if n == 0 || l.get() == 0 {
		return nil
	}
	b.mu.Lock()
	receiving := b.piece != nil
	b.mu.Unlock()
	if receiving {
		b.store.meter.end()
		defer b.store.meter.begin()
	}
	_, err := l.wait(b.ctx, n)
	return err
}

// drop ends the piece being read, and gives up the turn unless another piece follows.
func (b *body) drop() error {
	b.mu.Lock()
	piece, p := b.piece, b.pass
	b.piece = nil
	if p != nil && (b.closed || b.at >= b.end) {
		b.pass = nil
	} else {
		p = nil
	}
	b.mu.Unlock()
	if piece != nil {
		b.store.meter.end()
	}
	if p != nil {
		b.store.queue.leave(p)
	}
	if piece == nil {
		return nil
	}
	return piece.Close()
}

// Close gives up what was not read.
func (b *body) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.drop()
}
