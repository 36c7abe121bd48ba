package prefetch

import "time"

// scanners are names of programs that scanned a file lately, and when. A program that is
// started for each file anew is known by nothing but its name.
type scanners map[string]time.Time

// note remembers a scan. When there are too many names, the one that was longest ago goes.
func (s scanners) note(name string, at time.Time) {
	if _, known := s[name]; !known && len(s) >= maxScanners {
		oldest := name
		for n, t := range s {
			if oldest == name || t.Before(s[oldest]) {
				oldest = n
			}
		}
		delete(s, oldest)
	}
	s[name] = at
}

// forget is called when a program turns out to do something else.
func (s scanners) forget(name string) { delete(s, name) }

func (s scanners) lately(name string, at time.Time) bool {
	last, ok := s[name]
	return ok && at.Sub(last) <= habit
}
