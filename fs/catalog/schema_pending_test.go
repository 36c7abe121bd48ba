package catalog_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/pending"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

// device opens the state folder dir as a process does.
func device(t *testing.T, dir string, store remote.Store) (*catalog.Index, *pending.Committer) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	index, err := catalog.OpenIndex(t.Context(), filepath.Join(dir, "index.db"), logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { index.Close() })
	f := catalog.NewFollower(catalog.NewLog(store, true), index, logger, nil)
	d, err := pending.OpenDevice(dir)
	if err != nil {
		t.Fatal(err)
	}
	return index, pending.NewCommitter(dir, d, f.Log(), f, logger)
}

func folder(name string) catalog.Op {
	return catalog.Op{Verb: catalog.Create, At: 1, Entry: &catalog.Entry{ID: catalog.NewID(), Parent: catalog.Root, Name: name, Kind: catalog.Dir, Mode: 0o755}}
}

// TestOlderSchemaKeepsPending: a lockerfs that is updated while a commit is undecided
// throws its index away, and finishes the commit.
func TestOlderSchemaKeepsPending(t *testing.T) {
	for name, hold := range map[string]func(f *remotetest.Faulty) *remotetest.Gate{
		"the request was lost": func(f *remotetest.Faulty) *remotetest.Gate { return f.Hold(remotetest.Put, ".lockerfs/log/") },
		"the answer was lost":  func(f *remotetest.Faulty) *remotetest.Gate { return f.HoldAnswer(remotetest.Put, ".lockerfs/log/") },
	} {
		t.Run(name, func(t *testing.T) {
			store := remotetest.NewMemory()
			if _, _, err := catalog.CreateFormat(t.Context(), store, ""); err != nil {
				t.Fatal(err)
			}
			faulty, dir := remotetest.NewFaulty(store), t.TempDir()
			index, committer := device(t, dir, faulty)
			if _, err := committer.Commit(t.Context(), []catalog.Op{folder("before")}); err != nil {
				t.Fatal(err)
			}
			gate := hold(faulty)
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := committer.Commit(ctx, []catalog.Op{folder("mine")})
				failed <- err
			}()
			<-gate.Reached()
			cancel() // the end of the process, as far as it can notice
			if err := <-failed; err == nil || !pending.Undecided(dir) {
				t.Fatalf("the commit is decided: %v", err)
			}
			if err := index.Close(); err != nil {
				t.Fatal(err)
			}
			age(t, filepath.Join(dir, "index.db"))

			index, committer = device(t, dir, store)
			if index.Applied() != 0 {
				t.Errorf("the older index is used: applied %d", index.Applied())
			}
			if err := committer.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"before", "mine"} {
				if _, err := index.Child(t.Context(), catalog.Root, name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if pending.Undecided(dir) || index.Applied() != 2 {
				t.Errorf("undecided %v, applied %d", pending.Undecided(dir), index.Applied())
			}
		})
	}
}

// age makes an index one of an older schema.
func age(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
}
