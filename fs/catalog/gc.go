package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockerfs/lockerfs/remote"
)

// How old things are, by the store's clock, before they may go.
const (
	// keepHistory is for how long it is known what was removed or replaced.
	keepHistory = 30 * 24 * time.Hour
	// keepLoose is for an object that no commit names: who uploaded it may be paused.
	keepLoose = 7 * 24 * time.Hour
	// keepCondemned is between the commit that gives an object up and its deletion.
	keepCondemned = 7 * 24 * time.Hour
	// keepPack is for a scan pack that no version names; its maker may be paused, too.
	keepPack = keepHistory
	// keepCheckpoint is for manifests and segments: others may be reading, or writing, them.
	keepCheckpoint = 7 * 24 * time.Hour
	// keepUpload is for a large upload that was begun and never finished.
	keepUpload = 24 * time.Hour
)

// mostGarbage bounds what one run takes on, in objects; the next one takes the rest.
const mostGarbage = 100_000

// Collector collects the garbage of one locker: what nothing in the catalog refers to.
//
// An object goes in two steps. First a commit condemns it, which every device obeys from
// there on; what is in use is passed over by the very function that applies the commit. At
// least a week later, by the store's clock, it is deleted. So no device can ever name what
// is deleted: one that slept meanwhile is refused, and uploads again. Whatever cannot be
// listed or read ends the run before anything is deleted.
type Collector struct {
	// Follower keeps the index up; Commit commits operations through it.
	Follower *Follower
	Commit   func(ctx context.Context, ops []Op) error
	// Uploads are the store's unfinished uploads; nil where it has none, or does not tell.
	Uploads remote.Uploads
	Logger  *slog.Logger
	// Progress, if not nil, is told how many objects have been listed.
	Progress func(int64)
}

// Sum counts objects and their bytes.
type Sum struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (s *Sum) add(bytes int64) { s.Objects, s.Bytes = s.Objects+1, s.Bytes+bytes }

// Collected is what a run did, or would do. The JSON names are a promise.
type Collected struct {
	// Forgotten are removed and replaced versions older than 30 days.
	Forgotten Sum `json:"forgotten"`
	// Condemned are objects given up by this run, to be deleted in a week or later.
	Condemned Sum `json:"condemned"`
	// Waiting were given up before, less than a week ago.
	Waiting Sum `json:"waiting"`
	// Deleted were given up before, and are gone now.
	Deleted Sum `json:"deleted"`
	// Adopted are those of Deleted that were not made by lockerfs.
	Adopted Sum `json:"adopted"`
	// Loose are objects that nothing refers to, too young to be given up.
	Loose Sum `json:"loose"`
	// Packs are scan packs, Checkpoints manifests and segments, which went.
	Packs       Sum `json:"packs"`
	Checkpoints Sum `json:"checkpoints"`
	// Uploads that nobody finished were aborted.
	Uploads int64 `json:"uploads"`
	// More: there is more than one run takes on.
	More bool `json:"more,omitempty"`
}

// Run collects once. In a dry run nothing is changed, and ages are by this machine's clock.
func (c *Collector) Run(ctx context.Context, dry bool) (Collected, error) {
	r := collecting{Collector: c, index: c.Follower.Index(), store: c.Follower.log.store, dry: dry}
	err := r.run(ctx)
	return r.out, err
}

// collecting is one run.
type collecting struct {
	*Collector
	index *Index
	store remote.Store
	dry   bool
	now   time.Time // by the store's clock
	log   logTimes
	own   bool
	out   Collected

	// What is to be done once everything is known.

	loose  []remote.Object // of ours, that may be given up
	left   []remote.Object // foreign ones, that may be
	doomed []doomed        // were given up before
	rest   []remote.Object // packs, manifests, segments, leftovers: they go without a word
	broken []remote.Unfinished
}

// doomed is an object that was given up.
type doomed struct {
	ref  Ref
	size int64
}

func (r *collecting) run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	for _, find := range []func(context.Context) error{r.expire, r.findObjects, r.findPacks, r.findCheckpoints, r.findUploads} {
		if err := find(ctx); err != nil {
			return fmt.Errorf("collecting garbage, nothing was deleted: %w", err)
		}
	}
	if r.dry {
		return nil
	}
	if err := r.condemn(ctx); err != nil {
		return fmt.Errorf("giving objects up: %w", err)
	}
	return r.delete(ctx)
}

// begin brings the index up to the log, and learns how old things are.
func (r *collecting) begin(ctx context.Context) error {
	if err := r.Follower.CatchUp(ctx); err != nil {
		return err
	}
	if err := r.index.readable(ctx, r.Follower.log); err != nil {
		return err
	}
	settings, err := r.index.Settings(ctx)
	if err != nil {
		return err
	}
	r.own = settings.Own
	if r.now, err = r.clock(ctx); err != nil {
		return err
	}
	r.log, err = readLogTimes(ctx, r.store)
	if err == nil && r.log.last() < r.index.Applied() {
		err = fmt.Errorf("commit %d was read, and the log is listed up to %d: %w", r.index.Applied(), r.log.last(), ErrCorrupt)
	}
	return err
}

// old tells whether something of time t has reached an age.
func (r *collecting) old(t time.Time, age time.Duration) bool {
	return !t.IsZero() && r.now.Sub(t) >= age
}

// expire forgets what commits of long ago took away.
func (r *collecting) expire(ctx context.Context) error {
	before := r.log.lastOlder(r.now.Add(-keepHistory))
	sum, err := r.index.pastUpTo(ctx, before)
	if err != nil || sum.Objects == 0 {
		return err
	}
	r.out.Forgotten = sum
	if r.dry {
		return nil
	}
	return r.Commit(ctx, []Op{{Verb: Expire, At: time.Now().UnixNano(), Before: before}})
}
