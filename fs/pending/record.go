package pending

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockerfs/lockerfs/cache/staging"
	"github.com/lockerfs/lockerfs/fs/catalog"
)

// record is one step of the overlay as the journal keeps it: what several entries became
// in one moment. Replayed in order, the last word about an entry counts.
type record struct {
	// Put are changes in their new state.
	Put []*change `json:"put,omitempty"`
	// Drop are entries that are as committed, or nowhere.
	Drop []catalog.ID `json:"drop,omitempty"`
	// Touched are folders with the time their list was changed, Untouched those whose time
	// is no longer of our doing.
	Touched   map[catalog.ID]int64 `json:"touched,omitempty"`
	Untouched []catalog.ID         `json:"untouched,omitempty"`
	// Own are the extended attributes of this machine that an entry has now.
	Own map[catalog.ID]map[string][]byte `json:"own,omitempty"`
	// Free are staged files that nothing needs any more.
	Free []string `json:"free,omitempty"`
	// Conflict is one that a person should know of.
	Conflicts []Trouble `json:"conflicts,omitempty"`
}

// say adds what is to be said of an entry: its change, or that it is as committed.
func (r *record) say(c *change, differs bool) {
	if differs {
		r.Put = append(r.Put, c)
	} else {
		r.Drop = append(r.Drop, c.ID)
	}
}

func (r record) encode() ([]byte, error) {
	if len(r.Touched) == 0 {
		r.Touched = nil
	}
	var put []*change
	for i, c := range r.Put {
		if c.Content != nil && !c.Content.durable {
			if put == nil {
				put = slices.Clone(r.Put)
			}
			put[i] = c.unwritten()
		}
	}
	if put != nil {
		r.Put = put
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("recording a change: %w", err)
	}
	return b, nil
}

// recover replays the journal and takes up the staged files. What does not fit together
// is put aside and named, never deleted.
func (x *Overlay) recover() (err error) {
	if x.staging, err = openStaging(x.dir, x.log); err != nil {
		return err
	}
	free := map[string]bool{}
	x.journal, x.damaged, err = openJournal(x.dir, x.log, func(body []byte) error {
		var r record
		if err := json.Unmarshal(body, &r); err != nil {
			return errors.Join(errUnknownRecord, err)
		}
		for _, name := range r.Free {
			free[name] = true
		}
		x.replay(r)
		return nil
	})
	if err != nil {
		return errors.Join(err, x.staging.Close())
	}
	crash("recover.replayed")
	if err := errors.Join(x.takeUp(free), x.recall()); err != nil {
		return errors.Join(err, x.Close())
	}
	crash("recover.swept")
	return x.tidyJournal()
}

func (x *Overlay) replay(r record) {
	for _, c := range r.Put {
		if c.Content != nil {
			c.Content.live = &live{durable: true}
		}
	}
	x.lay(r)
	for _, t := range r.Conflicts {
		if time.Since(time.Unix(0, t.At)) < conflictAge {
			x.conflicts = append(x.conflicts, t)
		}
	}
	x.conflicts = x.conflicts[max(0, len(x.conflicts)-maxConflicts):]
}

// Conflicts are told of for so long, and so many of them.
const (
	conflictAge  = 30 * 24 * time.Hour
	maxConflicts = 1000
)

// takeUp opens the staged files that changes name. One that is damaged keeps its change
// from being shown; both go into quarantine.
func (x *Overlay) takeUp(free map[string]bool) error {
	named := map[string]bool{}
	for id, c := range x.changes {
		if c.Content == nil {
			continue
		}
		named[c.Content.Record.File] = true
		if err := x.reopen(c); err != nil {
			x.log.Error("a written file cannot be read again; it was put aside", "name", c.Name, "error", err)
			x.damaged = append(x.damaged, x.setAside(c))
			x.takeOut(id)
		}
	}
	crash("recover.reopened")
	names, err := x.staging.Sweep(func(name string) bool { return named[name] })
	for _, name := range names {
		if free[name] {
			err = errors.Join(err, x.staging.Remove(name))
			continue
		}
		// Written, but never closed or synced before a crash.
		x.damaged = append(x.damaged, quarantined{path: name})
		err = errors.Join(err, x.staging.Quarantine(name, quarantineFolder(x.dir)))
	}
	return err
}

func quarantineFolder(dir string) string { return filepath.Join(dir, "quarantine") }

func openStaging(dir string, log *slog.Logger) (*staging.Store, error) {
	return staging.Open(staging.Options{Dir: filepath.Join(dir, "staging"), Floor: staging.Auto, Log: log})
}

func (x *Overlay) reopen(c *change) (err error) {
	l := c.Content.live
	if l.draft, err = x.staging.Reopen(c.Content.Record, x.under(c.Content)); err != nil {
		return err
	}
	l.mtime.Store(c.MTime)
	l.written.Store(c.At)
	l.recorded.Store(c.Content.Record.Gen)
	// Whether the bytes are those of Sent is found out anew: they may have been written over,
	// and that was in no record yet.
	l.frozen = c.Content.Sent != nil && Undecided(x.dir)
	return nil
}

func (x *Overlay) setAside(c *change) quarantined {
	name := c.Content.Record.File
	if err := x.staging.Quarantine(name, quarantineFolder(x.dir)); err != nil {
		x.log.Error("a damaged file could not be put aside", "file", name, "error", err)
	}
	return quarantined{path: name}
}

// The journal is written anew, without what is over, when it is larger than so many bytes
// and than so many times what it was then.
const (
	compactAbove = 4 << 20
	compactTimes = 4
)

// tidyJournal writes the journal anew when most of it is over.
func (x *Overlay) tidyJournal() error {
	if x.journal.size() < max(compactAbove, compactTimes*x.compacted.Load()) {
		return nil
	}
	x.turn.Lock()
	mark := x.journal.mark()
	bodies, err := x.snapshot()
	x.turn.Unlock()
	if err != nil {
		return err
	}
	err = x.journal.compactFrom(mark, func(yield func(body []byte) error) error {
		for _, b := range bodies {
			if err := yield(b); err != nil {
				return err
			}
		}
		return nil
	})
	x.compacted.Store(x.journal.size())
	return err
}

// snapshot gives records that say all that the journal does. turn is held.
func (x *Overlay) snapshot() (bodies [][]byte, err error) {
	x.mu.RLock()
	r := record{Touched: maps.Clone(x.touched), Own: maps.Clone(x.own), Conflicts: x.conflicts}
	for _, c := range x.leaving {
		r.Free = append(r.Free, c.files()...)
	}
	for _, c := range x.nodes {
		if c.Content != nil && c.Content.dead {
			r.Free = append(r.Free, c.Content.files()...)
		}
	}
	all := slices.Collect(maps.Values(x.changes))
	x.mu.RUnlock()
	b, err := r.encode()
	bodies = append(bodies, b)
	for some := range slices.Chunk(all, 100) {
		b, e := record{Put: some}.encode()
		bodies, err = append(bodies, b), errors.Join(err, e)
	}
	return bodies, err
}
