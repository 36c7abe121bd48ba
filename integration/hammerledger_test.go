package integration

import (
	"path"
	"strings"
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
// by who wrote it. devices names them by the ids that the log has.
func (l *ledger) missing(log *replayed, devices map[string]string) (lost []doing) {
	for sum, n := range l.kept {
		if _, ok := log.brought[sum]; !ok && !l.dropped(n.device, sum, "", time.Time{}) && !l.slipped(log, devices, n) {
			lost = append(lost, n)
		}
	}
	return lost
}

// slipped tells whether who wrote n may have removed it and meant another content: a name
// changes hands between a look and a removal when the commit of another device comes in.
// Then what was meant was in the log, and was removed less often than it was meant.
func (l *ledger) slipped(log *replayed, devices map[string]string, n doing) bool {
	for _, g := range l.gone {
		if _, there := log.brought[g.sum]; !there || g.device != n.device || !g.over.After(n.over) || stem(g.path) != stem(n.path) {
			continue
		}
		meant, taken := 0, 0
		for _, other := range l.gone {
			if other.device == g.device && other.sum == g.sum {
				meant++
			}
		}
		for _, e := range log.taken {
			if devices[e.Device] == g.device && e.sum == g.sum {
				taken++
			}
		}
		if meant > taken {
			return true
		}
	}
	return false
}

// stem is what the names of a file and of its conflict copies begin with.
func stem(name string) string {
	s, _, _ := strings.Cut(path.Base(name), ".")
	s, _, _ = strings.Cut(s, " ")
	return s
}

// robbed gives the content that a commit took away though nobody on its device had
// done away with it. devices names them by the ids that the log has.
func (l *ledger) robbed(log *replayed, devices map[string]string) (lost []event) {
	for _, e := range log.taken {
		since := time.Unix(0, log.brought[e.sum].Time)
		if _, ours := l.kept[e.sum]; ours && !l.dropped(devices[e.Device], e.sum, e.name, since) && !l.replacedUnseen(log, devices[e.Device], e.sum, since) {
			lost = append(lost, e)
		}
	}
	return lost
}

// replacedUnseen tells whether a device did away with what content has replaced, at a time
// when it may have been replaced already: the commit of another device came in between a look
// and a removal, of a file that has another name here.
func (l *ledger) replacedUnseen(log *replayed, device, sum string, since time.Time) bool {
	seen := map[string]bool{} // what is restored comes again
	for was, ok := log.before[sum]; ok && !seen[was]; was, ok = log.before[was] {
		seen[was] = true
		for _, n := range l.gone {
			if n.device == device && n.sum == was && (n.over.IsZero() || n.over.After(since)) {
				return true
			}
		}
	}
	return false
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
