package prefetch

import (
	"container/heap"
	"time"
)

// alarm is something that has to be looked at, at a time. A handle, a session and a
// scan have one each, so the agenda is as bounded as they are.
type alarm struct {
	// ring does what is due and says when to ring again; never, if that is zero.
	ring func(now time.Time) time.Time

	at    time.Time
	order uint64 // of setting, so that equal times ring in a fixed order
	index int    // in the heap, counted from 1; 0 when it is not set
}

// agenda is all alarms that are set, the next one first.
type agenda struct {
	heap []*alarm
	last uint64
}

// set lets a ring at the time given, or earlier if it was to ring earlier.
func (g *agenda) set(a *alarm, at time.Time) {
	switch {
	case at.IsZero() || a.index > 0 && !at.Before(a.at):
		return
	case a.index > 0:
		a.at = at
		heap.Fix(g, a.index-1)
		return
	}
	g.last++
	a.at, a.order = at, g.last
	heap.Push(g, a)
}

// clear takes a off.
func (g *agenda) clear(a *alarm) {
	if a.index > 0 {
		heap.Remove(g, a.index-1)
	}
}

// next is when the first alarm rings; zero when none is set.
func (g *agenda) next() time.Time {
	if len(g.heap) == 0 {
		return time.Time{}
	}
	return g.heap[0].at
}

// run rings all alarms that are due. An alarm that wants to ring again at once waits
// for the next run.
func (g *agenda) run(now time.Time) {
	var again []*alarm
	var at []time.Time
	for len(g.heap) > 0 && !g.heap[0].at.After(now) {
		a := heap.Pop(g).(*alarm)
		if t := a.ring(now); !t.IsZero() {
			again, at = append(again, a), append(at, t)
		}
	}
	for i, a := range again {
		g.set(a, at[i])
	}
}

// Len implements heap.Interface.
func (g *agenda) Len() int { return len(g.heap) }

// Less implements heap.Interface.
func (g *agenda) Less(i, j int) bool {
	a, b := g.heap[i], g.heap[j]
	if a.at.Equal(b.at) {
		return a.order < b.order
	}
	return a.at.Before(b.at)
}

// Swap implements heap.Interface.
func (g *agenda) Swap(i, j int) {
	g.heap[i], g.heap[j] = g.heap[j], g.heap[i]
	g.heap[i].index, g.heap[j].index = i+1, j+1
}

// Push implements heap.Interface.
func (g *agenda) Push(x any) {
	a := x.(*alarm)
	g.heap = append(g.heap, a)
	a.index = len(g.heap)
}

// Pop implements heap.Interface.
func (g *agenda) Pop() any {
	a := g.heap[len(g.heap)-1]
	g.heap[len(g.heap)-1] = nil
	g.heap = g.heap[:len(g.heap)-1]
	a.index = 0
	return a
}
