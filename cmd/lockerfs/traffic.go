package main

import (
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/retry"
	"github.com/lockerfs/lockerfs/remote/sched"
)

// traffic is the store as all of this process uses it: through one queue, which asks a
// second time for what is late.
type traffic struct {
	remote.Store // the queue
	queue        *sched.Store
	hedges       *retry.Store
	lazy         *lazyStore
}

func newTraffic(lazy *lazyStore) *traffic {
	hedges := retry.New(lazy)
	queue := sched.New(hedges)
	return &traffic{Store: queue, queue: queue, hedges: hedges, lazy: lazy}
}

// Close closes the store if it was opened.
func (t *traffic) Close() error { return t.lazy.Close() }

// trafficStats is what status tells of the link.
type trafficStats struct {
	sched.Stats
	// Hedged counts reads that were asked for a second time.
	Hedged retry.Stats `json:"hedged"`
}

func (t *traffic) stats() *trafficStats { return &trafficStats{t.queue.Stats(), t.hedges.Stats()} }
