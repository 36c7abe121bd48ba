package link

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// chunk is the most that travels as one: small against what a slow link
	// carries in a round trip, large enough for a gigabyte a second.
	chunk = 32 << 10
	// inFlight bounds what is on its way in one direction of a connection, in
	// chunks: 64 MiB, 2.5 GB/s at 25 ms.
	inFlight = 2048
)

// line is one direction of one connection.
type line struct {
	link     *Link
	from, to *net.TCPConn
	bucket   *bucket
	bytes    *atomic.Int64
	// watch sees the bytes as they enter; nil where nobody looks.
	watch *heads
	// open is when the connection can carry its first byte.
	open time.Time
}

// parcel is what leaves the line at a time. Without a buffer it is the end.
type parcel struct {
	due    time.Time
	buffer *[chunk]byte
	n      int
}

func (l *line) run() {
	underway := make(chan parcel, inFlight)
	var leaving sync.WaitGroup
	leaving.Go(func() { l.deliver(underway) })
	l.collect(underway)
	close(underway)
	leaving.Wait()
}

// collect reads what enters until the sender ends.
func (l *line) collect(underway chan<- parcel) {
	for {
		buffer := l.link.buffers.Get().(*[chunk]byte)
		n, err := l.from.Read(buffer[:l.bucket.grain()])
		if n > 0 {
			l.bytes.Add(int64(n))
			if l.watch != nil {
				l.watch.see(buffer[:n])
			}
			// The reader waits for the shared rate, so that a sender is held back
			// by its own socket and not by memory here.
			if !until(l.link.ctx, l.bucket.take(n, later(time.Now(), l.open))) {
				return
			}
		}
		end := parcel{due: later(time.Now(), l.open).Add(l.link.RTT() / 2)}
		if n > 0 {
			underway <- parcel{end.due, buffer, n}
		}
		if err != nil {
			underway <- end
			return
		}
	}
}

// deliver writes what leaves. After a failed write it only drains: the receiver has
// gone, and closing the sender's side ends collect.
func (l *line) deliver(underway <-chan parcel) {
	gone := false
	for p := range underway {
		switch {
		case gone:
		case !until(l.link.ctx, p.due):
			gone = true
		case p.buffer == nil:
			_ = l.to.CloseWrite() // it fails only where the connection has ended already
		default:
			_, err := l.to.Write(p.buffer[:p.n])
			gone = err != nil
		}
		if gone {
			l.from.Close()
			l.to.Close()
		}
		if p.buffer != nil {
			l.link.buffers.Put(p.buffer)
		}
	}
}

// until waits for t; false when ctx ended first.
func until(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
