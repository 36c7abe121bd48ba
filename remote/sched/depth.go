package sched

import "time"

const (
	// spare is what a time to the first byte may differ by on an idle link, in a machine
	// that has other things to do.
	spare = 5 * time.Millisecond
	// gain is the least growth of the rate that justifies a greater depth.
	gain = 1.05
	// span is how many windows a rate is compared over: transfers begin and end together,
	// and one window sees more of them than the next.
	span = 4
	// patience is how many spans a depth stays after a greater one brought nothing.
	patience = 4
)

// depths finds the least depth that gives the most throughput. It belongs to one
// queue, under whose lock it is asked.
type depths struct {
	before int     // the depth before the one being tried; 0 while none is
	rate   float64 // that the link had with it
	rest   int     // spans until the next try

	seen []finding // of the present span
}

// next gives the depth after a window with depth, in which requests queued, showed f.
func (d *depths) next(depth int, f finding) int {
	d.seen = append(d.seen, f)
	if len(d.seen) < span {
		return depth
	}
	rate, late := d.sum()
	switch step := max(1, depth/4); {
	case d.before != 0 && rate < gain*d.rate:
		tried := d.before
		d.before, d.rest = 0, patience
		return tried
	case d.before == 0 && late:
		return depth - step
	case d.before == 0 && d.rest > 0:
		d.rest--
		return depth
	}
	d.before, d.rate = depth, rate
	return depth + max(1, depth/2)
}

// sum gives the rate of a span, and whether bytes queued in the link, and begins the
// next one.
func (d *depths) sum() (rate float64, late bool) {
	inTime, asked := 0, 0
	for _, f := range d.seen {
		rate += f.rate / float64(len(d.seen))
		if f.mean > 0 {
			asked++
			if f.mean <= 2*f.base+spare {
				inTime++
			}
		}
	}
	d.seen = d.seen[:0]
	return rate, inTime*2 < asked
}
