package integration

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// moment is what a mount showed after an operation of a program, and what of it was
// promised.
type moment struct {
	what string
	// begun and done are how many calls the recorder had when the operation began, and when
	// it had succeeded.
	begun, done int
	at          time.Time // when it had succeeded
	// safe: what was done up to here outlives a cut of the power.
	safe bool
	// names, relative to the mount, and what they stand for; 0 for folders.
	names map[string]int
	// bytes of files, as closed or synced last.
	bytes map[int][]byte
	// wild was written since to bytes that were safe: they may be the old or these.
	wild map[int][]piece
}

// diary is all moments of a program, in order.
type diary []moment

// next begins another moment, which is as the one before.
func (d diary) next(what string, begun int) moment {
	last := d[len(d)-1]
	return moment{what: what, begun: begun, names: maps.Clone(last.names), bytes: maps.Clone(last.bytes), wild: map[int][]piece{}}
}

// nameLimit is after what time names are safe: a second, and as much for a busy machine.
const nameLimit = 2 * time.Second

// possible gives the first and the last moment that may be found after a cut of the power
// when these calls were made.
func (d diary) possible(calls []call) (first, last int) {
	cut := calls[len(calls)-1].at
	for i, m := range d {
		if m.begun < len(calls) {
			last = i
		}
		if m.done <= len(calls) && (m.safe || cut.Sub(m.at) > nameLimit) {
			first = i
		}
	}
	return first, last
}

// allows tells why what was found is no moment between first and last; "" when it is one.
func (d diary) allows(first, last int, found tree) string {
	var why []string
	for i := last; i >= first; i-- {
		diff := d.differs(i, last, found)
		if diff == "" {
			return ""
		}
		why = append(why, fmt.Sprintf("not as after %q (%d):\n%s", d[i].what, i, diff))
	}
	return strings.Join(why[max(0, len(why)-3):], "\n")
}

func (d diary) differs(i, last int, found tree) string {
	var out []string
	m := d[i]
	for _, name := range slices.Sorted(maps.Keys(m.names)) {
		l, ok := found[name]
		id := m.names[name]
		switch {
		case !ok:
			out = append(out, "missing: "+name)
		case l.dir != (id == 0):
			out = append(out, "of another kind: "+name)
		case !l.dir && !d.holds(i, last, id, l.b):
			out = append(out, fmt.Sprintf("%s: want %s, got %s", name, brief(m.bytes[id]), brief(l.b)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := m.names[name]; !ok {
			out = append(out, fmt.Sprintf("too many: %s, %s", name, brief(found[name].b)))
		}
	}
	return strings.Join(out, "\n")
}

// holds tells whether a file has its bytes of moment i, but for what may have been written
// over them up to the last moment.
func (d diary) holds(i, last, id int, got []byte) bool {
	want := d[i].bytes[id]
	if bytes.Equal(want, got) {
		return true
	}
	if len(want) != len(got) {
		return false
	}
	same := make([]bool, len(got))
	for k := range got {
		same[k] = got[k] == want[k]
	}
	for _, m := range d[i : last+1] {
		for _, p := range m.wild[id] {
			for k, b := range p.b {
				if at := int(p.off) + k; at < len(got) && got[at] == b {
					same[at] = true
				}
			}
		}
	}
	return !slices.Contains(same, false)
}
