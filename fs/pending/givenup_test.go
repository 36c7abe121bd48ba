package pending_test

import (
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// condemns gives up all objects of ours that no entry refers to, and deletes them.
func (d *drive) condemns() (deleted []string) {
	d.t.Helper()
	page, err := d.store.List(d.t.Context(), "Music/", "", 0)
	d.must(err)
	for _, o := range page.Objects {
		if used, err := d.index.Refers(d.t.Context(), o.Key); err != nil || used {
			d.must(err)
			continue
		}
		deleted = append(deleted, o.Key)
	}
	_, err = d.committer.Commit(d.t.Context(), []catalog.Op{{Verb: catalog.Condemn, Keys: deleted}})
	d.must(err)
	for _, key := range deleted {
		d.must(d.store.Delete(d.t.Context(), key))
	}
	return deleted
}

// TestGivenUpIsSentAgain: a device that slept between upload and commit, in one process or
// in two, sends again what was given up meanwhile.
func TestGivenUpIsSentAgain(t *testing.T) {
	large := strings.Repeat("large", 4<<20) // its key is in the journal before it is sent
	for name, wake := range map[string]func(d *drive) *drive{
		"the same process": func(d *drive) *drive { return d },
		"another process":  (*drive).killed,
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			d, other := plug(t, t.TempDir(), "one", store), plug(t, t.TempDir(), "two", store)
			d.write("small", "small")
			d.write("large", large)
			for d.objects() < 2 { // commits fail, so it may come back before both are there
				d.uploaded()
			}
			if deleted := other.condemns(); len(deleted) != 2 {
				t.Fatalf("deleted %v", deleted)
			}
			d = wake(d)
			d.sync()
			other.follow()
			if got := other.tree(); len(got) != 2 || got[0] != "large="+large || got[1] != "small=small" {
				t.Fatalf("%d files: %.40q", len(got), got)
			}
			for _, path := range []string{"small", "large"} {
				key := d.at(path).Version.Object.Key
				if gone, err := d.index.GivenUp(t.Context(), catalog.Ref{Key: key}); err != nil || gone {
					t.Errorf("%s is in an object that was given up: %s, %v", path, key, err)
				}
			}
		})
	}
}

// TestTrashFades: what lies in the trash for longer than the locker remembers is gone, and
// said to be gone where it was to come back; nothing else is held up by it.
func TestTrashFades(t *testing.T) {
	store := remotetest.NewFaulty(newStore(t))
	d, other := plug(t, t.TempDir(), "one", store), plug(t, t.TempDir(), "two", store)
	for _, name := range []string{"x", "y"} {
		d.write(name, name)
	}
	d.sync()
	d.mkdir(".Trash-1000")
	d.rename("x", ".Trash-1000/x")
	d.rename("y", ".Trash-1000/y")
	d.sync()
	d.rename(".Trash-1000/x", "back") // and it sleeps before that is committed
	other.follow()
	_, err := other.committer.Commit(t.Context(), []catalog.Op{{Verb: catalog.Expire, Before: other.index.Applied()}})
	d.must(err)
	if deleted := other.condemns(); len(deleted) != 2 {
		t.Fatalf("deleted %v", deleted)
	}
	d.write("new", "new")
	d.sync()
	d.troubled("too long ago")
	d.unplug()
	d = plug(t, d.dir, "one", store) // the trash is looked at only now and then
	d.write("more", "more")
	d.sync()
	d.shows(".Trash-1000/", "more=more", "new=new")
	other.follow()
	other.shows("more=more", "new=new")
}

// objects counts what was uploaded.
func (d *drive) objects() int {
	d.t.Helper()
	page, err := d.store.List(d.t.Context(), "Music/", "", 0)
	d.must(err)
	return len(page.Objects)
}

// TestRebuiltForgetsWhatWasGivenUp: after the catalog was rebuilt nobody knows any more what
// was given up before; so what was uploaded before is looked for.
func TestRebuiltForgetsWhatWasGivenUp(t *testing.T) {
	store := newStore(t)
	d, other := plug(t, t.TempDir(), "one", store), plug(t, t.TempDir(), "two", store)
	d.write("first", "first")
	d.sync()
	d.write("small", "small")
	for d.objects() < 2 {
		d.uploaded()
	}
	behind := plug(t, t.TempDir(), "behind", store)
	other.follow()
	other.condemns()
	for _, prefix := range []string{".lockerfs/format.json", ".lockerfs/log/", ".lockerfs/checkpoint/"} {
		page, err := store.List(t.Context(), prefix, "", 0)
		d.must(err)
		for _, o := range page.Objects {
			d.must(store.Delete(t.Context(), o.Key))
		}
	}
	_, err := catalog.RebuildFromIndex(t.Context(), store, behind.index)
	d.must(err)
	d.sync()
	third := plug(t, t.TempDir(), "three", store)
	third.shows("first=first", "small=small")
}
