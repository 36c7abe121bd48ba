package catalog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestScratchMoves(t *testing.T) {
	store := remotetest.NewMemory()
	if _, _, err := catalog.CreateFormat(t.Context(), store, ""); err != nil {
		t.Fatal(err)
	}
	index, committer := device(t, t.TempDir(), store)
	var ops []catalog.Op
	var ids []catalog.ID
	const n = 30000
	parent := catalog.Root
	for i := range n {
		if i%12 == 0 {
			op := folder(fmt.Sprintf("Artist Number %d - Album Name %d", i/40, i))
			parent = op.Entry.ID
			ops = append(ops, op)
		}
		e := catalog.Entry{ID: catalog.NewID(), Parent: parent, Name: fmt.Sprintf("%02d Some Title %d.flac", i%12+1, i*7919%100000), Kind: catalog.File, Mode: 0o644,
			Version: &catalog.Version{ID: catalog.NewID(), Size: 1, SHA256: catalog.Hash{1, byte(i), byte(i >> 8)}, Object: catalog.Ref{Key: fmt.Sprint("Music/", i), ETag: "e"}}}
		ids = append(ids, e.ID)
		ops = append(ops, catalog.Op{Verb: catalog.Create, At: 1, Entry: &e})
	}
	start := time.Now()
	done, err := committer.Commit(t.Context(), ops)
	fmt.Println("create", time.Since(start), done, err)
	for _, k := range []int{10000, n} {
		var places []catalog.Place
		for i, id := range ids[:k] {
			places = append(places, catalog.Place{ID: id, Path: fmt.Sprintf("New %d Artist Number %d/Album Name %d/%02d Some Title %d.flac", k, i/40, i/12, i%12+1, i*7919%100000)})
		}
		start = time.Now()
		r, err := index.Refile(t.Context(), places, 5)
		fmt.Println("refile", k, time.Since(start), len(r.Ops), len(r.Moves), len(r.Removed), len(r.Conflicts), err)
		start = time.Now()
		before := index.Applied()
		done, err = committer.Commit(t.Context(), r.Ops)
		fmt.Println("commit", time.Since(start), done.N-before, done.Conflicts, err)
	}
	start = time.Now()
	c := 0
	fmt.Println(index.Walk(t.Context(), catalog.Root, func(string, catalog.Entry) error { c++; return nil }), c, time.Since(start))
}
