package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// history is the answer of `lockerfs history`. The JSON names are a promise.
type history struct {
	Path string `json:"path"`
	// Past begins with what stands there; then the newest comes first.
	Past []formerly `json:"past"`
	// More: there is more than was asked for.
	More bool `json:"more,omitempty"`
	// Waiting is how many changes of this device are not committed yet: no history knows
	// of them.
	Waiting int `json:"waiting,omitempty"`
}

// formerly is what stands or stood at a path.
type formerly struct {
	Path string       `json:"path"`
	Kind catalog.Kind `json:"kind"`
	// Fate is present, replaced or removed.
	Fate catalog.Fate `json:"fate"`
	// Time, Commit and Device, if it is known, say when it was taken away and by whom;
	// Restore is what lockerfs restore takes to bring it back.
	Time    *time.Time `json:"time,omitempty"`
	Commit  int64      `json:"commit,omitempty"`
	Device  string     `json:"device,omitempty"`
	Restore string     `json:"restore,omitempty"`
	Size    int64      `json:"size"`
	MTime   time.Time  `json:"mtime"`
	// SHA256 is in hex, empty while unknown.
	SHA256  string     `json:"sha256,omitempty"`
	ID      catalog.ID `json:"id"`
	Version catalog.ID `json:"version,omitzero"`
	// Now is where the file is now, if it was moved away since.
	Now string `json:"now,omitempty"`
}

// restored is the answer of `lockerfs restore`. The JSON names are a promise.
type restored struct {
	Path string `json:"path"`
	// Commit of the log, the last that was needed; 0 when nothing was changed.
	Commit int64      `json:"commit,omitempty"`
	Back   []cameBack `json:"back"`
	Files  int64      `json:"files"`
	Bytes  int64      `json:"bytes"`
	// Folders counts those that were made.
	Folders int64 `json:"folders"`
	// Earlier counts files that were removed from the folder before it was removed itself,
	// and stay away.
	Earlier int `json:"earlier,omitempty"`
	// Waiting is how many changes of this device could not be committed before.
	Waiting int           `json:"waiting,omitempty"`
	Failed  []intake.Note `json:"failed,omitempty"`
}

// cameBack is one file or folder that came back.
type cameBack struct {
	Path string `json:"path"`
	// Wanted is its old path, if that is taken.
	Wanted string       `json:"wanted,omitempty"`
	Kind   catalog.Kind `json:"kind"`
	Size   int64        `json:"size"`
	// Replaces: the file that stands there has its former content again.
	Replaces bool `json:"replaces,omitempty"`
}

// History is locker's.
func (e *engine) History(ctx context.Context, at string, limit int) (history, error) {
	if err := e.fresh(ctx, false); err != nil {
		return history{}, err
	}
	list, more, err := e.index.History(ctx, clean(at), limit)
	if errors.Is(err, catalog.ErrNotFound) {
		err = e.unknown(ctx, "stands or stood at", clean(at), err)
	}
	if err != nil {
		return history{}, err
	}
	h := history{Path: clean(at), Past: make([]formerly, len(list)), More: more, Waiting: e.uncommitted(ctx)}
	for i, s := range list {
		h.Past[i] = formerlyOf(s)
	}
	e.nameDevices(ctx, h.Past)
	return h, nil
}

func formerlyOf(s catalog.Stood) formerly {
	f := formerly{Path: s.Path, Kind: s.Kind, Fate: s.Fate, Commit: s.N, Size: s.Size, MTime: time.Unix(0, s.MTime),
		SHA256: s.SHA256.String(), ID: s.ID, Version: s.Version, Now: s.Now}
	if s.Fate != catalog.Present {
		at := time.Unix(0, s.At)
		f.Time = &at
		f.Restore = fmt.Sprintf("%s@%d", s.Path, s.Last)
	}
	return f
}

// uncommitted counts the changes of this device that the catalog does not have yet.
func (e *engine) uncommitted(ctx context.Context) int {
	if e.overlay == nil {
		return 0
	}
	return e.uploads.Waiting(ctx).Changes
}

// Devices are named for so many commits of a history, in so long: each is a request.
const (
	mostDevices = 20
	deviceTime  = 2 * time.Second
)

// nameDevices says who took things away, as far as the log in the store tells now.
func (e *engine) nameDevices(ctx context.Context, list []formerly) {
	ctx, cancel := context.WithTimeout(ctx, deviceTime)
	defer cancel()
	_, epoch, err := e.index.Bound(ctx)
	if how, _, _ := e.link.now(); err != nil || how == linkOffline {
		return
	}
	names := map[int64]string{}
	for i := range list {
		n := list[i].Commit
		name, known := names[n]
		if !known && n > 0 && len(names) < mostDevices {
			body, err := e.follower.Log().Read(ctx, n)
			if err != nil {
				return
			}
			// One that cannot be read, or is of a log before a rebuild, names nobody.
			if c, err := catalog.DecodeCommit(n, epoch, body); err == nil {
				name = c.DeviceName
			}
			names[n] = name
		}
		list[i].Device = name
	}
}

// restoreFirst is how long restore waits for what was changed here to be committed,
// because the catalog alone knows what was removed.
const restoreFirst = 30 * time.Second

// Restore is locker's.
func (e *engine) Restore(ctx context.Context, at string, commit int64, dry bool) (restored, error) {
	done, err := e.alone()
	if err != nil {
		return restored{}, err
	}
	defer done()
	if err := e.fresh(ctx, !dry); err != nil {
		return restored{}, err
	}
	if e.uncommitted(ctx) > 0 {
		short, cancel := context.WithTimeout(ctx, restoreFirst)
		defer cancel()
		_ = e.Sync(short, false) // what is left is said
	}
	if last := e.index.Applied(); commit > last {
		return restored{}, &fault{code: exitUsage, cause: fmt.Sprintf("there is no commit %d; the last is %d", commit, last), next: "lockerfs history PATH"}
	}
	r, err := e.index.Restore(ctx, clean(at), commit, time.Now().UnixNano())
	if err != nil {
		return restored{}, e.unrestored(ctx, clean(at), commit, err)
	}
	answer := restoredOf(clean(at), r)
	answer.Waiting = e.uncommitted(ctx)
	if dry || len(r.Ops) == 0 {
		return answer, nil
	}
	w, err := e.writer(ctx)
	if err != nil {
		return restored{}, err
	}
	committed, err := w.Commit(ctx, r.Ops)
	answer.Commit = committed.N
	answer.fail(committed.Conflicts)
	return answer, err
}

func restoredOf(path string, r catalog.Restoration) restored {
	answer := restored{Path: path, Back: make([]cameBack, len(r.Back)), Earlier: r.Earlier}
	for i, b := range r.Back {
		answer.Back[i] = cameBack(b)
		if b.Kind == catalog.Dir {
			answer.Folders++
		} else {
			answer.Files, answer.Bytes = answer.Files+1, answer.Bytes+b.Size
		}
	}
	answer.fail(r.Conflicts)
	return answer
}

func (r *restored) fail(conflicts []catalog.Conflict) {
	for _, c := range conflicts {
		r.Failed = append(r.Failed, intake.Note{File: c.Name, What: c.What})
	}
}

// unknown says that the past has no such thing.
func (e *engine) unknown(ctx context.Context, what, at string, err error) error {
	next := "lockerfs history with the folder it was in; lockerfs search finds what was moved"
	if e.uncommitted(ctx) > 0 {
		next = "lockerfs sync, if it was changed on this device just now"
	}
	return &fault{code: exitNotFound, cause: fmt.Sprintf("nothing is known that %s %q", what, printable("/"+at)), next: next, err: err}
}

// unrestored says why what stood at a path cannot be brought back.
func (e *engine) unrestored(ctx context.Context, at string, commit int64, err error) error {
	switch {
	case errors.Is(err, catalog.ErrNotFound) && commit == catalog.AtRemoval:
		return e.unknown(ctx, "was removed from", at, err)
	case errors.Is(err, catalog.ErrNotFound):
		return e.unknown(ctx, fmt.Sprintf("stood after commit %d at", commit), at, err)
	case errors.Is(err, catalog.ErrStands):
		return &fault{code: exitUsage, cause: fmt.Sprintf("%q is there, so it must be said which of its past is to come back", printable("/"+at)), next: "lockerfs history PATH, then lockerfs restore PATH@COMMIT", err: err}
	case errors.Is(err, catalog.ErrMany):
		return &fault{code: exitUsage, cause: fmt.Sprintf("%q is too much to be brought back at once", printable("/"+at)), next: "restore the folders in it one by one; lockerfs history names them", err: err}
	}
	return err
}
