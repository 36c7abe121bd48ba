package intake

import (
	"cmp"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// noteList says which list of the report a note belongs to.
type noteList int

const (
	renamed noteList = iota
	notAudio
	skipped
	damagedTags
	failed
	noteLists
)

// ledger counts what becomes of the files of one import.
type ledger struct {
	// tell is told where files go in a dry run; nil when nobody listens.
	tell func(Placed)

	mu       sync.Mutex // guards what follows
	report   Report
	lists    [noteLists]noted
	progress Progress
}

// maxPlaced is how many places a report lists where nobody listens.
const maxPlaced = 10_000

// show tells progress to f a few times a second, until the function it gives is
// called; that tells it a last time.
func show[P any](f func(P), now func() P) (stop func()) {
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
				f(now())
			case <-quit:
				f(now())
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
	l.lists[renamed].put(&r.Renamed, &r.RenamedCount)
	l.lists[notAudio].put(&r.NotAudio, &r.NotAudioCount)
	l.lists[skipped].put(&r.Skipped, &r.SkippedCount)
	l.lists[damagedTags].put(&r.Damaged, &r.DamagedCount)
	l.lists[failed].put(&r.Failed, &r.FailedCount)
	return r
}

func (l *ledger) note(list noteList, path, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists[list].add(path, what)
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

// leave notes a file that was found and does not come in.
func (l *ledger) leave(list noteList, f file, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists[list].add(f.path, why)
	l.done(f)
}

// done needs mu.
func (l *ledger) done(f file) {
	l.progress.Done++
	l.progress.DoneBytes += f.info.Size()
	l.progress.Current = f.path
}

// present counts a file that is there.
func (l *ledger) present(p placed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.action = Present
	l.count(p)
}

// planned counts a file of a dry run, and tells where it goes.
func (l *ledger) planned(p placed) {
	l.mu.Lock()
	l.count(p)
	if l.tell == nil && len(l.report.Placed) < maxPlaced {
		l.report.Placed = append(l.report.Placed, Note{p.path, string(p.action)})
	}
	l.mu.Unlock()
	if l.tell != nil {
		l.tell(Placed{p.path, p.action, p.file.path, p.info.Size()})
	}
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
			l.lists[failed].add(p.file.path, what)
			l.done(p.file)
			continue
		}
		places[p.entry] = p.path
		l.count(p)
	}
	for _, c := range conflicts {
		if !c.Dropped {
			l.lists[renamed].add(cmp.Or(places[c.ID], c.Name), c.What)
		}
	}
}

// count needs mu.
func (l *ledger) count(p placed) {
	size := p.info.Size()
	switch p.action {
	case Upload:
		l.report.Imported++
		l.report.ImportedBytes += size
	case Match:
		l.report.Matched++
		l.report.MatchedBytes += size
	case Update:
		l.report.Updated++
		l.report.UpdatedBytes += size
	case Present:
		l.report.Present++
	}
	if p.tags == nil {
		l.report.Companions++
	}
	if p.damage != nil {
		l.lists[damagedTags].add(p.file.path, p.damage.Error())
	}
	l.done(p.file)
}
