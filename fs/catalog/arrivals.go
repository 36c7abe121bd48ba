package catalog

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// arrivals tells what of the tree is in the index while a device reads a checkpoint for
// the first time: the folders, and the files of some of them. Nothing else knows what of
// the index is only a part.
//
// What has come is told after it is in the file, and that all is given up before it is:
// who asks before reading the file, and again after it, never takes a part for the whole.
type arrivals struct {
	mu      sync.Mutex // guards the fields below; taken alone, no I/O under it
	loading bool       // a checkpoint is being read, or has been, and the index is not whole
	shown   shown
	missing map[int64]*awaited // by their rows
	order   []*awaited         // those that nobody fetches yet
	folders map[ID]bool        // all there are, and which have no files of their own
	wanted  map[ID]int         // folders, and how many wait for them
	round   int                // how often all was given up
	news    chan struct{}      // closed when something has come
	asked   chan struct{}      // closed when somebody waits for another folder
}

// shown is which folders are here.
type shown int

const (
	noFolders shown = iota
	rootFolders
	allFolders
)

// awaited is a segment that is not here.
type awaited struct {
	segmentRef
	row int64
}

func newArrivals() *arrivals {
	return &arrivals{news: make(chan struct{}), asked: make(chan struct{}), wanted: map[ID]int{}}
}

// holds tells whether the segment may have files of folder.
func (a *awaited) holds(folder ID) bool { return !a.Other && a.First <= folder && folder <= a.Last }

// has tells whether what is in folder may be answered for. It is so in the whole of a
// round, and without a checkpoint on its way it always is.
func (a *arrivals) has(folder ID) (ok bool, round int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.loading || a.here(folder), a.round
}

// here needs mu. Folder 0 stands for the folders alone.
func (a *arrivals) here(folder ID) bool {
	if a.shown == noFolders || a.shown == rootFolders && folder != Root {
		return false
	}
	if a.folders[folder] {
		return true
	}
	for _, m := range a.missing {
		if m.holds(folder) {
			return false
		}
	}
	return true
}

// await waits until what is in folder has come, and has it fetched first.
func (a *arrivals) await(ctx context.Context, folder ID, whole *gate) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted[folder]++; a.wanted[folder] == 1 {
		close(a.asked)
		a.asked = make(chan struct{})
	}
	defer func() {
		if a.wanted[folder]--; a.wanted[folder] == 0 {
			delete(a.wanted, folder)
		}
	}()
	for !a.loading || !a.here(folder) {
		news := a.news
		a.mu.Unlock()
		var err error
		select {
		case <-news:
		case <-whole.ch:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		a.mu.Lock()
		if err != nil || whole.isOpen() {
			return err
		}
	}
	return nil
}

// giveUp says that nothing in the index counts any more.
func (a *arrivals) giveUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.loading, a.shown, a.missing, a.order, a.folders = true, noFolders, nil, nil, nil
	a.round++
}

// show says which folders are here, and which segments are not. It keeps folders, which must
// not change.
func (a *arrivals) show(s shown, missing []*awaited, folders map[ID]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.loading, a.shown, a.folders = true, s, folders
	a.order, a.missing = slices.Clone(missing), make(map[int64]*awaited, len(missing))
	for _, m := range missing {
		a.missing[m.row] = m
	}
	a.tell()
}

// showFolders says that all folders are here.
func (a *arrivals) showFolders() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown = allFolders
	a.tell()
}

// came says that segments are here.
func (a *arrivals) came(list []*awaited) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range list {
		delete(a.missing, m.row)
	}
	a.tell()
}

// tell needs mu.
func (a *arrivals) tell() {
	close(a.news)
	a.news = make(chan struct{})
}

// next gives the segment to be fetched now: one that somebody waits for, else the first.
// It is nil when all are on their way.
func (a *arrivals) next(context.Context) *awaited {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.order) == 0 {
		return nil
	}
	return a.pick(max(0, slices.IndexFunc(a.order, a.wants)))
}

// nextWanted waits until somebody waits for a segment that nobody fetches yet. It gives nil
// when all are on their way, or ctx ends.
func (a *arrivals) nextWanted(ctx context.Context) *awaited {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.order) > 0 {
		if i := slices.IndexFunc(a.order, a.wants); i >= 0 {
			return a.pick(i)
		}
		asked, news := a.asked, a.news
		a.mu.Unlock()
		select {
		case <-asked:
		case <-news:
		case <-ctx.Done():
		}
		a.mu.Lock()
		if ctx.Err() != nil {
			break
		}
	}
	return nil
}

// pick needs mu.
func (a *arrivals) pick(i int) *awaited {
	m := a.order[i]
	a.order = slices.Delete(a.order, i, i+1)
	return m
}

// enter takes a place in room, unless somebody waits for the segment. leave gives it back.
func (a *arrivals) enter(ctx context.Context, m *awaited, room chan struct{}) (leave func(), err error) {
	for {
		a.mu.Lock()
		wanted, asked := a.wants(m), a.asked
		a.mu.Unlock()
		if wanted {
			return func() {}, nil
		}
		select {
		case room <- struct{}{}:
			return func() { <-room }, nil
		case <-asked:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// urgent tells whether somebody waits for a segment.
func (a *arrivals) urgent(m *awaited) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wants(m)
}

// wants needs mu.
func (a *arrivals) wants(m *awaited) bool {
	for folder := range a.wanted {
		if m.holds(folder) {
			return true
		}
	}
	return false
}

// Await waits until what is in folder may be answered for: until the whole tree is here, or
// a checkpoint's folders and the files of this one. Folder 0 stands for the folders alone.
// The error is ErrUnsynced when ctx ends first.
func (x *Index) Await(ctx context.Context, folder ID) error {
	if x.Synced() {
		return nil
	}
	if err := x.arrivals.await(ctx, folder, x.synced); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsynced, err)
	}
	return nil
}

// whole runs read, which reads what is in folder, unless only a part of that is here.
func (x *Index) whole(folder ID, read func() error) error {
	if x.Synced() {
		return read()
	}
	if ok, before := x.arrivals.has(folder); ok {
		err := read()
		if ok, after := x.arrivals.has(folder); ok && before == after {
			return err
		}
	}
	return ErrUnsynced
}
