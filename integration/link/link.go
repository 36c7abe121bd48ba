package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const dialTimeout = 5 * time.Second

// Options say what a link leads to and how it is at first.
type Options struct {
	// Target is the address, host:port, that connections are passed on to.
	Target string
	// RTT is the round trip that is added to what the machine itself takes.
	RTT time.Duration
	// Up and Down are bytes a second towards the target and back; 0 is no limit.
	Up, Down int64
	// Observe, if set, is told of every HTTP request when its head has entered the
	// link. It is called from many goroutines and must not block.
	Observe func(Request)
}

// Request is the head of an HTTP request that entered the link.
type Request struct {
	Time   time.Time
	Method string
	// Target is the request target as sent: path and query.
	Target string
	// Range is the header of that name, empty for the whole.
	Range string
}

// Traffic is what has entered a link since it was opened.
type Traffic struct {
	// Connections counts the TCP connections accepted.
	Connections int64
	// Requests counts the HTTP requests.
	Requests int64
	// Unread counts the connections on which requests could not be told from
	// bodies to the end; Requests is too low then.
	Unread int64
	// Up and Down are bytes towards the target and back, heads included.
	Up, Down int64
}

// Link is a running proxy. Its methods may be called at any time.
type Link struct {
	target   string
	observe  func(Request)
	listener net.Listener
	rtt      atomic.Int64 // nanoseconds
	up, down *bucket
	buffers  sync.Pool

	connections, requests, unread, upBytes, downBytes atomic.Int64

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup
}

// Listen opens a link on a free port of the loopback address. It runs until Close.
func Listen(o Options) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	l := &Link{target: o.Target, observe: o.Observe, listener: listener, up: newBucket(o.Up), down: newBucket(o.Down)}
	l.buffers.New = func() any { return new([chunk]byte) }
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.SetRTT(o.RTT)
	l.done.Go(l.accept)
	return l, nil
}

// Addr is the address, host:port, that clients connect to.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// SetRTT changes the round trip of what enters the link from now on. What is on
// its way keeps its time, so that no byte overtakes another.
func (l *Link) SetRTT(d time.Duration) { l.rtt.Store(int64(d)) }

// RTT gives the round trip that the link adds now.
func (l *Link) RTT() time.Duration { return time.Duration(l.rtt.Load()) }

// SetRates changes the bytes a second towards the target and back; 0 is no limit.
func (l *Link) SetRates(up, down int64) {
	l.up.set(up)
	l.down.set(down)
}

// Traffic gives what has entered the link so far.
func (l *Link) Traffic() Traffic {
	return Traffic{Connections: l.connections.Load(), Requests: l.requests.Load(), Unread: l.unread.Load(),
		Up: l.upBytes.Load(), Down: l.downBytes.Load()}
}

// Close cuts all connections and waits until the link's goroutines have ended.
func (l *Link) Close() error {
	l.stop()
	err := l.listener.Close()
	l.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *Link) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.connections.Add(1)
		l.done.Go(func() { l.pass(conn.(*net.TCPConn)) })
	}
}

// pass carries one connection until both directions have ended.
func (l *Link) pass(client *net.TCPConn) {
	defer client.Close()
	opened := time.Now()
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(l.ctx, "tcp", l.target)
	if err != nil {
		return // the client sees its connection end, as with any dead server
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	// A read or write in progress ends when its connection is closed.
	defer context.AfterFunc(l.ctx, func() {
		client.Close()
		server.Close()
	})()
	up := &line{link: l, from: client, to: server, bucket: l.up, bytes: &l.upBytes, watch: l.newHeads(), open: opened.Add(l.RTT())}
	down := &line{link: l, from: server, to: client, bucket: l.down, bytes: &l.downBytes}
	var both sync.WaitGroup
	both.Go(up.run)
	both.Go(down.run)
	both.Wait()
}

func (l *Link) newHeads() *heads {
	return &heads{
		found: func(r *http.Request) {
			l.requests.Add(1)
			if l.observe != nil {
				l.observe(Request{Time: time.Now(), Method: r.Method, Target: r.RequestURI, Range: r.Header.Get("Range")})
			}
		},
		lost: func() { l.unread.Add(1) },
	}
}
