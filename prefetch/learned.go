package prefetch

import "container/list"

// learned is which track was played after which. It keeps the transitions seen
// last, up to a number.
type learned struct {
	limit  int
	order  *list.List // of transition, the one seen last first
	byFrom map[File]*list.Element
}

// transition says that to was played after from.
type transition struct {
	from File
	to   Track
}

func newLearned(limit int) learned {
	return learned{limit: limit, order: list.New(), byFrom: map[File]*list.Element{}}
}

// add notes that to was played after from; it replaces what came after it before.
func (l *learned) add(from File, to Track) {
	if e, ok := l.byFrom[from]; ok {
		e.Value = transition{from, to}
		l.order.MoveToFront(e)
		return
	}
	l.byFrom[from] = l.order.PushFront(transition{from, to})
	if l.order.Len() > l.limit {
		last := l.order.Back()
		delete(l.byFrom, last.Value.(transition).from)
		l.order.Remove(last)
	}
}

// after gives at most n tracks that were played after from, one after the other.
func (l *learned) after(from File, n int) []Track {
	var out []Track
	seen := map[File]bool{from: true}
	for len(out) < n {
		e, ok := l.byFrom[from]
		if !ok {
			break
		}
		to := e.Value.(transition).to
		if seen[to.File] {
			break // a circle
		}
		seen[to.File] = true
		out = append(out, to)
		from = to.File
	}
	return out
}
