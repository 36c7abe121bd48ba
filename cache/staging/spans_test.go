package staging

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Spans are a set of bytes: every operation agrees with one bit for each.
func TestSpansAreASet(t *testing.T) {
	const size = 60
	rapid.Check(t, func(rt *rapid.T) {
		var l spans
		var bits [size]bool
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			off := rapid.Int64Range(0, size-1).Draw(rt, "off")
			s := Span{off, rapid.Int64Range(off, size).Draw(rt, "end")}
			before := len(l)
			var told bool
			if put := rapid.Bool().Draw(rt, "put"); put {
				told = l.grows(s) && s.End > s.Off
				l = l.add(s)
				for i := s.Off; i < s.End; i++ {
					bits[i] = true
				}
			} else {
				told = l.splits(s) && s.End > s.Off
				l = l.remove(s)
				for i := s.Off; i < s.End; i++ {
					bits[i] = false
				}
			}
			if grew := len(l) > before; grew != told {
				rt.Fatalf("%v of %v: from %d to %d spans, foretold: %v", s, l, before, len(l), told)
			}
			if !l.valid() {
				rt.Fatalf("not sorted and apart: %v", l)
			}
			q := Span{rapid.Int64Range(0, size-1).Draw(rt, "from"), 0}
			q.End = rapid.Int64Range(q.Off, size).Draw(rt, "to")
			var missing, got []int64
			for i := q.Off; i < q.End; i++ {
				if !bits[i] {
					missing = append(missing, i)
				}
			}
			l.gaps(q, func(g Span) bool {
				for i := g.Off; i < g.End; i++ {
					got = append(got, i)
				}
				return true
			})
			if !slices.Equal(got, missing) || l.missing(q) != int64(len(missing)) || l.covers(q) != (len(missing) == 0) {
				rt.Fatalf("gaps of %v in %v: %v, want %v", l, q, got, missing)
			}
			last := int64(0)
			for i, b := range bits {
				if b {
					last = int64(i + 1)
				}
			}
			if l.end() != last {
				rt.Fatalf("%v ends at %d, want %d", l, l.end(), last)
			}
		}
	})
}

func TestSpanJSON(t *testing.T) {
	r := Record{File: "f", Size: 9, Extents: []Span{{0, 4}, {6, 9}}}
	text, err := json.Marshal(r)
	if got := string(text); err != nil || got != `{"file":"f","size":9,"ext":[[0,4],[6,9]]}` {
		t.Fatalf("%s, %v", got, err)
	}
	var back Record
	if err := json.Unmarshal(text, &back); err != nil || !slices.Equal(back.Extents, r.Extents) {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{`[1]`, `[1,2,3]`, `{}`, `["a","b"]`} {
		var s Span
		if err := json.Unmarshal([]byte(bad), &s); err == nil {
			t.Errorf("%s was taken as %v", bad, s)
		}
	}
}
