package integration

import (
	"math/rand/v2"
	"slices"
)

// point is a moment to cut the power at, and what that does.
type point struct {
	calls  int
	damage damage
	// gone: a name that was removed may be gone while others are not as they were by then.
	gone bool
}

// loose counts calls that are not durable.
type loose struct{ names, gone, bytes int }

// looseAt gives for each number of calls what of them a cut of the power then may lose.
func looseAt(calls []call) []loose {
	at := make([]loose, len(calls)+1)
	next := map[uint64]int{} // node: its next sync
	for i, c := range slices.Backward(calls) {
		if c.verb == didSync {
			next[c.node] = i
		}
		if c.firm || c.verb == didSync || c.verb == didSet {
			continue
		}
		nodes := []uint64{c.node}
		if c.verb == didName {
			nodes = nil
			for _, s := range c.slots {
				nodes = append(nodes, s.folder)
			}
		}
		until := i
		for _, n := range nodes {
			if j, ok := next[n]; ok {
				until = max(until, j)
			} else {
				until = len(calls)
			}
		}
		for n := i + 1; n <= until; n++ {
			switch {
			case c.verb != didName:
				at[n].bytes++
			case len(c.slots) == 1 && c.slots[0].node == 0:
				at[n].gone++
				fallthrough
			default:
				at[n].names++
			}
		}
	}
	return at
}

// differing are the damages that leave different disks where so much is loose.
func (o loose) differing() []damage {
	switch {
	case o.names == 0 && o.bytes == 0:
		return []damage{nothingLost}
	case o.names == 0:
		return []damage{allLost, torn, reordered, nothingLost}
	case o.bytes == 0:
		return []damage{allLost, torn, nothingLost}
	}
	return []damage{allLost, bytesLost, namesLost, torn, reordered, nothingLost}
}

// pointsOf gives all cuts just before and just after a sync, from some call on.
func pointsOf(calls []call, from int) (all []point) {
	lost := looseAt(calls)
	for n := from + 1; n <= len(calls); n++ {
		if calls[n-1].verb != didSync && (n == len(calls) || calls[n].verb != didSync) {
			continue
		}
		for _, d := range lost[n].differing() {
			all = append(all, point{n, d, lost[n].gone > 0 && lost[n].bytes > 0})
		}
	}
	return all
}

// someOf chooses n points, half of them where a name may be gone too early, which are few;
// 0 is all.
func someOf(all []point, n int, seed uint64) (some []point) {
	if n == 0 || n >= len(all) {
		return all
	}
	all = slices.Clone(all)
	rand.New(rand.NewPCG(seed, 3)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var rest []point
	for _, p := range all {
		if p.gone && len(some) < n/2 {
			some = append(some, p)
		} else {
			rest = append(rest, p)
		}
	}
	return append(some, rest[:n-len(some)]...)
}
