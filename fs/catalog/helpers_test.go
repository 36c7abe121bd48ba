package catalog

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/tag"
	"github.com/lockerfs/lockerfs/remote"
)

const testEpoch = "epoch"

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// prover is what a test and a rapid check have in common.
type prover interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// newIndex gives an empty index bound to testEpoch.
func newIndex(t testing.TB) *Index {
	t.Helper()
	x := openTestIndex(t, filepath.Join(t.TempDir(), "index.db"))
	return bound(t, x)
}

// bound empties the index and ties it to testEpoch.
func bound(t prover, x *Index) *Index {
	t.Helper()
	if err := x.update(context.Background(), func(st *txState) error { return st.begin(Format{Locker: "locker", Epoch: testEpoch}, 0) }); err != nil {
		t.Fatal(err)
	}
	return x
}

func openTestIndex(t testing.TB, path string) *Index {
	t.Helper()
	x, err := OpenIndex(context.Background(), path, discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// commit applies ops as the next commit, and gives what became of it.
func commit(t prover, x *Index, ops ...Op) Applied {
	t.Helper()
	n := x.Applied() + 1
	c := Commit{Header: Header{N: n, ID: NewCommitID(), Epoch: testEpoch, Time: n}, Ops: ops}
	body, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	done, err := x.Apply(context.Background(), n, body)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// good is commit for operations that must be valid.
func good(t prover, x *Index, ops ...Op) Applied {
	t.Helper()
	done := commit(t, x, ops...)
	if done.Invalid != nil {
		t.Fatal(done.Invalid)
	}
	return done
}

func dirOp(id, parent ID, name string) Op {
	return Op{Verb: Create, At: 100, Entry: &Entry{ID: id, Parent: parent, Name: name, Kind: Dir, Mode: 0o755, MTime: 100}}
}

func fileOp(id, parent ID, name, content string) Op {
	return Op{Verb: Create, At: 200, Entry: &Entry{ID: id, Parent: parent, Name: name, Kind: File, Mode: 0o644, MTime: 50, Version: version(id+1000, content)}}
}

func version(id ID, content string) *Version {
	return &Version{ID: id, Size: int64(len(content)), SHA256: sha256.Sum256([]byte(content)),
		Object: Ref{Key: "Music/" + content + ".000000000000.flac", ETag: "e"}, Tags: &tag.Info{Title: content}}
}

// Ids for tests: valid, and far enough apart for fileOp.
func tid(n int) ID { return minID + ID(n)*100_000 }

// dump gives the tree that is in the file as path -> content, folders ending in a slash.
func dump(t testing.TB, x *Index) map[string]string {
	t.Helper()
	tree := map[string]string{}
	var walk func(id ID, dir string)
	walk = func(id ID, dir string) {
		list, err := x.query(context.Background(), x.stmts.children, int64(id), "", 100_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if a.Kind == Dir {
				tree[dir+a.Name+"/"] = ""
				walk(a.ID, dir+a.Name+"/")
				continue
			}
			v, err := x.Version(context.Background(), a.Node)
			if err != nil {
				t.Fatal(err)
			}
			tree[dir+a.Name] = v.Tags.Title
		}
	}
	walk(Root, "")
	return tree
}

// follower gives a device's view of the locker in store, not yet opened.
func follower(t testing.TB, store remote.Store) *Follower {
	t.Helper()
	return NewFollower(NewLog(store, true), openTestIndex(t, filepath.Join(t.TempDir(), "index.db")), discard(), nil)
}

func ptr[T any](v T) *T { return &v }
