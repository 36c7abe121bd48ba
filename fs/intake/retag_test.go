package intake_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// taped is an imported album of two tracks and a cover, whose files can be tagged anew.
type taped struct {
	*device
	t   *testing.T
	src string
	// one and two are the entries of the tracks.
	one, two catalog.Entry
}

var sounds = map[string][]byte{"1.wav": bytes.Repeat([]byte("ab"), 900), "2.wav": bytes.Repeat([]byte("xy"), 1000)}

func newTaped(t *testing.T) *taped {
	t.Helper()
	a := &taped{device: newDevice(t, remotetest.NewMemory()), t: t, src: filepath.Join(t.TempDir(), "Post")}
	a.tag("1.wav", "Army of Me", "1")
	a.tag("2.wav", "Hyperballad", "2")
	write(t, a.src+"/cover.jpg", []byte("a small picture"))
	if r := a.run(t, intake.Options{}, a.src); r.Imported != 3 {
		t.Fatalf("report: %+v", r)
	}
	a.one, a.two = a.at("Björk/Post/01 Army of Me.wav"), a.at("Björk/Post/02 Hyperballad.wav")
	return a
}

func (a *taped) tag(name, title, number string) {
	a.t.Helper()
	waveOf(a.t, filepath.Join(a.src, name), sounds[name], "Björk", "Post", title, number)
}

func (a *taped) at(path string) catalog.Entry {
	a.t.Helper()
	e, err := a.index.Resolve(a.t.Context(), path)
	if err != nil {
		a.t.Fatal(err)
	}
	return e
}

// does commits an operation, as a user does with files of the locker.
func (a *taped) does(op catalog.Op) {
	a.t.Helper()
	done, err := a.importer.Commit.Commit(a.t.Context(), []catalog.Op{op})
	if err != nil || len(done.Conflicts) != 0 {
		a.t.Fatalf("%v, %+v", err, done.Conflicts)
	}
}

// imports runs an import, a dry one first that must say the same, and compares the
// report's counts: imported, updated, matched, present.
func (a *taped) imports(want ...int64) intake.Report {
	a.t.Helper()
	for _, dry := range []bool{true, false} {
		r := a.run(a.t, intake.Options{DryRun: dry}, a.src)
		if diff := cmp.Diff(want, []int64{r.Imported, r.Updated, r.Matched, r.Present}); diff != "" || r.FailedCount != 0 {
			a.t.Errorf("dry run %t: %s\nfailed: %v", dry, diff, r.Failed)
		}
		if !dry {
			return r
		}
	}
	panic("unreachable")
}

func (a *taped) has(want ...string) {
	a.t.Helper()
	if diff := cmp.Diff(want, paths(a.tree(a.t))); diff != "" {
		a.t.Error(diff)
	}
}

// holds checks that an entry holds what is in a source file now.
func (a *taped) holds(e catalog.Entry, name string) {
	a.t.Helper()
	now, err := a.index.Entry(a.t.Context(), e.ID)
	if err != nil {
		a.t.Fatal(err)
	}
	if got, want := now.Version.SHA256.String(), sum(a.t, filepath.Join(a.src, name)); got != want {
		a.t.Errorf("the entry of %s holds %s, the file is %s", name, got, want)
	}
}

var asImported = []string{"Björk/Post/01 Army of Me.wav", "Björk/Post/02 Hyperballad.wav", "Björk/Post/cover.jpg"}

// TestRetagIsAnUpdate: the file has a new version where it is, under the same inode
// number, and a rerun does nothing.
func TestRetagIsAnUpdate(t *testing.T) {
	a := newTaped(t)
	a.tag("1.wav", "Army of Me (remastered)", "1")
	write(t, a.src+"/cover.jpg", []byte("a large picture"))
	a.imports(0, 2, 0, 1)
	a.has(asImported...)
	a.holds(a.one, "1.wav")
	a.holds(a.at(asImported[2]), "cover.jpg")
	if v := a.at(asImported[0]).Version; v.Tags.Title != "Army of Me (remastered)" {
		t.Errorf("the version's title is %q", v.Tags.Title)
	}
	a.imports(0, 0, 0, 3)
	a.tag("1.wav", "Army of Me (once more)", "1")
	a.imports(0, 1, 0, 2)
	a.has(asImported...)
	a.holds(a.one, "1.wav")
}

// TestRetagFollowsTheEntry: wherever the user has put it in the locker.
func TestRetagFollowsTheEntry(t *testing.T) {
	a := newTaped(t)
	a.does(catalog.Op{Verb: catalog.Move, ID: a.one.ID, Parent: catalog.Root, Name: "my song.wav"})
	a.imports(0, 0, 0, 3) // unchanged, it is not filed a second time
	a.tag("1.wav", "New title", "1")
	a.imports(0, 1, 0, 2)
	a.has("Björk/Post/02 Hyperballad.wav", "Björk/Post/cover.jpg", "my song.wav")
	a.holds(a.one, "1.wav")
}

// TestRemovedEntryIsImportedAnew: whether the source has new tags or not.
func TestRemovedEntryIsImportedAnew(t *testing.T) {
	a := newTaped(t)
	a.does(catalog.Op{Verb: catalog.Remove, ID: a.one.ID})
	a.does(catalog.Op{Verb: catalog.Remove, ID: a.two.ID})
	a.tag("1.wav", "New title", "1")
	a.imports(2, 0, 0, 1)
	a.has("Björk/Post/01 New title.wav", "Björk/Post/02 Hyperballad.wav", "Björk/Post/cover.jpg")
	// And that one is known again.
	a.tag("1.wav", "Newer title", "1")
	a.imports(0, 1, 0, 2)
}

// TestChangedInTheLockerIsNotUpdated: the user's own version must live.
func TestChangedInTheLockerIsNotUpdated(t *testing.T) {
	a := newTaped(t)
	v, at := *a.two.Version, int64(7)
	v.ID = catalog.NewID()
	a.does(catalog.Op{Verb: catalog.Replace, ID: a.one.ID, Version: &v, MTime: &at})
	a.tag("1.wav", "Army of Me", "1 ")
	write(t, a.src+"/1.wav", append(read(t, a.src+"/1.wav"), "tail"...))
	a.imports(1, 0, 0, 2)
	a.has("Björk/Post/01 Army of Me (2).wav", "Björk/Post/01 Army of Me.wav", "Björk/Post/02 Hyperballad.wav", "Björk/Post/cover.jpg")
	if got := a.at(asImported[0]).Version.SHA256; got != a.two.Version.SHA256 {
		t.Error("what the user put there was replaced")
	}
}

// TestOtherMusicIsNoUpdate: at the path there is something else now, as where a
// recorder gives out its names again, or another disk is mounted.
func TestOtherMusicIsNoUpdate(t *testing.T) {
	a := newTaped(t)
	for name, other := range map[string]string{"1.wav": "cd", "2.wav": "st"} {
		// Of the same length, and even with the same tags.
		waveOf(t, filepath.Join(a.src, name), bytes.Repeat([]byte(other), len(sounds[name])/2), "Björk", "Post", "Army of Me", "1")
	}
	write(t, a.src+"/cover.jpg", []byte("another picture"))
	r := a.imports(3, 0, 0, 0)
	a.has("Björk/Post/01 Army of Me (2).wav", "Björk/Post/01 Army of Me (3).wav", "Björk/Post/01 Army of Me.wav",
		"Björk/Post/02 Hyperballad.wav", "Björk/Post/cover (2).jpg", "Björk/Post/cover.jpg")
	if r.RenamedCount != 3 {
		t.Errorf("renamed: %v", r.Renamed)
	}
}

// TestExchangedNamesAreNoUpdate: of files on the disk.
func TestExchangedNamesAreNoUpdate(t *testing.T) {
	a := newTaped(t)
	exchange(t, a.src+"/1.wav", a.src+"/2.wav")
	a.imports(0, 0, 0, 3)
	a.has(asImported...)
	for _, e := range []catalog.Entry{a.one, a.two} {
		if now := a.at("Björk/Post/" + e.Name); now.Version.SHA256 != e.Version.SHA256 {
			t.Errorf("%s has another content", e.Name)
		}
	}
}

// TestExchangedAndRetagged: the recordings are told apart, nothing takes another's place.
func TestExchangedAndRetagged(t *testing.T) {
	a := newTaped(t)
	waveOf(t, a.src+"/1.wav", sounds["2.wav"], "Björk", "Post", "Hyperballad", "1")
	waveOf(t, a.src+"/2.wav", sounds["1.wav"], "Björk", "Post", "Army of Me", "2")
	a.imports(2, 0, 0, 1)
	for path, e := range map[string]catalog.Entry{asImported[0]: a.one, asImported[1]: a.two} {
		if a.at(path).Version.SHA256 != e.Version.SHA256 {
			t.Errorf("%s has another content", path)
		}
	}
}

// TestTwoSourcesOfOneEntry: the one that made it may update it.
func TestTwoSourcesOfOneEntry(t *testing.T) {
	a := newTaped(t)
	copied := filepath.Join(t.TempDir(), "Copy of Post")
	for _, name := range []string{"1.wav", "2.wav"} {
		write(t, filepath.Join(copied, name), read(t, filepath.Join(a.src, name)))
	}
	if r := a.run(t, intake.Options{}, copied); r.Present != 2 {
		t.Errorf("the copy: %+v", r)
	}
	waveOf(t, copied+"/1.wav", sounds["1.wav"], "Björk", "Post", "Army of the Copy", "1")
	if r := a.run(t, intake.Options{}, copied); r.Updated != 0 || r.Imported != 1 || r.Present != 1 {
		t.Errorf("the copy with new tags: %+v", r)
	}
	if a.at(asImported[0]).Version.SHA256 != a.one.Version.SHA256 {
		t.Error("the copy replaced what it had not made")
	}
	a.imports(0, 0, 0, 3)
}

// TestMovedSource: a file that was moved on the disk is known by its content only, so
// with new tags it is not the entry's file for certain.
func TestMovedSource(t *testing.T) {
	a := newTaped(t)
	if err := os.Rename(a.src+"/1.wav", a.src+"/first.wav"); err != nil {
		t.Fatal(err)
	}
	a.imports(0, 0, 0, 3)
	waveOf(t, a.src+"/first.wav", sounds["1.wav"], "Björk", "Post", "First", "1")
	a.imports(1, 0, 0, 2)
	if a.at(asImported[0]).Version.SHA256 != a.one.Version.SHA256 {
		t.Error("the entry of another path was updated")
	}
}

// TestOnePathTwice in one import.
func TestOnePathTwice(t *testing.T) {
	a := newTaped(t)
	a.tag("1.wav", "New title", "1")
	r := a.run(t, intake.Options{}, a.src, a.src+"/1.wav", a.src)
	if r.Updated != 1 || r.Imported != 0 || r.Present != 6 {
		t.Errorf("report: %+v", r)
	}
	a.has(asImported...)
}

// TestMemoryLostMakesNoUpdate: without it nothing is certain.
func TestMemoryLostMakesNoUpdate(t *testing.T) {
	a := newTaped(t)
	if err := os.Remove(a.importer.Memory); err != nil {
		t.Fatal(err)
	}
	a.tag("1.wav", "New title", "1")
	a.imports(1, 0, 0, 2)
}

// changing is a committer before which another device changes an entry.
type changing struct {
	intake.Committer
	first func()
}

func (c *changing) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	if f := c.first; f != nil {
		c.first = nil
		f()
	}
	return c.Committer.Commit(ctx, ops)
}

// TestRemovedMeanwhileFails: between plan and commit; the next import takes it in.
func TestRemovedMeanwhileFails(t *testing.T) {
	a := newTaped(t)
	a.tag("1.wav", "New title", "1")
	whole := a.importer.Commit
	a.importer.Commit = &changing{whole, func() {
		if _, err := whole.Commit(t.Context(), []catalog.Op{{Verb: catalog.Remove, ID: a.one.ID}}); err != nil {
			t.Error(err)
		}
	}}
	if r := a.run(t, intake.Options{}, a.src); r.FailedCount != 1 || r.Updated != 0 {
		t.Errorf("report: %+v", r)
	}
	a.importer.Commit = whole
	a.imports(1, 0, 0, 2)
}

// TestUpdateWhoseAnswerIsLost: the import is stopped while it waits for the answer to
// a commit, and commits the same again: it is done, and counts once.
func TestUpdateWhoseAnswerIsLost(t *testing.T) {
	a := newTaped(t)
	a.tag("1.wav", "New title", "1")
	a.tag("2.wav", "Newer title", "2")
	ctx, cancel := context.WithCancel(t.Context())
	whole := a.importer.Commit
	a.importer.Commit = &losing{whole, cancel}
	a.importer.SetBatch(1)
	r, err := a.importer.Run(ctx, []string{a.src}, intake.Options{}, nil)
	if err != nil && !errors.Is(err, context.Canceled) || r.Updated == 0 || r.FailedCount != 0 {
		t.Errorf("%v, %+v", err, r)
	}
	a.importer.Commit = whole
	a.imports(0, 2-r.Updated, 0, 1+r.Updated)
	a.has(asImported...)
	a.holds(a.one, "1.wav")
	a.holds(a.two, "2.wav")
}

// losing is a committer that loses the answer to the first commit, with the import
// stopped just then.
type losing struct {
	intake.Committer
	stop context.CancelFunc
}

func (c *losing) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	done, err := c.Committer.Commit(ctx, ops)
	if c.stop != nil && err == nil {
		c.stop()
		c.stop, err = nil, context.Canceled
	}
	return done, err
}

// TestKilledBeforeItKnew: what was committed by a process that did not live to see it
// is known as imported from its path all the same.
func TestKilledBeforeItKnew(t *testing.T) {
	store := remotetest.NewFaulty(remotetest.NewMemory())
	d := newDevice(t, store)
	a := &taped{device: d, t: t, src: filepath.Join(t.TempDir(), "Post")}
	a.tag("1.wav", "Army of Me", "1")
	whole := d.importer.Commit
	d.importer.Commit = dying{whole, store.HoldAnswer(remotetest.Put, ".lockerfs/log/").Reached()}
	if _, err := d.importer.Run(t.Context(), []string{a.src}, intake.Options{}, nil); err == nil {
		t.Fatal("the process ended, and says nothing")
	}
	d.importer.Commit = whole
	a.tag("1.wav", "New title", "1")
	r := a.run(t, intake.Options{}, a.src)
	if r.Updated != 1 || r.Imported != 0 {
		t.Errorf("report: %+v", r)
	}
	a.has("Björk/Post/01 Army of Me.wav")
}
