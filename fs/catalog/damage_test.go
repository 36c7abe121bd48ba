package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// TestCancelledApply: whatever moment ctx ends at, memory and file agree on the last
// commit.
func TestCancelledApply(t *testing.T) {
	x := newIndex(t)
	for i := range 400 {
		n := x.Applied() + 1
		c := Commit{Header: Header{N: n, ID: NewCommitID(), Epoch: testEpoch}, Ops: []Op{dirOp(NewID(), Root, fmt.Sprint(i))}}
		body, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Microsecond)
		x.Apply(ctx, n, body) // may or may not come through
		cancel()
		if file, err := x.meta(t.Context(), "applied"); err != nil || file != fmt.Sprint(x.Applied()) {
			t.Fatalf("try %d: the file says %s, memory %d, %v", i, file, x.Applied(), err)
		}
	}
}

// TestNoCommitAtAll: an object in a commit's place that can be none counts as empty,
// and what follows applies.
func TestNoCommitAtAll(t *testing.T) {
	for name, body := range map[string][]byte{"huge": make([]byte, MaxCommitBody+1), "empty": nil, "html": []byte("<html>")} {
		t.Run(name, func(t *testing.T) {
			store, format := begin(t)
			overwrite(t, store, logKey(1), string(body))
			c := Commit{Header: Header{N: 2, ID: "x", Epoch: format.Epoch}, Ops: base()}
			second, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, store, logKey(2), string(second))
			f := opened(t, store)
			if got := dump(t, f.Index()); len(got) != 5 || f.Index().Applied() != 2 {
				t.Errorf("applied %d, tree %v", f.Index().Applied(), got)
			}
			if _, bad, err := f.Index().Invalid(t.Context(), 1); err != nil || !bad {
				t.Errorf("commit 1 is not known as empty: %v", err)
			}
		})
	}
}

// TestStoreSetBack: a store as of yesterday, or with another history, is not built on.
func TestStoreSetBack(t *testing.T) {
	store, _ := begin(t)
	f := opened(t, store)
	for i := range 3 {
		push(t, f, dirOp(tid(i), Root, fmt.Sprint(i)))
	}
	third, err := f.Log().Read(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), logKey(3)); err != nil {
		t.Fatal(err)
	}
	if err := f.Open(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("the log ends before the index: %v", err)
	}
	overwrite(t, store, logKey(3), "another")
	if err := f.Open(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another commit 3: %v", err)
	}
	overwrite(t, store, logKey(3), string(third))
	if err := f.Open(t.Context()); err != nil {
		t.Errorf("all is well again: %v", err)
	}
	if len(dump(t, f.Index())) != 3 {
		t.Error("the tree was given up")
	}
}

// TestRebuiltCheckpointLost: a rebuilt catalog stands on its checkpoint; without it
// there is an error, never an empty tree.
func TestRebuiltCheckpointLost(t *testing.T) {
	for _, log := range []string{"kept", "lost"} {
		for name, harm := range map[string]func(s *remotetest.Memory){
			"segment rotten":   func(s *remotetest.Memory) { overwrite(t, s, first(t, s, segmentPrefix), "rotten") },
			"segment missing":  func(s *remotetest.Memory) { s.Delete(t.Context(), first(t, s, segmentPrefix)) },
			"manifest missing": func(s *remotetest.Memory) { s.Delete(t.Context(), first(t, s, manifestPrefix)) },
		} {
			store, _ := begin(t)
			a := opened(t, store)
			push(t, a, base()...)
			if log == "lost" {
				lose(t, store)
			} else if err := store.Delete(t.Context(), formatKey); err != nil {
				t.Fatal(err)
			}
			if _, err := RebuildFromIndex(t.Context(), store, a.Index()); err != nil {
				t.Fatal(err)
			}
			harm(store)
			f := follower(t, store)
			if err := f.Open(t.Context()); !errors.Is(err, ErrCorrupt) || f.Index().Synced() {
				t.Errorf("log %s, %s: %v, synced %v", log, name, err, f.Index().Synced())
			}
			// The device that rebuilt goes on with what it has.
			if err := a.Open(t.Context()); !errors.Is(err, ErrCorrupt) || len(dump(t, a.Index())) != 5 {
				t.Errorf("log %s, %s: its own device %v, %v", log, name, err, dump(t, a.Index()))
			}
		}
	}
}

// TestRebuildTakesTheLogAlong: commits that this device had not read are not lost
// when only the format was.
func TestRebuildTakesTheLogAlong(t *testing.T) {
	store, _ := begin(t)
	a, b := opened(t, store), opened(t, store)
	push(t, b, base()...)
	push(t, b, dirOp(tid(60), Root, "Late"))
	want := dump(t, b.Index())
	if err := store.Delete(t.Context(), formatKey); err != nil {
		t.Fatal(err)
	}
	if _, err := RebuildFromObjects(t.Context(), store, t.TempDir(), discard(), nil); !errors.Is(err, ErrNotLost) {
		t.Errorf("from objects, beside a whole log: %v", err)
	}
	if n, err := RebuildFromIndex(t.Context(), store, a.Index()); err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	for _, f := range []*Follower{a, b} {
		if err := f.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, dump(t, f.Index())); diff != "" {
			t.Error(diff)
		}
	}
	// What gave way is kept.
	if kept, err := filepath.Glob(b.Index().path + ".epoch-*"); err != nil || len(kept) != 1 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// TestRebuiltTellsTheRoot: who told others of names learns that the tree is another.
func TestRebuiltTellsTheRoot(t *testing.T) {
	store, _ := begin(t)
	a := opened(t, store)
	push(t, a, base()...)
	var told []Change
	b := NewFollower(NewLog(store, true), openTestIndex(t, t.TempDir()+"/index.db"), discard(), func(done Applied) { told = append(told, done.Changes...) })
	if err := b.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	told = nil
	lose(t, store)
	if _, err := RebuildFromIndex(t.Context(), store, a.Index()); err != nil {
		t.Fatal(err)
	}
	if err := b.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range told {
		if c.Parent == Root {
			names[c.Name] = true
		}
	}
	if diff := cmp.Diff(map[string]bool{"A": true, "C": true}, names); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAtTheirLimit(t *testing.T) {
	x := newIndex(t)
	long := strings.Repeat("a", 251) + ".mp3"
	good(t, x, fileOp(tid(1), Root, long, "one"))
	ops, _, err := x.Rebase(t.Context(), []Op{fileOp(tid(2), Root, long, "two"), fileOp(tid(3), Root, long, "three")})
	if err != nil {
		t.Fatal(err)
	}
	good(t, x, ops...)
	for name := range dump(t, x) {
		if len(name) > 255 || !strings.HasSuffix(name, ".mp3") {
			t.Errorf("name %q", name)
		}
	}
	if n := len(dump(t, x)); n != 3 {
		t.Errorf("%d files", n)
	}
}

func TestRemovedIDsStayTaken(t *testing.T) {
	x := newIndex(t)
	good(t, x, fileOp(tid(1), Root, "a", "a"))
	good(t, x, Op{Verb: Remove, ID: tid(1)})
	again := fileOp(tid(1), Root, "a", "a")
	again.Entry.Version.ID = tid(7)
	ops, conflicts, err := x.Rebase(t.Context(), []Op{again, dirOp(tid(9), Root, "D")})
	if err != nil || len(conflicts) != 1 || !conflicts[0].Dropped || conflicts[0].ID != tid(1) {
		t.Fatalf("%+v, %v", conflicts, err)
	}
	good(t, x, ops...)
}

// TestDeepTree: folders deeper than anyone can use are possible, and their checkpoint
// is as good as any.
func TestDeepTree(t *testing.T) {
	store, _ := begin(t)
	a := opened(t, store)
	var ops []Op
	for i, parent := 0, Root; i < 400; i, parent = i+1, tid(i) {
		ops = append(ops, dirOp(tid(i), parent, "d"))
	}
	push(t, a, ops...)
	if _, err := a.Index().Checkpoint(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump(t, a.Index()), dump(t, opened(t, store).Index())); diff != "" {
		t.Error(diff)
	}
	if _, err := a.Index().Path(t.Context(), tid(399)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("path of the deepest: %v", err)
	}
}

func TestHostileNumbers(t *testing.T) {
	x := newIndex(t)
	good(t, x, base()...)
	far := int64(1) << 62
	for name, op := range map[string]Op{
		"folder's time": {Verb: Set, ID: Root, MTime: &far},
		"time done":     {Verb: Remove, ID: tid(5), At: far},
		"before":        {Verb: Remove, ID: tid(5), At: -far},
		"entry's time":  {Verb: Create, Entry: &Entry{ID: tid(50), Parent: Root, Name: "z", Kind: Dir, MTime: far}},
		"much of tags":  {Verb: Replace, ID: tid(2), MTime: ptr(int64(1)), Version: version(tid(9), strings.Repeat("t", MaxTags))},
	} {
		if done := commit(t, x, op); !errors.Is(done.Invalid, ErrInvalid) {
			t.Errorf("%s was taken", name)
		}
	}
	for _, foreign := range []bool{false, true} {
		op := fileOp(tid(60), Root, "z", "z")
		op.Entry.Version.Object.ETag, op.Entry.Version.Object.Foreign = "", foreign
		replace := Op{Verb: Replace, ID: tid(2), MTime: ptr(int64(1)), Version: op.Entry.Version}
		for _, op := range []Op{op, replace} {
			if done := commit(t, x, op); !errors.Is(done.Invalid, ErrInvalid) || !strings.Contains(done.Invalid.Error(), "ETag") {
				t.Errorf("a version without ETag (foreign %v): %v", foreign, done.Invalid)
			}
		}
	}
	var ops []Op
	for i := range 4200 {
		op := fileOp(tid(100+i), Root, fmt.Sprint("big", i), "x")
		op.Entry.Version.Size = 1 << 50
		ops = append(ops, op)
	}
	good(t, x, ops...)
	if got, err := x.Totals(t.Context()); err != nil || got.Bytes < 1<<62 {
		t.Errorf("totals %+v, %v", got, err)
	}
}

// TestManifestOfNothing: a small object that unpacks to millions of empty lines is
// refused at the first.
func TestManifestOfNothing(t *testing.T) {
	store, format := begin(t)
	head, err := json.Marshal(manifestHead{Format: 1, N: 1, Epoch: format.Epoch, Segments: 5_000_000})
	if err != nil {
		t.Fatal(err)
	}
	body, err := pack([]byte(string(head) + strings.Repeat("\n{}", 5_000_000)))
	if err != nil {
		t.Fatal(err)
	}
	key := fmt.Sprintf("%s%020d-%s", manifestPrefix, 1, bodyHash(body)[:32])
	overwrite(t, store, key, string(body))
	_, refs, _, err := readManifest(t.Context(), store, key)
	if !errors.Is(err, ErrCorrupt) || len(refs) > 0 {
		t.Errorf("%d refs, %v", len(refs), err)
	}
}

func TestIndexPaths(t *testing.T) {
	for _, name := range []string{"a#1", "a%41", "a?b", "ä ö"} {
		path := filepath.Join(t.TempDir(), name, "index.db")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		openTestIndex(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestRebuildFailsWithTheStore: tags that cannot be read because the store fails are
// not published as "none".
func TestRebuildFailsWithTheStore(t *testing.T) {
	store := remotetest.NewMemory()
	meta := ObjectMetadata("A/x.flac", 1, Hash{1})
	if _, err := store.Put(t.Context(), "Music/x.0123456789ab.flac", section(make([]byte, 100)), remote.PutOptions{Metadata: meta}); err != nil {
		t.Fatal(err)
	}
	faulty := remotetest.NewFaulty(store)
	faulty.Fail(remotetest.Get, "Music/", remote.ErrThrottled)
	if _, err := RebuildFromObjects(t.Context(), faulty, t.TempDir(), discard(), nil); !errors.Is(err, remote.ErrThrottled) {
		t.Errorf("got %v", err)
	}
	if found, err := RebuildFromObjects(t.Context(), store, t.TempDir(), discard(), nil); err != nil || found.Files != 1 || found.Untagged != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}
