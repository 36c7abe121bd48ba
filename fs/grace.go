package fs

import (
	"sync"
	"time"
)

// Packed is a Content of which a part is kept apart for programs that look through a
// library: what they read lies in it.
type Packed interface {
	Content
	// Packed tells whether that part is on this machine.
	Packed() bool
	// Here tells whether n bytes from off, as far as the content has them, are on this
	// machine.
	Here(off int64, n int) bool
}

const (
	// graceTime is how long a request for what lies beyond a pack waits for the file to be
	// closed. Programs that scan close it 0 to 2 ms after their last read (measured).
	graceTime = 15 * time.Millisecond
	// graceLeast is the least a request must ask for to be dropped, in bytes: the kernel's
	// read-ahead asks for more than the page that a program waits for.
	graceLeast = 4096
)

// grace keeps a scan from downloading what nobody wants. The kernel reads ahead, so a
// program that reads the head of a file has more of it asked for than the pack holds. Such
// a request waits a moment; when the file is closed meanwhile it is dropped.
//
// It is safe to drop what the kernel asked for before the close: a page that somebody still
// wants, through a copy of the descriptor or a mapping, is asked for again (measured), and
// is served then: a handle drops requests at one close only. Whoever reads on pays the
// grace once, and a program that was not seen scanning pays nothing.
type grace struct {
	wait   time.Duration // how long
	mu     sync.Mutex    // guards the fields below; no other lock is taken under it
	over   bool          // nothing waits any more
	closed chan struct{} // closed when a descriptor is; nil before anything waited
	// waiting counts requests.
	waiting int
}

// drops waits, and tells whether the request is to be dropped.
func (g *grace) drops(c Content, off int64, n int) bool {
	p, ok := c.(Packed)
	if !ok || n <= graceLeast {
		return false
	}
	if p.Here(off, n) || !p.Packed() {
		return false
	}
	closed := g.begin()
	if closed == nil {
		return false
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case <-closed:
		return true
	case <-timer.C:
		g.end()
		return false
	}
}

func (g *grace) begin() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return nil
	}
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
	g.waiting++
	return g.closed
}

// end is called when somebody reads on, or is not expected to scan.
func (g *grace) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
}

// flush is called when a descriptor is closed.
func (g *grace) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil && !g.over {
		g.over = true
		close(g.closed)
	}
}
