package intake_test

import (
	"context"
	"errors"
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestStoppedInACommit: what was uploaded is committed although the commit that was
// on its way is given up.
func TestStoppedInACommit(t *testing.T) {
	const files = 60
	store := remotetest.NewMemory()
	faulty := remotetest.NewFaulty(store)
	d, src := newDevice(t, faulty), songs(t, files)
	d.importer.SetBatch(25)
	gate := faulty.Hold(remotetest.Put, ".lockerfs/log/")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-gate.Reached()
		cancel()
	}()
	first, err := d.importer.Run(ctx, []string{src}, intake.Options{}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the import was stopped and says %v", err)
	}
	faulty.AssertFired(t)
	up := d.objects(t)
	if got := len(d.tree(t)); got != up || first.Imported != int64(up) || up == 0 {
		t.Errorf("%d uploaded, %d in the locker, %d reported", up, got, first.Imported)
	}
	r := d.run(t, intake.Options{}, src)
	if r.Present != first.Imported || r.Present+r.Imported != files || d.objects(t) != files {
		t.Errorf("the second run: present %d, imported %d; %d objects of %d files", r.Present, r.Imported, d.objects(t), files)
	}
}

// dying is a committer whose process ends while the answer to a commit is awaited.
type dying struct {
	intake.Committer
	sent <-chan struct{}
}

func (c dying) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-c.sent
		cancel()
	}()
	return c.Committer.Commit(ctx, ops)
}

// TestUndecidedCommitComesFirst: what the run before committed, without living to
// know, is in its place and is not sent again.
func TestUndecidedCommitComesFirst(t *testing.T) {
	faulty := remotetest.NewFaulty(remotetest.NewMemory())
	d, src := newDevice(t, faulty), songs(t, 20)
	whole := d.importer.Commit
	d.importer.Commit = dying{whole, faulty.HoldAnswer(remotetest.Put, ".lockerfs/log/").Reached()}
	if r, err := d.importer.Run(t.Context(), []string{src}, intake.Options{}, nil); err == nil || r.Imported != 0 {
		t.Fatalf("the process ended, and yet: %+v, %v", r, err)
	}
	faulty.AssertFired(t)
	d.importer.Commit = whole
	if r := d.run(t, intake.Options{}, src); r.Present != 20 || d.objects(t) != 20 || len(d.tree(t)) != 20 {
		t.Errorf("the second run: %+v; %d objects, %d files", r, d.objects(t), len(d.tree(t)))
	}
}

// deciding is a committer that decides for itself what becomes of operations.
type deciding func(ops []catalog.Op) (pending.Committed, error)

func (c deciding) Commit(_ context.Context, ops []catalog.Op) (pending.Committed, error) {
	return c(ops)
}
func (c deciding) Recover(context.Context) error { return nil }
func (c deciding) Rest(context.Context)          {}

func TestCommitterFailsForGood(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 60)
	d.importer.SetBatch(25)
	away := errors.New("the disk of the journal is full")
	whole := d.importer.Commit
	d.importer.Commit = deciding(func([]catalog.Op) (pending.Committed, error) { return pending.Committed{}, away })
	r, err := d.importer.Run(t.Context(), []string{src}, intake.Options{}, nil)
	if !errors.Is(err, away) || r.Imported+r.Matched != 0 {
		t.Errorf("imported %d, error %v", r.Imported, err)
	}
	d.importer.Commit = whole
	if r := d.run(t, intake.Options{}, src); r.Imported != 60 || len(d.tree(t)) != 60 {
		t.Errorf("the second run: imported %d", r.Imported)
	}
}

// unrecovering is a committer whose undecided commit stays so.
type unrecovering struct{ intake.Committer }

var errUndecided = errors.New("undecided")

func (unrecovering) Recover(context.Context) error { return errUndecided }

func TestUndecidedCommitStopsAnImportButNoDryRun(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 1)
	d.importer.Commit = unrecovering{d.importer.Commit}
	if _, err := d.importer.Run(t.Context(), []string{src}, intake.Options{}, nil); !errors.Is(err, errUndecided) || d.objects(t) != 0 {
		t.Errorf("%v, %d objects", err, d.objects(t))
	}
	if r := d.run(t, intake.Options{DryRun: true}, src); r.Imported != 1 {
		t.Errorf("dry run: %+v", r)
	}
}

// TestDroppedOperationsAreFailures: they are not in the locker.
func TestDroppedOperationsAreFailures(t *testing.T) {
	d, src := newDevice(t, remotetest.NewMemory()), songs(t, 10)
	d.importer.Commit = deciding(func(ops []catalog.Op) (pending.Committed, error) {
		var done pending.Committed
		files := 0
		for _, op := range ops {
			if op.Entry.Kind != catalog.File {
				continue
			}
			if files++; files <= 3 {
				done.Conflicts = append(done.Conflicts, catalog.Conflict{ID: op.Entry.ID, Name: op.Entry.Name, What: "create is not possible", Dropped: true})
			} else if files == 4 {
				done.Conflicts = append(done.Conflicts, catalog.Conflict{ID: op.Entry.ID, Name: op.Entry.Name, What: "kept as another"})
			}
		}
		return done, nil
	})
	var last intake.Progress
	r, err := d.importer.Run(t.Context(), []string{src}, intake.Options{}, func(p intake.Progress) { last = p })
	if err != nil || r.Imported != 7 || len(r.Failed) != 3 || len(r.Renamed) != 1 || r.Failed[0].What != "create is not possible" {
		t.Errorf("report: %+v, %v", r, err)
	}
	if last.Done != 10 || last.Found != 10 || !last.Walked {
		t.Errorf("progress: %+v", last)
	}
}
