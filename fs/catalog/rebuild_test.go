package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// lose removes all of .lockerfs/ from the store.
func lose(t *testing.T, store remote.Store) {
	t.Helper()
	for {
		page, err := store.List(t.Context(), ".lockerfs/", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Objects) == 0 {
			return
		}
		for _, o := range page.Objects {
			if err := store.Delete(t.Context(), o.Key); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRebuildFromIndex(t *testing.T) {
	store, _ := begin(t)
	a, other := opened(t, store), opened(t, store)
	push(t, a, base()...)
	push(t, a, Op{Verb: Remove, At: 5, ID: tid(3)})
	if err := other.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := dump(t, a.Index())
	if _, err := RebuildFromIndex(t.Context(), store, a.Index()); !errors.Is(err, ErrNotLost) {
		t.Errorf("rebuilding what is not lost: %v", err)
	}
	lose(t, store)
	if err := follower(t, store).Open(t.Context()); !errors.Is(err, ErrNoLocker) {
		t.Errorf("a lost catalog: %v", err)
	}
	n, err := RebuildFromIndex(t.Context(), store, a.Index())
	if err != nil || n != 2 {
		t.Fatalf("rebuilt from commit %d, %v", n, err)
	}
	for name, f := range map[string]*Follower{"itself": a, "another": other, "new": follower(t, store)} {
		if err := f.Open(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, dump(t, f.Index())); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if e, err := f.Index().Entry(t.Context(), tid(2)); err != nil || e.Name != "x" {
			t.Errorf("%s: ids have not come back: %+v, %v", name, e, err)
		}
		if v, err := f.Index().Version(t.Context(), tid(3)+1000); err != nil || v.Tags.Title != "y" {
			t.Errorf("%s: the past has not come back: %v", name, err)
		}
	}
	push(t, other, dirOp(tid(60), Root, "After"))
	if err := a.Poll(t.Context()); err != nil || len(dump(t, a.Index())) != len(want)+1 {
		t.Errorf("following after a rebuild: %v", err)
	}
}

// TestRebuiltWhileFollowing: a device that follows the log notices that another has
// rebuilt it, without being started anew.
func TestRebuiltWhileFollowing(t *testing.T) {
	store, _ := begin(t)
	a, b := opened(t, store), follower(t, store)
	push(t, a, base()...)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		b.Run(ctx, time.Millisecond, func(error) {})
	}()
	defer func() {
		cancel()
		<-gone
	}()
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("waited in vain for " + what)
			}
		}
	}
	await("the first tree", func() bool { return b.Index().Synced() && b.Index().Applied() == 1 })
	lose(t, store)
	if _, err := RebuildFromIndex(t.Context(), store, a.Index()); err != nil {
		t.Fatal(err)
	}
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	push(t, a, dirOp(tid(60), Root, "After"))
	_, epoch, err := a.Index().Bound(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	await("the new epoch", func() bool {
		_, got, err := b.Index().Bound(t.Context())
		return err == nil && got == epoch && b.Index().Synced() && b.Index().Applied() == a.Index().Applied()
	})
	if diff := cmp.Diff(dump(t, a.Index()), dump(t, b.Index())); diff != "" {
		t.Error(diff)
	}
}

// TestRebuildKilled: until the very end of a rebuild there is no locker, and it can
// be run again.
func TestRebuildKilled(t *testing.T) {
	store, _ := begin(t)
	a := opened(t, store)
	push(t, a, base()...)
	want := dump(t, a.Index())
	lose(t, store)
	for puts := 0; ; puts++ {
		faulty := remotetest.NewFaulty(store)
		for range puts { // that many go through
			faulty.Lose(remotetest.Put, "", nil)
		}
		faulty.Fail(remotetest.Put, "", remote.ErrOffline)
		_, err := RebuildFromIndex(t.Context(), faulty, a.Index())
		if err == nil {
			break
		}
		if err := follower(t, store).Open(t.Context()); !errors.Is(err, ErrNoLocker) {
			t.Fatalf("killed after %d writes: %v", puts, err)
		}
	}
	if diff := cmp.Diff(want, dump(t, opened(t, store).Index())); diff != "" {
		t.Error(diff)
	}
}

func TestRebuildFromObjects(t *testing.T) {
	store := remotetest.NewMemory()
	now := time.Unix(1000, 0)
	store.SetClock(func() time.Time { return now })
	put := func(key, path, content string) {
		t.Helper()
		now = now.Add(time.Second)
		meta := ObjectMetadata(path, 42, sha256.Sum256([]byte(content)))
		if _, err := store.Put(t.Context(), key, section([]byte(content)), remote.PutOptions{Metadata: meta}); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("long/", 150) + "name.flac"
	put("Music/A/x.000000000001.txt", "A/B/x.txt", "old")
	put("Music/A/x.000000000002.txt", "A/B/x.txt", "new")
	put("Music/A/cover.000000000003.jpg", "A/B/cover.jpg", "picture")
	put("Music/"+strings.Replace(long, ".flac", ".000000000004.txt", 1), long, "deep")
	put("Music/A/evil.000000000005.txt", "../../etc/passwd", "evil")
	put("Music/A/file.000000000006.txt", "A/F", "file")
	put("Music/A/under.000000000007.txt", "A/F/under", "clash")
	overwrite(t, store, "podcasts/one.mp3", "foreign")
	overwrite(t, store, "podcasts/two.000000000008.mp3", "foreign, though it looks like ours")
	found, err := RebuildFromObjects(t.Context(), store, t.TempDir(), discard(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Found{Files: 4, Older: 1, Foreign: 4}); found != want {
		t.Errorf("got %+v, want %+v", found, want)
	}
	f := opened(t, store)
	for path, content := range map[string]string{"A/B/x.txt": "new", "A/B/cover.jpg": "picture", "A/F": "file",
		strings.Replace(long, ".flac", ".txt", 1): "deep"} {
		e, err := f.Index().Resolve(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if e.Version.SHA256 != sha256.Sum256([]byte(content)) || e.MTime != 42 || e.Version.Object.Foreign {
			t.Errorf("%s: %+v", path, e.Version)
		}
	}
}
