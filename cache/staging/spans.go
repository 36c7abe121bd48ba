package staging

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
)

// Span is the bytes from Off to before End. Its JSON is [Off,End].
type Span struct{ Off, End int64 }

// MarshalJSON keeps records short.
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal([2]int64{s.Off, s.End}) }

// UnmarshalJSON takes what MarshalJSON gave and nothing else.
func (s *Span) UnmarshalJSON(text []byte) error {
	var two []int64
	if err := json.Unmarshal(text, &two); err != nil {
		return err
	}
	if len(two) != 2 {
		return fmt.Errorf("a span has two numbers, not %d", len(two))
	}
	s.Off, s.End = two[0], two[1]
	return nil
}

// clip is what of s lies in o; it has no bytes when End <= Off.
func (s Span) clip(o Span) Span { return Span{max(s.Off, o.Off), min(s.End, o.End)} }

// spans are sorted, not empty, and neither overlap nor touch.
type spans []Span

// after is the index of the first span that ends after off.
func (l spans) after(off int64) int {
	return sort.Search(len(l), func(i int) bool { return l[i].End > off })
}

// around is the range of indexes of the spans that overlap or touch s.
func (l spans) around(s Span) (first, end int) {
	first = sort.Search(len(l), func(i int) bool { return l[i].End >= s.Off })
	end = first
	if end < len(l) && l[end].End < s.End { // else at most one: no second search
		end = sort.Search(len(l), func(i int) bool { return l[i].Off > s.End })
	} else if end < len(l) && l[end].Off <= s.End {
		end++
	}
	return first, end
}

// grows tells whether adding s would make the list longer.
func (l spans) grows(s Span) bool {
	first, end := l.around(s)
	return first == end
}

// add puts s in. It changes l's own array.
func (l spans) add(s Span) spans {
	if s.End <= s.Off {
		return l
	}
	first, end := l.around(s)
	if first < end {
		s.Off, s.End = min(s.Off, l[first].Off), max(s.End, l[end-1].End)
	}
	if end == first+1 {
		l[first] = s
		return l
	}
	return slices.Replace(l, first, end, s)
}

// remove takes the bytes of s out. It changes l's own array.
func (l spans) remove(s Span) spans {
	if s.End <= s.Off {
		return l
	}
	first := l.after(s.Off)
	end := sort.Search(len(l), func(i int) bool { return l[i].Off >= s.End })
	if first >= end {
		return l
	}
	var left []Span
	if a := l[first]; a.Off < s.Off {
		left = append(left, Span{a.Off, s.Off})
	}
	if z := l[end-1]; z.End > s.End {
		left = append(left, Span{s.End, z.End})
	}
	return slices.Replace(l, first, end, left...)
}

// covers tells whether all of s is in.
func (l spans) covers(s Span) bool {
	if s.End <= s.Off {
		return true
	}
	i := l.after(s.Off)
	return i < len(l) && l[i].Off <= s.Off && l[i].End >= s.End
}

// gaps gives the parts of s that are not in, in order, until use is false.
func (l spans) gaps(s Span, use func(Span) bool) {
	at := s.Off
	for i := l.after(s.Off); i < len(l) && l[i].Off < s.End; i++ {
		if l[i].Off > at && !use(Span{at, l[i].Off}) {
			return
		}
		at = l[i].End
	}
	if at < s.End {
		use(Span{at, s.End})
	}
}

// missing is how many bytes of s are not in.
func (l spans) missing(s Span) (n int64) {
	l.gaps(s, func(g Span) bool { n += g.End - g.Off; return true })
	return n
}

// end is where the last span ends.
func (l spans) end() int64 {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].End
}

// valid tells whether l is what spans promise, with nothing before 0.
func (l spans) valid() bool {
	at := int64(-1)
	for _, s := range l {
		if s.Off <= at || s.Off < 0 || s.End <= s.Off {
			return false
		}
		at = s.End
	}
	return true
}

// splits tells whether removing s would make the list longer.
func (l spans) splits(s Span) bool {
	i := l.after(s.Off)
	return i < len(l) && l[i].Off < s.Off && l[i].End > s.End
}
