package integration

import (
	"path"
	"sync"
	"time"
)

// ledger is what the hands of a hammer were promised, and what they did away with. Content
// is named by its SHA-256; no two writes have the same.
type ledger struct {
	mu sync.Mutex // guards the fields below; taken alone
	// kept was acknowledged: close returned.
	kept map[string]doing
	// open was begun and not acknowledged: some of it may be there.
	open map[string]doing
	gone []doing
}

// doing is something that was done to content at a path.
type doing struct {
	device, sum, path string
	at, over          time.Time
}

func newLedger() *ledger { return &ledger{kept: map[string]doing{}, open: map[string]doing{}} }

// begin says that content is about to be written.
func (l *ledger) begin(n doing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[n.sum] = n
}

// keep says that what was begun was acknowledged.
func (l *ledger) keep(sum string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.open[sum]
	n.over = time.Now()
	l.kept[sum] = n
	delete(l.open, sum)
}

// drop says that a device does away with the content it sees at a path. The function it
// gives is called when it has tried to.
func (l *ledger) drop(device, sum, at string) (over func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = append(l.gone, doing{device: device, sum: sum, path: at, at: time.Now()})
	i := len(l.gone) - 1
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.gone[i].over = time.Now()
	}
}

// dropped tells whether a device did away with content, or with whatever had a name at a
// time when that content may have had it. The empty name is none.
func (l *ledger) dropped(device, sum, name string, since time.Time) bool {
	for _, n := range l.gone {
		if n.device == device && (n.sum == sum || name != "" && path.Base(n.path) == name && (n.over.IsZero() || n.over.After(since))) {
			return true
		}
	}
	return false
}

// missing gives what was acknowledged, never came into the log, and was not done away with
// by who wrote it.
func (l *ledger) missing(log *replayed) (lost []doing) {
	for sum, n := range l.kept {
		if _, ok := log.brought[sum]; !ok && !l.dropped(n.device, sum, "", time.Time{}) {
			lost = append(lost, n)
		}
	}
	return lost
}

// robbed gives the content that a commit took away though nobody on its device had
// done away with it. devices names them by the ids that the log has.
func (l *ledger) robbed(log *replayed, devices map[string]string) (lost []event) {
	for _, e := range log.taken {
		since := time.Unix(0, log.brought[e.sum].Time)
		if _, ours := l.kept[e.sum]; ours && !l.dropped(devices[e.Device], e.sum, e.name, since) {
			lost = append(lost, e)
		}
	}
	return lost
}

// alien gives what stands in a tree and nobody wrote whole.
func (l *ledger) alien(tree map[string]string) (paths []string) {
	for p, sum := range tree {
		_, kept := l.kept[sum]
		if _, open := l.open[sum]; !kept && !open && sum != "folder" {
			paths = append(paths, p)
		}
	}
	return paths
}
