package remote

import (
	"context"
	"sync"
)

// Class says what a request is for: how long it may wait for others. The smaller, the
// more urgent.
type Class int

// The classes, most urgent first.
const (
	// Demand: a program waits for the bytes. What carries no ticket is Demand.
	Demand Class = iota
	// ReadAhead: a program will soon read them from a file it plays or copies.
	ReadAhead
	// NextTrack: they are of what is likely to be played next.
	NextTrack
	// Copy: a program that copies files waits for them, or it or a scan will soon read them,
	// or they are heads of tracks that may be played later.
	Copy
	// Upload: what was written here is on its way to the store.
	Upload
	// Pin: what must stay on this machine is being fetched.
	Pin
	// ScanPack: what library scans will read is being fetched.
	ScanPack
	// Verify: nobody waits.
	Verify

	// Classes is how many there are.
	Classes = int(iota)
)

// Ticket carries the class of a request through its context, and changes it on the
// way: a fetch that a reader joins becomes urgent while it waits, or while its bytes
// arrive. It may be used from many goroutines. A nil *Ticket is Demand for ever.
type Ticket struct {
	mu       sync.Mutex // guards the fields below; watchers are called without it
	class    Class
	watchers map[*func()]struct{}
}

// NewTicket gives a ticket of class c.
func NewTicket(c Class) *Ticket { return &Ticket{class: c} }

// Class is the ticket's class now.
func (t *Ticket) Class() Class {
	if t == nil {
		return Demand
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.class
}

// Set changes the class, and tells those who watch.
func (t *Ticket) Set(c Class) {
	if t == nil {
		return
	}
	t.mu.Lock()
	if t.class == c {
		t.mu.Unlock()
		return
	}
	t.class = c
	watchers := make([]func(), 0, len(t.watchers))
	for w := range t.watchers {
		watchers = append(watchers, *w)
	}
	t.mu.Unlock()
	for _, changed := range watchers {
		changed()
	}
}

// Watch has changed called after every change of the class, until stop. A call may
// still come while stop returns.
func (t *Ticket) Watch(changed func()) (stop func()) {
	if t == nil {
		return func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watchers == nil {
		t.watchers = map[*func()]struct{}{}
	}
	t.watchers[&changed] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, &changed)
	}
}

// ticketKey is the context's key of a ticket.
type ticketKey struct{}

// WithTicket gives a context whose requests are of the ticket's class.
func WithTicket(ctx context.Context, t *Ticket) context.Context {
	return context.WithValue(ctx, ticketKey{}, t)
}

// TicketOf gives the ticket of a context, or nil.
func TicketOf(ctx context.Context) *Ticket {
	t, _ := ctx.Value(ticketKey{}).(*Ticket)
	return t
}
