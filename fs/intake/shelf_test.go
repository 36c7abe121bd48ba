package intake

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/library"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// newLocker gives an index, and what commits to it.
func newLocker(t *testing.T) (*catalog.Index, *pending.Committer) {
	t.Helper()
	ctx, dir, logger, store := t.Context(), t.TempDir(), slog.New(slog.DiscardHandler), remotetest.NewMemory()
	if _, _, err := catalog.CreateFormat(ctx, store, ""); err != nil {
		t.Fatal(err)
	}
	index, err := catalog.OpenIndex(ctx, filepath.Join(dir, "index.db"), logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	f := catalog.NewFollower(catalog.NewLog(store, true), index, logger, nil)
	if err := f.Open(ctx); err != nil {
		t.Fatal(err)
	}
	dev, err := pending.OpenDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	return index, pending.NewCommitter(dir, dev, f.Log(), f, logger)
}

func newTestShelf(t *testing.T, index *catalog.Index) *shelf {
	t.Helper()
	sp, err := openSpool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sp.close() })
	return newShelf(t.Context(), index, sp)
}

func release(artist, album string, year int) *tag.Info {
	return &tag.Info{Artist: artist, Album: album, Year: year}
}

// TestShelfTellsReleases: those of the catalog's files and of what a run has placed, and
// of a file with other content only the latest.
func TestShelfTellsReleases(t *testing.T) {
	index, c := newLocker(t)
	file := func(name string, info *tag.Info) catalog.Op {
		return catalog.Op{Verb: catalog.Create, At: 1, Entry: &catalog.Entry{ID: catalog.NewID(), Parent: catalog.Root, Name: name, Kind: catalog.File, Mode: 0o644,
			Version: &catalog.Version{ID: catalog.NewID(), SHA256: catalog.Hash{1}, Object: catalog.Ref{Key: "Music/" + name, ETag: "e"}, Tags: info}}}
	}
	if _, err := c.Commit(t.Context(), []catalog.Op{file("1.flac", release("Weezer", "Weezer", 1994)), file("2.flac", release("Weezer", "Weezer", 1994)), file("cover.jpg", nil)}); err != nil {
		t.Fatal(err)
	}
	s := newTestShelf(t, index)
	check := func(want ...library.Release) {
		t.Helper()
		for _, how := range []string{"kept", "read again"} {
			got, err := s.Releases("")
			if err != nil {
				t.Fatal(err)
			}
			got = slices.Clone(got)
			slices.SortFunc(got, func(a, b library.Release) int { return a.Year - b.Year })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s:\n%s", how, diff)
			}
			s.forget("")
		}
	}
	first, second := library.ReleaseOf(release("Weezer", "Weezer", 1994)), library.ReleaseOf(release("Weezer", "Weezer", 2001))
	check(first)
	if err := s.place("3.flac", catalog.Hash{3}, release("Weezer", "Weezer", 2001), "", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.place("back.jpg", catalog.Hash{4}, nil, "", 0); err != nil {
		t.Fatal(err)
	}
	check(first, second)
	for _, name := range []string{"1.flac", "2.flac"} { // they get new versions, retagged
		if err := s.place(name, catalog.Hash{5}, release("Weezer", "Weezer", 2001), "", 0); err != nil {
			t.Fatal(err)
		}
	}
	check(second)
	if there, ours, err := s.has("1.flac", catalog.Hash{5}); !there || !ours || err != nil {
		t.Errorf("the retagged one: %t, %t, %v", there, ours, err)
	}
	if got, err := s.Releases("nowhere"); len(got) != 0 || err != nil {
		t.Errorf("a folder that is not there has %v, %v", got, err)
	}
}

// TestShelfIsBounded: it lets go of folders, and knows what was in them all the same.
func TestShelfIsBounded(t *testing.T) {
	index, _ := newLocker(t)
	s := newTestShelf(t, index)
	const folders, files = 400, 30
	for i := range folders {
		for j := range files {
			if err := s.place(fmt.Sprintf("Artist/Album %d/%02d.flac", i, j), catalog.Hash{byte(i), byte(j), 1}, nil, fmt.Sprint(i), 0); err != nil {
				t.Fatal(err)
			}
		}
		if s.held > shelfNames && len(s.folders) > shelfFolders {
			t.Fatalf("it holds %d names in %d folders", s.held, len(s.folders))
		}
	}
	held := 0
	for _, f := range s.folders {
		held += f.names
	}
	if held != s.held || s.recent.Len() != len(s.folders) {
		t.Errorf("%d names in %d folders; it believes %d in %d", held, len(s.folders), s.held, s.recent.Len())
	}
	for _, i := range []int{0, 1, folders / 2, folders - 1} {
		for j := range files {
			if there, ours, err := s.has(fmt.Sprintf("Artist/Album %d/%02d.flac", i, j), catalog.Hash{byte(i), byte(j), 1}); !there || !ours || err != nil {
				t.Fatalf("album %d, file %d: %t, %t, %v", i, j, there, ours, err)
			}
		}
	}
	if f, err := s.Folder("Artist"); err != nil {
		t.Fatal(err)
	} else if _, ok := f.Child(fmt.Sprintf("Album %d", folders-1)); !ok {
		t.Error("a folder is gone")
	}
}

// TestFlightEndsEmpty: what lands leaves nothing behind.
func TestFlightEndsEmpty(t *testing.T) {
	f := newFlight()
	h := catalog.Hash{1}
	c, leads := f.join(h)
	d, follows := f.join(h)
	if c != d || !leads || follows {
		t.Error("two files of one content do not share it")
	}
	f.updating(7, h)
	if got, ok := f.updated(7); !ok || got != h {
		t.Error("an update is not known")
	}
	f.landed(&placed{examined: examined{hash: h}, content: c})
	if !f.has(h) {
		t.Error("the second file's content is gone with the first")
	}
	f.landed(&placed{examined: examined{hash: h}, content: d, action: Update, entry: 7})
	if len(f.contents)+len(f.updates) != 0 {
		t.Errorf("%d contents and %d updates are left", len(f.contents), len(f.updates))
	}
}
