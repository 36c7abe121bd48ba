package intake_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// keys gives the keys of our objects.
func (d *device) keys(t *testing.T) (keys []string) {
	t.Helper()
	for after := ""; ; {
		page, err := d.store.List(t.Context(), "Music/", after, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			keys = append(keys, o.Key)
		}
		if after = page.Next; after == "" {
			return keys
		}
	}
}

// fresh gives bytes that no other file has.
func fresh(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func copyOf(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, b)
}

// TestImportMends: a locker that lost objects gets them back by an import of the same
// files, from the same folder or another; entries, names and everything else stay.
func TestImportMends(t *testing.T) {
	faulty := remotetest.NewFaulty(remotetest.NewMemory())
	d := newDevice(t, faulty)
	src := filepath.Join(t.TempDir(), "in")
	for i := range 6 {
		write(t, fmt.Sprintf("%s/%02d.mp3", src, i), fresh(2000+i))
	}
	if r := d.run(t, intake.Options{}, src); r.Imported != 6 {
		t.Fatalf("%+v", r)
	}
	want := d.tree(t)
	before, err := d.index.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range d.keys(t)[:2] {
		if err := d.store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	puts := faulty.Count(remotetest.Put)
	if r := d.run(t, intake.Options{}, src); r.Updated != 2 || r.Present != 4 {
		t.Errorf("%+v", r)
	}
	if n := faulty.Count(remotetest.Put) - puts; n < 3 || n > 4 { // two objects, a commit, a checkpoint
		t.Errorf("%d objects were put", n)
	}
	after, err := d.index.Totals(t.Context())
	if err != nil || after.Files != before.Files || after.Folders != before.Folders || after.Bytes != before.Bytes {
		t.Errorf("%+v, was %+v (%v)", after, before, err)
	}
	if got := d.tree(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	// A match whose object was lost is no match.
	keys := d.keys(t)
	if err := d.store.Delete(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	copies := filepath.Join(t.TempDir(), "copies")
	for i := range 6 {
		copyOf(t, fmt.Sprintf("%s/%02d.mp3", src, i), fmt.Sprintf("%s/other %02d.mp3", copies, i))
	}
	r := d.run(t, intake.Options{Layout: "keep"}, copies)
	if r.Imported != 1 || r.Matched != 5 {
		t.Errorf("%+v", r)
	}
}

// TestImportLooksByListing: many files cost a listing, not a request each.
func TestImportLooksByListing(t *testing.T) {
	faulty := remotetest.NewFaulty(remotetest.NewMemory())
	d := newDevice(t, faulty)
	src := filepath.Join(t.TempDir(), "in")
	for i := range 700 {
		write(t, fmt.Sprintf("%s/%04d.mp3", src, i), []byte(fmt.Sprint("track", i)))
	}
	if r := d.run(t, intake.Options{}, src); r.Imported != 700 {
		t.Fatalf("%+v", r)
	}
	keys := d.keys(t)
	if err := d.store.Delete(t.Context(), keys[len(keys)-1]); err != nil {
		t.Fatal(err)
	}
	heads, lists := faulty.Count(remotetest.Head), faulty.Count(remotetest.List)
	if r := d.run(t, intake.Options{}, src); r.Updated != 1 || r.Present != 699 {
		t.Errorf("%+v", r)
	}
	heads, lists = faulty.Count(remotetest.Head)-heads, faulty.Count(remotetest.List)-lists
	if heads > 310 || lists > 5 {
		t.Errorf("%d files were looked for, %d listings", heads, lists)
	}
	d.tree(t)
}

// condemning gives up, before the first commit, what was uploaded for it.
type condemning struct {
	*pending.Committer
	t    *testing.T
	d    *device
	done bool
}

func (c *condemning) Commit(ctx context.Context, ops []catalog.Op) (pending.Committed, error) {
	if !c.done {
		c.done = true
		if _, err := c.Committer.Commit(ctx, []catalog.Op{{Verb: catalog.Condemn, Keys: c.d.keys(c.t)}}); err != nil {
			c.t.Error(err)
		}
		for _, key := range c.d.keys(c.t) {
			if err := c.d.store.Delete(ctx, key); err != nil {
				c.t.Error(err)
			}
		}
	}
	return c.Committer.Commit(ctx, ops)
}

// TestImportSendsAgainWhatWasGivenUp: an import that slept between its uploads and their
// commit loses nothing.
func TestImportSendsAgainWhatWasGivenUp(t *testing.T) {
	d := newDevice(t, remotetest.NewMemory())
	d.importer.Commit = &condemning{Committer: d.importer.Commit.(*pending.Committer), t: t, d: d}
	src := filepath.Join(t.TempDir(), "in")
	for i := range 6 {
		write(t, fmt.Sprintf("%s/%02d.mp3", src, i), fresh(2000+i))
	}
	copyOf(t, src+"/00.mp3", src+"/copy.mp3") // shares its object
	if r := d.run(t, intake.Options{Layout: "keep"}, src); r.Imported+r.Matched != 7 || len(r.Failed) > 0 {
		t.Errorf("%+v", r)
	}
	if got := d.tree(t); len(got) != 7 {
		t.Errorf("in the locker: %v", got)
	}
}
