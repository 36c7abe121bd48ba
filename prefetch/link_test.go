package prefetch

import (
	"container/heap"
	"testing"
	"time"
)

const block = 64 << 10

// link is how the bytes come.
type link struct {
	name string
	rate float64 // bytes a second
	rtt  time.Duration
}

var links = []link{
	{"3 Mbit/s", 3e6 / 8, 50 * time.Millisecond},
	{"50 Mbit/s", 50e6 / 8, 50 * time.Millisecond},
}

// carries is how long n bytes take.
func (l link) carries(n int64) time.Duration {
	return time.Duration(float64(n) / l.rate * float64(time.Second))
}

// piece is a block of a file.
type piece struct {
	file File
	n    int64
}

// simulator lets the programs of a trace read through a planner, a cache that keeps
// everything, and a link: readers first, then the classes in their order; what is
// under way fills the link and no more.
type simulator struct {
	*replay
	link    link
	without bool // the planner's wishes are not heard
	agenda  happenings
	count   int

	here    map[piece]time.Time
	flying  map[piece]bool
	demand  []piece
	order   []subject // wanted, in the order of being told
	bytes   int64     // under way
	arrives time.Time // of the last byte under way
	fetched map[Class]int64
	waiting []*reading
	// lastDone is when the last reading ended.
	lastDone time.Time
}

// happening is something that happens at a time.
type happening struct {
	at time.Time
	n  int
	do func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].n < h[j].n
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// demandClass stands for what readers wait for.
const demandClass = Class(99)

func newSimulator(t testing.TB, lib *library, l link) *simulator {
	s := &simulator{replay: newReplay(t, lib, Options{}), link: l, here: map[piece]time.Time{}, flying: map[piece]bool{}, fetched: map[Class]int64{}}
	s.onWant = s.wish
	return s
}

func (s *simulator) after(d time.Duration, do func()) { s.at(s.now.Add(d), do) }

func (s *simulator) at(at time.Time, do func()) {
	s.count++
	heap.Push(&s.agenda, happening{later(s.now, at), s.count, do})
}

// play runs all that is to happen.
func (s *simulator) play() {
	for len(s.agenda) > 0 {
		if at := s.agenda[0].at; !s.next.IsZero() && s.next.Before(at) {
			s.now = later(s.now, s.next)
			s.tick()
		} else {
			s.now = at
			heap.Pop(&s.agenda).(happening).do()
		}
		s.issue()
	}
	s.until(s.now.Add(time.Hour))
}

// wish takes in what the planner wants.
func (s *simulator) wish(c told) {
	if s.without {
		return
	}
	key := subject{c.file, c.class}
	for i, o := range s.order {
		if o == key {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
	if len(c.ranges) > 0 {
		s.order = append(s.order, key)
	}
}

// issue fills the link with requests.
func (s *simulator) issue() {
	room := int64(s.link.rate*s.link.rtt.Seconds()) + block
	for s.bytes < room {
		p, class, ok := s.choose()
		if !ok {
			return
		}
		n := min(block, s.size(p.file)-p.n*block)
		s.flying[p] = true
		s.bytes += n
		s.fetched[class] += n
		s.arrives = later(s.arrives, s.now.Add(s.link.rtt)).Add(s.link.carries(n))
		s.at(s.arrives, func() {
			s.bytes -= n
			s.here[p] = s.now
			s.wake()
		})
	}
}

// choose gives the most urgent block that is neither here nor on its way.
func (s *simulator) choose() (piece, Class, bool) {
	for len(s.demand) > 0 {
		p := s.demand[0]
		s.demand = s.demand[1:]
		if !s.flying[p] {
			return p, demandClass, true
		}
	}
	for class := ReadAhead; class <= ScanAhead; class++ {
		for _, key := range s.order {
			if key.class != class {
				continue
			}
			for _, r := range s.wanted[key] {
				for n := r.From / block; n*block < r.To; n++ {
					if p := (piece{key.file, n}); !s.flying[p] {
						return p, class, true
					}
				}
			}
		}
	}
	return piece{}, 0, false
}

// reading is a read that waits for its bytes.
type reading struct {
	file     File
	from, to int64
	done     func()
}

// read asks for bytes as the cache does: from the first block that is missing at
// least 256 KiB.
func (s *simulator) read(file File, from, to int64, done func()) {
	to = min(to, s.size(file))
	end := to
	for n := from / block; n*block < end; n++ {
		p := piece{file, n}
		if s.flying[p] {
			continue
		}
		if end == to {
			end = min(max(to, n*block+256<<10), s.size(file))
		}
		s.demand = append(s.demand, p)
	}
	s.waiting = append(s.waiting, &reading{file, from, to, done})
	s.wake()
}

// wake ends the readings whose bytes are here.
func (s *simulator) wake() {
	var still []*reading
	for _, r := range s.waiting {
		if s.has(r.file, r.from, r.to) {
			s.lastDone = s.now
			s.after(0, r.done)
		} else {
			still = append(still, r)
		}
	}
	s.waiting = still
}

func (s *simulator) has(file File, from, to int64) bool {
	for n := from / block; n*block < to; n++ {
		if _, ok := s.here[piece{file, n}]; !ok {
			return false
		}
	}
	return true
}

// arrived is when all of a range was here; zero when it is not.
func (s *simulator) arrived(file File, r Range) (last time.Time) {
	for n := r.From / block; n*block < r.To; n++ {
		at, ok := s.here[piece{file, n}]
		if !ok {
			return time.Time{}
		}
		last = later(last, at)
	}
	return last
}
