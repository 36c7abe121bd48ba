package library

import (
	"cmp"
	"slices"
	"strings"
)

// most tells whether so many tracks speak for all: two thirds, and no fewer than three.
func most(some, all int) bool { return some >= 3 && 3*some >= 2*all }

// lead gives the artist whom all tracks name first, as in "A & B" and "A, C", or whom
// most do, in the longest form that they share; "" if there is none. all tells which.
func lead(tracks []*track) (artist string, all bool) {
	count, spelt, named := map[string]int{}, map[string]map[string]int{}, 0
	for _, t := range tracks {
		name := t.artist
		if name == "" {
			continue
		}
		named++
		for range 8 {
			key := words(name)
			if count[key]++; spelt[key] == nil {
				spelt[key] = map[string]int{}
			}
			spelt[key][name]++
			if len(name) > MaxName {
				break // no list of artists: it is counted whole
			}
			if name = name[:lastJoint(name)]; name == "" {
				break
			}
		}
	}
	best := ""
	for key, n := range count {
		if n < named && !most(n, named) {
			continue
		}
		if best == "" || cmp.Or(cmp.Compare(len(key), len(best)), cmp.Compare(best, key)) > 0 {
			best = key
		}
	}
	if best == "" {
		return "", false
	}
	return often(spelt[best]), count[best] == named
}

// often gives what was counted most often; of several the first in order.
func often(count map[string]int) (best string) {
	for v, n := range count {
		if best == "" || cmp.Or(cmp.Compare(n, count[best]), cmp.Compare(best, v)) > 0 {
			best = v
		}
	}
	return best
}

// leads tells whether a folded name is that of first, alone or with others after it.
func leads(first, name string) bool {
	rest, ok := strings.CutPrefix(name, first)
	if !ok || rest == "" {
		return ok
	}
	return slices.ContainsFunc(joints(), func(j string) bool { return strings.HasPrefix(rest, j) })
}

// lastJoint is where a name is cut before the last of several artists; 0 if there is one.
func lastJoint(name string) int {
	at := 0
	for _, j := range joints() {
		at = max(at, strings.LastIndex(name, j))
	}
	return at
}

// joints stand between the names of artists, often within one name too.
func joints() []string {
	return []string{" & ", ", ", "; ", " and ", " + ", " x ", " vs. ", " vs ", " with ", " / ", "/"}
}
