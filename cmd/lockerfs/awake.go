package main

import (
	"context"
	"time"
)

const (
	// awakeEvery is how often a mount looks at its two clocks, and asleep by how much they
	// must have come apart in between.
	awakeEvery = 2 * time.Second
	asleep     = 5 * time.Second
)

// clocks are the time of day, and the time since some moment: while a machine sleeps only
// the first goes on.
type clocks struct {
	told     time.Time
	measured time.Duration
}

// slept is how long the machine slept between two looks at its clocks, 0 for not at all.
// Setting the clock forward looks the same; that costs two requests.
func (c clocks) slept(before clocks) time.Duration {
	d := c.told.Sub(before.told) - (c.measured - before.measured)
	if d < asleep {
		return 0
	}
	return d
}

// awake has the store asked, over new connections, when the machine has slept, until ctx
// ends: those from before are dead and say nothing, and other devices may have been busy.
func (e *engine) awake(ctx context.Context) {
	tick := time.NewTicker(awakeEvery)
	defer tick.Stop()
	start := time.Now()
	look := func() clocks { return clocks{time.Now().Round(0), time.Since(start)} }
	last := look()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := look()
		d := now.slept(last)
		last = now
		if d == 0 {
			continue
		}
		e.log("store").Info("this machine has slept", "for", d.Round(time.Second))
		e.store.lazy.refresh()
		e.store.breaker.Doubt()
		if err := e.follower.Poll(ctx); ctx.Err() == nil {
			e.report(err)
		}
	}
}
