package pending

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path"
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
	// Quiet times, for tests.
	New, Edited time.Duration

	// again: the store is back; nothing that failed waits any longer.
	again atomic.Bool
	// urged counts those who wait in Sync.
	urged atomic.Int32

	mu      sync.Mutex // guards the fields below; taken alone
	working map[*live]bool
	read    map[*live]lastRead // of contents whose upload failed
	failure error              // of the last commit; nil after one that went well
}

// NewUploader gives the uploader of an overlay. committer gives who commits, once the store
// can be reached; describe may be nil.
func NewUploader(x *Overlay, store Store, committer func(ctx context.Context) (*Committer, error),
	describe func(file io.ReaderAt, size int64, name string, v *catalog.Version)) *Uploader {
	return &Uploader{x: x, store: store, committer: committer, describe: describe,
		New: quietNew, Edited: quietEdited, working: map[*live]bool{}, read: map[*live]lastRead{}}
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
			// What is done in the same moment shares a commit.
			if !sleep(ctx, u.pause(gather)) {
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

// pause is how long to wait for others: hardly where somebody waits for the store.
func (u *Uploader) pause(usual time.Duration) time.Duration {
	if u.urged.Load() > 0 {
		return min(usual, 10*time.Millisecond)
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

func (u *Uploader) mark(l *live, on bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if on {
		u.working[l] = true
	} else {
		delete(u.working, l)
	}
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
	if working || l.dead || l.parked || l.writers > 0 || ready(c) {
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

// revert gives up a content that was opened for writing and never written. One that was
// opened a moment ago may be about to be opened again, under its new node. turn is held.
func (x *Overlay) revert(c *change) {
	l := c.Content.live
	if l.handles > 0 || time.Since(time.Unix(0, l.written.Load())) < 0 {
		return
	}
	if l.idleSince.IsZero() {
		l.idleSince = time.Now()
	}
	if time.Since(l.idleSince) < renewedFor {
		time.AfterFunc(renewedFor, x.nudge)
		return
	}
	d := c.unwritten()
	x.throwAway(c.Content)
	crash("revert.record")
	if err := x.apply(nil, d); err != nil {
		x.log.Warn("a file could not be given back its node", "error", err)
		return
	}
	crash("reverted")
	go x.announce([]catalog.Change{{Parent: c.Parent, Name: c.Name, Node: c.Node}})
}

// renewedFor is how long a new node waits to be opened.
const renewedFor = 2 * time.Second

// leave hands the bytes of committed contents to the cache.
func (x *Overlay) leave(ctx context.Context) {
	x.mu.Lock()
	leaving := x.leaving
	x.leaving = nil
	x.mu.Unlock()
	for _, c := range leaving {
		if c.Sent != nil && c.draft.Whole() {
			crash("leave")
			x.versions.Keep(c.Sent, c.draft.Path())
			crash("leave.kept")
		}
		x.turn.Lock()
		c.live.leaving = false
		if c.handles == 0 {
			x.throwAway(c)
		}
		x.turn.Unlock()
	}
	x.sweep(ctx)
}

// send uploads one content, and notes how that went.
func (u *Uploader) send(ctx context.Context, c *change) {
	s, err := u.upload(ctx, c)
	if u.note(ctx, c, s, err) && s.key != "" {
		// Nobody knows the object, and its hash may be another than its bytes'.
		if err := u.store.Delete(context.WithoutCancel(ctx), s.key); err != nil {
			u.x.log.Debug("an object that nobody needs stays", "key", s.key, "error", err)
		}
	}
}

// sending is what became of an upload.
type sending struct {
	version    *catalog.Version
	generation uint64 // of the draft, before it was read
	key        string // of the object that was made for it; empty for none
}

// note notes how an upload went. stale: the file was written to meanwhile, so what there is
// now will be uploaded in its turn.
func (u *Uploader) note(ctx context.Context, c *change, s sending, err error) (stale bool) {
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	l := c.Content.live
	if err == nil || l.dead {
		u.mu.Lock()
		delete(u.read, l)
		u.mu.Unlock()
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && !l.dead && (s.generation == 0 || l.draft.Generation() == s.generation):
		u.failed(c, err)
	case err != nil || l.dead || l.draft.Generation() != s.generation:
		return true
	default:
		l.trouble, l.pause = nil, 0
		if err := u.x.sent(c, s.version, s.generation); err != nil {
			u.x.log.Warn("an upload could not be recorded", "name", c.Name, "error", err)
		}
	}
	return false
}

// failed notes why a content is not in the store. turn is held.
func (u *Uploader) failed(c *change, err error) {
	l := c.Content.live
	l.trouble = err
	l.parked = parks(err)
	l.pause = min(max(2*l.pause, retryFirst), retryLongest)
	l.next = time.Now().Add(l.pause)
	u.x.log.Warn("a file is not uploaded yet", "name", c.Name, "again", !l.parked, "error", err)
}

// parks tells whether trying again by itself will not help. A store that is not there may be
// a folder whose disk will be plugged in.
func parks(err error) bool {
	for _, kind := range []error{remote.ErrDenied, remote.ErrFull, remote.ErrInvalid, remote.ErrNotImplemented, errBaseLost} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

var errBaseLost = errors.New("what lies under the change is gone from the store")

// sent notes that a version is in the store. turn is held.
func (x *Overlay) sent(old *change, v *catalog.Version, generation uint64) error {
	x.mu.RLock()
	c := x.nodes[v.ID]
	x.mu.RUnlock()
	if c == nil || c.Gone || c.Content == nil || c.Content.live != old.Content.live {
		return nil
	}
	d := c.copied()
	d.Content = &content{Record: c.Content.Record, From: c.Content.From, New: c.Content.New, Sent: v, live: c.Content.live}
	c.Content.live.sentAt, c.Content.live.tried = generation, false
	x.abandon(c.Content.live)
	crash("sent.record")
	defer crash("sent.recorded")
	return x.show(record{Put: []*change{d}})
}

// upload puts the bytes of a content into the store, unless they are there.
func (u *Uploader) upload(ctx context.Context, c *change) (s sending, err error) {
	crash("upload")
	d := c.Content.draft
	if err := u.x.settle(ctx, c.Node, c.Content); err != nil {
		return s, err
	}
	// The order matters: what is written after the generation was read shows.
	s.generation = d.Generation()
	ctx = remote.WithTicket(ctx, remote.NewTicket(remote.Upload))
	if err := d.Complete(ctx); err != nil {
		if errors.Is(err, remote.ErrNotFound) || errors.Is(err, remote.ErrPrecondition) || errors.Is(err, catalog.ErrNotFound) {
			err = errors.Join(errBaseLost, err)
		}
		return sending{}, fmt.Errorf("reading what lies under the change: %w", full(err))
	}
	crash("upload.whole")
	// Nothing under it is needed from now on.
	if err := u.x.settle(ctx, c.Node, c.Content); err != nil {
		return sending{}, err
	}
	file, err := os.Open(d.Path())
	if err != nil {
		return sending{}, err
	}
	defer file.Close()
	v, err := u.known(c, s.generation, file)
	if err != nil {
		return sending{}, err
	}
	s.version = v
	crash("upload.hashed")
	if held, err := u.match(ctx, v, c.Content.Sent); err != nil || held {
		return s, err
	}
	err = u.put(ctx, c, file, v)
	s.key = v.Object.Key
	return s, err
}

// known gives what is known of a content: its size, hash and tags. It is read once, however
// often its upload is tried.
func (u *Uploader) known(c *change, generation uint64, file *os.File) (*catalog.Version, error) {
	d := c.Content.draft
	u.mu.Lock()
	last := u.read[c.Content.live]
	u.mu.Unlock()
	if last.generation == generation && last.version.ID == c.Node {
		v := last.version
		return &v, nil
	}
	v := catalog.Version{ID: c.Node, Size: d.Size()}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, v.Size)); err != nil {
		return nil, err
	}
	v.SHA256 = catalog.Hash(sum.Sum(nil))
	if u.describe != nil {
		u.describe(file, v.Size, c.Name, &v)
	}
	u.mu.Lock()
	u.read[c.Content.live] = lastRead{generation, v}
	u.mu.Unlock()
	return &v, nil
}

// lastRead is what was found when a content was read last.
type lastRead struct {
	generation uint64
	version    catalog.Version
}

// match gives a version the object of another one with the same bytes, if the store has it
// still: what was lost there must not take these bytes with it. That may be the one that
// was sent before a crash.
func (u *Uploader) match(ctx context.Context, v, sent *catalog.Version) (held bool, err error) {
	same, ok := sent, sent != nil && sent.SHA256 == v.SHA256 && sent.Size == v.Size
	if !ok {
		if same, ok, err = u.x.index.Match(ctx, v.SHA256, v.Size); err != nil || !ok {
			return false, err
		}
	}
	obj, err := u.store.Head(ctx, same.Object.Key)
	switch {
	case errors.Is(err, remote.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case obj.Size != v.Size || obj.ETag != same.Object.ETag:
		return false, nil
	}
	crash("upload.matched")
	v.Object, v.Pack = same.Object, same.Pack
	return true, nil
}

func (u *Uploader) put(ctx context.Context, c *change, file io.ReaderAt, v *catalog.Version) error {
	at, err := u.x.Path(ctx, c.Parent)
	if err != nil {
		return err
	}
	at = path.Join(at, c.Name)
	key := cmp.Or(c.Content.Key, catalog.NewObjectKey(at))
	large := v.Size > resumeAbove
	if large {
		if err := u.x.sendAs(c, key); err != nil {
			return err
		}
	}
	crash("upload.put")
	obj, err := u.store.Put(ctx, key, io.NewSectionReader(file, 0, v.Size), remote.PutOptions{
		Metadata:    catalog.ObjectMetadata(at, c.Content.mtime.Load(), v.SHA256),
		ContentType: mime.TypeByExtension(path.Ext(at)),
		Resume:      large,
	})
	if err == nil && obj.Size != v.Size {
		err = fmt.Errorf("%s has %d bytes of %d: %w", key, obj.Size, v.Size, remote.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	crash("upload.there")
	v.Object = catalog.Ref{Key: key, ETag: obj.ETag}
	return nil
}

// sendAs records under which key a content is being sent, so that it goes on there after a
// restart.
func (x *Overlay) sendAs(old *change, key string) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	c := x.change(old.ID)
	if c == nil || c.Content == nil || c.Content.live != old.Content.live || c.Content.Key == key {
		return nil
	}
	d, content := c.copied(), *c.Content
	content.Key = key
	d.Content = &content
	return x.show(record{Put: []*change{d}})
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
	p, err := x.look(ctx, 1)
	return err != nil || len(p.ops) > 0 || x.fitted != x.index.Applied()
}
