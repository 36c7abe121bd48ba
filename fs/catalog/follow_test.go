package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// begin makes a locker in a new store.
func begin(t testing.TB) (*remotetest.Memory, Format) {
	t.Helper()
	store := remotetest.NewMemory()
	f, created, err := CreateFormat(context.Background(), store, "")
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	return store, f
}

// push appends ops to the log as its next commit, seen from f.
func push(t testing.TB, f *Follower, ops ...Op) {
	t.Helper()
	ctx := context.Background()
	_, epoch, err := f.Index().Bound(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n := f.Index().Applied() + 1
	c := Commit{Header: Header{N: n, ID: NewCommitID(), Epoch: epoch}, Ops: ops}
	body, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Log().Append(ctx, n, body); err != nil {
		t.Fatal(err)
	}
	if err := f.Poll(ctx); err != nil {
		t.Fatal(err)
	}
}

func opened(t testing.TB, store remote.Store) *Follower {
	t.Helper()
	f := follower(t, store)
	if err := f.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFollowing(t *testing.T) {
	store, _ := begin(t)
	var told []int64
	a, b := opened(t, store), NewFollower(NewLog(store, true), openTestIndex(t, t.TempDir()+"/index.db"), discard(),
		func(done Applied) { told = append(told, done.N) })
	push(t, a, base()...)
	for i := range 20 {
		push(t, a, fileOp(tid(100+i), tid(5), fmt.Sprint("t", i), "c"))
	}
	push(t, a, dirOp(tid(1), Root, "A")) // invalid: the id is taken
	if err := b.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump(t, a.Index()), dump(t, b.Index())); diff != "" {
		t.Error(diff)
	}
	if len(told) != 22 || told[0] != 1 || told[21] != 22 {
		t.Errorf("told of %v", told)
	}
	if got, _ := b.Index().Totals(t.Context()); got.Invalid != 1 || got.Files != 22 {
		t.Errorf("totals %+v", got)
	}
}

func TestPollCostsOneRequest(t *testing.T) {
	store, _ := begin(t)
	faulty := remotetest.NewFaulty(store)
	f := opened(t, faulty)
	before := requests(faulty)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := requests(faulty) - before; got != 1 {
		t.Errorf("an idle poll made %d requests", got)
	}
}

func requests(f *remotetest.Faulty) int {
	return f.Count(remotetest.Get) + f.Count(remotetest.List) + f.Count(remotetest.Head) + f.Count(remotetest.Put)
}

func TestAnErrorIsNotAbsence(t *testing.T) {
	store, _ := begin(t)
	push(t, opened(t, store), base()...)
	for _, kind := range []error{remote.ErrOffline, remote.ErrDenied, remote.ErrNoStore, remote.ErrThrottled, remote.ErrCorrupt} {
		faulty := remotetest.NewFaulty(store)
		f := follower(t, faulty)
		faulty.Break(kind)
		if err := f.Open(t.Context()); !errors.Is(err, kind) || f.Index().Synced() {
			t.Errorf("%v: open gave %v, synced %v", kind, err, f.Index().Synced())
		}
		if _, _, err := CreateFormat(t.Context(), faulty, ""); !errors.Is(err, kind) {
			t.Errorf("%v: init gave %v", kind, err)
		}
		faulty.Break(nil)
		if err := f.Open(t.Context()); err != nil || len(dump(t, f.Index())) != 5 {
			t.Errorf("%v: back again: %v", kind, err)
		}
		faulty.Break(kind)
		if err := f.Poll(t.Context()); !errors.Is(err, kind) || len(dump(t, f.Index())) != 5 {
			t.Errorf("%v: poll gave %v", kind, err)
		}
	}
}

func TestAHoleInTheLogIsDamage(t *testing.T) {
	store, _ := begin(t)
	f := opened(t, store)
	for i := range 3 {
		push(t, f, dirOp(tid(i), Root, fmt.Sprint(i)))
	}
	if err := store.Delete(t.Context(), logKey(2)); err != nil {
		t.Fatal(err)
	}
	if err := follower(t, store).Open(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestFormats(t *testing.T) {
	put := func(s remote.Store, body string) {
		t.Helper()
		r := strings.NewReader(body)
		if _, err := s.Put(t.Context(), formatKey, io.NewSectionReader(r, 0, r.Size()), remote.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for body, want := range map[string]error{
		`{"lockerfs":2,"locker":"a","epoch":"b"}`: ErrNewer,
		`{"lockerfs":1,"locker":"a","epoch":"b"}`: ErrCorrupt,
		`<html>please log in</html>`:              ErrCorrupt,
		"":                                        ErrNoLocker,
	} {
		store := remotetest.NewMemory()
		if body != "" {
			put(store, body)
		}
		if err := follower(t, store).Open(t.Context()); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", body, err, want)
		}
	}
}

func TestCheckpointGivesTheSameTree(t *testing.T) {
	store, _ := begin(t)
	a := opened(t, store)
	push(t, a, base()...)
	push(t, a, Op{Verb: Remove, At: 5, ID: tid(3)}, Op{Verb: Replace, At: 6, ID: tid(2), MTime: ptr(int64(6)), Version: version(tid(9), "new")})
	for i := range 40 {
		push(t, a, dirOp(NewID(), Root, fmt.Sprint("Artist ", i)))
	}
	n, err := a.Index().Checkpoint(t.Context(), store)
	if err != nil || n != 42 {
		t.Fatalf("checkpoint of %d: %v", n, err)
	}
	push(t, a, dirOp(tid(60), Root, "After"))
	faulty := remotetest.NewFaulty(store)
	b := opened(t, faulty)
	if diff := cmp.Diff(dump(t, a.Index()), dump(t, b.Index())); diff != "" {
		t.Error(diff)
	}
	if gets := faulty.Count(remotetest.Get); gets > 10 {
		t.Errorf("%d reads with a checkpoint", gets)
	}
	// The past has come along: old nodes answer on the new device too.
	if v, err := b.Index().Version(t.Context(), tid(2)+1000); err != nil || v.Tags.Title != "x" {
		t.Errorf("the past: %+v, %v", v, err)
	}
	// Nothing new to say: no segment is written twice.
	puts := faulty.Count(remotetest.Put)
	if _, err := b.Index().Checkpoint(t.Context(), faulty); err != nil {
		t.Fatal(err)
	}
	if got := faulty.Count(remotetest.Put) - puts; got != 1 {
		t.Errorf("a checkpoint with the same files wrote %d objects", got)
	}
}

func TestABrokenCheckpointIsPassedOver(t *testing.T) {
	for name, breakIt := range map[string]func(t *testing.T, store *remotetest.Memory, manifest, segment string){
		"segment missing": func(t *testing.T, s *remotetest.Memory, _, segment string) { s.Delete(t.Context(), segment) },
		"segment other":   func(t *testing.T, s *remotetest.Memory, _, segment string) { overwrite(t, s, segment, "other") },
		"manifest cut":    func(t *testing.T, s *remotetest.Memory, manifest, _ string) { overwrite(t, s, manifest, "x") },
		"manifest empty":  func(t *testing.T, s *remotetest.Memory, manifest, _ string) { overwrite(t, s, manifest, "") },
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := begin(t)
			a := opened(t, store)
			push(t, a, base()...)
			if _, err := a.Index().Checkpoint(t.Context(), store); err != nil {
				t.Fatal(err)
			}
			breakIt(t, store, first(t, store, manifestPrefix), first(t, store, segmentPrefix))
			b := opened(t, store)
			if diff := cmp.Diff(dump(t, a.Index()), dump(t, b.Index())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestHostileCheckpoints: what a sound manifest names may still be nonsense.
func TestHostileCheckpoints(t *testing.T) {
	r := root()
	for name, c := range map[string]struct {
		folders []Entry
		lines   []segmentLine
	}{
		"loop":      {[]Entry{r, {ID: tid(1), Parent: tid(2), Name: "a", Kind: Dir}, {ID: tid(2), Parent: tid(1), Name: "b", Kind: Dir}}, nil},
		"dots":      {[]Entry{r, {ID: tid(1), Parent: Root, Name: "..", Kind: Dir}}, nil},
		"twice":     {[]Entry{r, {ID: tid(1), Parent: Root, Name: "a", Kind: Dir}, {ID: tid(2), Parent: Root, Name: "a", Kind: Dir}}, nil},
		"same id":   {[]Entry{r, {ID: tid(1), Parent: Root, Name: "a", Kind: Dir}, {ID: tid(1), Parent: Root, Name: "b", Kind: Dir}}, nil},
		"lost file": {[]Entry{r}, []segmentLine{{Entry: fileOp(tid(2), tid(7), "x", "x").Entry}}},
		"our records": {[]Entry{r}, []segmentLine{{Entry: &Entry{ID: tid(2), Parent: Root, Name: "x", Kind: File,
			Version: &Version{ID: tid(3), SHA256: Hash{1}, Object: Ref{Key: ".lockerfs/format.json", ETag: "e"}}}}}},
		"no etag": {[]Entry{r}, []segmentLine{{Entry: &Entry{ID: tid(2), Parent: Root, Name: "x", Kind: File,
			Version: &Version{ID: tid(3), SHA256: Hash{1}, Object: Ref{Key: "x"}}}}}},
		"empty line": {[]Entry{r}, []segmentLine{{}}},
		"bad past":   {[]Entry{r}, []segmentLine{{Past: &Past{Entry: Entry{ID: tid(2), Name: "a/b", Kind: Dir}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			store, format := begin(t)
			var file bytes.Buffer
			w := segmentWriter{file: &file}
			for _, line := range c.lines {
				if err := w.add(Root, line); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.flush(); err != nil {
				t.Fatal(err)
			}
			var refs []segmentRef
			for _, seg := range w.segments {
				overwrite(t, store, segmentPrefix+seg.Hash, string(file.Bytes()[seg.at:seg.at+seg.size]))
				refs = append(refs, seg.segmentRef)
			}
			if err := writeManifest(t.Context(), store, manifestHead{N: 1, Epoch: format.Epoch}, refs, folderLines(c.folders)); err != nil {
				t.Fatal(err)
			}
			x := openTestIndex(t, t.TempDir()+"/index.db")
			err := x.load(t.Context(), store, format, first(t, store, manifestPrefix))
			if !errors.Is(err, ErrCorrupt) || len(dump(t, x)) != 0 {
				t.Errorf("got %v, tree %v", err, dump(t, x))
			}
		})
	}
}

func folderLines(folders []Entry) (list []folderLine) {
	for _, e := range folders {
		list = append(list, folderLine{Entry: e})
	}
	return list
}

func first(t *testing.T, s remote.Store, prefix string) string {
	t.Helper()
	page, err := s.List(t.Context(), prefix, "", 1)
	if err != nil || len(page.Objects) == 0 {
		t.Fatalf("nothing under %s: %v", prefix, err)
	}
	return page.Objects[0].Key
}

func overwrite(t *testing.T, s remote.Store, key, body string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, section([]byte(body)), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}
