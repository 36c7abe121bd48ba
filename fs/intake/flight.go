package intake

import (
	"sync"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// flight is what a run has begun and not committed yet: what the index does not know.
type flight struct {
	mu       sync.Mutex // guards what follows
	contents map[catalog.Hash]*content
	updates  map[catalog.ID]catalog.Hash // what entries will hold
}

// content is what several files of a run may have, and is sent once.
type content struct {
	// turn holds one token: who has it may send, and use what follows.
	turn chan struct{}
	sent bool
	ref  catalog.Ref
	in   *packing // that has its head and tail; nil for none

	files int // on their way with it; flight.mu guards it
}

func newFlight() *flight {
	return &flight{contents: map[catalog.Hash]*content{}, updates: map[catalog.ID]catalog.Hash{}}
}

// has tells whether content is on its way.
func (f *flight) has(h catalog.Hash) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.contents[h] != nil
}

// join puts one more file with this content on its way. The first of them leads: it
// has the turn.
func (f *flight) join(h catalog.Hash) (c *content, leads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c = f.contents[h]; c == nil {
		c, leads = &content{turn: make(chan struct{}, 1)}, true
		c.turn <- struct{}{}
		f.contents[h] = c
	}
	c.files++
	return c, leads
}

// updating notes what an entry will hold.
func (f *flight) updating(id catalog.ID, h catalog.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates[id] = h
}

// updated tells what an entry will hold, if it is being updated.
func (f *flight) updated(id catalog.ID) (catalog.Hash, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, ok := f.updates[id]
	return h, ok
}

// landed ends the way of a file, whatever became of it.
func (f *flight) landed(p *placed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.action == Update {
		delete(f.updates, p.entry)
	}
	if p.content == nil {
		return
	}
	if p.content.files--; p.content.files == 0 {
		delete(f.contents, p.hash)
	}
}
