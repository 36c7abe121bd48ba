package prefetch

import "slices"

// owner is who wants something: a handle, a session or a scan.
type owner uint64

// subject is what Want speaks about.
type subject struct {
	file  File
	class Class
}

// ask is what one owner wants of a subject.
type ask struct {
	by     owner
	ranges []Range
}

// order is one call of Want.
type order struct {
	subject
	ranges []Range
}

// ledger keeps what is wanted by whom, and what the Warmer has been told. Several
// owners may want the same; it is withdrawn when the last one lets go.
type ledger struct {
	asks map[subject][]ask
	told map[subject][]Range
	// changed may differ from what was told, in the order of change; listed is the
	// same as a set.
	changed []subject
	listed  map[subject]bool
}

func newLedger() ledger {
	return ledger{asks: map[subject][]ask{}, told: map[subject][]Range{}, listed: map[subject]bool{}}
}

// set replaces what by wants of s, a file of this size; without ranges it wants
// nothing any more.
func (l *ledger) set(by owner, s subject, size int64, ranges ...Range) {
	ranges = within(ranges, size)
	asks := l.asks[s]
	i := slices.IndexFunc(asks, func(a ask) bool { return a.by == by })
	switch {
	case len(ranges) == 0 && i < 0:
		return
	case len(ranges) == 0:
		asks = slices.Delete(asks, i, i+1)
	case i >= 0:
		asks[i].ranges = ranges
	default:
		asks = append(asks, ask{by, ranges})
	}
	if len(asks) == 0 {
		delete(l.asks, s)
	} else {
		l.asks[s] = asks
	}
	if !l.listed[s] {
		l.listed[s] = true
		l.changed = append(l.changed, s)
	}
}

// drop lets go of what by wants of s.
func (l *ledger) drop(by owner, s subject) { l.set(by, s, 0) }

// pass gives what from wants of s to another owner.
func (l *ledger) pass(from, to owner, s subject) {
	for i, a := range l.asks[s] {
		if a.by == from {
			l.asks[s][i].by = to
		}
	}
}

// orders gives what the Warmer has to be told, and takes it for told. What is
// withdrawn comes first.
func (l *ledger) orders() []order {
	var withdrawn, wanted []order
	for _, s := range l.changed {
		var all []Range
		for _, a := range l.asks[s] {
			all = append(all, a.ranges...)
		}
		switch {
		case slices.Equal(all, l.told[s]):
		case len(all) == 0:
			delete(l.told, s)
			withdrawn = append(withdrawn, order{s, nil})
		default:
			l.told[s] = all
			wanted = append(wanted, order{s, slices.Clone(all)})
		}
	}
	l.changed = l.changed[:0]
	clear(l.listed)
	return append(withdrawn, wanted...)
}

// within cuts ranges to a file of this size and leaves out what is empty, and what
// an earlier one of them has already.
func within(ranges []Range, size int64) []Range {
	var out []Range
	for _, r := range ranges {
		r.From, r.To = max(r.From, 0), min(r.To, size)
		for _, earlier := range out {
			if earlier.From <= r.From && r.From < earlier.To {
				r.From = earlier.To
			}
			if earlier.From < r.To && r.To <= earlier.To {
				r.To = earlier.From
			}
		}
		if r.From < r.To {
			out = append(out, r)
		}
	}
	return out
}

// total is the bytes of ranges.
func total(ranges []Range) (n int64) {
	for _, r := range ranges {
		n += r.Len()
	}
	return n
}
