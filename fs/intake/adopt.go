package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// AdoptStore is what adopting needs of a store. It writes scan packs, and nothing else.
type AdoptStore interface {
	remote.Getter
	remote.Lister
	remote.Putter
}

// Adopter takes objects into the locker that somebody else put into its bucket, by
// reference: none of their bytes moves, and none of them is written or deleted.
//
// It does so in two stages. [Adopter.Survey] makes the names, of the listing alone; with
// them the files can be read. [Adopter.Describe] then reads heads and tails, for the tags
// and the scan packs. Both go on where an earlier run was stopped, because what is done
// already shows in the catalog.
type Adopter struct {
	Store  AdoptStore
	Index  *catalog.Index
	Commit Committer // may be nil in a dry run
	Logger *slog.Logger
	// Placed, if not nil, is told in a dry run where new files would stand.
	Placed func(Placed)
	// Keep, if not nil, is given the scan packs that were made, from several goroutines.
	Keep func(name string, body []byte) error
	// Class is that of the requests of the second stage: remote.ScanPack where programs use
	// the locker meanwhile. The zero class is remote.Demand: somebody waits for the end.
	Class remote.Class
	// Looked gives folders that somebody looks at just now; nil for none. They are
	// described before others.
	Looked <-chan catalog.ID

	batch int // operations in a commit; 0 for surveyBatch
}

// AdoptProgress is how far it has come.
type AdoptProgress struct {
	// Listed counts the objects seen by the listing, Walked is set when it has ended.
	Listed int64 `json:"listed"`
	Walked bool  `json:"walked"`
	// New counts the files that came in.
	New int64 `json:"new"`
	// Wanted counts the audio files whose tags were not known, Described those that have
	// been read since; ReadBytes is what that took.
	Wanted    int64  `json:"wanted"`
	Described int64  `json:"described"`
	ReadBytes int64  `json:"read_bytes"`
	Current   string `json:"current,omitempty"`
}

// AdoptReport is what became of it. Its lists hold the first MaxNotes notes, by key.
type AdoptReport struct {
	// New files came in, or in a dry run would.
	New      int64 `json:"new"`
	NewBytes int64 `json:"new_bytes"`
	// Changed files have new content, Same the same content under another ETag.
	Changed int64 `json:"changed"`
	Same    int64 `json:"same"`
	// Missing files have vanished from the bucket since, Back are those that came back.
	Missing int64 `json:"missing"`
	Back    int64 `json:"back"`
	// Present files were in the locker already, as they are.
	Present int64 `json:"present"`
	// Ignored objects were taken out of the locker by somebody.
	Ignored int64 `json:"ignored"`
	// Excluded objects were left out by the globs, Litter is what desktops leave.
	Excluded int64 `json:"excluded"`
	Litter   int64 `json:"litter"`
	// Left lists the keys of objects that cannot be in a locker, with why.
	Left      []Note `json:"left,omitempty"`
	LeftCount int64  `json:"left_count"`
	// Renamed lists the keys of files that could not have the name they would have had.
	Renamed      []Note `json:"renamed,omitempty"`
	RenamedCount int64  `json:"renamed_count"`
	// Wanted audio files are not described yet.
	Wanted int64 `json:"wanted"`
	// Described files were read for their tags, which took so many Requests and ReadBytes.
	Described int64 `json:"described"`
	Requests  int64 `json:"requests"`
	ReadBytes int64 `json:"read_bytes"`
	// Damaged lists the keys of audio files whose tags could not be read whole.
	Damaged      []Note `json:"damaged,omitempty"`
	DamagedCount int64  `json:"damaged_count"`
	// Failed lists the keys of files that could not be read, or not come in.
	Failed      []Note `json:"failed,omitempty"`
	FailedCount int64  `json:"failed_count"`
	// Listings is how many requests the listing took.
	Listings int64 `json:"listings"`
	// Tree is how long it took until all names were there, Elapsed all of it, in
	// nanoseconds.
	Tree    time.Duration `json:"tree_ns"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// The lists of an AdoptReport.
const (
	adoptLeft = iota
	adoptRenamed
	adoptDamaged
	adoptFailed
	adoptLists
)

// adoptLedger counts what becomes of objects.
type adoptLedger struct {
	mu       sync.Mutex // guards what follows
	report   AdoptReport
	progress AdoptProgress
	lists    [adoptLists]noted
}

func (l *adoptLedger) count(f func(*AdoptReport, *AdoptProgress)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.report, &l.progress)
}

func (l *adoptLedger) note(list int, key, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists[list].add(key, what)
}

func (l *adoptLedger) now() AdoptProgress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.progress
}

func (l *adoptLedger) result() AdoptReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.report
	l.lists[adoptLeft].put(&out.Left, &out.LeftCount)
	l.lists[adoptRenamed].put(&out.Renamed, &out.RenamedCount)
	l.lists[adoptDamaged].put(&out.Damaged, &out.DamagedCount)
	l.lists[adoptFailed].put(&out.Failed, &out.FailedCount)
	return out
}

// Watched are the watches of a locker; the longest prefix has a key.
type Watched []catalog.Watch

// Of gives the watch that a key belongs to; ok is false for none.
func (ws Watched) Of(key string) (w catalog.Watch, ok bool) {
	for _, one := range ws {
		if strings.HasPrefix(key, one.Prefix) && (!ok || len(one.Prefix) > len(w.Prefix)) {
			w, ok = one, true
		}
	}
	return w, ok
}

// ErrNotWatched: no watch of the locker has this prefix.
var ErrNotWatched = errors.New("this prefix was not adopted")

// Survey compares the listing under the prefix of one of the watches with the catalog: what
// is new comes in, what has changed becomes a new version, what has vanished is marked. It
// goes on past objects that cannot come in and names them in the report; the error is for
// what ends it. What is reported is committed, also on an error. progress, if not nil, is
// called a few times a second from one goroutine.
func (a *Adopter) Survey(ctx context.Context, prefix string, all Watched, progress func(AdoptProgress)) (AdoptReport, error) {
	var w *catalog.Watch
	for i := range all {
		if all[i].Prefix == prefix {
			w = &all[i]
		}
	}
	if w == nil {
		return AdoptReport{}, fmt.Errorf("%q: %w", prefix, ErrNotWatched)
	}
	if a.Commit != nil {
		if err := a.Commit.Recover(ctx); err != nil {
			return AdoptReport{}, fmt.Errorf("a commit was left undecided: %w", err)
		}
	}
	began := time.Now()
	var l adoptLedger
	stop := show(progress, l.now)
	s := survey{a: a, w: *w, all: all, ledger: &l}
	err := s.run(ctx)
	l.count(func(r *AdoptReport, _ *AdoptProgress) { r.Tree = time.Since(began) })
	stop()
	if err == nil && a.Commit != nil {
		a.Commit.Rest(ctx)
	}
	report := l.result()
	report.Elapsed = time.Since(began)
	return report, err
}

// Describe reads what lies under a prefix and is not described yet. Files that cannot be
// read are named in the report; the error is for what ends it.
func (a *Adopter) Describe(ctx context.Context, prefix string, progress func(AdoptProgress)) (AdoptReport, error) {
	began := time.Now()
	var l adoptLedger
	stop := show(progress, l.now)
	err := a.describe(ctx, prefix, &l)
	stop()
	report := l.result()
	report.Elapsed = time.Since(began)
	return report, err
}

// Took adds what a second stage has done to the report of the first.
func (r *AdoptReport) Took(d AdoptReport) {
	r.Described, r.Requests, r.ReadBytes = d.Described, d.Requests, d.ReadBytes
	r.Damaged, r.DamagedCount = d.Damaged, d.DamagedCount
	r.Failed, r.FailedCount = append(r.Failed, d.Failed...), r.FailedCount+d.FailedCount
	r.Elapsed += d.Elapsed
}
