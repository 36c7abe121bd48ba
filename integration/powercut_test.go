package integration

import (
	"bytes"
	"testing"
	"time"
)

// TestPowerCut: what the tests take for a cut of the power loses no call that was made
// durable, and of the others whatever a disk may lose.
func TestPowerCut(t *testing.T) {
	r := &recorder{disk: newVolume(), last: rootNode}
	old, fresh := bytes.Repeat([]byte("x"), 1500), bytes.Repeat([]byte("y"), 1500)
	a := r.begin(rootNode, "a", &node{mode: 0o600}).id
	r.do(call{verb: didWrite, node: a, bytes: old})
	r.do(call{verb: didSync, node: a})
	unnamed := len(r.calls)
	r.do(call{verb: didSync, node: rootNode})
	safe := len(r.calls)
	r.do(call{verb: didWrite, node: a, bytes: fresh})
	r.do(call{verb: didName, node: rootNode, slots: []slot{{rootNode, "a", 0}, {rootNode, "b", a}}})
	at := func(n int, d damage, seed uint64) (name string, b []byte) {
		v := cutPower(r.calls[:n], d, seed)
		for name := range v.nodes[rootNode].names {
			return name, v.nodes[v.nodes[rootNode].names[name]].bytes
		}
		return "", nil
	}
	for d := range damages {
		if name, b := at(safe, d, 1); name != "a" || !bytes.Equal(b, old) {
			t.Errorf("%v, all synced: got %q, %s", d, name, brief(b))
		}
	}
	for _, c := range []struct {
		calls  int
		damage damage
		name   string
		bytes  []byte
	}{
		{unnamed, allLost, "", nil}, {unnamed, namesLost, "", nil}, {unnamed, bytesLost, "a", old}, {unnamed, nothingLost, "a", old},
		{len(r.calls), allLost, "a", old}, {len(r.calls), namesLost, "a", fresh}, {len(r.calls), bytesLost, "b", old}, {len(r.calls), nothingLost, "b", fresh},
	} {
		if name, b := at(c.calls, c.damage, 1); name != c.name || !bytes.Equal(b, c.bytes) {
			t.Errorf("%v after %d calls: got %q, %s", c.damage, c.calls, name, brief(b))
		}
	}
	seen := map[string]bool{}
	for seed := range uint64(200) {
		name, b := at(len(r.calls), torn, seed)
		for i := 0; i < len(b); i += sector {
			part := b[i:min(len(b), i+sector)]
			if bytes.Count(part, part[:1]) != len(part) {
				t.Fatalf("seed %d: sector at %d is torn in itself", seed, i)
			}
			name += string(part[0])
		}
		seen[name] = true
	}
	for _, want := range []string{"axxx", "ayyy", "bxxx", "byyy", "ayxx", "ayyx", "axyy", "axxy"} {
		if !seen[want] {
			t.Errorf("never torn to %s: %v", want, seen)
		}
	}
	if l := looseAt(r.calls); l[safe] != (loose{}) || l[len(r.calls)] != (loose{names: 1, bytes: 1}) || l[unnamed] != (loose{names: 1}) {
		t.Errorf("loose: %+v", l)
	}
}

// TestDiary: only what may be found is allowed.
func TestDiary(t *testing.T) {
	start := time.Now()
	d := diary{{what: "nothing", at: start, safe: true, names: map[string]int{}, bytes: map[int][]byte{}}}
	add := func(what string, begun, done int, safe bool, becomes func(m *moment)) {
		m := d.next(what, begun)
		becomes(&m)
		m.done, m.at, m.safe = done, start.Add(time.Duration(done)*time.Millisecond), safe
		d = append(d, m)
	}
	add("create a", 0, 2, false, func(m *moment) { m.names["a"] = 1 })
	add("close a", 3, 5, true, func(m *moment) { m.bytes[1] = []byte("old") })
	add("write a", 5, 6, false, func(m *moment) { m.wild[1] = []piece{{1, []byte("?")}} })
	add("rename a", 6, 8, false, func(m *moment) { m.names = map[string]int{"b": 1} })
	calls := make([]call, 8)
	for i := range calls {
		calls[i].at = start.Add(time.Duration(i) * time.Millisecond)
	}
	for _, c := range []struct{ calls, first, last int }{{1, 0, 1}, {4, 0, 2}, {5, 2, 2}, {6, 2, 3}, {8, 2, 4}} {
		if first, last := d.possible(calls[:c.calls]); first != c.first || last != c.last {
			t.Errorf("%d calls: moments %d to %d, want %d to %d", c.calls, first, last, c.first, c.last)
		}
	}
	calls[7].at = start.Add(time.Minute)
	if first, last := d.possible(calls); first != 4 || last != 4 {
		t.Errorf("a minute later: moments %d to %d", first, last)
	}
	for found, good := range map[string]bool{"aold": true, "bold": true, "ao?d": true, "a??d": false, "ao?": false, "a": false, "cold": false} {
		if why := d.allows(2, 4, tree{found[:1]: leaf{b: []byte(found[1:])}}); (why == "") != good {
			t.Errorf("%q: %s", found, why)
		}
	}
	if why := d.allows(2, 4, tree{}); why == "" {
		t.Error("a lost file is allowed")
	}
	if why := d.allows(2, 4, tree{"a": leaf{b: []byte("old")}, "b": leaf{b: []byte("old")}}); why == "" {
		t.Error("two names are allowed")
	}
}
