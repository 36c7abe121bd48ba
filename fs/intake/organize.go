package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
)

// Organizer files anew, by their tags, what is in a locker. No byte moves: it is all
// operations on names.
//
// It moves music, and what lies in an album's folder with it. What it leaves where it
// is: audio whose tags tell nothing, unless the rest of its folder goes; files that are
// no music in folders that are no album's; playlists in such folders, though they name
// files by their paths (the report names them). A folder that goes to a new place as a
// whole moves as a whole. Folders that this empties are removed.
type Organizer struct {
	Index  *catalog.Index
	Commit Committer // may be nil in a dry run
	Logger *slog.Logger
	// Only, if not nil, says which files may move; all others stay where they are.
	Only func(at string, e catalog.Entry) bool

	batch int // entries moved by a commit; 0 for moveBatch
}

// OrganizeOptions say how files are filed anew.
type OrganizeOptions struct {
	// DryRun changes nothing.
	DryRun bool `json:"dry_run"`
	// Layout says how files are filed: see library.ParseLayout; "" for the default.
	Layout string `json:"layout,omitempty"`
}

// Move is a file or folder that goes to another place in the locker.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Dir: it is a folder that moves with Files files. Those in it whose names change too
	// come after it, and From is where they were before all that.
	Dir   bool  `json:"dir,omitempty"`
	Files int64 `json:"files"`
}

// OrganizeProgress is how far an Organizer has come.
type OrganizeProgress struct {
	// Looked counts the files seen, Planned those that are to move: final once Done,
	// which counts those that have, is not zero.
	Looked  int64  `json:"looked"`
	Planned int64  `json:"planned"`
	Done    int64  `json:"done"`
	Current string `json:"current,omitempty"`
}

// OrganizeReport is what became of it. Its lists hold the first MaxNotes notes.
type OrganizeReport struct {
	// Looked counts the files seen.
	Looked int64 `json:"looked"`
	// Moved counts the files that have moved, or in a dry run would; those in folders
	// that move as a whole among them.
	Moved int64 `json:"moved"`
	// Folders counts the folders that moved as a whole.
	Folders int64 `json:"folders"`
	// Removed counts the folders that were emptied and removed; none in a dry run.
	Removed int64 `json:"removed"`
	// Untagged counts the audio files left where they are because their tags tell
	// nothing.
	Untagged int64 `json:"untagged"`
	// Renamed lists the new paths of files that could not have the name they would have
	// had, with why.
	Renamed      []Note `json:"renamed,omitempty"`
	RenamedCount int64  `json:"renamed_count"`
	// Playlists lists those that stay where they are and may name files that moved.
	Playlists      []Note `json:"playlists,omitempty"`
	PlaylistsCount int64  `json:"playlists_count"`
	// Failed lists the paths of what did not move because it, or the place it was to
	// have, was changed by someone else meanwhile.
	Failed      []Note `json:"failed,omitempty"`
	FailedCount int64  `json:"failed_count"`
	// Elapsed is how long it took, in nanoseconds.
	Elapsed time.Duration `json:"elapsed_ns"`
}

// ErrNotFolder: what was to be organized is a file.
var ErrNotFolder = errors.New("not a folder of the locker")

// ErrNothingToOrganize: the layout leaves all files as they are.
var ErrNothingToOrganize = errors.New("the layout keep leaves all files where they are")

// Run files anew what is in the folder dir of the locker and below it; "" is the whole
// locker. moved, if not nil, is told of every move from one goroutine: as it is
// planned in a dry run, else once it is committed. The error is for what ends it: the
// committer failing for good, ctx ending. What has moved stays, and another run goes
// on from there. progress, if not nil, is called a few times a second.
func (o *Organizer) Run(ctx context.Context, dir string, opts OrganizeOptions, moved func(Move), progress func(OrganizeProgress)) (OrganizeReport, error) {
	start := time.Now()
	if moved == nil {
		moved = func(Move) {}
	}
	r := organize{o: o, opts: opts, moved: moved, batch: cmp.Or(o.batch, moveBatch)}
	if err := r.open(ctx, dir); err != nil {
		return OrganizeReport{}, err
	}
	defer r.close()
	stop := show(progress, r.now)
	err := r.all(ctx)
	stop()
	report := r.result()
	report.Elapsed = time.Since(start)
	return report, err
}

// organize is one run of an Organizer.
type organize struct {
	o      *Organizer
	opts   OrganizeOptions
	layout *library.Layout
	moved  func(Move)
	top    catalog.ID
	dir    string // locker path of top
	spool  *spool
	shelf  *shelf
	moves  *moves
	batch  int

	virtual *virtual

	// movers are the files that will not stay, lifted those of them that are not seen
	// at present, placed those that have a new place in this pass, own the files that
	// are being planned.
	movers, lifted, placed, own map[catalog.ID]bool
	// free are the files that may move; nil for all.
	free map[catalog.ID]bool
	// late are those that could not have their names yet when they moved.
	late []step

	mu       sync.Mutex // guards what follows
	report   OrganizeReport
	lists    [organizeLists]noted
	progress OrganizeProgress
}

// The lists of an OrganizeReport.
const (
	organizeRenamed = iota
	organizePlaylists
	organizeFailed
	organizeLists
)

// open makes ready what may fail before anything is done.
func (r *organize) open(ctx context.Context, dir string) (err error) {
	if r.layout, err = parseLayout(r.opts.Layout); err != nil {
		return err
	}
	if r.layout.Keep() {
		return ErrNothingToOrganize
	}
	if !r.opts.DryRun {
		if err := r.o.Commit.Recover(ctx); err != nil {
			return fmt.Errorf("a commit was left undecided: %w", err)
		}
	}
	top, err := r.o.Index.Resolve(ctx, dir)
	if err != nil {
		return err
	}
	if top.Kind != catalog.Dir {
		return fmt.Errorf("%q: %w", dir, ErrNotFolder)
	}
	r.top = top.ID
	if r.dir, err = r.o.Index.Path(ctx, top.ID); err != nil {
		return err
	}
	if r.spool, err = openSpool(ctx); err != nil {
		return fmt.Errorf("opening a temporary file: %w", err)
	}
	if r.moves, err = newMoves(r.spool); err == nil {
		r.virtual, err = newVirtual(r.spool, r.o.Index)
	}
	if err != nil {
		return errors.Join(err, r.spool.close())
	}
	return nil
}

func (r *organize) close() {
	if err := r.spool.close(); err != nil {
		r.o.Logger.Debug("closing a temporary file", "error", err)
	}
}

// all plans, and then moves.
func (r *organize) all(ctx context.Context) error {
	if err := r.setFree(ctx); err != nil || r.free != nil && len(r.free) == 0 {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.collect(ctx); err != nil {
		return err
	}
	if err := r.chooseWhole(ctx); err != nil {
		return err
	}
	if r.opts.DryRun {
		return r.preview()
	}
	return r.carryOut(ctx)
}

// setFree finds out which files may move.
func (r *organize) setFree(ctx context.Context) error {
	if r.o.Only == nil {
		return nil
	}
	r.free = map[catalog.ID]bool{}
	return r.o.Index.Walk(ctx, r.top, func(at string, e catalog.Entry) error {
		if e.Kind == catalog.File && r.o.Only(at, e) {
			r.free[e.ID] = true
		}
		return nil
	})
}

func (r *organize) now() OrganizeProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

func (r *organize) result() OrganizeReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.report
	out.Looked = r.progress.Looked
	r.lists[organizeRenamed].put(&out.Renamed, &out.RenamedCount)
	r.lists[organizePlaylists].put(&out.Playlists, &out.PlaylistsCount)
	r.lists[organizeFailed].put(&out.Failed, &out.FailedCount)
	return out
}

func (r *organize) note(list int, path, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists[list].add(path, what)
}

// count changes progress and report.
func (r *organize) count(f func(*OrganizeProgress, *OrganizeReport)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.progress, &r.report)
}
