package main

import (
	"slices"
	"time"
)

// report is the outcome of a run.
type report struct {
	Machine string `json:"machine"`
	Tracks  int    `json:"tracks"`
	Bytes   int64  `json:"bytes"`
	Rows    []*row `json:"rows"`
}

// row is one line of the table: one kind of work over one kind of link.
type row struct {
	Work     string   `json:"work"`
	Link     string   `json:"link"`
	Lockerfs *figures `json:"lockerfs,omitempty"`
	Rclone   *figures `json:"rclone,omitempty"`
	// Gain is how many times less time lockerfs takes than rclone, or how many times
	// more it carries.
	Gain float64 `json:"gain,omitempty"`
	// Budget is what the design allows, Limit its time in milliseconds if it has one,
	// Missed whether this is beyond it.
	Budget string  `json:"budget,omitempty"`
	Limit  float64 `json:"budget_ms,omitempty"`
	Missed bool    `json:"missed,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// figures are what one program took for the work of a row. What was not measured is
// zero, or nil.
type figures struct {
	// Samples is how many times are behind the percentiles.
	Samples int     `json:"samples"`
	Median  float64 `json:"median_ms"`
	P95     float64 `json:"p95_ms"`
	Max     float64 `json:"max_ms"`
	// Units is how many tracks the work was about; requests and bytes are of all.
	Units int `json:"units"`
	// Rate is in MB (10^6 bytes) a second, and OfLocal and OfLink are its shares of
	// the local file system's (for an import: of sha256sum's) and of the link's.
	Rate    float64 `json:"mb_per_s,omitempty"`
	OfLocal float64 `json:"of_local,omitempty"`
	OfLink  float64 `json:"of_link,omitempty"`
	// Stalls is how often the sound stopped, Silence for how long in all.
	Stalls  *int    `json:"stalls,omitempty"`
	Silence float64 `json:"silence_ms,omitempty"`
	// Memory is what the daemon holds then, and MostMemory what it held at most, in bytes.
	Memory     int64 `json:"memory_bytes,omitempty"`
	MostMemory int64 `json:"most_memory_bytes,omitempty"`
	*traffic

	bytes   int64 // that the times moved, for the rate
	commits int   // in the log that had to be read
}

// times gives the figures with the times filled in, and the rate they make.
func (f figures) times(t ...time.Duration) figures {
	s := slices.Sorted(slices.Values(t))
	f.Samples, f.Median, f.Max = len(s), ms(median(s)), ms(s[len(s)-1])
	f.P95 = ms(s[(len(s)*95+99)/100-1])
	if f.bytes > 0 {
		f.Rate = float64(f.bytes) / 1e6 / sum(t).Seconds()
	}
	return f
}

// each gives the figures of work that took so long in all, as times of one unit.
func (f figures) each(all time.Duration) figures {
	return f.times(all / time.Duration(max(f.Units, 1)))
}

// requestsEach gives the requests of one unit, perhaps without those for packs.
func (f *figures) requestsEach(withoutPacks bool) float64 {
	n := f.Requests
	if withoutPacks {
		n -= f.PackRequests
	}
	return float64(n) / float64(max(f.Units, 1))
}

// downEach gives the bytes of one unit that came.
func (f *figures) downEach() float64 { return float64(f.Down) / float64(max(f.Units, 1)) }

// upEach gives the bytes of one unit that were sent.
func (f *figures) upEach() float64 { return float64(f.Up) / float64(max(f.Units, 1)) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median gives the middle one, or the mean of the middle two.
func median(t []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(t))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

func sum(t []time.Duration) (all time.Duration) {
	for _, d := range t {
		all += d
	}
	return all
}

// row gives the row of a work, made if it is not there.
func (r *report) row(work string, w wire) *row {
	for _, x := range r.Rows {
		if x.Work == work {
			return x
		}
	}
	x := &row{Work: work, Link: w.String()}
	r.Rows = append(r.Rows, x)
	return x
}

func (r *report) add(who, work string, w wire, f figures) {
	x := r.row(work, w)
	if who == theirs {
		x.Rclone = &f
	} else {
		x.Lockerfs = &f
	}
}

func (r *report) note(work string, w wire, text string) { r.row(work, w).Note = text }

// judge holds every row against its budget, and the programs against each other.
func (r *report) judge() {
	for _, x := range r.Rows {
		x.compare()
		for _, b := range budgets() {
			if b.work == x.Work {
				x.Budget, x.Missed = b.hold(x.Lockerfs)
				x.Limit = b.median
			}
		}
	}
}

func (x *row) compare() {
	l, r := x.Lockerfs, x.Rclone
	switch {
	case l == nil || r == nil || x.Work == workThin: // there only the stalls tell
	case r.OfLocal > 0:
		x.Gain = l.OfLocal / r.OfLocal
	case r.OfLink > 0:
		x.Gain = l.OfLink / r.OfLink
	case l.Median > 0:
		x.Gain = r.Median / l.Median
	}
}
