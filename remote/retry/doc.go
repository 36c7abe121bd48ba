// Package retry makes the best of a store that is slow now and then, or away: a read
// whose answer is late is asked for once more, and the first answer counts; while the
// store is known to be away, requests fail at once.
//
// It knows requests, how they went and how long they took. It must never know what an
// object means, nor any concrete store: [Store] and [Breaker] decorate a [remote.Store]
// and are one. They lie below remote/sched, so that a second request needs no place in
// the queue, the breaker below the other.
//
// # Hedging
//
// Most requests to a large store take about the same time, and a few take many times
// that, for reasons that another try does not meet (Dean, Barroso: The Tail at Scale,
// 2013). When the answer to a read that a program waits for has not begun after the
// 99th percentile of the last ones, the same is asked for again. What hedging may
// cost is bounded: one request in twenty, and none while it is not known what is
// usual.
package retry
