package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// keptOp puts content into the store and gives the operation that creates its file.
func keptOp(t testing.TB, s remote.Store, id, parent ID, name, content string) Op {
	t.Helper()
	op := fileOp(id, parent, name, content)
	v := op.Entry.Version
	obj, err := s.Put(context.Background(), v.Object.Key, section([]byte(content)), remote.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v.Object.ETag = obj.ETag
	return op
}

// packOf puts a scan pack into the store and gives its name.
func packOf(t testing.TB, s remote.Store, content string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	name := hex.EncodeToString(sum[:])
	if _, err := s.Put(context.Background(), PackKey(name), section([]byte(content)), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	return name
}

// keptLocker makes a locker with a file that was removed, two with the same bytes, one
// adopted, a scan pack and a checkpoint of commit 2, which a third commit follows.
func keptLocker(t *testing.T) (*remotetest.Memory, *Follower) {
	t.Helper()
	store, _ := begin(t)
	f := opened(t, store)
	x := keptOp(t, store, tid(2), tid(1), "x", "first")
	x.Entry.Version.Pack = packOf(t, store, "the pack")
	y := keptOp(t, store, tid(3), tid(1), "y", "second")
	gone := keptOp(t, store, tid(4), tid(1), "gone", "third")
	push(t, f, dirOp(tid(1), Root, "A"), x, y, gone)
	twin := keptOp(t, store, tid(5), tid(1), "twin", "first")
	adopted := keptOp(t, store, tid(6), Root, "adopted", "fourth")
	adopted.Entry.Version.SHA256, adopted.Entry.Version.Object.Foreign = Hash{}, true
	push(t, f, twin, adopted, Op{Verb: Remove, At: 9, ID: tid(4)})
	if n, err := f.Index().Checkpoint(t.Context(), store); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	push(t, f, dirOp(tid(7), Root, "B"))
	overwrite(t, store, "Music/spare.0123456789ab.flac", "spare")
	overwrite(t, store, "+before", "strange")
	overwrite(t, store, "zz/after", "strange too")
	return store, f
}

func verify(t *testing.T, store remote.Store, x *Index, opts VerifyOptions) VerifyReport {
	t.Helper()
	v := &Verifier{Store: store, Index: x, Memory: filepath.Join(filepath.Dir(x.path), "verify.db"), Logger: discard()}
	r, err := v.Run(t.Context(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyWhole(t *testing.T) {
	store, f := keptLocker(t)
	want := VerifyReport{Commit: 3, Objects: 4, Bytes: 22, Past: 1, Foreign: 1, Unhashed: 1, Packs: 1, Commits: 3, Checkpoint: 2,
		Spare: 1, SpareBytes: 5, Strange: 2, StrangeBytes: 18, Faults: []Fault{}}
	got := verify(t, store, f.Index(), VerifyOptions{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = verify(t, store, f.Index(), VerifyOptions{Data: true})
	if got.Read != 4 || got.ReadBytes != 16 || got.Earlier != 0 || got.FaultCount != 0 || got.Since == 0 {
		t.Errorf("reading: %+v", got)
	}
	got = verify(t, store, f.Index(), VerifyOptions{Data: true})
	if got.Read != 4 || got.ReadBytes != 0 || got.Earlier != 4 {
		t.Errorf("reading on: %+v", got)
	}
	got = verify(t, store, f.Index(), VerifyOptions{Data: true, Again: true})
	if got.Read != 4 || got.ReadBytes != 16 || got.Earlier != 0 {
		t.Errorf("reading again: %+v", got)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(f.Index().path), "verify-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// flipped gives other bytes for one key, under the same ETag.
type flipped struct {
	remote.Store
	key string
}

func (s *flipped) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	body, o, err := s.Store.Get(ctx, key, r, ifMatch)
	if err != nil || key != s.key {
		return body, o, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if len(b) > 0 {
		b[len(b)-1] ^= 1
	}
	return io.NopCloser(strings.NewReader(string(b))), o, err
}

func TestVerifyFaults(t *testing.T) {
	object := func(name string) string { return "Music/" + name + ".000000000000.flac" }
	remove := func(key string) func(*remotetest.Memory) {
		return func(s *remotetest.Memory) { s.Delete(t.Context(), key) }
	}
	for name, c := range map[string]struct {
		harm func(*remotetest.Memory)
		flip string
		want string // of each fault kind, path and how many others
		what string
	}{
		"missing":             {harm: remove(object("first")), want: "missing A/x 1", what: "missing from the store"},
		"missing in the past": {harm: remove(object("third")), want: "missing A/gone 0 past"},
		"truncated":           {harm: func(s *remotetest.Memory) { overwrite(t, s, object("second"), "sec") }, want: "size A/y 0", what: "has 3 bytes, not 6"},
		"written over":        {harm: func(s *remotetest.Memory) { overwrite(t, s, object("second"), "secomd") }, want: "changed A/y 0"},
		"adopted, missing":    {harm: remove(object("fourth")), want: "missing adopted 0 foreign"},
		"a bit":               {flip: object("second"), want: "damaged A/y 0", what: "have the SHA-256 "},
		"pack missing":        {harm: func(s *remotetest.Memory) { s.Delete(t.Context(), first(t, s, packPrefix)) }, want: "pack  0"},
		"pack damaged":        {flip: "pack", want: "pack  0"},
		"commit missing":      {harm: remove(logKey(1)), want: "commit  0", what: "commit 1 is missing"},
		"commits missing": {harm: func(s *remotetest.Memory) {
			remove(logKey(2))(s)
			remove(logKey(3))(s)
		}, want: "commit  0", what: "commits 2 to 3 are missing"},
		"segment missing":  {harm: func(s *remotetest.Memory) { s.Delete(t.Context(), first(t, s, segmentPrefix)) }, want: "checkpoint  0", what: "checkpoint 2 is not whole"},
		"segment damaged":  {harm: func(s *remotetest.Memory) { overwrite(t, s, first(t, s, segmentPrefix), "rotten") }, want: "checkpoint  0", what: "not what its name says"},
		"manifest damaged": {harm: func(s *remotetest.Memory) { overwrite(t, s, first(t, s, manifestPrefix), "rotten") }, want: "checkpoint  0"},
		"commit damaged":   {harm: func(s *remotetest.Memory) { overwrite(t, s, logKey(3), "rotten") }, want: "index  0", what: "differs from what log and checkpoint 2 say of commit 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, f := keptLocker(t)
			if c.harm != nil {
				c.harm(store)
			}
			if c.flip == "pack" {
				c.flip = first(t, store, packPrefix)
			}
			r := verify(t, &flipped{store, c.flip}, f.Index(), VerifyOptions{Data: true})
			var got []string
			for _, f := range r.Faults {
				line := fmt.Sprintf("%s %s %d", f.Kind, f.Path, f.Others)
				if f.Past {
					line += " past"
				}
				if f.Foreign {
					line += " foreign"
				}
				if got = append(got, line); !strings.Contains(f.What, c.what) {
					t.Errorf("it says %q", f.What)
				}
			}
			if strings.Join(got, "\n") != c.want || r.FaultCount != int64(len(got)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			// What is damaged is not remembered as good.
			if again := verify(t, &flipped{store, c.flip}, f.Index(), VerifyOptions{Data: true}); again.FaultCount != r.FaultCount || again.ReadBytes != 0 {
				t.Errorf("looked at again: %+v", again)
			}
		})
	}
}

// TestVerifyStoreFails: an error of the store is none of the locker, and what was read stays.
func TestVerifyStoreFails(t *testing.T) {
	memory, f := keptLocker(t)
	for _, c := range []struct {
		op     remotetest.Op
		prefix string
	}{{remotetest.List, logPrefix}, {remotetest.List, manifestPrefix}, {remotetest.Get, formatKey}, {remotetest.Get, segmentPrefix}, {remotetest.List, ""}, {remotetest.Get, "Music/"}} {
		store := remotetest.NewFaulty(memory)
		store.Fail(c.op, c.prefix, remote.ErrDenied)
		v := &Verifier{Store: store, Index: f.Index(), Memory: filepath.Join(t.TempDir(), "verify.db"), Logger: discard()}
		r, err := v.Run(t.Context(), VerifyOptions{Data: true}, nil)
		if !errors.Is(err, remote.ErrDenied) || r.FaultCount > 0 {
			t.Errorf("%s %s: %v, %+v", c.op, c.prefix, err, r.Faults)
		}
		if r, err := v.Run(t.Context(), VerifyOptions{Data: true}, nil); err != nil || r.Read != 4 {
			t.Errorf("%s %s: then %v, %+v", c.op, c.prefix, err, r)
		}
		store.AssertFired(t)
	}
	memoryPath := filepath.Join(t.TempDir(), "verify.db")
	if err := os.WriteFile(memoryPath, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	v := &Verifier{Store: memory, Index: f.Index(), Memory: memoryPath, Logger: discard()}
	if r, err := v.Run(t.Context(), VerifyOptions{Data: true}, nil); err != nil || r.Read != 4 {
		t.Errorf("with a damaged memory: %v, %+v", err, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := v.Run(ctx, VerifyOptions{Data: true, Again: true}, func(VerifyProgress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestRebuildDamaged: what verify finds wrong with a catalog, the index mends, and another
// device follows.
func TestRebuildDamaged(t *testing.T) {
	for name, harm := range map[string]func(*testing.T, *remotetest.Memory){
		"segment rotten": func(t *testing.T, s *remotetest.Memory) { overwrite(t, s, first(t, s, segmentPrefix), "rotten") },
		"manifest gone":  func(t *testing.T, s *remotetest.Memory) { s.Delete(t.Context(), first(t, s, manifestPrefix)) },
		"first commit":   func(t *testing.T, s *remotetest.Memory) { s.Delete(t.Context(), logKey(1)) },
		"last commit":    func(t *testing.T, s *remotetest.Memory) { s.Delete(t.Context(), logKey(3)) },
		"commit rotten":  func(t *testing.T, s *remotetest.Memory) { overwrite(t, s, logKey(3), "rotten") },
		"nothing":        func(*testing.T, *remotetest.Memory) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, a := keptLocker(t)
			b := opened(t, store)
			want := dump(t, a.Index())
			harm(t, store)
			if n, err := RebuildDamaged(t.Context(), store, a.Index()); err != nil || n != 3 {
				t.Fatal(n, err)
			}
			for _, f := range []*Follower{a, b, follower(t, store)} {
				if err := f.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, dump(t, f.Index())); diff != "" {
					t.Error(diff)
				}
			}
			if r := verify(t, store, a.Index(), VerifyOptions{Data: true}); r.FaultCount > 0 || r.Past != 1 {
				t.Errorf("%+v", r)
			}
			push(t, b, dirOp(tid(60), Root, "After"))
			if err := a.Poll(t.Context()); err != nil || len(dump(t, a.Index())) != len(want)+1 {
				t.Errorf("following after: %v", err)
			}
		})
	}
	store, a := keptLocker(t)
	b := opened(t, store)
	push(t, b, dirOp(tid(60), Root, "Four"))
	push(t, b, dirOp(tid(61), Root, "Five"))
	if err := store.Delete(t.Context(), logKey(4)); err != nil {
		t.Fatal(err)
	}
	if _, err := RebuildDamaged(t.Context(), store, a.Index()); !errors.Is(err, ErrBehind) {
		t.Errorf("by a device that is behind: %v", err)
	}
	if n, err := RebuildDamaged(t.Context(), store, b.Index()); err != nil || n != 5 {
		t.Errorf("by one that is not: %d, %v", n, err)
	}
	if _, err := RebuildDamaged(t.Context(), store, a.Index()); !errors.Is(err, ErrOther) {
		t.Errorf("by one of an earlier catalog: %v", err)
	}
	if err := a.Open(t.Context()); err != nil || a.Index().Applied() != 6 {
		t.Errorf("it follows: %d, %v", a.Index().Applied(), err)
	}
}
