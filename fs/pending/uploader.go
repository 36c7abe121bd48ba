package pending

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// Quiet times: how long after the last write a file is uploaded.
const (
	quietNew    = 3 * time.Second
	quietEdited = 30 * time.Second
	// gather is how long operations wait for others to share a commit.
	gather = 500 * time.Millisecond
	// batch is about how many operations one commit gets.
	batch = 1000
	// uploads is how many files are sent at a time.
	uploads = 8
	// resumeAbove is from which size on an upload that broke off goes on where it was, in
	// bytes.
	resumeAbove = 16 << 20
	// lookAgain is how long the uploader waits for others when something was changed.
	lookAgain = 100 * time.Millisecond
)

// Uploads that failed are tried again after these pauses.
const (
	retryFirst   = 2 * time.Second
	retryLongest = 5 * time.Minute
)

// Store is where an uploader puts bytes.
type Store interface {
	remote.Putter
	remote.Header
	remote.Deleter
}

// Uploader brings what an overlay holds to the store, and commits it.
type Uploader struct {
	x         *Overlay
	store     Store
	committer func(ctx context.Context) (*Committer, error)
	// describe fills in what the bytes say of themselves: tags.
	describe func(file io.ReaderAt, size int64, name string, v *catalog.Version)
	// Pack, if not nil, keeps apart what library scans read of files that are about to be
	// committed, and gives for each the name of its scan pack; empty for none.
	Pack func(ctx context.Context, files []Packable) []string
	// Parked, if not nil, is told when a file was tried that is not tried again by itself. It
	// must not block.
	Parked func()
	// Quiet times, for tests.
	New, Edited time.Duration

	// again: the store is back; nothing that failed waits any longer.
	again atomic.Bool
	// urged counts those who wait in Sync.
	urged atomic.Int32

	mu      sync.Mutex // guards the fields below; taken alone
	working map[*live]*way
	read    map[*live]lastRead // of contents whose upload failed
	failure error              // of the last commit; nil after one that went well
}

// NewUploader gives the uploader of an overlay. committer gives who commits, once the store
// can be reached; describe may be nil.
func NewUploader(x *Overlay, store Store, committer func(ctx context.Context) (*Committer, error),
	describe func(file io.ReaderAt, size int64, name string, v *catalog.Version)) *Uploader {
	return &Uploader{x: x, store: store, committer: committer, describe: describe,
		New: quietNew, Edited: quietEdited, working: map[*live]*way{}, read: map[*live]lastRead{}}
}

// Run uploads and commits until ctx ends.
func (u *Uploader) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	jobs := make(chan *change)
	defer close(jobs)
	for range uploads {
		work.Go(func() {
			for c := range jobs {
				u.send(ctx, c)
				u.mark(c.Content.live, false)
				u.x.nudge()
			}
		})
	}
	work.Go(func() { u.commits(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.x.wake:
			// What comes in the same moment is looked at together.
			if !sleep(ctx, u.pause(lookAgain)) {
				return
			}
		case <-timer.C:
		}
		if u.again.Swap(false) {
			u.x.forgive()
		}
		timer.Reset(u.begin(ctx, jobs))
	}
}

// Again says that the store is back: what failed is tried again now. It returns at once and
// takes no lock.
func (u *Uploader) Again() {
	u.again.Store(true)
	u.x.nudge()
}

// forgive ends the pauses of what failed and is tried again by itself.
func (x *Overlay) forgive() {
	for _, c := range x.ordered() {
		if c.Content == nil {
			continue
		}
		x.turn.Lock()
		if l := c.Content.live; !l.parked {
			l.next, l.pause = time.Time{}, 0
		}
		x.turn.Unlock()
	}
}

// commits commits what can be until ctx ends.
func (u *Uploader) commits(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.x.news:
			if !u.gathered(ctx) {
				return
			}
		case <-timer.C:
		}
		if u.commit(ctx) {
			timer.Reset(retryFirst)
		}
		u.x.leave(ctx)
	}
}

// gathered waits for what is done in the same moment, to share a commit. Where somebody waits
// for the store that is until no file is on its way. It tells whether ctx goes on.
func (u *Uploader) gathered(ctx context.Context) bool {
	for end := time.Now().Add(min(gather, u.New)); u.urged.Load() > 0; {
		if !sleep(ctx, urgedPause) {
			return false
		}
		if !u.busy() || time.Now().After(end) {
			return true
		}
	}
	return sleep(ctx, u.pause(gather))
}

// busy tells whether files are on their way to the store.
func (u *Uploader) busy() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.working) > 0
}

// urgedPause is how long is waited for others where somebody waits for the store.
const urgedPause = 10 * time.Millisecond

// pause is how long to wait for others: hardly where somebody waits for the store.
func (u *Uploader) pause(usual time.Duration) time.Duration {
	if u.urged.Load() > 0 {
		return min(usual, urgedPause)
	}
	return min(usual, u.New)
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// begin hands out the uploads that are due, and tells when to look again.
func (u *Uploader) begin(ctx context.Context, jobs chan<- *change) (next time.Duration) {
	next = time.Minute
	for _, c := range u.x.ordered() {
		if c = u.x.change(c.ID); c == nil {
			continue // over since the list was made
		}
		due, wait := u.due(c)
		if !due {
			next = min(next, wait)
			continue
		}
		u.mark(c.Content.live, true)
		select {
		case jobs <- c:
		case <-ctx.Done():
			u.mark(c.Content.live, false)
			return next
		}
	}
	return next
}

// due tells whether a change's content is to be uploaded now, or when to ask again.
func (u *Uploader) due(c *change) (now bool, wait time.Duration) {
	const never = time.Minute
	if c.Gone || c.Content == nil || u.x.isLocal(c) {
		return false, never
	}
	u.mu.Lock()
	working := u.working[c.Content.live]
	u.mu.Unlock()
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	l := c.Content.live
	if working != nil || l.dead || l.parked || l.writers > 0 || ready(c) {
		return false, never
	}
	if !l.durable && !l.draft.Dirty() {
		u.x.revert(c)
		return false, never
	}
	quiet := u.Edited
	if c.Content.New {
		quiet = u.New
	}
	if l.urgent.Load() {
		quiet = 0
	}
	at := time.Unix(0, l.written.Load()).Add(quiet)
	if l.next.After(at) {
		at = l.next
	}
	wait = time.Until(at)
	return wait <= 0, max(wait, 10*time.Millisecond)
}

// commit commits what can be, and tells whether it has to be tried again.
func (u *Uploader) commit(ctx context.Context) (again bool) {
	if ctx.Err() != nil || !u.x.anything(ctx) {
		return false
	}
	c, err := u.committer(ctx)
	more := false
	if err == nil {
		u.pack(ctx)
		more, err = c.CommitPlanned(ctx, u.x.plan)
	}
	u.mu.Lock()
	u.failure = err
	u.mu.Unlock()
	if err != nil {
		u.x.log.Debug("changes are not committed yet", "error", err)
		return true
	}
	if more {
		u.x.nudge() // there may be others, which wait for each other as always
	}
	if err := u.x.tidyJournal(); err != nil {
		u.x.log.Warn("the journal could not be written anew", "error", err)
	}
	return false
}

// anything tells whether there is something that a commit could take.
func (x *Overlay) anything(ctx context.Context) bool {
	x.turn.Lock()
	defer x.turn.Unlock()
	if !x.index.Synced() {
		return false
	}
	// A commit may be undecided, so this must not be a plan.
	p, err := x.look(ctx, 1, false)
	return err != nil || len(p.ops) > 0 || x.fitted != x.index.Applied()
}
