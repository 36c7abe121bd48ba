package prefetch

import (
	"cmp"
	"slices"
	"time"
)

// Activity is what a program does with a file that it has open.
type Activity struct {
	File    File
	Process Process
	// Does is what it turned out to do so far.
	Does Behaviour
	// At is the end of what was asked for last, in bytes; 0 where nothing was. What the
	// kernel reads by itself is not seen.
	At int64
	// Waits tells whether a read has no answer yet.
	Waits bool
	// Since is when the file was opened.
	Since time.Time
}

// Activity tells of all files that are open, those longest open first.
func (p *Planner) Activity() []Activity {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Activity
	for _, h := range p.handles {
		if !h.gone { // a descriptor that was closed may have been a copy
			all = append(all, Activity{h.track.File, h.proc.who, h.is, h.at().to, h.owed > 0, h.opened})
		}
	}
	slices.SortFunc(all, func(a, b Activity) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.File, b.File))
	})
	return all
}
