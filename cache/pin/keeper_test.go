package pin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockerfs/lockerfs/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a source in memory.
type store struct {
	mu    sync.Mutex
	bytes map[string][]byte
	fail  error
	stop  int64 // bytes after which reads wait for their context; 0 for never
	read  atomic.Int64
}

func (s *store) ReadAt(ctx context.Context, obj cache.Object, p []byte, off int64) error {
	s.mu.Lock()
	b, err, stop := s.bytes[obj.Key], s.fail, s.stop
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case b == nil:
		return ErrGone
	case stop > 0 && s.read.Load() >= stop:
		<-ctx.Done()
		return ctx.Err()
	}
	s.read.Add(int64(copy(p, b[off:])))
	return nil
}

func (s *store) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// object puts bytes into the store.
func (s *store) object(key string, size int, known bool) cache.Object {
	b := bytes.Repeat([]byte(key+" "), size/(len(key)+1)+1)[:size]
	s.set(func() { s.bytes[key] = b })
	obj := cache.Object{Key: key, ETag: "e-" + key, Size: int64(size)}
	if known {
		obj.SHA256 = sha256.Sum256(b)
	}
	return obj
}

func newStore() *store { return &store{bytes: map[string][]byte{}} }

func quick() tuning {
	t := defaults()
	t.least, t.most, t.rest, t.look, t.check = 5*time.Millisecond, 20*time.Millisecond, 20*time.Millisecond, 5*time.Millisecond, time.Hour
	return t
}

// keep opens a keeper and runs it until the test ends or stop is called.
func keep(t *testing.T, dir string, s *store, tune tuning) (k *Keeper, stop func()) {
	t.Helper()
	k, err := open(Options{Dir: dir, Source: s}, tune)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { k.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); run.Wait() })
	t.Cleanup(stop)
	return k, stop
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func complete(k *Keeper) func() bool {
	return func() bool { s := k.Stats(); return s.Here == s.Files && s.HereBytes == s.Bytes }
}

// same fails the test unless the file of obj is here with the bytes of the store.
func same(t *testing.T, k *Keeper, s *store, obj cache.Object) {
	t.Helper()
	f, ok := k.File(obj)
	if !ok {
		t.Fatalf("%s is not here", obj.Key)
	}
	defer f.Close()
	got, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Equal(got, s.bytes[obj.Key]) {
		t.Fatalf("%s has other bytes (%v)", obj.Key, err)
	}
}

// left counts files below the folder of what is pinned.
func left(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, pattern := range []string{"*", "*.part"} {
		found, err := filepath.Glob(filepath.Join(dir, "pinned", "??", pattern))
		if err != nil {
			t.Fatal(err)
		}
		if pattern == "*" {
			n = len(found)
		}
	}
	return n
}

func TestKeepsAndLetsGo(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a, b, c := s.object("a", 3<<20+17, true), s.object("b", 100, false), s.object("c", 0, true)
	k, stop := keep(t, dir, s, quick())
	if k.Has(a) {
		t.Error("it is here before it was wanted")
	}
	k.Want([]cache.Object{a, b, c, a}, true)
	eventually(t, "all three", complete(k))
	for _, o := range []cache.Object{a, b, c} {
		same(t, k, s, o)
	}
	if n := s.read.Load(); n != a.Size+b.Size {
		t.Errorf("%d bytes were fetched of %d", n, a.Size+b.Size)
	}
	open, _ := k.File(a)
	defer open.Close()
	k.Want([]cache.Object{b}, true)
	if k.Has(a) || left(t, dir) != 1 {
		t.Errorf("what was let go is still here, %d files", left(t, dir))
	}
	if info, err := open.Stat(); err != nil || info.Size() != a.Size {
		t.Error("who had it open cannot read on")
	}
	stop()

	// The next process fetches nothing, and serves before it knows what is wanted.
	s.read.Store(0)
	again, _ := keep(t, dir, s, quick())
	same(t, again, s, b)
	again.Want([]cache.Object{b}, true)
	if st := again.Stats(); st.Here != 1 || s.read.Load() != 0 {
		t.Errorf("after a restart %+v, %d bytes fetched", st, s.read.Load())
	}
	again.Want(nil, false)
	if !again.Has(b) {
		t.Error("what is not all let go of something")
	}
	again.Want(nil, true)
	if left(t, dir) != 0 {
		t.Errorf("%d files stay", left(t, dir))
	}
}

// TestKilledInTheMiddle: a part goes on where it ended, and what of it never reached the
// disk is found out.
func TestKilledInTheMiddle(t *testing.T) {
	for _, test := range []struct {
		name         string
		known, tear  bool
		least, limit int64 // bytes fetched afterwards
	}{
		{"goes on", true, false, 1, 2<<20 + 5},
		{"torn", true, true, 4<<20 + 5, 8 << 20},
		{"unknown hash", false, false, 4<<20 + 5, 4<<20 + 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, s := t.TempDir(), newStore()
			a := s.object("a", 4<<20+5, test.known)
			s.stop = 2 << 20
			k, stop := keep(t, dir, s, quick())
			k.Want([]cache.Object{a}, true)
			eventually(t, "half of it", func() bool { return k.Stats().HereBytes == 2<<20 })
			stop() // the part stays as a kill leaves it
			if k.Has(a) {
				t.Fatal("half a file counts")
			}
			part := k.shelf.part(a.Name())
			if test.tear {
				if err := errors.Join(os.Truncate(part, 1<<20), os.Truncate(part, 2<<20)); err != nil {
					t.Fatal(err)
				}
			}
			s.stop = 0
			s.read.Store(0)
			again, _ := keep(t, dir, s, quick())
			again.Want([]cache.Object{a}, true)
			eventually(t, "the rest", complete(again))
			same(t, again, s, a)
			if n := s.read.Load(); n < test.least || n > test.limit {
				t.Errorf("%d bytes were fetched again, want %d to %d", n, test.least, test.limit)
			}
		})
	}
}

func TestLeftoversAreRemovedOnlyWhenAllIsKnown(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a, b := s.object("a", 10, true), s.object("b", 10, true)
	k, stop := keep(t, dir, s, quick())
	k.Want([]cache.Object{a, b}, true)
	eventually(t, "both", complete(k))
	stop()
	again, _ := keep(t, dir, s, quick())
	again.Want([]cache.Object{a}, false)
	if !again.Has(b) {
		t.Fatal("it was removed though nobody knew whether it is wanted")
	}
	again.Want([]cache.Object{a}, true)
	if again.Has(b) || !again.Has(a) {
		t.Error("what nobody wants stays, or what is wanted does not")
	}
}

func TestDamagedIsFetchedAgain(t *testing.T) {
	// change has the file written to as other programs do, or keeps its time as a disk that
	// forgets does.
	for _, test := range []struct {
		name         string
		known, quiet bool
		damage       func(path string) error
		fetches      bool
	}{
		{"written to", true, false, func(p string) error { return os.WriteFile(p, []byte("X"), 0o600) }, true},
		{"touched", true, false, func(p string) error { return os.Chtimes(p, time.Now(), time.Now()) }, false},
		{"touched, hash unknown", false, false, func(p string) error { return os.Chtimes(p, time.Now(), time.Now()) }, true},
		{"cut", true, false, func(p string) error { return os.Truncate(p, 5) }, true},
		{"removed", true, false, os.Remove, true},
		{"rotten", true, true, flip, true},
		{"rotten, hash unknown", false, true, flip, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, s := t.TempDir(), newStore()
			a := s.object("a", 1000, test.known)
			k, _ := keep(t, dir, s, quick())
			k.Want([]cache.Object{a}, true)
			eventually(t, "it", complete(k))
			path := k.shelf.path(a.Name())
			if err := errors.Join(os.Chmod(path, 0o600), test.damage(path)); err != nil {
				t.Fatal(err)
			}
			if test.quiet {
				if files, damaged, err := k.Check(t.Context()); files != 1 || damaged != 1 || err != nil {
					t.Errorf("the check read %d files, %d damaged, %v", files, damaged, err)
				}
			} else if f, ok := k.File(a); ok {
				f.Close()
				t.Fatal("it was served though it was changed")
			}
			eventually(t, "it to be right again", func() bool { return complete(k)() && k.Has(a) })
			same(t, k, s, a)
			if again := s.read.Load() > a.Size; again != test.fetches {
				t.Errorf("%d bytes were fetched in all", s.read.Load())
			}
		})
	}
}

// flip changes a byte and keeps the time of the file.
func flip(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[500]++
	other := path + ".flipped"
	return errors.Join(os.WriteFile(other, b, 0o600), os.Chtimes(other, info.ModTime(), info.ModTime()), os.Rename(other, path))
}

// TestLooksAtFilesByItself: what rots is found without anybody asking.
func TestLooksAtFilesByItself(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a := s.object("a", 1000, true)
	tune := quick()
	tune.check = time.Millisecond
	k, _ := keep(t, dir, s, tune)
	k.Want([]cache.Object{a}, true)
	eventually(t, "it", complete(k))
	if err := errors.Join(os.Chmod(k.shelf.path(a.Name()), 0o600), flip(k.shelf.path(a.Name()))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the damage to be found", func() bool { return k.Stats().Damaged > 0 })
	eventually(t, "it to be back", complete(k))
	same(t, k, s, a)
}

func TestWhatTheStoreDoesWrong(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	wrong, lost, good := s.object("wrong", 100, true), s.object("lost", 100, true), s.object("good", 100, true)
	s.bytes["wrong"] = bytes.Repeat([]byte("?"), 100)
	delete(s.bytes, "lost")
	s.fail = errors.New("no route")
	k, _ := keep(t, dir, s, quick())
	k.Want([]cache.Object{wrong, lost, good}, true)
	eventually(t, "the failure to be told", func() bool { return k.Stats().Waiting == "no route" })
	if st := k.Stats(); st.Failed != 0 || st.Here != 0 {
		t.Errorf("a store that is away is taken for a lost object: %+v", st)
	}
	s.set(func() { s.fail = nil })
	k.Again()
	eventually(t, "the rest to be told", func() bool { st := k.Stats(); return st.Here == 1 && st.Failed == 2 && st.Waiting == "" })
	same(t, k, s, good)
	states := k.State([]cache.Object{wrong, lost, good})
	if !errors.Is(states[0].Err, ErrCorrupt) || !errors.Is(states[1].Err, ErrGone) || !states[2].Here {
		t.Errorf("states %v", states)
	}
	if k.Has(wrong) {
		t.Error("wrong bytes are kept")
	}
}

func TestFullDisk(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a := s.object("a", 3<<20, true)
	tune := quick()
	var free atomic.Int64
	free.Store(2 << 20)
	tune.space = func(string) (int64, int64, error) { return 1 << 40, free.Load(), nil }
	k, err := open(Options{Dir: dir, Source: s, Floor: 1 << 20}, tune)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := k.Free(); n != 1<<20 || err != nil {
		t.Errorf("free %d, %v", n, err)
	}
	if err := k.Room(1<<20 + 1); !errors.Is(err, ErrNoRoom) {
		t.Errorf("Room gives %v", err)
	}
	free.Store(1 << 20)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { k.Run(ctx) })
	defer run.Wait()
	defer cancel()
	k.Want([]cache.Object{a}, true)
	eventually(t, "the disk to be told full", func() bool { return k.Stats().Full })
	if s.read.Load() != 0 {
		t.Error("it fetched what there is no room for")
	}
	free.Store(math.MaxInt64)
	k.Again()
	eventually(t, "it", complete(k))
	same(t, k, s, a)
}

func TestFloor(t *testing.T) {
	for _, c := range []struct{ total, free, want int64 }{{1 << 40, 1 << 39, 1 << 40 / 100}, {100 << 30, 50 << 30, 1 << 30}, {10 << 30, 8 << 30, 512 << 20}, {8 << 20, 8 << 20, 2 << 20}} {
		tune := quick()
		tune.space = func(string) (int64, int64, error) { return c.total, c.free, nil }
		k, err := open(Options{Dir: t.TempDir(), Floor: Auto}, tune)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.opts.Floor; got > c.want+c.want/10 || got < c.want-c.want/10 {
			t.Errorf("%d of %d bytes free: floor %d, want about %d", c.free, c.total, got, c.want)
		}
	}
}

func TestNotReady(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a := s.object("a", 10, true)
	var metered atomic.Bool
	metered.Store(true)
	k, err := open(Options{Dir: dir, Source: s, Ready: func() error {
		if metered.Load() {
			return errors.New("the link is metered")
		}
		return nil
	}}, quick())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { k.Run(ctx) })
	defer run.Wait()
	defer cancel()
	k.Want([]cache.Object{a}, true)
	if w := k.Stats().Waiting; w != "the link is metered" {
		t.Errorf("it waits because %q", w)
	}
	metered.Store(false)
	eventually(t, "it", complete(k))
}

func TestTake(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	a := s.object("a", 1<<20+3, true)
	k, _ := keep(t, dir, s, quick())
	from := filepath.Join(t.TempDir(), "staged")
	if err := os.WriteFile(from, []byte("other bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Take(a, from); !errors.Is(err, ErrCorrupt) || left(t, dir) != 0 {
		t.Errorf("wrong bytes: %v, %d files", err, left(t, dir))
	}
	if err := os.WriteFile(from, s.bytes["a"], 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := k.Take(a, from); err != nil {
			t.Fatal(err)
		}
	}
	same(t, k, s, a)
	k.Want([]cache.Object{a}, true)
	if st := k.Stats(); st.Here != 1 || s.read.Load() != 0 {
		t.Errorf("%+v, %d bytes fetched", st, s.read.Load())
	}
}

// TestWantedAndNot: sets that change while files come leave exactly what the last wants.
func TestWantedAndNot(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	var all []cache.Object
	for i := range 20 {
		all = append(all, s.object(fmt.Sprint("track ", i), 1000*i, i%3 > 0))
	}
	k, stop := keep(t, dir, s, quick())
	var change sync.WaitGroup
	for w := range 4 {
		change.Go(func() {
			for i := range 50 {
				from := (i*7 + w*3) % 15
				k.Want(all[from:from+5], true)
				k.Stats()
				if f, ok := k.File(all[from]); ok {
					f.Close()
				}
			}
		})
	}
	change.Wait()
	k.Want(all[3:8], true)
	eventually(t, "the last set", complete(k))
	for _, o := range all[3:8] {
		same(t, k, s, o)
	}
	stop()
	if n := left(t, dir); n != 5 {
		t.Errorf("%d files are left", n)
	}
}
