package intake

import (
	"cmp"
	"sort"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// ledger counts what becomes of the files of one import.
type ledger struct {
	dry bool

	mu       sync.Mutex // guards what follows
	report   Report
	progress Progress
}

func newLedger(dry bool) *ledger { return &ledger{dry: dry} }

// show tells progress to f a few times a second, until the function it gives is
// called; that tells it a last time.
func (l *ledger) show(f func(Progress)) (stop func()) {
	if f == nil {
		return func() {}
	}
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				f(l.now())
			case <-quit:
				f(l.now())
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-gone
	}
}

func (l *ledger) now() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.progress
}

// result gives the report, its lists in the order of the names.
func (l *ledger) result() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.report
	for _, list := range [][]Note{r.Renamed, r.Skipped, r.Damaged, r.Failed, r.Placed} {
		sort.Slice(list, func(i, j int) bool { return list[i].File < list[j].File })
	}
	return r
}

func (l *ledger) note(list noteList, path, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if list == failed {
		l.report.Failed = append(l.report.Failed, Note{path, what})
	} else {
		l.report.Skipped = append(l.report.Skipped, Note{path, what})
	}
}

func (l *ledger) found(g group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range g.files {
		l.progress.Found++
		l.progress.FoundBytes += f.info.Size()
	}
}

func (l *ledger) walked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress.Walked = true
}

func (l *ledger) uploaded(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress.UploadedBytes += n
}

func (l *ledger) failed(f file, err error) {
	l.note(failed, f.path, err.Error())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done(f)
}

// leave notes a file that was found and does not come in.
func (l *ledger) leave(f file, why string) {
	l.note(skipped, f.path, why)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done(f)
}

// done needs mu.
func (l *ledger) done(f file) {
	l.progress.Done++
	l.progress.DoneBytes += f.info.Size()
	l.progress.Current = f.path
}

func (l *ledger) present(p placed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Present++
	l.count(p)
	if l.dry {
		l.report.Placed = append(l.report.Placed, Note{p.path, "present"})
	}
}

// planned counts a file of a dry run.
func (l *ledger) planned(p placed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(p)
	what := "upload"
	if p.matched {
		what = "match"
	}
	l.report.Placed = append(l.report.Placed, Note{p.path, what})
}

// committed counts files that are in the locker now, but for those whose operation
// was dropped.
func (l *ledger) committed(files []placed, conflicts []catalog.Conflict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped := map[catalog.ID]string{}
	for _, c := range conflicts {
		if c.Dropped {
			dropped[c.ID] = c.What
		}
	}
	places := map[catalog.ID]string{}
	for _, p := range files {
		if what, ok := dropped[p.entry]; ok {
			l.report.Failed = append(l.report.Failed, Note{p.file.path, what})
			l.done(p.file)
			continue
		}
		places[p.entry] = p.path
		l.take(p)
	}
	for _, c := range conflicts {
		if !c.Dropped {
			l.report.Renamed = append(l.report.Renamed, Note{cmp.Or(places[c.ID], c.Name), c.What})
		}
	}
}

// take needs mu.
func (l *ledger) take(p placed) {
	if p.matched {
		l.report.Matched++
		l.report.MatchedBytes += p.info.Size()
	} else {
		l.report.Imported++
		l.report.ImportedBytes += p.info.Size()
	}
	l.count(p)
}

// count needs mu.
func (l *ledger) count(p placed) {
	if p.tags == nil {
		l.report.Companions++
	}
	if p.damage != nil {
		l.report.Damaged = append(l.report.Damaged, Note{p.file.path, p.damage.Error()})
	}
	l.done(p.file)
}
