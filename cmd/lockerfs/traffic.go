package main

import (
	"context"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/retry"
	"github.com/lockerfs/lockerfs/remote/sched"
)

// traffic is the store as all of this process uses it: through one queue, which asks a
// second time for what is late, and not at all while the store is known to be away.
type traffic struct {
	remote.Store // the queue
	queue        *sched.Store
	hedges       *retry.Store
	breaker      *retry.Breaker
	bill         *bill
	lazy         *lazyStore
}

// probeKey is the object that is asked for when nobody knows whether the store is there.
const probeKey = ".lockerfs/format.json"

// newTraffic gives the way to a store; what it is asked for is counted in the state folder.
// changed is told when it is found away or back.
func newTraffic(lazy *lazyStore, state string, changed func(error)) *traffic {
	counted := openBill(lazy, state)
	breaker := retry.NewBreaker(counted, func(ctx context.Context) error {
		_, err := counted.Head(ctx, probeKey)
		return err
	}, lazy.refresh, changed)
	hedges := retry.New(breaker)
	queue := sched.New(hedges)
	return &traffic{Store: queue, queue: queue, hedges: hedges, breaker: breaker, bill: counted, lazy: lazy}
}

// Close closes the store if it was opened.
func (t *traffic) Close() error {
	t.breaker.Close()
	return t.lazy.Close()
}

// trafficStats is what status tells of the link.
type trafficStats struct {
	sched.Stats
	// Hedged counts reads that were asked for a second time.
	Hedged retry.Stats `json:"hedged"`
	// Limits are the bounds that were set.
	Limits sched.Limits `json:"limits"`
}

func (t *traffic) stats() *trafficStats {
	return &trafficStats{t.queue.Stats(), t.hedges.Stats(), t.queue.Limits()}
}
