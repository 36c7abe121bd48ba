package sched

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// link is a store at the end of a line of a given rate and round trip, in the time of a
// synctest bubble. What is asked for crosses the line in turns of a packet.
type link struct {
	rtt  time.Duration
	rate int // bytes a second
	flow int // of one body; 0: no less than the link's
	size int64

	mu       sync.Mutex
	paid     time.Time // when all that was taken has passed
	requests []string
	version  func() string
}

// packet is what each body has on its way in the line: a small window of TCP.
const packet = 32 << 10

// pass takes n bytes through the line.
func (l *link) pass(n int) {
	l.mu.Lock()
	now := time.Now()
	if l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	wait := l.paid.Sub(now)
	l.mu.Unlock()
	time.Sleep(wait)
}

func (l *link) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	n, err := r.Within(l.size)
	if err != nil {
		return nil, remote.Object{}, err
	}
	l.mu.Lock()
	l.requests = append(l.requests, fmt.Sprintf("%s %d+%d", key, r.Offset, n))
	etag := "v1"
	if l.version != nil {
		etag = l.version()
	}
	l.mu.Unlock()
	time.Sleep(l.rtt)
	l.pass(packet)
	return &flow{link: l, left: n, here: packet}, remote.Object{Key: key, Size: l.size, ETag: etag}, ctx.Err()
}

// flow is a body that crosses the line as it is read.
type flow struct {
	link *link
	left int64
	here int
}

func (f *flow) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	if f.here == 0 {
		start := time.Now()
		f.link.pass(packet)
		if f.link.flow > 0 {
			time.Sleep(max(0, packet*time.Second/time.Duration(f.link.flow)-time.Since(start)))
		}
		f.here = packet
	}
	n := int(min(int64(len(p)), int64(f.here), f.left))
	f.here -= n
	f.left -= int64(n)
	return n, nil
}

func (f *flow) Close() error { return nil }

func (l *link) Head(context.Context, string) (remote.Object, error) { return remote.Object{}, nil }

// Put sends through the same line: the worst case, a modem that shares it.
func (l *link) Put(ctx context.Context, key string, body *io.SectionReader, _ remote.PutOptions) (remote.Object, error) {
	piece := make([]byte, remote.PacePiece)
	for r := remote.Paced(ctx, body); ; {
		n, err := r.Read(piece)
		l.pass(n)
		if err == io.EOF {
			return remote.Object{Key: key, Size: body.Size()}, nil
		}
		if err != nil {
			return remote.Object{}, err
		}
	}
}

func (l *link) Delete(context.Context, string) error { return nil }
func (l *link) List(context.Context, string, string, int) (remote.Page, error) {
	return remote.Page{}, nil
}
