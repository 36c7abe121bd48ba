package prefetch

import (
	"sync"
	"sync/atomic"
	"time"
)

// Options say how much is planned. The zero Options are good ones.
type Options struct {
	// Budget is how much, in bytes, of tracks that nobody has opened is wanted at any
	// time, for all listeners together; 0 means 64 MiB. Read-ahead within a file and
	// ahead of a scan have bounds of their own: see [Options.Window] and
	// [Options.Depth].
	Budget int64
	// Ahead is how many tracks after the current one are fetched for their first 30
	// seconds; 0 means 2.
	Ahead int
	// Window is how far a copy is fetched ahead at most, in bytes; 0 means 8 MiB.
	Window int64
	// Depth is how many files are fetched ahead of a scan, of 512 KiB each; 0 means
	// 4. As many are enough as the link carries in two round trips.
	Depth int
}

// Planner turns what programs do into what should be fetched. Its methods may be
// called from many goroutines; those that take an event never wait for anything.
type Planner struct {
	warm   Warmer
	next   Successor
	walk   Walk
	budget int64
	count  int // tracks ahead

	due     chan struct{}
	ticking atomic.Bool

	mu sync.Mutex // guards the fields below; no call leaves the package under it

	window    int64
	depth     int
	now       time.Time // of the latest event or tick
	handles   map[uint64]*handle
	processes map[Process]*process
	learned   learned
	ledger    ledger
	agenda    agenda
	asking    []question
	scanners  scanners
	owners    owner
	spent     int64     // bytes of the budget
	promised  time.Time // when Tick is to be called next; zero for not at all
}

// New makes a planner. next and walk may be nil: then no track, or no file of a
// scan, is known to come next.
func New(warm Warmer, next Successor, walk Walk, opts Options) *Planner {
	p := &Planner{warm: warm, next: next, walk: walk,
		budget: opts.Budget, count: opts.Ahead,
		due: make(chan struct{}, 1), handles: map[uint64]*handle{}, processes: map[Process]*process{},
		learned: newLearned(maxLearned), ledger: newLedger(), scanners: scanners{}}
	if p.budget <= 0 {
		p.budget = defaultBudget
	}
	if p.count <= 0 {
		p.count = defaultAhead
	}
	p.Tune(opts.Depth, opts.Window)
	return p
}

// Tune changes [Options.Depth] and [Options.Window], for whoever measures the link;
// 0 stands for the default.
func (p *Planner) Tune(depth int, window int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if depth <= 0 {
		depth = defaultDepth
	}
	if window <= 0 {
		window = defaultWindow
	}
	p.depth, p.window = min(depth, maxDepth), window
}

// Behaviour is what a handle has turned out to be so far.
func (p *Planner) Behaviour(number uint64) Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.handles[number]; h != nil {
		return h.is
	}
	return Unknown
}

// Scans tells whether a process is likely to read no more of the next file than a scan
// does: because it scans one after the other just now, or because programs of its name did
// so lately and are no players.
func (p *Planner) Scans(who Process, at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.processes[who]; c != nil && c.playing == 0 && c.scan.likes >= scanLikes {
		return true
	}
	return customOf(who.Name) != player && p.scanners.lately(who.Name, at)
}

// Copies tells whether the reader of a handle copies, or looks through files, as far as he
// or what he did before tells: he can wait for others.
func (p *Planner) Copies(number uint64, at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.handles[number]
	return h != nil && h.proc.playing == 0 && (hasty(h.is) || hasty(h.proc.habitAt(at)))
}

// Plays tells whether somebody plays a file; what is wanted of it as ReadAhead is wanted
// for a copy otherwise.
func (p *Planner) Plays(f File) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.handles {
		if h.is == Play && h.track.File == f {
			return true
		}
	}
	return false
}

func hasty(b Behaviour) bool { return b == Copy || b == Slurp }

func (p *Planner) newOwner() owner {
	p.owners++
	return p.owners
}
