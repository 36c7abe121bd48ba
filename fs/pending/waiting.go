package pending

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// ErrNotSynced: something that was changed here is not in the locker.
var ErrNotSynced = errors.New("not everything is in the store")

// Sync waits until everything that was changed before it was called is in the locker. It
// uploads at once, also what was parked. The error is ErrNotSynced, with the reason, where
// a file is still being written, or when the store does not take it: then it goes on
// waiting if patient.
func (u *Uploader) Sync(ctx context.Context, patient bool) error {
	u.urged.Add(1)
	defer u.urged.Add(-1)
	waiting, open, began := u.urge(), "", time.Now()
	wrote := len(waiting) > 0
	u.x.nudge()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; len(waiting) > 0; n++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		for id := range waiting {
			c := u.x.change(id)
			if c == nil || c.Base == nil && u.x.isLocal(c) {
				delete(waiting, id)
				continue
			}
			if time.Since(began) > openPatience && u.written(c) {
				delete(waiting, id)
				open, _ = u.x.Path(ctx, c.ID)
			}
			if patient || n%25 != 0 {
				continue
			}
			if err := u.stuck(c); err != nil {
				return err
			}
		}
	}
	// The last commit's record goes after its changes.
	if c, err := u.committer(ctx); err == nil && wrote {
		if err := c.Settled(ctx); err != nil {
			return err
		}
	}
	if open != "" {
		return fmt.Errorf("%w: a program is still writing %q", ErrNotSynced, open)
	}
	return nil
}

// openPatience is how long Sync waits for programs to close what they write: the kernel tells
// a moment late that a file was closed.
const openPatience = 2 * time.Second

// urge makes all that is to be uploaded urgent, and gives those changes.
func (u *Uploader) urge() (waiting map[catalog.ID]bool) {
	waiting = map[catalog.ID]bool{}
	for _, c := range u.x.ordered() {
		if u.x.isLocal(c) && c.Base == nil || c.idle() {
			continue
		}
		u.x.turn.Lock()
		if c.Content != nil {
			c.Content.urgent.Store(true)
			c.Content.parked, c.Content.next, c.Content.trouble = false, time.Time{}, nil
		}
		u.x.turn.Unlock()
		waiting[c.ID] = true
	}
	u.mu.Lock()
	u.failure = nil
	u.mu.Unlock()
	return waiting
}

// written tells whether a program has a file open for writing.
func (u *Uploader) written(c *change) bool {
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	return c.Content != nil && c.Content.writers > 0
}

// quarantinedIn lists the quarantine folder of a state folder.
func quarantinedIn(dir string) (paths []string) {
	folder := quarantineFolder(dir)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // none, or unreadable: then nothing can be said
	}
	for _, e := range entries {
		paths = append(paths, filepath.Join(folder, e.Name()))
	}
	return paths
}

// idle tells whether a change is only a file that was opened for writing and not written.
func (c *change) idle() bool {
	return c.Content != nil && !c.Content.kept() && !c.Content.draft.Dirty()
}

// stuck gives why a change is not in the store, if that has been found out.
func (u *Uploader) stuck(c *change) error {
	u.mu.Lock()
	failure := u.failure
	u.mu.Unlock()
	if failure != nil {
		return fmt.Errorf("%w: %w", ErrNotSynced, failure)
	}
	if c.Content == nil {
		return nil
	}
	u.x.turn.Lock()
	defer u.x.turn.Unlock()
	if c.Content.trouble != nil {
		return fmt.Errorf("%w: %q: %w", ErrNotSynced, c.Name, c.Content.trouble)
	}
	return nil
}

// Waiting is what is not in the store yet.
type Waiting struct {
	// Files and Bytes are to be uploaded; Changes counts all entries that differ.
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	Changes int   `json:"changes"`
	// Oldest is when the one that waits longest was changed last, nanoseconds since 1970; 0
	// for none.
	Oldest int64 `json:"oldest,omitempty"`
	// Sending are the files that are on their way now.
	Sending []Sending `json:"sending,omitempty"`
	// Failed are those that were tried in vain, and why; Parked how many of them are not
	// tried again by themselves.
	Failed []Trouble `json:"failed,omitempty"`
	Parked int       `json:"parked,omitempty"`
	// Conflicts are what two devices disagreed about.
	Conflicts []Trouble `json:"conflicts,omitempty"`
	// Quarantined are the files in the quarantine folder: what was found after a crash and
	// fits to nothing.
	Quarantined []string `json:"quarantined,omitempty"`
	// Commit is why changes cannot be committed; empty when they can.
	Commit string `json:"commit,omitempty"`
}

// Waiting tells what is not in the store yet.
func (u *Uploader) Waiting(ctx context.Context) Waiting {
	changes := u.x.ordered()
	w := Waiting{Sending: u.onTheWay(ctx, changes)}
	for _, c := range changes {
		if u.x.isLocal(c) && c.Base == nil || c.idle() {
			continue
		}
		w.Changes++
		if w.Oldest == 0 || c.At < w.Oldest {
			w.Oldest = c.At
		}
		if c.Content == nil {
			continue
		}
		w.Files++
		w.Bytes += c.Content.draft.Size()
		u.x.turn.Lock()
		trouble, parked := c.Content.trouble, c.Content.parked
		u.x.turn.Unlock()
		if trouble != nil {
			at, _ := u.x.Path(ctx, c.ID)
			w.Failed = append(w.Failed, Trouble{Path: at, What: trouble.Error(), At: c.At})
		}
		if parked {
			w.Parked++
		}
	}
	u.x.mu.RLock()
	w.Conflicts = slices.Clone(u.x.conflicts)
	u.x.mu.RUnlock()
	w.Quarantined = quarantinedIn(u.x.dir)
	u.mu.Lock()
	if u.failure != nil {
		w.Commit = u.failure.Error()
	}
	u.mu.Unlock()
	return w
}
