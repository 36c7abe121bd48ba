package link

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// Fault is what happens to some requests that pass [Faults].
type Fault struct {
	// On tells which requests it strikes; nil strikes all.
	On func(*http.Request) bool
	// Times is how many requests it strikes; 0 strikes all, until [Faults.Clear].
	Times int
	// Do is what happens: one of the deeds of this package.
	Do Deed
}

// Faults is an HTTP proxy that fails on cue, to be put in front of a server or of a
// [Link]. Without a fault it passes everything on as it is. Its methods may be called
// at any time.
type Faults struct {
	server   *http.Server
	listener *net.TCPListener
	pass     http.Handler
	leave    *http.Transport
	running  sync.WaitGroup // the server, and its connections

	mu      sync.Mutex // guards the fields below; taken alone
	queue   []*queued
	struck  int
	down    bool
	conns   map[net.Conn]bool
	cleared chan struct{} // closed by Clear and Close: who stalls ends
}

type queued struct {
	Fault
	left int
}

// ListenFaults opens a proxy to the address host:port on a free port of the loopback
// address. It runs until Close.
func ListenFaults(target string) (*Faults, error) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	f := &Faults{listener: listener, leave: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}, conns: map[net.Conn]bool{}, cleared: make(chan struct{})}
	f.pass = &httputil.ReverseProxy{
		Transport: f.leave,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: target})
			// It may be signed.
			r.Out.Host = r.In.Host
		},
		// The client sees its connection end where the server ended its own.
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		FlushInterval: -1,
	}
	f.server = &http.Server{Handler: f, ConnState: f.connected}
	f.running.Go(func() { _ = f.server.Serve(listener) }) // it ends with Close
	return f, nil
}

// Addr is the address, host:port, that clients connect to.
func (f *Faults) Addr() string { return f.listener.Addr().String() }

// Add queues a fault. A request meets the oldest one that strikes it, and no other.
func (f *Faults) Add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, &queued{fault, fault.Times})
}

// Clear takes back all faults, and ends the stalls that are going on by cutting their
// connections.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
	close(f.cleared)
	f.cleared = make(chan struct{})
}

// Struck gives how many requests have met a fault so far.
func (f *Faults) Struck() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.struck
}

// Left gives how many requests the queued faults want to strike yet. Faults without a
// number count as one until they have struck.
func (f *Faults) Left() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, q := range f.queue {
		switch {
		case q.Times > 0:
			n += q.left
		case q.left == 0:
			n++
		}
	}
	return n
}

// Down cuts all connections and lets none in, until it is called with false.
func (f *Faults) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
	for conn := range f.conns {
		if down {
			conn.Close()
		}
	}
}

// Close cuts all connections and waits until the proxy's goroutines have ended.
func (f *Faults) Close() error {
	err := f.server.Close()
	f.Clear()
	f.running.Wait()
	f.leave.CloseIdleConnections()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// connected follows the connections, and ends those that come while it is down.
func (f *Faults) connected(conn net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch state {
	case http.StateNew: // told while the server still runs, so that Close waits for it
		f.running.Add(1)
		f.conns[conn] = true
		if f.down {
			conn.Close()
		}
	case http.StateClosed:
		delete(f.conns, conn)
		f.running.Done()
	}
}

// ServeHTTP implements [http.Handler].
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	do, cleared := f.take(r)
	if do == nil {
		f.pass.ServeHTTP(w, r)
		return
	}
	do(w, r, f.pass, cleared)
}

// take gives what happens to a request, nil for nothing.
func (f *Faults) take(r *http.Request) (Deed, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, q := range f.queue {
		if q.On != nil && !q.On(r) {
			continue
		}
		f.struck++
		if q.left--; q.left == 0 {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
		}
		return q.Do, f.cleared
	}
	return nil, f.cleared
}
