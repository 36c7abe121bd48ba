package pending_test

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is one state folder with a process that owns it.
type device struct {
	dir       string
	index     *catalog.Index
	follower  *catalog.Follower
	committer *pending.Committer
}

// start starts the process of the state folder dir.
func start(t *testing.T, dir string, store remote.Store) *device {
	t.Helper()
	ctx, logger := context.WithoutCancel(t.Context()), slog.New(slog.DiscardHandler)
	index, err := catalog.OpenIndex(ctx, filepath.Join(dir, "index.db"), logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	f := catalog.NewFollower(catalog.NewLog(store, true), index, logger, nil)
	if err := f.Open(ctx); err != nil {
		t.Fatal(err)
	}
	d, err := pending.OpenDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &device{dir, index, f, pending.NewCommitter(dir, d, f.Log(), f, logger)}
}

func newStore(t *testing.T) *remotetest.Memory {
	t.Helper()
	store := remotetest.NewMemory()
	if _, _, err := catalog.CreateFormat(t.Context(), store, ""); err != nil {
		t.Fatal(err)
	}
	return store
}

// folder is an operation that creates a folder in the root.
func folder(name string) catalog.Op {
	return catalog.Op{Verb: catalog.Create, At: 1, Entry: &catalog.Entry{ID: catalog.NewID(), Parent: catalog.Root, Name: name, Kind: catalog.Dir, Mode: 0o755}}
}

// names lists the root as the device sees it after reading the log to its end.
func (d *device) names(t *testing.T) []string {
	t.Helper()
	if err := d.follower.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := d.index.Children(t.Context(), catalog.Root, "", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}

func (d *device) intentLeft() bool {
	return pending.Undecided(d.dir)
}

func TestDeviceKeepsItsIdentity(t *testing.T) {
	dir := t.TempDir()
	a, err := pending.OpenDevice(dir)
	if err != nil || len(a.ID) != 32 || a.Name == "" {
		t.Fatalf("%+v, %v", a, err)
	}
	if b, err := pending.OpenDevice(dir); err != nil || a != b {
		t.Errorf("%+v, then %+v, %v", a, b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "device.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pending.OpenDevice(dir); err == nil {
		t.Error("a torn identity was taken")
	}
}

// TestExactlyOnce: whatever happens to the PUT of a commit and to its answer, the
// operations are in the log once, and the writer knows.
func TestExactlyOnce(t *testing.T) {
	for name, arrange := range map[string]func(f *remotetest.Faulty){
		"all well":              func(f *remotetest.Faulty) {},
		"lost request":          func(f *remotetest.Faulty) { f.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrOffline) },
		"lost answer":           func(f *remotetest.Faulty) { f.Lose(remotetest.Put, ".lockerfs/log/", remote.ErrOffline) },
		"lost answer, then 412": func(f *remotetest.Faulty) { f.Lose(remotetest.Put, ".lockerfs/log/", remote.ErrExists) },
		"throttled twice, lost": func(f *remotetest.Faulty) {
			f.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrThrottled)
			f.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrThrottled)
			f.Lose(remotetest.Put, ".lockerfs/log/", remote.ErrThrottled)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			faulty := remotetest.NewFaulty(store)
			d := start(t, t.TempDir(), faulty)
			arrange(faulty)
			for _, n := range []string{"one", "two"} {
				if done, err := d.committer.Commit(t.Context(), []catalog.Op{folder(n)}); err != nil || len(done.Conflicts) > 0 {
					t.Fatalf("%s: %+v, %v", n, done, err)
				}
			}
			faulty.AssertFired(t)
			if d.intentLeft() || d.index.Applied() != 2 {
				t.Errorf("intent left %v, applied %d", d.intentLeft(), d.index.Applied())
			}
			if got := start(t, t.TempDir(), store).names(t); !slices.Equal(got, []string{"one", "two"}) {
				t.Errorf("another device sees %v", got)
			}
		})
	}
}

// TestCrashBetweenPutAndAnswer: the process dies not knowing; the next one finds out.
func TestCrashBetweenPutAndAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		written bool // did the PUT go through
		other   bool // did another device take the number meanwhile
	}{"written": {true, false}, "not written": {false, false}, "taken by another": {false, true}} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			faulty := remotetest.NewFaulty(store)
			d := start(t, t.TempDir(), faulty)
			ctx, cancel := context.WithCancel(t.Context())
			gate := faulty.Hold(remotetest.Put, ".lockerfs/log/")
			if c.written {
				gate.Release()
				gate = faulty.HoldAnswer(remotetest.Put, ".lockerfs/log/")
				if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("before")}); err != nil {
					t.Fatal(err)
				}
			}
			failed := make(chan error, 1)
			go func() {
				_, err := d.committer.Commit(ctx, []catalog.Op{folder("mine")})
				failed <- err
			}()
			<-gate.Reached()
			cancel() // the end of the process, as far as it can notice
			if err := <-failed; err == nil || !d.intentLeft() {
				t.Fatalf("commit says %v, intent left %v", err, d.intentLeft())
			}
			if c.other {
				if _, err := start(t, t.TempDir(), store).committer.Commit(t.Context(), []catalog.Op{folder("theirs")}); err != nil {
					t.Fatal(err)
				}
			}
			again := start(t, d.dir, store)
			if err := again.committer.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := again.names(t)
			if n := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s != "mine" })); n != 1 || again.intentLeft() {
				t.Errorf("after recovery: %v, intent left %v", got, again.intentLeft())
			}
			if c.other && !slices.Contains(got, "theirs") {
				t.Errorf("the other device's commit is gone: %v", got)
			}
			if diff := cmp.Diff(got, start(t, t.TempDir(), store).names(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestManyDevicesCommitAtOnce: every acknowledged operation survives, once, and all
// devices end with the same tree, also when answers are lost.
func TestManyDevicesCommitAtOnce(t *testing.T) {
	store := newStore(t)
	const devices, commits = 4, 8
	want := []string{"Shared"}
	var wg sync.WaitGroup
	for n := range devices {
		faulty := remotetest.NewFaulty(store)
		d := start(t, t.TempDir(), faulty)
		for c := range commits {
			want = append(want, fmt.Sprintf("%d-%d", n, c))
		}
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			for c := range commits {
				switch r.IntN(3) {
				case 0:
					faulty.Lose(remotetest.Put, ".lockerfs/log/", remote.ErrOffline)
				case 1:
					faulty.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrOffline)
				}
				// Everyone also wants the same folder.
				ops := []catalog.Op{folder("Shared"), folder(fmt.Sprintf("%d-%d", n, c))}
				if _, err := d.committer.Commit(t.Context(), ops); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(want)
	if diff := cmp.Diff(want, start(t, t.TempDir(), store).names(t)); diff != "" {
		t.Error(diff)
	}
}

func TestCommitTooLargeIsSplit(t *testing.T) {
	d := start(t, t.TempDir(), newStore(t))
	ops := manyFolders(700)
	done, err := d.committer.Commit(t.Context(), ops)
	if err != nil || done.N < 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := d.names(t); len(got) != len(ops) {
		t.Errorf("%d of %d folders", len(got), len(ops))
	}
}

func TestCheckpointsAreWritten(t *testing.T) {
	store := newStore(t)
	d := start(t, t.TempDir(), store)
	for i := range 201 {
		if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := catalog.NewestCheckpoint(t.Context(), store); err != nil || n != 200 {
		t.Errorf("newest checkpoint %d, %v", n, err)
	}
	if got := start(t, t.TempDir(), store).names(t); len(got) != 201 {
		t.Errorf("a new device sees %d folders", len(got))
	}
}

// TestRest: many commits end with a checkpoint, a few do not.
func TestRest(t *testing.T) {
	store := newStore(t)
	d := start(t, t.TempDir(), store)
	for i := range 16 {
		if n, err := catalog.NewestCheckpoint(t.Context(), store); err != nil || n != 0 {
			t.Fatalf("checkpoint %d after %d commits, %v", n, i, err)
		}
		if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
		d.committer.Rest(t.Context())
	}
	if n, err := catalog.NewestCheckpoint(t.Context(), store); err != nil || n != 16 {
		t.Errorf("newest checkpoint %d, %v", n, err)
	}
}

func TestNothingIsSentWithoutRights(t *testing.T) {
	faulty := remotetest.NewFaulty(newStore(t))
	d := start(t, t.TempDir(), faulty)
	faulty.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrDenied)
	if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("a")}); !errors.Is(err, remote.ErrDenied) {
		t.Errorf("got %v", err)
	}
	// The rights come back: the next commit takes the first along.
	if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("b")}); err != nil {
		t.Fatal(err)
	}
	if got := d.names(t); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v", got)
	}
}

// TestRecoverBeforeOpen: the index was thrown away and has not been read again when
// an unfinished commit is taken up.
func TestRecoverBeforeOpen(t *testing.T) {
	store := newStore(t)
	faulty := remotetest.NewFaulty(store)
	d := start(t, t.TempDir(), faulty)
	if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("before")}); err != nil {
		t.Fatal(err)
	}
	faulty.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrDenied)
	if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("mine")}); err == nil {
		t.Fatal("no error")
	}
	d.index.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(d.dir, "index.db"+suffix))
	}
	logger := slog.New(slog.DiscardHandler)
	index, err := catalog.OpenIndex(t.Context(), filepath.Join(d.dir, "index.db"), logger)
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	f := catalog.NewFollower(catalog.NewLog(store, true), index, logger, nil)
	dev, err := pending.OpenDevice(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := pending.NewCommitter(d.dir, dev, f.Log(), f, logger).Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := start(t, t.TempDir(), store).names(t); !slices.Equal(got, []string{"before", "mine"}) || d.intentLeft() {
		t.Errorf("another device sees %v, intent left %v", got, d.intentLeft())
	}
}

// TestRebuiltUnderARunningDevice: what is acknowledged after another device rebuilt
// the catalog is in the new one.
func TestRebuiltUnderARunningDevice(t *testing.T) {
	for _, log := range []string{"kept", "lost"} {
		store := newStore(t)
		a, b := start(t, t.TempDir(), store), start(t, t.TempDir(), store)
		if _, err := a.committer.Commit(t.Context(), []catalog.Op{folder("one")}); err != nil {
			t.Fatal(err)
		}
		b.names(t)
		gone := []string{".lockerfs/format.json"}
		if log == "lost" {
			gone = append(gone, ".lockerfs/log/00000000000000000001")
		}
		for _, key := range gone {
			if err := store.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := catalog.RebuildFromIndex(t.Context(), store, a.index); err != nil {
			t.Fatal(err)
		}
		if _, err := b.committer.Commit(t.Context(), []catalog.Op{folder("two")}); err != nil {
			t.Fatal(err)
		}
		if got := start(t, t.TempDir(), store).names(t); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("log %s: another device sees %v", log, got)
		}
	}
}

// TestNothingInvalidIsCommitted: what cannot stand in a commit as it was meant is
// reported, and takes nothing else along.
func TestNothingInvalidIsCommitted(t *testing.T) {
	d := start(t, t.TempDir(), newStore(t))
	op := folder("song")
	op.Entry.Xattrs = map[string][]byte{"user." + strings.Repeat("\xff", 240): nil}
	done, err := d.committer.Commit(t.Context(), []catalog.Op{op, folder("another")})
	if err != nil || len(done.Conflicts) != 1 || !done.Conflicts[0].Dropped || done.Conflicts[0].ID != op.Entry.ID {
		t.Errorf("%+v, %v", done, err)
	}
	if got := d.names(t); !slices.Equal(got, []string{"another"}) {
		t.Errorf("got %v", got)
	}
}

// TestWithoutConditions: at a store that has none, an old intent is not written over
// a commit that stands there.
func TestWithoutConditions(t *testing.T) {
	store := newStore(t)
	plain := func(dir string, s remote.Store) *pending.Committer {
		d := start(t, dir, s)
		dev, err := pending.OpenDevice(dir)
		if err != nil {
			t.Fatal(err)
		}
		return pending.NewCommitter(dir, dev, catalog.NewLog(s, false), d.follower, slog.New(slog.DiscardHandler))
	}
	faulty := remotetest.NewFaulty(store)
	faulty.Fail(remotetest.Put, ".lockerfs/log/", remote.ErrDenied)
	dir := t.TempDir()
	if _, err := plain(dir, faulty).Commit(t.Context(), []catalog.Op{folder("old")}); err == nil {
		t.Fatal("no error")
	}
	if _, err := plain(t.TempDir(), store).Commit(t.Context(), []catalog.Op{folder("new")}); err != nil {
		t.Fatal(err)
	}
	if err := plain(dir, store).Recover(t.Context()); err != nil { // the state folder comes back from a backup
		t.Fatal(err)
	}
	if got := start(t, t.TempDir(), store).names(t); !slices.Equal(got, []string{"new", "old"}) {
		t.Errorf("a new device sees %v", got)
	}
}

// TestSplitCommitGoesOn: the second half of operations too large for one commit is
// not forgotten when the process ends after the first.
func TestSplitCommitGoesOn(t *testing.T) {
	store := newStore(t)
	faulty := remotetest.NewFaulty(store)
	d := start(t, t.TempDir(), faulty)
	faulty.Lose(remotetest.Put, ".lockerfs/log/00000000000000000001", nil) // the first goes through
	faulty.Fail(remotetest.Put, ".lockerfs/log/00000000000000000002", remote.ErrDenied)
	ops := manyFolders(700)
	if _, err := d.committer.Commit(t.Context(), ops); err == nil || !d.intentLeft() {
		t.Fatalf("%v, intent left %v", err, d.intentLeft())
	}
	again := start(t, d.dir, store)
	if err := again.committer.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := again.names(t); len(got) != len(ops) || again.intentLeft() {
		t.Errorf("%d of %d, intent left %v", len(got), len(ops), again.intentLeft())
	}
}

// manyFolders gives operations that do not compress: 700 exceed one commit's body.
func manyFolders(n int) []catalog.Op {
	ops := make([]catalog.Op, n)
	for i := range ops {
		noise := make([]byte, 3000)
		crand.Read(noise)
		ops[i] = folder(fmt.Sprintf("%06d", i))
		ops[i].Entry.Xattrs = map[string][]byte{"user.noise": noise}
	}
	return ops
}

func TestDamagedIntentIsPutAside(t *testing.T) {
	d := start(t, t.TempDir(), newStore(t))
	if err := os.WriteFile(filepath.Join(d.dir, "intent.json"), []byte(`{"n":1,"body":"x`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.committer.Commit(t.Context(), []catalog.Op{folder("a")}); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(d.dir, "quarantine", "intent-*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("in quarantine: %v, %v", kept, err)
	}
}
